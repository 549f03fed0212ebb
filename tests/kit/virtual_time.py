"""An event loop whose clock jumps to the next timer when nothing else is to do: hours of waiting take no time."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping, it moves the clock on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise AssertionError("every task waits for something that no timer will bring about")
            self.now += max(timeout, 0)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For tests without real I/O."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: object) -> "asyncio.Future[Any]":
        """What is given to a thread is done at once: no timer would wait for it."""
        done = self.create_future()
        done.set_result(func(*args))
        return done


def virtual_time(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Run an async test in virtual time. Its fixtures must not be async."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run

"""Waiting in tests for what happens in other tasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the condition holds; it fails when that takes absurdly long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (the conditions of tests have no events)
            await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """The same for a condition that has to ask somebody, which is done less often."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def running(coroutine: Coroutine[object, object, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run something beside the body, and cancel it at the end."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

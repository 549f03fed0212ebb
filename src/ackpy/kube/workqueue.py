"""The queue of keys to reconcile, with the semantics of client-go's.

Informers and timers add keys, workers get them. Promises:

- A key waits at most once, and one worker at a time has it; added meanwhile, it comes again after `done`.
- Lower priorities first: a sweep over ten thousand objects doesn't delay a user's edit. Within a priority the kinds
  take turns, and within a kind the order is first in, first out. A waiting key that is added with a lower number moves
  up.
- `add_after` keeps the earliest of the times asked for. `retry` waits longer with each failure until `forget`.

Unlike client-go's it doesn't hand out the rest after `shut_down`: reconciling is level-based, so the next start finds
the same work. Time is the event loop's. All methods are for the loop's thread.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from ackpy.kube import backoff


class Priority(IntEnum):
    """Who asks. Lower is served first."""

    EDIT = 0
    NEW = 1
    RETRY = 2
    SWEEP = 3


class QueueKey(Protocol):
    """What is queued: hashable, and of a kind."""

    @property
    def kind(self) -> Hashable:
        """The kinds take turns."""


K = TypeVar("K", bound=QueueKey)


class QueueShutDown(Exception):  # noqa: N818 (not an error: it ends the worker)
    """The queue gives no more keys."""


class WorkQueue(Generic[K]):
    """See the module."""

    def __init__(
        self,
        *,
        base_seconds: float = 0.5,
        cap_seconds: float = 300.0,
        rng: random.Random | None = None,
        on_get: Callable[[K, int, float], None] = lambda *_: None,
    ) -> None:
        """Nothing waits yet.

        Args:
            base_seconds: the first wait of `retry`.
            cap_seconds: its longest.
            rng: spreads these waits.
            on_get: is told of each key that a worker gets, with its priority and the seconds that it waited.
        """
        self._base, self._cap = base_seconds, cap_seconds
        self._rng = rng or random.Random()  # noqa: S311 (spreads load)
        # Priority → kind → keys; the order of the kinds is whose turn it is. Nothing in it is empty.
        self._levels: dict[int, OrderedDict[Hashable, OrderedDict[K, None]]] = {}
        self._waiting: dict[K, int] = {}
        self._since: dict[K, float] = {}  # of those that wait
        self._moved_at = 0.0
        self._on_get = on_get
        self._ready = asyncio.Semaphore(0)  # counts the waiting keys
        self._processing: dict[K, int] = {}
        self._again: dict[K, int] = {}  # added while being processed
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._shut_down = False

    def __len__(self) -> int:
        """How many keys are waiting now, without those of `add_after` whose time has not come."""
        return len(self._waiting)

    def depths(self) -> Mapping[tuple[Hashable, int], int]:
        """How many keys are waiting now, by kind and priority."""
        return {(kind, priority): len(keys) for priority, kinds in self._levels.items() for kind, keys in kinds.items()}

    def stuck_seconds(self) -> float:
        """For how long keys have waited while none was taken or done; 0 if none waits."""
        if not self._since:
            return 0.0
        return asyncio.get_running_loop().time() - max(self._moved_at, min(self._since.values()))

    def add(self, key: K, priority: int = Priority.EDIT) -> None:
        """Have the key processed soon."""
        if self._shut_down:
            return
        if key in self._processing:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        known = self._waiting.get(key)
        if known is None:
            self._since[key] = asyncio.get_running_loop().time()
            self._push(key, priority)
            self._ready.release()
        elif priority < known:
            self._remove(key, known)
            self._push(key, priority)

    def add_after(self, key: K, seconds: float, priority: int = Priority.RETRY) -> None:
        """Have the key processed in some seconds, if it isn't to be earlier already."""
        if self._shut_down:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key, priority)

    def retry(self, key: K) -> float:
        """Have the key processed again after a failure; the wait grows with each.

        Returns:
            The seconds until then (the key may come earlier for other reasons).
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = backoff.delay(failures, self._base, self._cap, self._rng)
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: K) -> None:
        """The key succeeded, or is gone: its failures no longer count."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key. Call `done` with it.

        Raises:
            QueueShutDown: `shut_down` was called.
        """
        await self._ready.acquire()
        if self._shut_down:
            self._ready.release()  # for the next worker
            raise QueueShutDown
        level = self._levels[min(self._levels)]
        key = next(iter(next(iter(level.values()))))
        priority = self._waiting[key]
        self._remove(key, priority)
        self._processing[key] = priority
        self._moved_at = asyncio.get_running_loop().time()
        self._on_get(key, priority, self._moved_at - self._since.pop(key))
        return key

    def priority(self, key: K) -> int:
        """With which priority a key that is being processed had waited."""
        return self._processing[key]

    def done(self, key: K) -> None:
        """The worker is through with the key."""
        self._moved_at = asyncio.get_running_loop().time()
        self._processing.pop(key, None)
        priority = self._again.pop(key, None)
        if priority is not None:
            self.add(key, priority)

    def shut_down(self) -> None:
        """End all workers at their next `get`, and take nothing more."""
        self._shut_down = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._ready.release()

    def _due(self, key: K, priority: int) -> None:
        del self._timers[key]
        self.add(key, priority)

    def _push(self, key: K, priority: int) -> None:
        self._waiting[key] = priority
        self._levels.setdefault(priority, OrderedDict()).setdefault(key.kind, OrderedDict())[key] = None

    def _remove(self, key: K, priority: int) -> None:
        """Take a key out. Its kind's turn is over, whether the key was served or moved up to be served earlier."""
        del self._waiting[key]
        level = self._levels[priority]
        keys = level[key.kind]
        del keys[key]
        if keys:
            level.move_to_end(key.kind)
        else:
            del level[key.kind]
            if not level:
                del self._levels[priority]

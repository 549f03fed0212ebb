"""How fast AWS may be called: nothing is limited until AWS throttles, then its answer is learnt from.

One limit for each account, region, service and class of operation (reads and writes have budgets of their own in AWS),
shared by all kinds and objects. `Rate` is the pure core, `Limit` the async shell, `Limits` the table that `AwsCaller`
holds; `Limit.rate` tells the sweep how much there is to spend.
"""

import asyncio
import math
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

_DECREASE = 0.5  # a throttle halves the rate,
_RECOVERY_SECONDS = 60.0  # which grows back by what was measured within this time,
_FORGET_SECONDS = 600.0  # and after this time without a throttle there is no limit any more
_MIN_RATE = 2.0  # calls a second: no budget of AWS is smaller, and where little was sent, others used it up
_BURST_SECONDS = 1.0
_MIN_WAIT_SECONDS = 0.001  # a wait that the clock can show


@dataclass(slots=True)
class _Recent:
    """Calls in the last second, nearly: this second's, and the share of the last one's that still reaches into it."""

    second: int = 0
    now_count: int = 0
    last_count: int = 0

    def count(self, now: float) -> None:
        self._roll(now)
        self.now_count += 1

    def rate(self, now: float) -> float:
        self._roll(now)
        return self.now_count + self.last_count * (1.0 - now % 1.0)

    def _roll(self, now: float) -> None:
        second = math.floor(now)
        if second != self.second:
            self.last_count = self.now_count if second == self.second + 1 else 0
            self.now_count = 0
            self.second = second


@dataclass(slots=True)
class Rate:
    """A token bucket with additive increase and multiplicative decrease. Times are seconds of one monotonic clock.

    After a throttle at time `cut_at` the rate is `base + slope * (now - cut_at)`.
    """

    cut_at: float = -math.inf
    base: float = math.inf
    slope: float = 0.0
    tokens: float = 0.0
    filled_at: float = 0.0
    recent: _Recent = field(default_factory=_Recent)

    def limit(self, now: float) -> float:
        """Calls a second allowed now; infinite while there is no limit."""
        age = now - self.cut_at
        return math.inf if age >= _FORGET_SECONDS else self.base + self.slope * age

    def take(self, now: float) -> float:
        """Take a token. Returns 0 if it was taken, else the seconds to wait before trying again."""
        limit = self.limit(now)
        if limit < math.inf:
            average = (limit + self.limit(self.filled_at)) / 2  # exact: the rate grows linearly
            burst = max(1.0, limit * _BURST_SECONDS)
            self.tokens = min(burst, self.tokens + average * (now - self.filled_at))
            self.filled_at = now
            if self.tokens < 1.0:
                return (1.0 - self.tokens) / limit
            self.tokens -= 1.0
        self.recent.count(now)
        return 0.0

    def throttled(self, sent_at: float, now: float) -> None:
        """AWS throttled a call. Calls sent before the last cut tell nothing new: one burst cuts once."""
        if sent_at <= self.cut_at:
            return
        peak = max(_MIN_RATE, min(self.limit(now), self.recent.rate(now)))
        self.cut_at = self.filled_at = now
        self.base = max(_MIN_RATE, peak * _DECREASE)
        self.slope = peak / _RECOVERY_SECONDS
        self.tokens = 0.0


class Turn(NamedTuple):
    """Who goes first where calls have to wait: the lower priority, and then the earlier number.

    The calls of what was begun first go first, so that it comes to its end, and its worker is free for what is urgent.
    """

    priority: int = 0
    number: int = 0


TURN: ContextVar[Turn] = ContextVar("turn", default=Turn())  # noqa: B039 (a tuple)
"""Of the calls that this task makes."""


class Limit:
    """One shared limit. Those who wait go by their turn, then in the order they came; a cut holds for them at once."""

    def __init__(self) -> None:
        self._rate = Rate()
        self._waiting: list[tuple[Turn, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None
        self.throttles = 0
        """How often AWS throttled."""

    async def acquire(self) -> float:
        """Wait for a turn. Returns the time of sending, to be handed back to `throttled`."""
        loop = asyncio.get_running_loop()
        if self._waiting or self._rate.take(loop.time()) > 0:
            mine: asyncio.Future[None] = loop.create_future()
            heappush(self._waiting, (TURN.get(), next(self._numbers), mine))
            if self._timer is None:
                self._serve()
            await mine
        return loop.time()

    def _serve(self) -> None:
        """Let go who may go now, and come again when the next may."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting:
            first = self._waiting[0][-1]
            if not first.done():  # else it was cancelled
                if wait := self._rate.take(loop.time()):
                    self._timer = loop.call_later(max(wait, _MIN_WAIT_SECONDS), self._serve)
                    return
                first.set_result(None)
            heappop(self._waiting)

    def throttled(self, sent_at: float) -> None:
        """AWS throttled the call that was sent at this time."""
        self.throttles += 1
        self._rate.throttled(sent_at, asyncio.get_running_loop().time())

    @property
    def rate(self) -> float:
        """Calls a second allowed now; infinite while there is no limit."""
        return self._rate.limit(asyncio.get_running_loop().time())


class LimitKey(NamedTuple):
    """What shares one budget in AWS."""

    account: str
    region: str
    service: str
    read: bool


class Limits:
    """All limits of the process."""

    def __init__(self) -> None:
        self._limits: dict[LimitKey, Limit] = {}

    def of(self, key: LimitKey) -> Limit:
        """The limit that this key shares."""
        return self._limits.setdefault(key, Limit())

    def all(self) -> Mapping[LimitKey, Limit]:
        """Those that there are by now."""
        return self._limits

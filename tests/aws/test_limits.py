"""The limiter: free until AWS throttles, never faster than it allows itself, and free again later."""

import asyncio
import math

from hypothesis import given
from hypothesis import strategies as st

from ackpy.aws.limits import TURN, Limit, LimitKey, Limits, Rate, Turn
from tests.kit.virtual_time import virtual_time


def throttled_at(now: float, calls_a_second: int) -> Rate:
    """A rate that was throttled while this many calls were sent in each of two seconds before `now`."""
    rate = Rate()
    for n in range(2 * calls_a_second):
        assert rate.take(now - 2 + n / calls_a_second) == 0
    rate.throttled(sent_at=now - 0.001, now=now)
    return rate


def taken(rate: Rate, start: float, seconds: float) -> list[float]:
    """When a caller that always wants more gets its turns."""
    times, now = [], start
    while now < start + seconds:
        wait = rate.take(now)
        if wait == 0:
            times.append(now)
        else:
            now += max(wait, 1e-6)  # a step that floating point can't swallow
    return times


@given(st.lists(st.floats(0, 1), max_size=200))
def test_there_is_no_limit_before_a_throttle(gaps: list[float]) -> None:
    rate, now = Rate(), 1000.0
    for gap in gaps:
        now += gap
        assert rate.take(now) == 0
    assert rate.limit(now) == math.inf


@given(st.floats(10, 1e6), st.integers(1, 100))
def test_a_throttle_halves_the_measured_rate(now: float, calls: int) -> None:
    rate = throttled_at(now, calls)
    assert 0.25 * calls <= rate.limit(now) <= max(2.0, 1.0 * calls)
    assert rate.take(now) > 0


@given(st.integers(1, 50), st.floats(0, 300), st.floats(0.1, 30))
def test_it_never_exceeds_its_limit(calls: int, start: float, seconds: float) -> None:
    rate = throttled_at(100.0, calls)
    times = taken(rate, 100.0 + start, seconds)
    end = 100.0 + start + seconds
    allowed = max(1.0, rate.limit(end)) + rate.limit(end) * seconds  # a burst, and the fastest rate all the time
    assert len(times) <= allowed + 1


@given(st.integers(1, 100))
def test_it_recovers_and_forgets(calls: int) -> None:
    rate = throttled_at(100.0, calls)
    cut, later = rate.limit(100.0), [rate.limit(100.0 + age) for age in range(0, 600, 10)]
    assert later == sorted(later)
    assert later[0] == cut
    assert rate.limit(160.0) >= 2 * cut
    assert rate.limit(700.0) == math.inf
    assert rate.take(700.0) == rate.take(700.0) == 0


def test_one_burst_cuts_once() -> None:
    rate = throttled_at(100.0, 64)
    cut = rate.limit(100.0)
    for _ in range(10):
        rate.throttled(sent_at=99.9, now=100.0)
    assert rate.limit(100.0) == cut


def test_it_is_never_cut_to_nothing() -> None:
    rate = Rate()
    for now in range(100, 200):
        rate.throttled(sent_at=now - 0.5, now=now)
    assert rate.limit(200.0) >= 2.0


def test_limits_are_shared_by_key() -> None:
    limits = Limits()
    key = LimitKey("123456789012", "eu-west-1", "sqs", read=True)
    assert limits.of(key) is limits.of(key)
    assert limits.of(key) is not limits.of(key._replace(read=False))


async def throttled_limit() -> Limit:
    """One that was throttled a moment ago."""
    limit = Limit()
    sent_at = await limit.acquire()
    await asyncio.sleep(1)
    limit.throttled(sent_at + 0.5)
    assert limit.rate < math.inf
    return limit


@virtual_time
async def test_waiters_go_in_order_and_a_cancelled_one_holds_nobody_up() -> None:
    limit, order = await throttled_limit(), []

    async def wait(name: int) -> None:
        await limit.acquire()
        order.append(name)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait(name)) for name in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
    assert order == [1, 3, 4]


@virtual_time
async def test_what_is_urgent_goes_first_and_then_what_was_begun_first() -> None:
    limit, order = await throttled_limit(), []

    async def work(turn: Turn) -> None:
        TURN.set(turn)
        for _ in range(2):
            await limit.acquire()
            order.append(turn)

    begun = [Turn(priority=2, number=1), Turn(priority=2, number=2), Turn(priority=0, number=3)]
    async with asyncio.TaskGroup() as group:
        for turn in begun:
            group.create_task(work(turn))
    assert order == sorted(begun * 2)


@virtual_time
async def test_who_waits_goes_no_faster_than_the_limit() -> None:
    limit, times = await throttled_limit(), []

    async def work() -> None:
        times.append(await limit.acquire())

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(work())
    assert times == sorted(times)
    assert times[-1] - times[0] >= 19 / limit.rate

"""The work queue, in virtual time."""

import asyncio
import random
from typing import NamedTuple

import pytest

from ackpy.kube import Priority, QueueShutDown, WorkQueue
from tests.kit.virtual_time import virtual_time


class Key(NamedTuple):
    kind: str
    name: str


A, B, C = (Key("widget", name) for name in "abc")


async def drained(queue: WorkQueue[Key]) -> list[Key]:
    """What waits now, in the order of service."""
    keys = []
    while len(queue):
        keys.append(await queue.get())
        queue.done(keys[-1])
    return keys


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_first_in_first_out_and_each_once() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    for key in (B, A, B, C, A):
        queue.add(key)
    assert await drained(queue) == [B, A, C]


@virtual_time
async def test_one_worker_a_key_and_again_after_done() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    queue.add(A)
    assert await queue.get() == A
    queue.add(A, Priority.SWEEP)
    queue.add(A, Priority.EDIT)
    queue.add(B, Priority.RETRY)
    assert await queue.get() == B
    assert len(queue) == 0
    queue.done(A)
    assert await queue.get() == A
    queue.done(A)
    assert len(queue) == 0


@virtual_time
async def test_it_tells_how_long_keys_waited() -> None:
    told: list[tuple[Key, int, float]] = []
    queue: WorkQueue[Key] = WorkQueue(on_get=lambda *one: told.append(one))
    queue.add(A, Priority.SWEEP)
    await asyncio.sleep(5)
    queue.add(A, Priority.EDIT)  # moved up; it has waited all the same
    queue.add(B, Priority.SWEEP)
    assert queue.depths() == {("widget", Priority.EDIT): 1, ("widget", Priority.SWEEP): 1}
    assert await drained(queue) == [A, B]
    assert told == [(A, Priority.EDIT, 5.0), (B, Priority.SWEEP, 0.0)]
    assert queue.depths() == {}


@virtual_time
async def test_it_is_stuck_while_keys_wait_and_nothing_moves() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    await asyncio.sleep(100)
    assert queue.stuck_seconds() == 0
    queue.add(A)
    await queue.get()
    await asyncio.sleep(10)
    assert queue.stuck_seconds() == 0, "none waits"
    queue.add(B)
    await asyncio.sleep(10)
    assert queue.stuck_seconds() == 10
    queue.done(A)
    assert queue.stuck_seconds() == 0
    await asyncio.sleep(3)
    assert queue.stuck_seconds() == 3


@virtual_time
async def test_edits_before_sweeps() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    queue.add(A, Priority.SWEEP)
    queue.add(B, Priority.RETRY)
    queue.add(C, Priority.EDIT)
    assert await drained(queue) == [C, B, A]


@virtual_time
async def test_a_waiting_key_moves_up_never_down() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    queue.add(A, Priority.SWEEP)
    queue.add(B, Priority.SWEEP)
    queue.add(C, Priority.EDIT)
    queue.add(C, Priority.SWEEP)
    queue.add(B, Priority.EDIT)
    assert await drained(queue) == [C, B, A]


@virtual_time
async def test_kinds_take_turns() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    for index in range(3):
        queue.add(Key("many", f"m{index}"))
    queue.add(Key("few", "f"))
    queue.add(Key("one", "o"))
    assert [key.name for key in await drained(queue)] == ["m0", "f", "o", "m1", "m2"]


@virtual_time
async def test_workers_wait_and_get_one_key_each() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    workers[0].cancel()
    queue.add(A)
    queue.add(B)
    assert await asyncio.gather(*workers[1:]) == [A, B]


@virtual_time
async def test_add_after_keeps_the_earliest_time() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    queue.add_after(A, 60)
    queue.add_after(A, 10)
    queue.add_after(A, 30)
    assert await queue.get() == A
    assert now() == pytest.approx(10)
    queue.done(A)
    await asyncio.sleep(100)
    assert len(queue) == 0
    queue.add_after(A, 5)
    assert await queue.get() == A
    assert now() == pytest.approx(115)


@virtual_time
async def test_what_comes_due_while_processed_comes_again() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    queue.add(A)
    queue.add_after(A, 1)
    await queue.get()
    await asyncio.sleep(2)
    assert len(queue) == 0
    queue.done(A)
    assert await queue.get() == A


class Longest(random.Random):
    """No luck: every draw is the bound itself."""

    def uniform(self, a: float, b: float) -> float:
        return b


@virtual_time
async def test_retries_wait_longer_until_forgotten() -> None:
    queue: WorkQueue[Key] = WorkQueue(base_seconds=0.5, cap_seconds=3, rng=Longest())
    waits = []
    for _ in range(5):
        waits.append(queue.retry(A))
        before = now()
        queue.done(await queue.get())
        assert now() - before == pytest.approx(waits[-1])
    assert waits == [0.5, 1, 2, 3, 3]
    assert queue.retry(B) == 0.5
    queue.forget(A)
    assert queue.retry(A) == 0.5


@virtual_time
async def test_retries_are_spread() -> None:
    queue: WorkQueue[Key] = WorkQueue(base_seconds=1, rng=random.Random(7))
    waits = [queue.retry(Key("widget", str(index))) for index in range(200)]
    assert 0 <= min(waits) < 0.1
    assert 0.9 < max(waits) <= 1


@virtual_time
async def test_shut_down_ends_every_worker() -> None:
    queue: WorkQueue[Key] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.add_after(A, 1)
    queue.shut_down()
    queue.add(B)
    results = await asyncio.gather(*workers, return_exceptions=True)
    assert all(isinstance(result, QueueShutDown) for result in results)
    await asyncio.sleep(2)
    with pytest.raises(QueueShutDown):
        await queue.get()
    assert len(queue) == 0

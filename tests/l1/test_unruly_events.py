"""Law 5 where the API server's events are unruly: late, repeated, or lost with the history; nothing is made twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from ackpy.kube import Gone, Object
from ackpy.kube.api import WatchEvent
from tests.kit import edits
from tests.kit.house import House
from tests.kit.memory_api import MemoryApi
from tests.kit.samples import depth, made
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running
from tests.l1.params import ALL

LATE_SECONDS = 5.0


class LateAndTwice(MemoryApi):
    """Every event comes some seconds after its write, and then once more."""

    async def watch(self, *args: Any, **options: Any) -> AsyncGenerator[WatchEvent, None]:
        clock = asyncio.get_running_loop().time
        coming: asyncio.Queue[tuple[float, WatchEvent | None]] = asyncio.Queue()

        async def pump() -> None:
            async with aclosing(super(LateAndTwice, self).watch(*args, **options)) as events:
                async for event in events:
                    for _ in range(2):
                        coming.put_nowait((clock() + LATE_SECONDS, event))
            coming.put_nowait((clock(), None))

        async with running(pump()):
            while True:
                due, event = await coming.get()
                await asyncio.sleep(max(0.0, due - clock()))
                if event is None:
                    return
                yield event


class Forgetful(MemoryApi):
    """Again and again events are held back, and forgotten: who watches has to list anew."""

    async def forget(self) -> None:
        while True:
            self.hold_watches()
            await asyncio.sleep(LATE_SECONDS)
            self.compact()
            self.break_watches(Gone(410, "Expired", "too old resource version"))
            self.release_watches()
            await asyncio.sleep(LATE_SECONDS / 10)


@virtual_time
async def test_late_and_repeated_events_make_nothing_twice() -> None:
    assert await creations(House(api=LateAndTwice())) == await creations(House())


@virtual_time
async def test_lost_events_make_nothing_twice() -> None:
    api = Forgetful()
    async with running(api.forget()):
        assert await creations(House(api=api)) == await creations(House())


async def creations(house: House) -> Counter[tuple[str, str]]:
    """What was made in AWS while every sample came, was edited, and went."""
    await house.namespace()
    waves = [[one for one in ALL if depth(one[1]) == level] for level in range(1 + max(depth(one) for _, one in ALL))]
    async with house.managed():
        for wave in waves:
            for _, sample in wave:
                await house.create(sample)
            for _, sample in wave:
                await house.synced(sample)
        assert house.resources() == sum(made(kind, sample["spec"]) for kind, sample in ALL)
        for kind, sample in ALL:
            if change := edits.first(kind, sample["spec"]):
                leaf = change.leaf.path[0]
                await house.edit(sample, {"spec": {leaf: change.candidates[0][leaf]}})
                await house.synced(sample)
        for wave in reversed(waves):
            for _, sample in wave:
                await house.delete(sample)
            for _, sample in wave:
                await gone(house, sample)
    assert house.resources() == 0
    creating = {(kind.service.aws_name, kind.create.operation) for kind, _ in ALL}
    done = ((call.service, call.operation) for call in house.simulator.calls if call.answer is not None)
    return Counter(one for one in done if one in creating)


async def gone(house: House, sample: Object) -> None:
    async with asyncio.timeout(100):
        while await house.get(sample):  # noqa: ASYNC110 (the API is asked)
            await asyncio.sleep(0.1)

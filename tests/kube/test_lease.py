"""Leader election: with a real API server, and its timing in virtual time."""

import asyncio
import re

import pytest

from ackpy.kube import Fenced, KubeApi, LeaderElector, LeaseLost, Object, Resource, Unreachable
from ackpy.kube.lease import LEASES
from tests.kit.memory_api import MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running, until

MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Worker:
    """Something that one of several processes may do."""

    def __init__(self, api: KubeApi, namespace: str, identity: str, **options: float) -> None:
        self.elector = LeaderElector(api, namespace, "ackpy", identity, **options)  # type: ignore[arg-type] # one is int
        self.started_at: float | None = None
        self.working = False
        self.finish = asyncio.Event()

    async def run(self) -> None:
        await self.elector.run(self._work)

    async def _work(self) -> None:
        self.started_at = asyncio.get_running_loop().time()
        self.working = True
        try:
            await self.finish.wait()
        finally:
            self.working = False


async def test_one_after_the_other(api: KubeApi, namespace: str) -> None:
    first, second = (Worker(api, namespace, name, retry_period=0.05) for name in ("first", "second"))
    async with running(first.run()) as one:
        await until(lambda: first.working)
        record = (await api.get(LEASES, namespace, "ackpy"))["spec"]
        assert (record["holderIdentity"], record["leaseDurationSeconds"]) == ("first", 15)
        assert record.get("leaseTransitions", 0) == 0
        assert MICRO_TIME.fullmatch(record["acquireTime"])
        async with running(second.run()) as two:
            renewed = await _renewal(api, namespace, record)
            assert (renewed["holderIdentity"], renewed["acquireTime"]) == ("first", record["acquireTime"])
            assert renewed["renewTime"] > record["renewTime"]
            assert not second.working
            first.finish.set()
            await one
            await until(lambda: second.working)
            taken = (await api.get(LEASES, namespace, "ackpy"))["spec"]
            assert (taken["holderIdentity"], taken["leaseTransitions"]) == ("second", 1)
            second.finish.set()
            await two
    released = (await api.get(LEASES, namespace, "ackpy"))["spec"]
    assert (released["holderIdentity"], released["leaseDurationSeconds"]) == ("", 1)


async def _renewal(api: KubeApi, namespace: str, before: Object) -> Object:
    """The next record after this one."""
    while (spec := (await api.get(LEASES, namespace, "ackpy"))["spec"]) == before:  # noqa: ASYNC110 (polls the server)
        await asyncio.sleep(0.01)
    return dict(spec)


def lease_of(identity: str) -> Object:
    """As client-go writes it."""
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": 15,
        "acquireTime": "2020-01-01T00:00:00.000000Z",
        "renewTime": "2020-01-01T00:00:00.000000Z",
        "leaseTransitions": 7,
    }
    return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": {"name": "ackpy"}, "spec": spec}


@virtual_time
async def test_a_dead_holder_is_waited_out_by_our_own_clock() -> None:
    api = MemoryApi()
    await api.create(LEASES, "n", lease_of("dead"))
    worker = Worker(api, "n", "us")
    async with running(worker.run()):
        await until(lambda: worker.working, seconds=60)
        spec = (await api.get(LEASES, "n", "ackpy"))["spec"]
    assert worker.started_at is not None
    assert 15 <= worker.started_at <= 17
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("us", 8)


@virtual_time
async def test_work_ends_when_the_lease_cannot_be_renewed() -> None:
    api = MemoryApi()
    worker = Worker(api, "n", "us")
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.working)
    for _ in range(100):
        api.fail_next(Unreachable(0, "Unreachable", "no connection"), "replace")
    with pytest.raises(LeaseLost, match="n/ackpy was not renewed for 10 seconds"):
        await task
    assert not worker.working
    assert asyncio.get_running_loop().time() < 15


@virtual_time
async def test_a_short_failure_is_survived() -> None:
    api = MemoryApi()
    worker = Worker(api, "n", "us")
    async with running(worker.run()):
        await until(lambda: worker.working)
        for _ in range(3):
            api.fail_next(Unreachable(0, "Unreachable", "no connection"), "replace")
        await asyncio.sleep(3600)
        assert worker.working


@virtual_time
async def test_work_ends_when_another_took_the_lease() -> None:
    api = MemoryApi()
    worker = Worker(api, "n", "us")
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.working)
    await api.replace(LEASES, "n", "ackpy", lease_of("them"))
    with pytest.raises(LeaseLost, match="was taken by them"):
        await task
    assert not worker.working
    assert (await api.get(LEASES, "n", "ackpy"))["spec"]["holderIdentity"] == "them"


@virtual_time
async def test_stopped_by_its_caller_it_gives_the_lease_back() -> None:
    api = MemoryApi()
    worker = Worker(api, "n", "us")
    async with running(worker.run()):
        await until(lambda: worker.working)
    assert not worker.working
    assert (await api.get(LEASES, "n", "ackpy"))["spec"]["holderIdentity"] == ""


@virtual_time
async def test_a_failure_of_the_work_is_the_caller_s() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    api = MemoryApi()
    with pytest.raises(ValueError, match="broken"):
        await LeaderElector(api, "n", "ackpy", "us").run(fail)
    assert (await api.get(LEASES, "n", "ackpy"))["spec"]["holderIdentity"] == ""


@virtual_time
async def test_who_stood_still_for_too_long_writes_nothing() -> None:
    """Stopped and resumed, work goes on before the loss of the Lease is noticed; its writes are held back."""
    api = MemoryApi()
    written: list[float] = []

    async def work() -> None:
        resource, body = Resource("", "v1", "configmaps", "ConfigMap"), {"metadata": {"name": "made"}}
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        await fenced.create(resource, "n", body)
        written.append(loop.time())
        loop._clock.now += 20  # type: ignore[attr-defined] # every timer is due at once
        await fenced.create(resource, "n", body)
        written.append(loop.time())

    elector = LeaderElector(api, "n", "ackpy", "us")
    fenced = Fenced(api, elector.check)
    with pytest.raises(LeaseLost, match="ran out while the process stood still"):
        await elector.run(work)
    assert len(written) == 1
    assert not elector.overdue

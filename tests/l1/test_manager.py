"""The manager in virtual time: informers, queue and workers between the in-memory API and the simulator."""

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from ackpy.aws.call import is_read
from ackpy.aws.scope import Scope
from ackpy.cli.controllers import STUCK_SECONDS, Controllers
from ackpy.controller.manager import Manager
from ackpy.controller.next import Next
from ackpy.controller.options import RESYNC_JITTER, RESYNC_SECONDS, STOP_SECONDS, Options
from ackpy.controller.referrers import Key
from ackpy.controller.subject import DEFAULT_REGION, RECONCILE_AT, RECONCILED_AT, Subject
from ackpy.controller.subject import RESYNC_SECONDS as RESYNC
from ackpy.controller.track import Track
from ackpy.kinds.model import Kind
from ackpy.kube import Object
from ackpy.sandbox.simulator import Call as AwsCall
from ackpy.wire.call import Call as AwsChange
from ackpy.wire.call import Purpose
from tests.kit import edits, values
from tests.kit.aws import SimulatedAws
from tests.kit.house import EPOCH, House, clock, variants
from tests.kit.memory_api import NAMESPACES, MemoryApi
from tests.kit.samples import depth, made, needs
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running
from tests.kit.world import ACCOUNT, REGION, condition
from tests.l1.params import ALL, each_sample

SOON = 30.0
"""Seconds in which all is done that isn't a sweep."""


@virtual_time
async def test_everything_is_made_and_synced() -> None:
    house = House()
    await house.namespace()
    async with house.managed():
        for level in range(1 + max(depth(sample) for _, sample in ALL)):
            wave = [sample for _, sample in ALL if depth(sample) == level]
            for sample in wave:
                await house.create(sample)
            for sample in wave:
                await house.synced(sample)
    assert house.resources() == sum(made(kind, sample["spec"]) for kind, sample in ALL)
    assert clock() - EPOCH < SOON


@each_sample()
@virtual_time
async def test_our_own_writes_are_no_news(kind: Kind, sample: Object) -> None:
    house = House()
    await house.namespace()
    async with house.managed():
        await house.create(sample)
        await house.synced(sample)
        calls, writes = len(house.simulator.calls), len(house.api.writes)
        await asyncio.sleep(SOON)
        assert len(house.simulator.calls) == calls
        assert len(house.api.writes) == writes


class Interrupted(MemoryApi):
    """A user is quicker than the first write of some status."""

    user: Callable[[], Awaitable[object]] | None = None

    async def patch(self, *args: Any, **options: Any) -> Object:
        if options.get("subresource") == "status" and self.user:
            user, self.user = self.user, None
            await user()
        return await super().patch(*args, **options)


@each_sample(changes=True)
@virtual_time
async def test_an_edit_during_our_write_is_not_lost(kind: Kind, sample: Object) -> None:
    api = Interrupted()
    house = House(api=api)
    await house.namespace()
    change = edits.sure(kind, sample["spec"])
    leaf = change.leaf.path[0]
    api.user = lambda: house.edit(sample, {"spec": {leaf: change.candidates[0][leaf]}})
    async with house.managed():
        await house.create(sample)
        obj = await house.synced(sample)
        assert obj["spec"][leaf] == change.candidates[0][leaf]
        await asyncio.sleep(SOON)
    shown = [call for call in house.simulator.calls if not call.operation.startswith(("Describe", "Get", "List"))]
    assert any(str(values.at(change.candidates[0], change.leaf.path)) in str(call.params) for call in shown)


@pytest.mark.parametrize(
    ("options", "annotations", "period"),
    [
        ({}, {}, RESYNC_SECONDS),
        ({"resync_seconds": 100}, {}, 100),
        ({"resync_seconds": 100, "resync_by_kind": {ALL[0][0].name: 50}}, {}, 50),
        ({"resync_seconds": 100}, {RESYNC: "20"}, 20),
        ({"resync_seconds": 100}, {RESYNC: "soon"}, 100),
    ],
    ids=["default", "flag", "kind", "object", "object-says-nothing"],
)
@virtual_time
async def test_sweeps_come_round(options: dict[str, Any], annotations: dict[str, str], period: float) -> None:
    house = House(options=replace(House().options, **options))
    _, sample = ALL[0]
    await house.namespace()
    async with house.managed():
        await house.create(sample, annotations={**sample["metadata"].get("annotations", {}), **annotations})
        await house.synced(sample)
        done = len(house.simulator.calls)
        await asyncio.sleep(3.5 * period)
    start = house.simulator.calls[done - 1].at - EPOCH
    sweeps = sorted({call.at - EPOCH for call in house.simulator.calls[done:]})
    assert len(sweeps) == 3
    for before, after in itertools.pairwise([start, *sweeps]):
        assert period * (1 - RESYNC_JITTER) - 1 <= after - before <= period * (1 + RESYNC_JITTER) + 1


@virtual_time
async def test_edits_come_before_sweeps() -> None:
    """A hundred objects are looked at after a start, by one worker; an edit in the midst of it is next."""
    house = House(options=Options(region=REGION, concurrency=1))
    await house.namespace()
    kind, sample = ALL[-1]
    objects = variants(sample, 100)
    for one in objects:
        await house.create(one)
    edited = objects[-1]
    change = edits.sure(kind, edited["spec"])

    def user(call: AwsCall) -> None:
        if call.operation == kind.create.operation and house.operations().count(call.operation) == 10:
            house.simulator.before_call.remove(user)
            tasks.append(asyncio.ensure_future(house.edit(edited, {"spec": change.candidates[0]})))

    tasks: list[asyncio.Task[None]] = []
    house.simulator.before_call.append(user)
    async with house.managed():
        for one in objects:
            await house.synced(one)
    made = [str(call.params) for call in house.simulator.calls if call.operation == kind.create.operation]
    place = next(number for number, params in enumerate(made) if edited["metadata"]["name"] in params)
    assert len(made) == 100
    assert 10 <= place < 15


class Slow(SimulatedAws):
    """AWS takes its time, and counts who waits at once."""

    at_once = 0
    most = 0

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "CreateTopic":
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(1)
            self.at_once -= 1
        return await super().call(scope, service, operation, params)


@pytest.mark.parametrize(
    ("options", "most"),
    [({"concurrency_by_kind": {"Topic": 2}}, 2), ({"concurrency": 3}, 3), ({"concurrency_by_kind": {"Queue": 1}}, 20)],
    ids=["kind", "all", "another"],
)
@virtual_time
async def test_so_many_objects_of_a_kind_are_reconciled_at_once(options: dict[str, Any], most: int) -> None:
    house = House(options=replace(House().options, **options))
    house.aws = aws = Slow(house.simulator)
    await house.namespace()
    sample = next(sample for _, sample in ALL if sample["metadata"]["name"] == "ack-sns-topic")
    async with house.managed():
        for one in variants(sample, 20):
            await house.create(one)
        for one in variants(sample, 20):
            await house.synced(one)
    assert aws.most == most


@virtual_time
async def test_a_restart_over_many_objects_writes_nothing() -> None:
    house = House()
    await house.namespace()
    objects = [one for _, sample in ALL if not any(needs(sample)) for one in variants(sample, 10)]
    for one in objects:
        await house.create(one)
    async with house.managed():
        for one in objects:
            await house.synced(one)
    writes, calls = len(house.api.writes), len(house.simulator.calls)
    async with house.managed():
        await asyncio.sleep(SOON)
    since = house.operations()[calls:]
    assert len(since) >= len(objects)
    assert [operation for operation in since if not operation.startswith(("Describe", "Get", "List"))] == []
    assert len(house.api.writes) == writes


@virtual_time
async def test_a_namespace_says_the_region_even_if_it_came_late() -> None:
    """One `kubectl apply` brings both; the watches may deliver them in any order."""
    house = House()
    kind, sample = ALL[-1]
    async with house.managed():
        await house.create(sample, "there")
        await asyncio.sleep(1)
        assert house.simulator.calls == []
        await house.namespace("there", **{DEFAULT_REGION: "eu-central-1"})
        obj = await house.synced(sample, "there")
    assert obj["status"]["ackResourceMetadata"]["region"] == "eu-central-1"
    assert {call.region for call in house.simulator.calls} == {"eu-central-1"}
    assert kind.service.alias in obj["apiVersion"]


@virtual_time
async def test_a_changed_namespace_moves_nothing() -> None:
    house = House()
    _, sample = ALL[-1]
    await house.namespace()
    async with house.managed():
        await house.create(sample)
        await house.synced(sample)
        calls = len(house.simulator.calls)
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"labels": {"team": "web"}}})
        await asyncio.sleep(SOON)
        assert len(house.simulator.calls) == calls, "labels of a namespace say nothing"
        annotations = {DEFAULT_REGION: "eu-central-1"}
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": annotations}})
        await asyncio.sleep(SOON)
        obj = await house.synced(sample)
    assert len(house.simulator.calls) > calls
    assert {call.region for call in house.simulator.calls} == {REGION}
    assert condition(obj, "ACK.Terminal") == {}


@each_sample()
@virtual_time
async def test_a_deleted_object_goes_with_its_resource(kind: Kind, sample: Object) -> None:
    house = House()
    await house.namespace()
    async with house.managed() as manager:
        await house.create(sample)
        await house.synced(sample)
        await house.delete(sample)
        await asyncio.sleep(SOON)
        assert await house.get(sample) is None
        assert house.resources() == 0
        calls = len(house.simulator.calls)
        await asyncio.sleep(3 * RESYNC_SECONDS)
        assert len(house.simulator.calls) == calls
        assert not any(controller.tracks for controller in manager._controllers.values())


@each_sample()
@virtual_time
async def test_reconcile_now_is_now(kind: Kind, sample: Object) -> None:
    house = House()
    await house.namespace()
    async with house.managed():
        await house.create(sample)
        await house.synced(sample)
        calls = len(house.simulator.calls)
        await house.edit(sample, {"metadata": {"annotations": {RECONCILE_AT: "1"}}})
        await asyncio.sleep(1)
        obj = await house.get(sample)
        assert obj is not None
        assert obj["metadata"]["annotations"][RECONCILED_AT] == "1"
        first = len(house.simulator.calls)
        assert first > calls
        await asyncio.sleep(SOON)
        assert len(house.simulator.calls) == first, "the acknowledgement is no news"


@each_sample(named=True)
@virtual_time
async def test_after_a_restart_the_owner_stays_the_owner(kind: Kind, sample: Object) -> None:
    """The resource went meanwhile: whoever is looked at first, the one that had it makes it again."""
    house = House()
    await house.namespace()
    await house.namespace("aaa")
    async with house.managed():
        await house.create(sample)
        await house.synced(sample)
        await house.create(sample, "aaa")
        await asyncio.sleep(SOON)
    house.lose_everything()
    async with house.managed():
        await asyncio.sleep(SOON)
        await house.synced(sample)
        other = await house.get(sample, "aaa")
    assert other is not None
    assert condition(other, "ACK.Terminal")["message"] == "Resource already exists"
    assert not other["metadata"].get("finalizers")
    assert house.resources() == made(kind, sample["spec"])


@virtual_time
async def test_waiting_has_no_end() -> None:
    """However long AWS takes, the pause stays the longest one."""
    house = House()
    manager = Manager(
        house.kinds, house.api, SimulatedAws(house.simulator), house.events, house.options, ACCOUNT, "aws"
    )
    controller, track = next(iter(manager._controllers.values())), Track()
    key = Key(ALL[0][0].label, "default", "x")
    for _ in range(5000):
        manager._schedule(controller, key, track, Subject(ALL[0][0], {"metadata": {}}), Next.WAIT)
    controller.queue.shut_down()


class SilentAws(SimulatedAws):
    """One that is asked to make something, and never answers."""

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        answer = await super().call(scope, service, operation, params)
        if not is_read(operation):
            await asyncio.Event().wait()
        return answer


@virtual_time
async def test_what_gets_no_answer_is_abandoned_at_the_end() -> None:
    house = House()
    answering, house.aws = house.aws, SilentAws(house.simulator)
    await house.namespace()
    kind, sample = ALL[0]
    manager = house.manager()
    async with running(manager.run()) as the_end:
        await house.create(sample)
        await asyncio.sleep(SOON)
        began = clock()
        manager.stop()
        await the_end
    assert clock() - began == STOP_SECONDS
    house.aws = answering
    async with house.managed():
        await house.synced(sample)
    assert house.resources() == made(kind, sample["spec"])


@virtual_time
async def test_a_process_whose_workers_hang_is_not_healthy() -> None:
    house = House(options=Options(region=REGION, version="test", concurrency=1))
    house.aws = SilentAws(house.simulator)
    await house.namespace()
    manager = house.manager()
    controllers = Controllers({"": manager}, {}, CollectorRegistry())
    async with running(controllers.run()):
        for sample in variants(ALL[0][1], 2):
            await house.create(sample)
        await asyncio.sleep(STUCK_SECONDS - 1)
        assert controllers.healthy(math.inf).good
        await asyncio.sleep(SOON)
        assert not controllers.healthy(math.inf).good
        assert controllers.healthy(1.0).good, "AWS answers something: it goes on"


def test_the_wait_for_what_a_call_did_begins_anew() -> None:
    track = Track(waits=6)
    track.sent([AwsChange("UpdateTable", {}, Purpose.PUT)], now=0.0)
    assert track.waits == 0


@pytest.mark.parametrize("on", [True, False])
@virtual_time
async def test_annotations_have_effect_by_their_gates(on: bool) -> None:
    gates = frozenset({"ResourceAdoption", "ReadOnlyResources"} if on else ())
    house = House(options=replace(House().options, feature_gates=gates))
    await house.namespace()
    _, sample = ALL[0]
    looked_at = {"services.k8s.aws/read-only": "true"}
    async with house.managed():
        await house.create(sample, annotations={**sample["metadata"].get("annotations", {}), **looked_at})
        await asyncio.sleep(SOON)
    assert house.resources() == (0 if on else 1)

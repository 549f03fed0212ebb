"""Argo CD and Flux read objects right: every version of an object, from its first to its last, judged by kstatus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy

import pytest

from ackpy.controller.objects import resource_of
from ackpy.controller.subject import PAUSED, READ_ONLY
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kube import Object
from ackpy.kube.informer import Informer
from ackpy.sandbox.guard_api import Fault
from tests.kit import kstatus
from tests.kit.live import Live, Thing
from tests.kit.waiting import eventually, running, until
from tests.kit.world import condition
from tests.l2.conftest import NAMESPACE, under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]

TAGGED: dict[str, dict[str, object]] = {
    "s3/Bucket": {"tagging": {"tagSet": [{"key": "a", "value": "b"}]}},
    "sqs/Queue": {"tags": {"a": "b"}},
}
WRONG: dict[str, dict[str, object]] = {
    "s3/Bucket": {"versioning": {"status": "Perhaps"}},
    "sqs/Queue": {"delaySeconds": "a lot"},
}
# Conditions are the engine's, whatever the kind; these two make them in the two ways that there are (everything in
# sub-resources, everything in one map).
each_kind = pytest.mark.parametrize("kind", [one for one in load() if one.label in TAGGED], ids=lambda kind: kind.label)


def sample(live: Live, kind: Kind) -> Thing:
    return live.alone(kind, NAMESPACE, "health-")


@asynccontextmanager
async def watched(thing: Thing) -> AsyncIterator[list[Object]]:
    """Every version of an object, as the API server tells them."""
    seen: list[Object] = []

    def changed(_: Object | None, new: Object | None) -> None:
        if new is not None and new["metadata"]["name"] == thing.name:
            seen.append(deepcopy(new))

    informer = Informer(thing.live.api, resource_of(thing.kind), on_change=changed, namespaces=[NAMESPACE])
    async with running(informer.run()):
        await informer.synced.wait()
        yield seen


def phases(objects: list[Object]) -> list[str]:
    """What kstatus says, without repetitions."""
    said = kstatus.judged(objects)
    return [one for number, one in enumerate(said) if number == 0 or one != said[number - 1]]


@each_kind
async def test_a_healthy_life(live: Live, kind: Kind) -> None:
    thing = sample(live, kind)
    async with watched(thing) as seen:
        thing.apply()
        obj = await thing.synced()
        await until(lambda: seen[-1:] and seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert phases(seen) == ["InProgress", "Current"]
        seen.clear()
        edited = thing.like({**thing.spec, **TAGGED[kind.label]})
        edited.apply()
        obj = await edited.synced()
        await until(lambda: seen[-1:] and seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert phases(seen) == ["InProgress", "Current"]
        seen.clear()
        thing.delete()
        await thing.gone(obj)
        assert phases(seen) == ["Terminating"]


@each_kind
async def test_what_aws_refuses_has_failed_until_the_spec_is_right(live: Live, kind: Kind) -> None:
    thing = sample(live, kind)
    wrong = thing.like({**thing.spec, **WRONG[kind.label]})
    async with watched(thing) as seen:
        wrong.apply()
        await eventually(lambda: says(thing, "ACK.Terminal"))
        obj = await thing.obj()
        assert kstatus.judged([obj]) == ["Failed"]
        thing.apply()
        obj = await thing.synced()
        await until(lambda: seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert phases(seen) == ["InProgress", "Failed", "InProgress", "Current"]
        thing.delete()
        await thing.gone(obj)


@each_kind
async def test_trouble_that_may_pass_is_progress(live: Live, kind: Kind) -> None:
    thing = sample(live, kind)
    async with watched(thing) as seen:
        await live.endpoint.inject(Fault(kind.create.operation, 3, 500, "InternalError"))
        thing.apply()
        obj = await thing.synced()
        await live.endpoint.inject()
        await until(lambda: seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert any(condition(one, "ACK.Recoverable") for one in seen)
        assert phases(seen) == ["InProgress", "Current"]
        seen.clear()
        await live.endpoint.inject(Fault(kind.delete.operation, 2, 409, "OperationAborted"))
        thing.delete()
        await thing.gone(obj)
        await live.endpoint.inject()
        assert phases(seen) == ["Terminating"]


@each_kind
async def test_what_is_paused_is_never_failed(live: Live, kind: Kind) -> None:
    thing = sample(live, kind)
    async with watched(thing) as seen:
        thing.live.kubectl("apply", "-f", "-", manifest=annotated(thing, PAUSED))
        await eventually(lambda: says(thing, "Reconciling"))
        assert kstatus.judged([await thing.obj()]) == ["InProgress"]
        thing.annotate(f"{PAUSED}-")
        obj = await thing.synced()
        await until(lambda: seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert phases(seen) == ["InProgress", "Current"]
        thing.delete()
        await thing.gone(obj)


@each_kind
@pytest.mark.parametrize(
    ("mark", "read"),
    [
        (READ_ONLY, ["Current", "InProgress", "Failed", "InProgress", "Current"]),
        (PAUSED, ["Current", "InProgress", "Current"]),
    ],
)
async def test_drift_that_is_left(live: Live, kind: Kind, mark: str, read: list[str]) -> None:
    """Nobody works on what only is looked at, so that it has failed; a pause ends."""
    thing = sample(live, kind)
    thing.apply()
    await thing.synced()
    thing.annotate(f"{mark}=true")
    async with watched(thing) as seen:
        thing.like({**thing.spec, **TAGGED[kind.label]}).apply()
        await eventually(lambda: says(thing, "ACK.Advisory"))
        thing.apply()
        obj = await thing.synced()
        await until(lambda: seen[-1]["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"])
        assert phases(seen) == read
    thing.annotate(f"{mark}-")
    thing.delete()
    await thing.gone(obj)


async def says(thing: Thing, name: str) -> bool:
    return (await thing.condition(name)).get("status") == "True"


def annotated(thing: Thing, mark: str) -> Object:
    metadata = thing.manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), mark: "true"}
    return {**thing.manifest, "metadata": {**metadata, "annotations": annotations}}

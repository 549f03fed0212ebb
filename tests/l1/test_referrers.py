"""Who refers to whom, in a running manager: woken at once, list elements that come later, cycles, blocked deletions."""

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ackpy.controller.objects import resource_of
from ackpy.controller.references import resolve
from ackpy.controller.subject import Subject
from ackpy.kinds.model import Kind, Reference
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Field, Type
from ackpy.kube import NotFound, Object, Resource
from ackpy.plan.pending import held, without
from ackpy.sandbox.simulator import AwsFault
from ackpy.sandbox.simulator import Call as AwsCall
from tests.kit.definitions import compiled, definitions
from tests.kit.house import EPOCH, House, clock
from tests.kit.virtual_time import virtual_time
from tests.kit.world import condition

SOON = 1.0
"""Seconds, in which no retry of what waits for a minute falls."""


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def kinds(*, skip: bool = False) -> tuple[Kind, ...]:
    """Buckets whose tags take their values from queues, and queues that take their keys from queues."""
    s3, sqs = definitions("s3"), definitions("sqs")
    tag = {"ref": {"kind": "sqs/Queue", "path": "spec.queueName", "skip_state_check": skip}}
    s3["bucket.yaml"]["fields"]["tagging.tagSet[].value"] = tag
    sqs["queue.yaml"]["fields"]["kmsMasterKeyID"]["ref"] = {"kind": "sqs/Queue", "path": "spec.queueName"}
    return (*compiled(s3), *compiled(sqs))


def queue(name: str, **spec: Any) -> Object:
    api = "sqs.services.k8s.aws/v1alpha1"
    return {"apiVersion": api, "kind": "Queue", "metadata": {"name": name}, "spec": {"queueName": name, **spec}}


def key_of(name: str, namespace: str | None = None) -> Object:
    return {"kmsMasterKeyRef": {"from": {"name": name} | ({"namespace": namespace} if namespace else {})}}


def bucket(*tags: Object) -> Object:
    return {
        "apiVersion": "s3.services.k8s.aws/v1alpha1",
        "kind": "Bucket",
        "metadata": {"name": "ackpy-tagged"},
        "spec": {"name": "ackpy-tagged", "tagging": {"tagSet": list(tags)}},
    }


def tag(key: str, name: str) -> Object:
    return {"key": key, "valueRef": {"from": {"name": name}}}


@virtual_time
async def test_a_referrer_is_woken_at_once() -> None:
    house = House(kinds=kinds())
    await house.namespace()
    await house.namespace("other")
    async with house.managed():
        await house.create(queue("child", **key_of("parent", "other")))
        await asyncio.sleep(1000)  # its retries are minutes apart by now
        before = clock()
        await house.create(queue("parent"), namespace="other")
        child = await house.synced(queue("child"))
        assert clock() - before < SOON
        assert "kmsMasterKeyID" not in child["spec"]
        assert condition(child, "ACK.Advisory")["reason"] == "CrossNamespaceOptInRequired"
    assert house.resources() == 2


@virtual_time
async def test_list_elements_are_added_as_their_targets_come() -> None:
    house = House(kinds=kinds())
    await house.namespace()
    async with house.managed():
        await house.create(queue("one"))
        await house.create(bucket({"key": "plain", "value": "x"}, tag("one", "one")))
        await house.synced(bucket())
        assert tags(house) == {"plain": "x", "one": "one"}
        await house.edit(bucket(), {"spec": {"tagging": {"tagSet": [tag("two", "two"), {"key": "new", "value": "y"}]}}})
        await asyncio.sleep(SOON)
        obj = await house.get(bucket())
        assert obj
        assert condition(obj, "ACK.ReferencesResolved")["status"] == "Unknown"
        assert tags(house) == {"plain": "x", "one": "one", "new": "y"}, "resolved ones are added, nothing is removed"
        await asyncio.sleep(1000)
        before = clock()
        await house.create(queue("two"))
        await house.synced(bucket())
        assert clock() - before < SOON
        assert tags(house) == {"two": "two", "new": "y"}


@virtual_time
async def test_what_needs_no_state_does_not_hold_up_a_creation() -> None:
    house = House(kinds=kinds(skip=True))
    await house.namespace()
    async with house.managed():
        await house.create(bucket({"key": "plain", "value": "x"}, tag("one", "one")))
        await asyncio.sleep(SOON)
        assert tags(house) == {"plain": "x"}
        await house.create(queue("one"))
        await house.synced(bucket())
        assert tags(house) == {"plain": "x", "one": "one"}


@virtual_time
async def test_a_cycle_is_refused_and_released() -> None:
    house = House(kinds=kinds())
    await house.namespace()
    async with house.managed():
        await house.create(queue("a", **key_of("b")))
        await house.create(queue("b", **key_of("a")))
        await asyncio.sleep(60)
        for name in ("a", "b"):
            obj = await house.get(queue(name))
            assert obj
            assert "cycle" in condition(obj, "ACK.Terminal")["message"]
        assert house.resources() == 0
        await house.edit(queue("b"), {"spec": {"kmsMasterKeyRef": None}})
        await house.synced(queue("b"))
        await house.synced(queue("a"))


@virtual_time
async def test_a_deletion_waits_for_its_referrers() -> None:
    house = House(kinds=kinds())
    await house.namespace()

    def in_use(call: AwsCall) -> None:
        if call.operation == "DeleteQueue" and call.params["QueueUrl"].endswith("/parent") and used:
            raise AwsFault("DependencyViolation", "the queue has a dependent object", 400)

    used = True
    house.simulator.before_call.append(in_use)
    async with house.managed():
        await house.create(queue("parent"))
        await house.create(queue("child", **key_of("parent")))
        await house.synced(queue("child"))
        await house.delete(queue("parent"))
        await asyncio.sleep(1000)
        obj = await house.get(queue("parent"))
        assert obj
        assert "sqs/Queue default/child" in condition(obj, "ACK.Advisory")["message"]
        assert "DependencyViolation" in condition(obj, "ACK.Recoverable")["message"]
        used = False
        await house.delete(queue("child"))
        await asyncio.sleep(SOON)
        assert await house.get(queue("parent")) is None


@virtual_time
async def test_deletion_uses_the_identity_that_was_recorded() -> None:
    sqs = definitions("sqs")
    name = sqs["queue.yaml"]["fields"]["queueName"]
    name["ref"] = {"kind": "sqs/Queue", "path": "spec.kmsMasterKeyID"}
    house = House(kinds=tuple(compiled(sqs)))
    await house.namespace()
    child = {**queue("child"), "spec": {"queueRef": {"from": {"name": "parent"}}}}
    async with house.managed():
        await house.create(queue("parent", kmsMasterKeyID="named-by-another"))
        await asyncio.sleep(SOON)
        await house.create(child)
        await house.synced(child)
        obj = await house.get(child)
        assert obj
        assert "named-by-another" in obj["metadata"]["annotations"]["ackpy.dev/state"]
        await house.delete(queue("parent"))
        await asyncio.sleep(SOON)
        await house.api.patch(resource_of(house.kinds[0]), "default", "child", {"status": None}, subresource="status")
        await house.delete(child)
        await asyncio.sleep(120)
        assert await house.get(child) is None
    assert house.resources() == 0


@virtual_time
async def test_a_kind_that_is_not_installed_is_named() -> None:
    house = House(kinds=tuple(kind for kind in load() if kind.label == "sqs/Queue"))
    await house.namespace()
    async with house.managed():
        await house.create(queue("child", **key_of("key")))
        await asyncio.sleep(5)
        obj = await house.get(queue("child"))
        assert obj
        assert "kms/Key is not installed" in condition(obj, "ACK.ReferencesResolved")["reason"]
    assert clock() > EPOCH


async def test_a_list_of_references_is_filled_as_far_as_it_goes() -> None:
    ref = Reference(("spec", "ids"), ("spec", "idRefs"), "kms", "Key", ("status", "keyID"), required=True, many=True)
    field = Field("ids", Type.LIST, item=Field("[]", Type.STRING))
    spec = {"idRefs": [{"from": {"name": name}} for name in ("b", "none", "a")]}
    kind = replace(kinds()[1], references=(ref,), spec=Field("spec", Type.STRUCT, fields={"ids": field}))

    async def read(_: Resource, namespace: str, name: str) -> Object:
        if name == "none":
            raise NotFound(404, "NotFound", f"{name} not found in {namespace}")
        synced = {"type": "ACK.ResourceSynced", "status": "True"}
        return {"status": {"keyID": f"id-{name}", "conditions": [synced]}}

    subject = Subject(kind, {"metadata": {"name": "x", "namespace": "default"}, "spec": spec})
    resolved = await resolve(read, subject, spec, cross_namespace=True)
    assert resolved.spec["ids"] == ["id-b", "id-a"]
    assert [str(one.error) for one in resolved.pending] == ["none not found in default"]
    waiting = [one.link.field for one in resolved.pending]
    left = without(resolved.spec, waiting)
    assert left["ids"] == ["id-b", "id-a"]
    assert held(kind, left, {"ids": ["id-old", "id-a"]}, waiting)["ids"] == ["id-old", "id-a", "id-b"]


def test_half_an_element_is_left_out() -> None:
    kind = kinds()[0]
    spec = {"tagging": {"tagSet": [{"key": "a", "value": "1"}, {"key": "b"}]}, "name": "n"}
    pending = [("tagging", "tagSet", "1", "value")]
    left = without(spec, pending)
    assert left == {"tagging": {"tagSet": [{"key": "a", "value": "1"}]}, "name": "n"}
    there = {"tagging": {"tagSet": [{"key": "c", "value": "3"}]}}
    assert held(kind, left, there, pending)["tagging"]["tagSet"] == [
        {"key": "c", "value": "3"},
        {"key": "a", "value": "1"},
    ]
    assert held(kind, {"policy": None}, {"policy": "{}"}, [("policy",)]) == {"policy": "{}"}


def tags(house: House) -> dict[str, str]:
    """The bucket's, in AWS."""
    answer = house.simulator.call("s3", "GetBucketTagging", {"Bucket": "ackpy-tagged"}, account="123456789012")
    return {one["Key"]: one["Value"] for one in answer["TagSet"]}

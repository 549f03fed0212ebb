"""FieldExports, one step at a time on the in-memory API, and beside a manager."""

import asyncio
import gc
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from ackpy.controller.field_exports import FIELD_EXPORTS, FINALIZER, FieldExports
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.next import Next
from ackpy.controller.objects import resource_named
from ackpy.controller.options import Options
from ackpy.kube import ApiError, Conflict, Forbidden, NotFound, Object, Unreachable
from ackpy.plan.export import source_of
from tests.kit.contract import contract
from tests.kit.house import House
from tests.kit.memory_api import CONFIG_MAPS, SECRETS, MemoryApi
from tests.kit.waiting import eventually
from tests.kit.world import REGION, Events, condition
from tests.l1.params import ALL

MESSAGES = contract("common")["messages"]
TEXTS = MESSAGES["errors"]["field_export"]
OPTIONS = Options(region=REGION)
BUCKETS = resource_named("s3.services.k8s.aws", "Bucket")
ARN = ".status.ackResourceMetadata.arn"
SAMPLE = next(sample for kind, sample in ALL if kind.label == "s3/Bucket" and "annotations" not in sample["metadata"])


def export(path: str | None = ARN, to: dict[str, Any] | None = None, name: str = "e", **spec: Any) -> Object:
    source = {"resource": {"group": BUCKETS.group, "kind": "Bucket", "name": "b"}} | ({"path": path} if path else {})
    spec = {"from": source, **spec, "to": {"kind": "configmap", "name": "t", **(to or {})}}
    return {"metadata": {"name": name}, "spec": spec}


class Room:
    """FieldExports of buckets in the namespace `ns`, stepped by hand."""

    def __init__(self, options: Options = OPTIONS) -> None:
        self.api, self.events = MemoryApi(), Events()
        self.api.register(FIELD_EXPORTS)
        self.api.register(BUCKETS)
        metrics = ControllerMetrics(CollectorRegistry())
        self.exports = FieldExports(
            self.api, options, {BUCKETS.group}, self.events, lambda: "2026-01-01T00:00:00Z", metrics
        )

    async def bucket(self, synced: str = "True", **status: Any) -> None:
        body: Object = {"metadata": {"name": "b"}, "spec": {"name": "bucket"}}
        await self.api.create(BUCKETS, "ns", body)
        conditions = [{"type": "ACK.ResourceSynced", "status": synced}]
        status = {"ackResourceMetadata": {"arn": "arn:aws:s3:::bucket"}, **status, "conditions": conditions}
        await self.api.patch(BUCKETS, "ns", "b", {"status": status}, subresource="status")

    async def target(self, kind: str = "configmap", namespace: str = "ns", **rest: Any) -> None:
        resource = SECRETS if kind == "secret" else CONFIG_MAPS
        await self.api.create(resource, namespace, {"metadata": {"name": "t"}, **rest})

    async def step(self, obj: Object) -> Next:
        """Apply it where it isn't there, and reconcile once."""
        try:
            found = await self.get(obj["metadata"]["name"])
        except NotFound:
            found = await self.api.create(FIELD_EXPORTS, "ns", obj)
        source = source_of(found)
        assert source
        return await self.exports.reconcile(found, source)

    async def get(self, name: str = "e") -> Object:
        return await self.api.get(FIELD_EXPORTS, "ns", name)

    async def data(self, kind: str = "configmap", namespace: str = "ns") -> dict[str, str]:
        if kind == "configmap":
            return dict((await self.api.get(CONFIG_MAPS, namespace, "t")).get("data") or {})
        found = (await self.api.get(SECRETS, namespace, "t")).get("data") or {}
        return {key: b64decode(value).decode() for key, value in found.items()}

    async def says(self, name: str) -> str:
        """A true condition's message."""
        one = condition(await self.get(), name)
        assert one.get("status") == "True", await self.get()
        return str(one["message"])


@pytest_asyncio.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    await made.exports._jq.aclose()


@pytest.mark.parametrize("kind", ["configmap", "secret"])
async def test_a_value_is_exported_once(room: Room, kind: str) -> None:
    await room.bucket()
    await room.target(kind, data={"theirs": "eA=="})
    manifest = export(to={"kind": kind})
    assert await room.step(manifest) is Next.SWEEP
    assert (await room.data(kind))["ns.e"] == "arn:aws:s3:::bucket", "the contract's default key"
    assert "theirs" in await room.data(kind)
    obj = await room.get()
    assert obj["metadata"]["finalizers"] == [FINALIZER] == [contract("common")["finalizers"]["FieldExport"]]
    assert condition(obj, "ACK.ResourceSynced")["status"] == condition(obj, "Ready")["status"] == "True"
    writes = len(room.api.writes)
    assert await room.step(manifest) is Next.SWEEP
    assert len(room.api.writes) == writes, "nothing changed, nothing is written"


@pytest.mark.parametrize(("path", "text"), [(".spec.name", "bucket"), (".status.on", "true"), (".status.count", "3")])
async def test_what_is_written(room: Room, path: str, text: str) -> None:
    await room.bucket(on=True, count=3)
    await room.target()
    await room.step(export(path, to={"key": "k"}))
    assert await room.data() == {"k": text}


async def test_several_fields_and_a_template(room: Room) -> None:
    await room.bucket()
    fields = [{"path": r'"s3://\(.spec.name)"', "key": "url"}, {"path": ".metadata.name", "key": "name"}]
    await room.step(export(None, to={"create": True}, fields=fields))
    assert await room.data() == {"url": "s3://bucket", "name": "b"}
    (owner,) = (await room.api.get(CONFIG_MAPS, "ns", "t"))["metadata"]["ownerReferences"]
    assert owner["uid"] == (await room.get())["metadata"]["uid"]


async def test_all_values_or_none(room: Room) -> None:
    await room.bucket()
    await room.target()
    fields = [{"path": ".metadata.name", "key": "name"}, {"path": ".absent", "key": "absent"}]
    assert await room.step(export(fields=fields)) is Next.RETRY
    assert await room.says("ACK.Recoverable") == f"spec.fields[1].path: {TEXTS[0]}"
    assert await room.data() == {}


async def test_a_source_that_isn_t_synced(room: Room) -> None:
    await room.bucket(synced="False")
    await room.target()
    assert await room.step(export()) is Next.RETRY
    assert await room.says("ACK.Recoverable") == TEXTS[1]
    assert await room.data() == {}


async def test_a_source_that_isn_t_there(room: Room) -> None:
    assert await room.step(export()) is Next.RETRY
    assert await room.says("ACK.Recoverable") == 'buckets.s3.services.k8s.aws "b" not found'
    await room.bucket()
    await room.target()
    assert await room.step(export()) is Next.SWEEP
    assert "ACK.Recoverable" not in {one["type"] for one in (await room.get())["status"]["conditions"]}


@pytest.mark.parametrize(("kind", "text"), [("configmap", TEXTS[4]), ("secret", TEXTS[5])])
async def test_a_target_that_isn_t_there(room: Room, kind: str, text: str) -> None:
    await room.bucket()
    assert await room.step(export(to={"kind": kind})) is Next.RETRY
    assert await room.says("ACK.Recoverable") == f'{text}: {kind}s "t" not found'
    writes = len(room.api.writes)
    await room.step(export())
    assert len(room.api.writes) == writes, "the same failure is told once"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".status.", TEXTS[2]),
        (".spec.name[]", TEXTS[3]),
        (".status", f"{TEXTS[3]}: the result is an object"),
        ("repeat(.) | select(false)", f"{TEXTS[3]}: it takes too much time or memory"),
    ],
)
async def test_a_bad_path_is_terminal(room: Room, path: str, text: str) -> None:
    await room.bucket()
    await room.target()
    assert await room.step(export(path)) is Next.SWEEP
    assert (await room.says("ACK.Terminal")).startswith(text)
    assert await room.data() == {}


@pytest.mark.parametrize("path", ['error("no: \\(.status.token)")', ".status.token[]", ".status.token | tonumber"])
async def test_a_secret_s_value_is_told_nowhere(room: Room, path: str) -> None:
    await room.bucket(token="tell-nobody")
    await room.target("secret", immutable=True)
    for one in (export(path, to={"kind": "secret"}), export(".status.token", {"kind": "secret"}, name="f")):
        await room.step(one)
    assert await room.says("ACK.Terminal") == TEXTS[3]
    told = [await room.get(), await room.get("f"), *room.events.told]
    assert "tell-nobody" not in str(told)
    assert "would change" in str(told)


async def test_another_namespace(room: Room) -> None:
    await room.bucket()
    await room.target(namespace="other")
    await room.step(export(to={"namespace": "other"}))
    assert list(await room.data(namespace="other")) == ["ns.e"]
    advisory = condition(await room.get(), "ACK.Advisory")
    assert advisory["reason"] == contract("common")["cross_namespace_advisory_reason"]


async def test_another_namespace_where_that_isn_t_allowed() -> None:
    room = Room(replace(OPTIONS, cross_namespace=False))
    await room.bucket()
    await room.target(namespace="other")
    assert await room.step(export(to={"namespace": "other"})) is Next.SWEEP
    wanted = MESSAGES["errors"]["reference_cross_namespace"]
    assert (await room.says("ACK.Terminal")).startswith(wanted.partition(" sourceNamespace")[0])
    assert await room.data(namespace="other") == {}


async def test_nobody_exports_roles_from_another_namespace(room: Room) -> None:
    await room.bucket()
    body = {"metadata": {"name": "ack-role-account-map"}}
    await room.api.create(CONFIG_MAPS, "ack-system", body)
    to = {"namespace": "ack-system", "name": "ack-role-account-map", "key": "222222222222"}
    await room.step(export('"arn:aws:iam::222222222222:role/theirs"', to=to))
    assert "only its own namespace may export into it" in await room.says("ACK.Terminal")
    assert "data" not in await room.api.get(CONFIG_MAPS, "ack-system", "ack-role-account-map")


async def test_deletion_leaves_the_key(room: Room) -> None:
    await room.bucket()
    await room.target()
    await room.step(export())
    await room.api.delete(FIELD_EXPORTS, "ns", "e")
    assert await room.step(export()) is Next.NEVER
    with pytest.raises(NotFound):
        await room.get()
    assert list(await room.data()) == ["ns.e"]


@pytest.mark.parametrize("verb", ["get", "patch"])
@pytest.mark.parametrize("error", [Unreachable(503, "Unreachable", "no"), Conflict(409, "Conflict", "changed")])
async def test_trouble_of_the_api_server_passes(room: Room, verb: str, error: ApiError) -> None:
    await room.bucket()
    await room.target()
    found = await room.api.create(FIELD_EXPORTS, "ns", export())
    source = source_of(found)
    assert source
    room.api.fail_next(error, verb)
    assert await room.exports.reconcile(found, source) is Next.RETRY
    assert await room.step(export()) is Next.SWEEP
    assert list(await room.data()) == ["ns.e"]


async def test_a_missing_right_is_told(room: Room) -> None:
    await room.bucket()
    await room.target()
    found = await room.api.create(FIELD_EXPORTS, "ns", export())
    source = source_of(found)
    assert source
    room.api.fail_next(Forbidden(403, "Forbidden", "buckets is forbidden"), "get")
    assert await room.exports.reconcile(found, source) is Next.RETRY
    assert "grant it by RBAC" in await room.says("ACK.Recoverable")


# Beside a manager


@pytest.fixture
def _unfrozen() -> Iterator[None]:
    """The manager freezes what it has loaded; the tests of a session share their process."""
    yield
    gc.unfreeze()


def export_of_sample(name: str = "e", **resource: str) -> Object:
    source = {"group": BUCKETS.group, "kind": "Bucket", "name": SAMPLE["metadata"]["name"], **resource}
    spec = {"from": {"path": ARN, "resource": source}, "to": {"kind": "configmap", "name": name, "create": True}}
    return {"metadata": {"name": name}, "spec": spec}


async def exported(house: House, name: str = "e") -> dict[str, str]:
    try:
        return dict((await house.api.get(CONFIG_MAPS, "default", name))["data"])
    except NotFound:
        return {}


@pytest.mark.usefixtures("_unfrozen")
async def test_source_and_export_wake_each_other() -> None:
    house = House()
    await house.namespace()
    await house.api.create(FIELD_EXPORTS, "default", export_of_sample())
    await house.api.create(FIELD_EXPORTS, "default", {"metadata": {"name": "says-nothing"}})
    await house.api.create(FIELD_EXPORTS, "default", export_of_sample("others", group="ec2.services.k8s.aws"))

    async def arrived() -> bool:
        return "default.e" in await exported(house)

    async def moved() -> bool:
        return (await exported(house)).get("default.e") == "edited"

    async def renamed() -> bool:
        return "new" in await exported(house)

    async def gone() -> bool:
        return not (await house.api.list(FIELD_EXPORTS, "default", label_selector="gone=yes")).items

    async with house.managed():
        await house.create(SAMPLE)
        await eventually(arrived)
        await house.api.patch(FIELD_EXPORTS, "default", "e", {"spec": {"from": {"path": ".metadata.labels.x"}}})
        await house.edit(SAMPLE, {"metadata": {"labels": {"x": "edited"}}})
        await eventually(moved)
        await house.api.patch(FIELD_EXPORTS, "default", "e", {"spec": {"to": {"key": "new"}}})
        await eventually(renamed)
        await house.api.patch(FIELD_EXPORTS, "default", "e", {"metadata": {"labels": {"gone": "yes"}}})
        await house.api.delete(FIELD_EXPORTS, "default", "e")
        await eventually(gone)
    others = await house.api.get(FIELD_EXPORTS, "default", "others")
    assert "status" not in others, "another controller's"
    assert "finalizers" not in others["metadata"]


@pytest.mark.usefixtures("_unfrozen")
@pytest.mark.parametrize("off", [{"field_exports": False}, {"namespaces": ("elsewhere",)}])
async def test_switched_off_or_out_of_sight(off: dict[str, Any]) -> None:
    house = House(options=replace(OPTIONS, **off))
    await house.namespace()
    await house.namespace("elsewhere")
    await house.api.create(FIELD_EXPORTS, "default", export_of_sample())
    async with house.managed():
        await house.create(SAMPLE, namespace="elsewhere")
        await house.synced(SAMPLE, namespace="elsewhere")
        await asyncio.sleep(0)
    assert "finalizers" not in (await house.api.get(FIELD_EXPORTS, "default", "e"))["metadata"]

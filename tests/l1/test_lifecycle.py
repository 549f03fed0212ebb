"""Adoption, read-only objects, pause and exempted fields, for every kind and sample."""

from copy import deepcopy

import orjson
import pytest

from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.subject import RECREATE
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Path, get
from ackpy.kinds.registry import load
from ackpy.kube import Object
from ackpy.plan import tags
from ackpy.plan.compare import differences
from tests.kit import edits, values
from tests.kit.scene import Scene, merge_patch, named, uncounted
from tests.kit.world import World, condition
from tests.l1 import laws
from tests.l1.params import ALL, each_sample

CASES = [pytest.param(kind, sample, id=sample["metadata"]["name"]) for kind, sample in ALL]
POLICY, FIELDS = "services.k8s.aws/adoption-policy", "services.k8s.aws/adoption-fields"


def beside_neighbours(kind: Kind, sample: Object) -> World:
    """A world in which there is what the sample stands on."""
    world = World()
    world.prepare(kind, sample)
    return world


async def left_behind(kind: Kind, sample: Object) -> tuple[World, Object]:
    """A world in which the sample's resource is there, and no object; with it, what the object's status said."""
    world = beside_neighbours(kind, sample)
    name = sample["metadata"]["name"]
    await world.apply(deepcopy(sample))
    assert await world.settle(kind, name) is Next.SWEEP
    obj = await world.get(kind, name)
    assert obj is not None
    marks = {"services.k8s.aws/deletion-policy": "retain"}
    await world.api.patch(resource_of(kind), "default", name, {"metadata": {"annotations": marks}})
    await world.api.delete(resource_of(kind), "default", name)
    assert await world.settle(kind, name) is Next.NEVER
    assert await world.get(kind, name) is None
    world.restart()
    world.simulator.calls.clear()
    return world, obj


def adopting(kind: Kind, sample: Object, before: Object, policy: str, *, bare: bool) -> Object:
    """The manifest that adopts, with nothing but what the schema requires where it is to be `bare`."""
    named = {name: get(before, path) for name, path in kind.adoption.items()}
    fields = {name: value for name, value in named.items() if value is not None}
    wanted = deepcopy(sample)
    if bare:
        wanted["spec"] = {name: wanted["spec"][name] for name in values.required(kind)}
    annotations = wanted["metadata"].setdefault("annotations", {})
    annotations |= {POLICY: policy, FIELDS: orjson.dumps(fields).decode()}
    return wanted


def blind(kind: Kind, manifest: Object) -> set[str]:
    """What AWS never shows can't be compared: it is sent once."""
    given = {path[0] for path in kind.unread if get(manifest["spec"], path) is not None}
    return {part.put.operation for part in kind.parts if given & set(part.fields)}


def writes(world: World) -> list[str]:
    return [
        c.operation for c in world.simulator.calls if not c.operation.startswith(("Get", "List", "Head", "Describe"))
    ]


@pytest.mark.parametrize(("kind", "sample"), CASES)
async def test_a_bare_manifest_adopts_and_is_filled(kind: Kind, sample: Object) -> None:
    world, before = await left_behind(kind, sample)
    name = sample["metadata"]["name"]
    manifest = adopting(kind, sample, before, "adopt", bare=True)
    await world.apply(manifest)
    assert await world.settle(kind, name) is Next.SWEEP
    obj = await world.get(kind, name)
    assert obj is not None
    assert condition(obj, "ACK.ResourceSynced")["status"] == "True"
    assert kind.finalizer in obj["metadata"]["finalizers"]
    assert obj["metadata"]["annotations"]["services.k8s.aws/adopted"] == "true"
    now, then = (uncounted(kind, one, one["status"]["ackResourceMetadata"]["arn"]) for one in (obj, before))
    assert now == then
    assert {*writes(world)} == blind(kind, manifest)
    there = (await world.observe(kind, obj)).spec
    unread = {
        field
        for field, node in kind.spec.fields.items()
        if node.rule.create_only or not node.rule.read or kind.part_of(field) is None
    }
    for field, value in sample["spec"].items():
        if field not in unread and (kind.tags is None or field != kind.tags.path[1]):
            node = kind.spec.fields[field]
            held, shown = obj["spec"].get(field), there.get(field)
            assert field in manifest["spec"] or not any(differences(node, held, shown)), field
            assert not any(differences(node, value, held)), field
    assert tags.of(kind, sample["spec"]).items() <= tags.of(kind, obj["spec"]).items()
    assert ("Normal", "Adopted") in {(kind_, reason) for kind_, reason, _ in world.events.told}


@pytest.mark.parametrize(("kind", "sample"), CASES)
async def test_the_whole_manifest_adopts_without_a_difference(kind: Kind, sample: Object) -> None:
    world, before = await left_behind(kind, sample)
    name = sample["metadata"]["name"]
    await world.apply(adopting(kind, sample, before, "adopt-or-create", bare=False))
    assert await world.settle(kind, name) is Next.SWEEP
    assert {*writes(world)} == blind(kind, sample)
    obj = await world.get(kind, name)
    assert obj is not None
    generation = obj["metadata"]["generation"]
    again = await world.apply(adopting(kind, sample, before, "adopt-or-create", bare=False))
    assert again["metadata"]["generation"] == generation
    await world.api.delete(resource_of(kind), "default", name)
    assert await world.settle(kind, name) is Next.NEVER
    assert kind.delete.operation in writes(world), "an adopted resource is deleted with its object"


@pytest.mark.parametrize(("kind", "sample"), CASES)
async def test_adopt_or_create_creates(kind: Kind, sample: Object) -> None:
    _, before = await left_behind(kind, sample)
    world = beside_neighbours(kind, sample)
    name = sample["metadata"]["name"]
    await world.apply(adopting(kind, sample, before, "adopt-or-create", bare=False))
    assert await world.settle(kind, name) is Next.SWEEP
    assert writes(world).count(kind.create.operation) == 1


@pytest.mark.parametrize(("kind", "sample"), CASES)
async def test_adopt_waits_for_a_resource_that_is_not_there(kind: Kind, sample: Object) -> None:
    _, before = await left_behind(kind, sample)
    name = sample["metadata"]["name"]
    absent = beside_neighbours(kind, sample)
    await absent.apply(adopting(kind, sample, before, "adopt", bare=False))
    assert await absent.step(kind, name) is Next.RETRY
    obj = await absent.get(kind, name)
    assert obj is not None
    assert condition(obj, "ACK.Recoverable")["message"] == "adopted resource not found"
    assert "finalizers" not in obj["metadata"]
    assert writes(absent) == []


@pytest.mark.parametrize("recreates", [False, True])
@pytest.mark.parametrize(("kind", "sample"), CASES)
async def test_an_adopted_resource_is_made_again_on_request(kind: Kind, sample: Object, *, recreates: bool) -> None:
    world, before = await left_behind(kind, sample)
    name = sample["metadata"]["name"]
    manifest = adopting(kind, sample, before, "adopt", bare=False)
    manifest["metadata"]["annotations"] |= {RECREATE: "true"} if recreates else {}
    await world.apply(manifest)
    await world.settle(kind, name)
    world.simulator.calls.clear()
    await Scene(kind, manifest, world).hand_deletion()
    world.clock.advance(3600)
    for _ in range(4):
        await world.step(kind, name)
        world.clock.advance(60)
    obj = await world.get(kind, name)
    assert obj is not None
    assert writes(world).count(kind.create.operation) == int(recreates)
    missing = condition(obj, "ACK.Recoverable").get("message") == "adopted resource not found"
    assert missing is not recreates


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({POLICY: "steal"}, 'unrecognized adoption policy steal. Supported policies are "adopt" and "adopt-or-create"'),
        ({POLICY: "adopt", FIELDS: "{"}, "the adoption fields are no JSON object"),
        ({POLICY: "adopt", FIELDS: '{"x": "y"}'}, "required field missing"),
        ({POLICY: "adopt", FIELDS: "[1]"}, "the adoption fields are no JSON object from texts to texts"),
    ],
)
async def test_annotations_that_cannot_be_followed_are_terminal(annotations: dict[str, str], message: str) -> None:
    kind = next(kind for kind in load() if kind.label == "sqs/Queue")
    world = World()
    await world.apply(
        {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": {"name": "odd", "annotations": annotations},
            "spec": {"queueName": "odd"},
        }
    )
    assert await world.step(kind, "odd") is Next.SWEEP
    obj = await world.get(kind, "odd")
    assert obj is not None
    assert condition(obj, "ACK.Terminal")["message"].startswith(message)
    assert world.simulator.calls == []


@pytest.mark.parametrize("mark", ["services.k8s.aws/read-only", "ackpy.dev/paused"])
@each_sample(changes=True)
async def test_hands_off(kind: Kind, sample: Object, mark: str) -> None:
    """Read-only and paused objects tell of drift by path, and change nothing, not even when they are deleted."""
    world, before = await left_behind(kind, sample)
    name = sample["metadata"]["name"]
    fresh = deepcopy(sample)
    fresh["metadata"].setdefault("annotations", {}).update({POLICY: "adopt-or-create"})
    if any(path[0] == "status" for path in kind.adoption.values()):
        fields = {n: get(before, path) for n, path in kind.adoption.items()} | {"unknown": "is ignored"}
        fresh["metadata"]["annotations"][FIELDS] = orjson.dumps(fields).decode()
    await world.apply(fresh)
    assert await world.settle(kind, name) is Next.SWEEP
    await annotate(world, kind, name, {mark: "true"})
    world.simulator.calls.clear()
    path, spec = await other(kind, sample)
    await edit(world, kind, name, spec)
    assert await world.settle(kind, name) is Next.SWEEP
    obj = await world.get(kind, name)
    assert obj is not None
    told = condition(obj, "ACK.Advisory")
    assert told["reason"] == "Drift"
    assert named(path) in told["message"]
    assert condition(obj, "ACK.ResourceSynced")["status"] == "False"
    assert bool(condition(obj, "Stalled")) is not bool(condition(obj, "Reconciling"))
    assert bool(condition(obj, "Stalled")) is (mark == "services.k8s.aws/read-only"), "a pause ends"
    await world.api.delete(resource_of(kind), "default", name)
    await world.step(kind, name)
    assert writes(world) == []
    if mark == "ackpy.dev/paused":
        assert await world.get(kind, name) is not None
        await annotate(world, kind, name, {mark: None})
        assert await world.settle(kind, name) is Next.NEVER
        assert kind.delete.operation in writes(world)


@each_sample(changes=True)
async def test_exempted_fields_are_left_to_others(kind: Kind, sample: Object) -> None:
    world = beside_neighbours(kind, sample)
    name = sample["metadata"]["name"]
    _, spec = await other(kind, sample)
    marked = deepcopy(sample)
    exempted = [name for name in {*sample["spec"], *spec} if spec.get(name) != sample["spec"].get(name)]
    paths = ",".join(f"spec.{name}" for name in exempted)
    marked["metadata"].setdefault("annotations", {})["ackpy.dev/ignore-fields"] = paths
    await world.apply(marked)
    assert await world.settle(kind, name) is Next.SWEEP
    world.simulator.calls.clear()
    await edit(world, kind, name, spec)
    assert await world.settle(kind, name) is Next.SWEEP
    assert writes(world) == []
    if not {("spec", field) for field in exempted} & {link.field[:2] for link in kind.create.inputs}:
        await edit(world, kind, name, sample["spec"])  # creation alone would have set it
    await annotate(world, kind, name, {"ackpy.dev/ignore-fields": None})
    assert await world.settle(kind, name) is Next.SWEEP
    assert writes(world) != []


async def annotate(world: World, kind: Kind, name: str, annotations: dict[str, str | None]) -> None:
    await world.api.patch(resource_of(kind), "default", name, {"metadata": {"annotations": annotations}})


async def other(kind: Kind, sample: Object) -> tuple[Path, Object]:
    """A leaf of the sample, and a spec in which it has another value that AWS takes."""
    scout = Scene(kind, sample)
    await scout.make()
    change = edits.sure(kind, sample["spec"])
    candidate, _ = await laws.first_taken(scout, change)
    return change.leaf.reported, candidate


async def edit(world: World, kind: Kind, name: str, spec: Object) -> None:
    obj = await world.get(kind, name)
    assert obj is not None
    body = {"spec": merge_patch(obj["spec"], spec)}
    await world.api.patch(resource_of(kind), "default", name, body, field_manager="kubectl")


PROTECTED = [(kind, sample) for kind, sample in ALL if kind.protected]


@pytest.mark.parametrize(("kind", "sample"), [pytest.param(*one, id=one[1]["metadata"]["name"]) for one in PROTECTED])
@pytest.mark.parametrize("by_hand", [False, True], ids=["by-the-manifest", "by-hand"])
async def test_what_is_protected_stays_until_the_manifest_says_otherwise(
    kind: Kind, sample: Object, *, by_hand: bool
) -> None:
    assert kind.protected is not None
    path = kind.protected[1:]
    spec = {name: value for name, value in sample["spec"].items() if name != path[0]}
    protected = {**spec, path[0]: True}
    scene = Scene(kind, {**sample, "spec": spec if by_hand else protected}, beside_neighbours(kind, sample))
    await scene.make()
    await scene.delete()  # before a sweep could take off what a hand put on
    if by_hand:
        await scene.hand(protected)
    before, since = scene.aws(), scene.mark()
    await scene.settle()
    await scene.sweep(2)
    told = await scene.condition("ACK.Terminal")
    assert "protected against deletion, so nothing was deleted" in told["message"]
    assert scene.aws_writes(since) == []
    assert scene.aws() == before
    await scene.edit({**protected, path[0]: False})
    await scene.settle()
    await laws.is_gone(scene)

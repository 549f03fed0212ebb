"""Fields that come from other objects: what is waited for, what is refused, in the contract's words.

Every reference of every kind is tried whose field a sample sets: the value moves to an object of the referred kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.controller.options import Options
from ackpy.controller.subject import Subject
from ackpy.kinds.model import Kind, Reference
from ackpy.kinds.names import plural_name
from ackpy.kinds.paths import get, put, show, with_value
from ackpy.kube import AlreadyExists, Object, Resource
from tests.kit import edits
from tests.kit.contract import contract
from tests.kit.contract_crds import contract_crd
from tests.kit.scene import Scene, named
from tests.kit.world import REGION, World
from tests.l1 import laws
from tests.l1.params import ALL
from tests.l1.test_refusals import is_terminal

MESSAGES = contract("common")["messages"]
SYNCED = {"ACK.ResourceSynced": "True"}


def _with_one(sample: Object, ref: Reference) -> Object:
    """A sample whose list of values, where references make a list, has but one."""
    if not ref.many:
        return sample
    changed: Object = with_value(sample, ref.field, get(sample, ref.field)[:1])
    return changed


each_reference = pytest.mark.parametrize(
    ("kind", "sample", "ref"),
    [
        pytest.param(kind, _with_one(sample, ref), ref, id=f"{sample['metadata']['name']}-{show(ref.ref)}")
        for kind, sample in ALL
        for ref in kind.references
        if get(sample, ref.field) is not None
    ],
)


@dataclass
class Target:
    """The object that is referred to."""

    ref: Reference
    value: Any
    world: World

    def __post_init__(self) -> None:
        self.resource = Resource(
            f"{self.ref.service}.services.k8s.aws", "v1alpha1", plural_name(self.ref.kind), self.ref.kind
        )
        crd = contract_crd(contract(self.ref.service), self.ref.kind)
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        self.world.api.register(self.resource, schema=schema)

    async def has(self, conditions: Mapping[str, str], namespace: str = "default", *, value: bool = True) -> None:
        """Make it with these conditions, or change it so, with or without the value."""
        body: Object = {"metadata": {"name": "target"}, "spec": {}, "status": {}}
        put(body, self.ref.source, self.value if value else None)
        body["status"]["conditions"] = [{"type": key, "status": status} for key, status in conditions.items()]
        try:
            await self.world.api.create(self.resource, namespace, body)
        except AlreadyExists:
            await self.world.api.patch(self.resource, namespace, "target", {"spec": body["spec"]})
        status = {"status": body["status"]}
        await self.world.api.patch(self.resource, namespace, "target", status, subresource="status")

    def text(self, name: str, namespace: str = "default") -> str:
        """A text of the contract about it."""
        path = ".".join(key[0].upper() + key[1:] for key in self.ref.source)
        text: str = MESSAGES["errors"][name]
        for word, value in {"KIND": self.ref.kind, "NS": namespace, "NAME": "target", "PATH": path}.items():
            text = text.replace(f":{word}", f":{value}")
        return text


def referring(kind: Kind, sample: Object, ref: Reference, world: World, source: Any = None) -> tuple[Scene, Target]:
    """A scene whose object takes a value of its sample from another object, and that object."""
    world.prepare(kind, sample)
    spec = with_value(sample["spec"], ref.field[1:], None)
    one: Any = {"from": source or {"name": "target"}}
    spec = with_value(spec, ref.ref[1:], [one] if ref.many else one)
    return Scene(kind, {**sample, "spec": spec}, world), Target(ref, _value(ref, sample["spec"]), world)


def _value(ref: Reference, spec: Mapping[str, Any]) -> Any:
    """The value that a target has for it."""
    value = get(spec, ref.field[1:])
    return value[0] if ref.many else value


async def is_waiting(scene: Scene, message: str, status: str = "Unknown") -> None:
    """References are unresolved, nothing was made, and it is tried again."""
    assert await scene.step() is Next.RETRY
    obj = await scene.obj()
    conditions = {one["type"]: one for one in obj["status"]["conditions"]}
    unresolved, synced = conditions["ACK.ReferencesResolved"], conditions["ACK.ResourceSynced"]
    assert next(iter(conditions)) == "ACK.ReferencesResolved"
    assert (unresolved["status"], unresolved["message"]) == (status, MESSAGES["reference_failed"])
    assert unresolved["reason"] == message
    assert (synced["status"], synced["reason"]) == ("Unknown", message)
    assert scene.world.simulator.calls == []
    assert not Subject(scene.kind, obj).managed


async def is_refused(scene: Scene, message: str) -> None:
    """Only another spec helps, and AWS was never asked."""
    await is_terminal(scene, message, message)
    assert (await scene.condition("ACK.ReferencesResolved"))["status"] == "False"
    assert scene.world.simulator.calls == []


@each_reference
async def test_a_reference_is_waited_for_and_resolved(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, target = referring(kind, sample, ref, World())
    await scene.world.apply(scene.manifest)
    await is_waiting(scene, f'{target.resource.plural}.{target.resource.group} "target" not found')
    await target.has({})
    await is_waiting(scene, target.text("reference_not_synced"))
    await target.has({"ACK.ResourceSynced": "False"})
    await is_waiting(scene, target.text("reference_not_synced"))
    await target.has({"ACK.Terminal": "True", "ACK.ResourceSynced": "False"})
    await is_waiting(scene, target.text("reference_terminal"), "False")
    await target.has(SYNCED, value=False)
    await is_waiting(scene, target.text("reference_missing_field"))
    await target.has(SYNCED)
    await scene.settle()
    await laws.is_synced(scene)
    assert (await scene.condition("ACK.ReferencesResolved"))["status"] == "True"
    obj = await scene.obj()
    assert get(obj, ref.field) is None, "a resolved value is never stored"
    assert get(obj, ref.ref) == get(scene.manifest, ref.ref)
    await laws.comes_back(Scene(kind, sample, scene.world))
    await laws.stays_calm(scene)


@each_reference
async def test_a_changed_target_is_followed(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, target = referring(kind, sample, ref, World())
    await target.has(SYNCED)
    await scene.make()
    before = scene.aws()
    if edits.is_fixed(kind, ref.field[1]):
        target.value = f"{target.value}x"
        await target.has(SYNCED)
        await scene.sweep()
        assert scene.aws() == before
        assert show(ref.field) in (await scene.condition("ACK.Terminal"))["message"]
        return
    change = next(one for one in edits.changes(kind, sample["spec"]) if one.leaf.reported == ref.field[1:])
    target.value = _value(ref, change.candidates[0])
    await target.has(SYNCED)
    await scene.sweep()
    assert scene.aws() != before


@each_reference
async def test_deletion_needs_no_reference(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, target = referring(kind, sample, ref, World())
    await target.has(SYNCED)
    await scene.make()
    await scene.world.api.delete(target.resource, "default", "target")
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


@each_reference
async def test_value_and_reference_exclude_each_other(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, target = referring(kind, sample, ref, World())
    await target.has(SYNCED)
    spec = with_value(scene.spec, ref.field[1:], target.value)
    scene.manifest = {**scene.manifest, "spec": spec}
    await scene.world.apply(scene.manifest)
    assert await scene.settle() is Next.SWEEP
    both = f"{named(ref.field[1:])},{named(ref.ref[1:])}".replace("spec.", "")
    await is_refused(scene, MESSAGES["errors"]["reference_and_id"].replace("FIELD,REF", both))


@each_reference
async def test_a_reference_to_nothing_is_refused(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, _ = referring(kind, sample, ref, World(), {"name": ""})
    await scene.world.apply(scene.manifest)
    assert await scene.settle() is Next.SWEEP
    await is_refused(scene, MESSAGES["errors"]["reference_empty"].replace("REF", show(ref.ref[1:])))


@each_reference
async def test_a_reference_may_leave_its_namespace(kind: Kind, sample: Object, ref: Reference) -> None:
    scene, target = referring(kind, sample, ref, World(), {"name": "target", "namespace": "other"})
    await target.has(SYNCED, "other")
    await scene.make()
    await laws.is_synced(scene)
    advisory = await scene.condition("ACK.Advisory")
    assert advisory["reason"] == contract("common")["cross_namespace_advisory_reason"]
    await laws.stays_calm(scene)


@each_reference
async def test_unless_that_is_forbidden(kind: Kind, sample: Object, ref: Reference) -> None:
    world = World(options=Options(region=REGION, cross_namespace=False))
    scene, target = referring(kind, sample, ref, world, {"name": "target", "namespace": "other"})
    await target.has(SYNCED, "other")
    await scene.world.apply(scene.manifest)
    assert await scene.settle() is Next.SWEEP
    text = MESSAGES["errors"]["reference_cross_namespace"]
    text = text.replace("sourceNamespace:NS", "sourceNamespace:default").replace(
        "targetNamespace:NS", "targetNamespace:other"
    )
    await is_refused(scene, text.replace("name:NAME", "name:target"))

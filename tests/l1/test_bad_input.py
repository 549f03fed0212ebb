"""Law 8: whatever the schema lets through, a reconcile ends in a condition, and a refused spec made nothing."""

import string
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ackpy.controller.subject import RECONCILE_AT, RESYNC_SECONDS, STATE, Subject
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import get, with_value
from ackpy.kinds.schema import Field, Type
from ackpy.kube import Object
from tests.kit import edits
from tests.kit.samples import made
from tests.kit.scene import Scene
from tests.l1 import laws
from tests.l1.params import ALL

EXAMPLES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""As many as the profile says: 100 each, and thousands with `--hypothesis-profile=thorough`."""
_PARTS = 8
NESTED = "[" * 300 + "]" * 300

TEXTS = st.one_of(
    st.sampled_from(["", " ", "null", "{}", "[]", "true", "-1", "1e999", "0x10", NESTED, '{"Statement": 5}']),
    st.just('{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ' + NESTED + "}]}"),
    st.sampled_from(['{"Statement": [{"Effect": [], "Condition": {"Bool": 1}}]}', '{"a": 1}', "x" * 3000]),
    st.text(string.printable + "é☃𝕏\u202e\u0000", max_size=40),
)
FREE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def odd(node: Field) -> st.SearchStrategy[Any]:
    """Values that have the type that the schema asks for, and often no sense."""
    match node.type:
        case Type.STRUCT:
            return st.fixed_dictionaries({}, optional={name: odd(child) for name, child in node.fields.items()})
        case Type.LIST if node.item:
            return st.lists(odd(node.item), max_size=3)
        case Type.MAP if node.item:
            return st.dictionaries(TEXTS, odd(node.item), max_size=3)
        case Type.BOOLEAN:
            return st.booleans()
        case Type.INTEGER:
            return st.integers(-(2**63), 2**63 - 1)
        case Type.NUMBER:
            return st.floats(allow_nan=False, allow_infinity=False)
        case Type.OBJECT:
            return FREE
        case Type.REF:
            source = st.fixed_dictionaries({}, optional={"name": TEXTS, "namespace": TEXTS})
            return st.fixed_dictionaries({}, optional={"from": source})
        case Type.SECRET:
            return st.fixed_dictionaries({"key": TEXTS}, optional={"name": TEXTS, "namespace": TEXTS})
    return TEXTS


def spec(kind: Kind, base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A spec that is good but for some fields, or odd throughout."""
    built = {name: odd(node) for name, node in kind.spec.fields.items() if name not in kind.unbuilt}
    few = st.lists(st.sampled_from(sorted(built)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: built[name] for name in names})
    )
    return few.map(lambda changed: {**base, **changed})


def scenes() -> st.SearchStrategy[tuple[Kind, Object]]:
    """Objects of every kind."""
    return st.sampled_from(ALL).flatmap(
        lambda one: spec(one[0], one[1]["spec"]).map(lambda found: (one[0], {**one[1], "spec": found}))
    )


async def told(scene: Scene) -> bool:
    """Whether the object says how it is; True if it is well."""
    conditions = {one["type"]: one["status"] for one in (await scene.obj())["status"]["conditions"]}
    assert conditions["Ready"] in {"True", "False", "Unknown"}
    return bool(conditions["Ready"] == "True")


async def ends_well(kind: Kind, manifest: Object) -> None:
    scene = Scene(kind, manifest)
    await scene.world.apply(manifest)
    for _ in range(3):
        await scene.step()
        scene.world.clock.advance(30)
    well, there, creates = await told(scene), len(scene.aws()), kind.create.operation
    accepted = [call for call in scene.world.simulator.calls if call.operation == creates and call.answer is not None]
    assert there in {0, made(kind, manifest["spec"])}
    assert accepted or not there, "nothing is there that AWS didn't accept"
    assert there or not well
    if well:
        since = scene.mark()
        await scene.step()
        laws.is_calm(scene, since)
    if kind.protected and get(manifest, kind.protected):
        await scene.edit(with_value(manifest["spec"], kind.protected[1:], False))
    await scene.delete()
    for _ in range(_PARTS):  # what goes before the resource goes one by one
        await scene.step()
        scene.world.clock.advance(30)
    await laws.is_gone(scene)


@EXAMPLES
@given(scenes())
async def test_an_odd_object_ends_in_a_condition(one: tuple[Kind, Object]) -> None:
    await ends_well(*one)


@EXAMPLES
@given(scenes())
async def test_an_odd_edit_ends_in_a_condition(one: tuple[Kind, Object]) -> None:
    """What AWS refuses changes nothing of it, and setting it back is all it takes."""
    kind, manifest = one
    sample = next(sample for _, sample in ALL if sample["metadata"]["name"] == manifest["metadata"]["name"])
    scene = Scene(kind, sample)
    await scene.make()
    fixed = {name: sample["spec"][name] for name in sample["spec"] if edits.is_fixed(kind, name)}
    wanted = {
        name: value
        for name, value in manifest["spec"].items()
        if name in sample["spec"] or not kind.spec.fields[name].rule.create_only
    }
    await scene.edit({**wanted, **fixed})
    for _ in range(3):
        await scene.step()
        scene.world.clock.advance(30)
    await told(scene)
    laws.is_one(scene)
    await scene.edit(sample["spec"])
    await scene.settle()
    await laws.is_synced(scene)
    await laws.comes_back(scene)


@EXAMPLES
@given(st.sampled_from(ALL), st.dictionaries(st.sampled_from([STATE, RECONCILE_AT, RESYNC_SECONDS]), TEXTS), TEXTS)
async def test_odd_annotations_do_no_harm(one: tuple[Kind, Object], annotations: dict[str, str], text: str) -> None:
    kind, sample = one
    scene = Scene(kind, sample)
    await scene.world.apply(sample)
    await scene.annotate({**annotations, "kubectl.kubernetes.io/last-applied-configuration": text})
    await scene.settle()
    await laws.is_synced(scene)
    assert Subject(kind, await scene.obj()).resync_seconds != 0
    await scene.annotate(annotations)
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)

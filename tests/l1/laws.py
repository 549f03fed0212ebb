"""The laws as assertions about a scene: every kind is held to them, and they to broken engines (test_tests.py)."""

from typing import Any

from ackpy.aws.errors import AwsError
from ackpy.controller.next import Next
from ackpy.controller.options import FULL_SWEEP
from ackpy.controller.subject import RECONCILE_AT, RECONCILED_AT, Subject
from ackpy.kinds.model import Part
from ackpy.kinds.paths import Path
from ackpy.kinds.schema import Field, Type, Unset
from ackpy.plan.compare import differences, is_empty, normal
from ackpy.wire.call import Call
from tests.kit import edits, values
from tests.kit.edits import Change
from tests.kit.samples import made
from tests.kit.scene import Mark, Scene, alike, named, unmarked
from tests.kit.world import condition


async def converges(scene: Scene) -> None:
    """Law 1: applied, it ends in Synced and Ready, and says of which edition."""
    await scene.world.apply(scene.manifest)
    assert await scene.settle() is Next.SWEEP
    await is_synced(scene)
    is_one(scene)


def is_one(scene: Scene) -> None:
    """Law 5: there is one resource, and what AWS makes along with it."""
    assert len(scene.aws()) == made(scene.kind, scene.spec)


async def is_synced(scene: Scene) -> None:
    obj = await scene.obj()
    assert condition(obj, "ACK.ResourceSynced").get("status") == "True", obj["status"]["conditions"]
    assert condition(obj, "Ready").get("status") == "True", obj["status"]["conditions"]
    assert obj["status"].get("observedGeneration", obj["metadata"]["generation"]) == obj["metadata"]["generation"]
    assert obj["status"]["ackResourceMetadata"]["arn"]


def is_calm(scene: Scene, since: Mark) -> None:
    """Law 2: nothing was written, to AWS or to Kubernetes, and nothing was told."""
    assert scene.aws_writes(since) == []
    assert scene.api_writes(since) == []
    assert scene.events(since) == []


async def stays_calm(scene: Scene) -> None:
    """Law 2, over a cycle of sweeps and a restart. The object is synced."""
    since = scene.mark()
    await scene.step()
    is_calm(scene, since)
    await scene.sweep(FULL_SWEEP)
    is_calm(scene, since)
    scene.world.restart()
    await scene.settle()
    is_calm(scene, since)
    assert scene.aws_calls(since), "a sweep that reads nothing sees nothing"


async def comes_back(scene: Scene) -> None:
    """Law 3: every leaf of the spec is in what is observed."""
    observed = await scene.observed()
    for leaf in values.leaves(scene.kind.spec, scene.spec):
        if leaf.node.rule.read and scene.kind.part_of(leaf.path[0]):
            path, name = leaf.reported, leaf.path[0]
            node = edits.node_at(scene.kind, path)
            there = {name: values.aligned(scene.kind.spec.fields[name], scene.spec[name], observed.get(name))}
            assert _same(node, values.at(scene.spec, path), values.at(there, path)), named(path)


def _same(node: Field, one: Any, other: Any) -> bool:
    """Equal by meaning: what a nil rule makes of no value is no value."""
    if one is None or other is None:
        return not any(differences(node, one, other))
    if node.rule.key or node.type is Type.STRUCT:
        return not any(differences(node, one, other))
    return bool(normal(node, one) == normal(node, other))


async def drift_is_corrected(scene: Scene, change: Change) -> None:
    """A leaf that was changed by hand in AWS is put back, and an event names it. The object is synced."""
    before = scene.aws()
    await first_taken(scene, change)
    assert scene.aws() != before, f"{named(change.leaf.path)}: the hand changed nothing"
    path = reported(change.leaf.reported, await scene.observed())
    since = scene.mark()
    await scene.sweep()
    await was_put_back(scene, since, before, path)


def reported(path: Path, *specs: Any) -> Path:
    """Where a difference is told: of what one side has nothing of, as a whole."""
    above = (path[:depth] for depth in range(1, len(path)))
    return next((one for one in above if any(is_empty(values.at(spec, one)) for spec in specs)), path)


async def was_put_back(scene: Scene, since: Mark, before: object, path: Path) -> None:
    assert unmarked(scene.aws()) == unmarked(before), f"{named(path)} was not put back"
    told = [message for reason, message in scene.events(since) if reason == "DriftCorrected"]
    assert len(told) == 1 or (told and scene.kind.states), scene.events(since)  # states make it several steps
    assert any(f"{named(path)}: " in one for one in told), told
    await is_synced(scene)


async def first_taken(scene: Scene, change: Change) -> tuple[dict[str, Any], list[Call]]:
    """Do a change by hand in AWS, with the first candidate that AWS takes: this one, and the calls that did it.

    Raises:
        AssertionError: AWS takes none.
    """
    refusals = []
    for candidate in change.candidates:
        try:
            if calls := await scene.hand(candidate):
                return candidate, calls
        except AwsError as error:
            refusals.append(str(error))
    raise AssertionError(f"AWS takes no other {named(change.leaf.path)}: {refusals}")


async def is_made_again(scene: Scene) -> None:
    """A resource that was deleted by hand is made again, once."""
    before = alike(scene.kind, await scene.obj(), scene.aws())
    await scene.hand_deletion()
    assert scene.aws() == {}
    since = scene.mark()
    await scene.sweep()
    assert alike(scene.kind, await scene.obj(), scene.aws()) == before
    made = [
        call
        for call in scene.aws_calls(since)
        if call.operation == scene.kind.create.operation and call.answer is not None
    ]
    assert len(made) == 1
    assert Subject(scene.kind, await scene.obj()).state.n == 2
    assert "Created" in [reason for reason, _ in scene.events(since)]
    await is_synced(scene)


async def left_out_goes(scene: Scene, part: Part, *, asked: bool) -> None:
    """What a stranger made, and the spec leaves out, goes by the next full sweep, or when asked.

    The scene's sample sets the part; here the object doesn't, and the stranger does.
    """
    names = edits.removable(scene.kind, part, scene.spec)
    whole = scene.spec
    scene.manifest = {
        **scene.manifest,
        "spec": {name: value for name, value in whole.items() if name not in names},
    }
    obj = await scene.make()
    if condition(obj, "ACK.Terminal"):
        assert scene.world.simulator.calls[-1].answer is None, "AWS takes no resource without it, or the rest not"
        return
    await is_synced(scene)
    before, observed = scene.aws(), await scene.observed()
    assert await scene.hand(whole)
    assert scene.aws() != before
    since = scene.mark()
    if asked:
        await scene.annotate({RECONCILE_AT: "now"})
        await scene.settle()
        assert (await scene.obj())["metadata"]["annotations"][RECONCILED_AT] == "now"
    else:
        await scene.sweep(FULL_SWEEP)
    now = await scene.observed()
    for name in names:
        assert _same(scene.kind.spec.fields[name], observed.get(name), now.get(name)), name
    told = " ".join(message for reason, message in scene.events(since) if reason == "DriftCorrected")
    assert all(named((name,)) in told for name in names if not is_empty(whole[name])), told


async def edit_arrives(scene: Scene, change: Change, candidate: dict[str, Any]) -> None:
    """An edited leaf is as edited in AWS, and an event names it. The object is synced."""
    path = change.leaf.reported
    told_at = reported(path, await scene.observed(), await scene.wanted(candidate))
    since = scene.mark()
    await scene.edit(candidate)
    await scene.settle()
    observed = await scene.observed()
    node = edits.node_at(scene.kind, path)
    name = path[0]
    there = {name: values.aligned(scene.kind.spec.fields[name], candidate.get(name), observed.get(name))}
    assert _same(node, values.at(candidate, path), values.at(there, path)), named(path)
    told = [message for reason, message in scene.events(since) if reason == "Updated"]
    assert any(named(told_at) in message for message in told), scene.events(since)
    await is_synced(scene)


async def removal_arrives(scene: Scene, path: Path) -> None:
    """What is taken out of the spec is in AWS as its nil rule says; put in again, all is as it was."""
    before, observed = scene.aws(), await scene.observed()
    await scene.edit(edits.without((await scene.obj())["spec"], path))
    await scene.settle()
    await is_synced(scene)
    node = edits.node_at(scene.kind, path)
    now = values.at(await scene.observed(), path)
    if node.rule.unset is Unset.UNMANAGED:
        assert _same(node, values.at(observed, path), now)
    elif node.rule.unset is Unset.DEFAULT:
        assert not any(differences(node, node.rule.default, now)), named(path)
    else:
        assert is_empty(now), named(path)
    await stays_calm(scene)
    await scene.edit(scene.spec)
    await scene.settle()
    await is_synced(scene)
    assert scene.aws() == before


async def removal_is_refused(scene: Scene, path: Path) -> None:
    """Law 8: AWS refuses the edit; the object says why, nothing changes, and putting it back is all it takes."""
    before = scene.aws()
    await scene.edit(edits.without((await scene.obj())["spec"], path))
    await scene.step()
    obj = await scene.obj()
    assert obj["status"]["conditions"][0]["type"] in {"ACK.Terminal", "ACK.Recoverable"}
    assert obj["status"]["conditions"][0]["message"]
    assert condition(obj, "Ready")["status"] == "False"
    assert scene.aws() == before
    await scene.edit(scene.spec)
    await scene.settle()
    await is_synced(scene)
    assert scene.aws() == before


async def is_gone(scene: Scene) -> None:
    """Law 6: neither the object nor the resource is there."""
    assert await scene.world.get(scene.kind, scene.name) is None
    assert scene.aws() == {}

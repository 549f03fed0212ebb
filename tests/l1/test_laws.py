"""Laws 1 to 4 and 6, for every kind and every sample."""

from contextlib import suppress
from functools import reduce
from typing import Any

import pytest

from ackpy.aws.errors import AwsError
from ackpy.controller.next import Next
from ackpy.controller.options import FULL_SWEEP
from ackpy.controller.subject import DELETION_POLICY
from ackpy.kinds.model import Kind, Part
from ackpy.kinds.paths import Path
from ackpy.kinds.schema import Unset
from ackpy.kube import Object
from tests.kit import edits, values
from tests.kit.edits import Change
from tests.kit.scene import Scene
from tests.l1 import laws
from tests.l1.params import each_change, each_part, each_removal, each_sample


@each_sample()
async def test_it_converges_and_stays_calm(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await laws.converges(scene)
    await laws.stays_calm(scene)


@each_sample()
async def test_what_the_spec_says_comes_back(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await laws.comes_back(scene)


@each_change(seen=True)
async def test_drift_of_each_leaf_is_corrected(kind: Kind, sample: Object, change: Change) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await laws.drift_is_corrected(scene, change)


@each_part()
async def test_a_part_taken_away_by_hand_comes_back(kind: Kind, sample: Object, part: Part) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    before, since = scene.aws(), scene.mark()
    try:
        await scene.hand_removal(edits.removable(kind, part, scene.spec))
    except AwsError:
        assert scene.aws() == before
        return  # nobody can take it away
    assert scene.aws() != before
    await scene.sweep()
    assert scene.aws() == before
    assert "DriftCorrected" in [reason for reason, _ in scene.events(since)]


@each_sample()
async def test_a_resource_deleted_by_hand_is_made_again_once(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await laws.is_made_again(scene)
    await laws.stays_calm(scene)


@pytest.mark.parametrize("asked", [False, True], ids=["full-sweep", "reconcile-now"])
@each_part()
async def test_what_the_spec_leaves_out_goes(kind: Kind, sample: Object, part: Part, asked: bool) -> None:
    await laws.left_out_goes(Scene(kind, sample), part, asked=asked)


@each_change()
async def test_each_leaf_can_be_edited(kind: Kind, sample: Object, change: Change) -> None:
    scout = Scene(kind, sample)
    await scout.make()
    candidate, _ = await laws.first_taken(scout, change)
    scene = Scene(kind, sample)
    await scene.make()
    await laws.edit_arrives(scene, change, candidate)
    await laws.stays_calm(scene)


@each_removal()
async def test_each_field_can_be_removed(kind: Kind, sample: Object, path: Path) -> None:
    scout = Scene(kind, sample)
    obj = await scout.make()
    try:
        await scout.hand(edits.without(obj["spec"], path))
        law = laws.removal_arrives
    except AwsError:
        law = laws.removal_is_refused
    scene = Scene(kind, sample)
    await scene.make()
    await law(scene, path)


@each_sample()
async def test_the_finalizer_goes_only_after_the_resource(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.delete()
    while await scene.world.get(kind, scene.name):
        then = await scene.step()
        assert then is not Next.SWEEP
        if then is Next.WAIT and kind.states:
            scene.world.clock.advance(1)
        assert (await scene.world.get(kind, scene.name) is None) <= (scene.aws() == {})
    await laws.is_gone(scene)


@each_sample()
async def test_a_retained_resource_stays(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.annotate({DELETION_POLICY: "retain"})
    before, since = scene.aws(), scene.mark()
    await scene.delete()
    await scene.settle()
    assert await scene.world.get(kind, scene.name) is None
    assert scene.aws() == before
    assert scene.aws_calls(since) == []


# No surprises


@each_sample()
async def test_late_initialisation_only_adds_absent_fields(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    spec = (await scene.make())["spec"]
    filled = _filled(scene, spec)
    assert reduce(edits.without, filled, spec) == scene.spec


def _filled(scene: Scene, spec: dict[str, Any]) -> list[Path]:
    """The late-initialised fields that a spec has and the manifest hasn't; of what is in one another, the outermost."""
    absent = [path for path in scene.kind.late() if values.at(scene.spec, path) is None and values.at(spec, path)]
    return [path for path in absent if not any(path[: len(other)] == other for other in absent if other != path)]


@each_sample()
async def test_applying_the_same_manifest_again_changes_nothing(kind: Kind, sample: Object) -> None:
    for apply in (Scene.apply_client_side, Scene.apply_server_side):
        scene = Scene(kind, sample)
        await apply(scene, sample)
        await scene.settle()
        await laws.is_synced(scene)
        before = (await scene.obj())["metadata"]["generation"]
        again = await apply(scene, sample)
        assert again["metadata"]["generation"] == before
        since = scene.mark()
        await scene.settle()
        laws.is_calm(scene, since)


async def _late_changes(scene: Scene) -> dict[Path, Change]:
    """A change of each field that the controller filled, where the change leaves the user's fields as they are."""
    spec = (await scene.obj())["spec"]
    changes = list(edits.changes(scene.kind, spec))
    by_path = {path: c for path in _filled(scene, spec) for c in changes if c.leaf.path[: len(path)] == path}
    alone = {}
    for path, change in by_path.items():
        scout = Scene(scene.kind, scene.manifest)
        await scout.make()
        await laws.first_taken(scout, change)
        with suppress(AssertionError):  # a change that takes a field of the user's along says nothing
            await laws.comes_back(scout)
            alone[path] = change
    return alone


@each_sample()
async def test_a_late_initialised_value_is_never_sent(kind: Kind, sample: Object) -> None:
    """Where the nil rule leaves the field alone; where it names a default, that is what an unset field means."""
    scout = Scene(kind, sample)
    await scout.make()
    for path, change in (await _late_changes(scout)).items():
        scene = Scene(kind, sample)
        await scene.make()
        before = scene.aws()
        await laws.first_taken(scene, change)
        if edits.node_at(kind, path).rule.unset is Unset.UNMANAGED:
            since = scene.mark()
            await scene.sweep()
            assert scene.aws_writes(since) == []  # at most the status tells of it: an ARN may have a path in it
            await laws.stays_calm(scene)
        else:
            await scene.sweep(FULL_SWEEP)
            assert scene.aws() == before
        assert (await scene.obj())["spec"].keys() >= scene.spec.keys()


@pytest.mark.parametrize("apply", [Scene.apply_client_side, Scene.apply_server_side], ids=["client", "server"])
@each_sample()
async def test_an_equal_value_of_the_user_is_held(kind: Kind, sample: Object, apply: Any) -> None:
    scene = Scene(kind, sample)
    await apply(scene, sample)
    await scene.settle()
    spec = (await scene.obj())["spec"]
    for (name, *_), change in (await _late_changes(scene)).items():
        manifest = {**sample, "spec": {**sample["spec"], name: spec[name]}}
        await apply(scene, manifest)
        await scene.settle()
        before = scene.aws()
        await laws.first_taken(scene, change)
        since = scene.mark()
        await scene.sweep()
        await laws.was_put_back(scene, since, before, change.leaf.reported)
        assert values.at((await scene.obj())["spec"], (name,)) == spec[name]

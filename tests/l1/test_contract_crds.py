"""An existing installation: CRDs of the Go original, which prune what they don't know, and the objects it left.

The CRDs are synthesised from the contract alone; a pruned field must not be written over and over.
"""

from dataclasses import replace
from typing import Any

import pytest

from ackpy.controller.desires import to_remember
from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.options import Options
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import get
from ackpy.kinds.registry import load
from ackpy.kube import Object
from tests.kit import edits
from tests.kit.contract import contract
from tests.kit.contract_crds import contract_crd
from tests.kit.scene import Scene
from tests.kit.world import REGION, TAGS, World
from tests.l1 import laws
from tests.l1.params import each_sample

CRDS = {kind.label: contract_crd(contract(kind.service.alias), kind.name) for kind in load()}
OF_THE_ORIGINAL = "controller"


def world(**options: Any) -> World:
    return World(crds=CRDS, options=Options(region=REGION, tags=TAGS, **options))


@each_sample()
async def test_it_converges_is_calm_and_goes(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample, world())
    await laws.converges(scene)
    assert "observedGeneration" not in (await scene.obj())["status"], "the contract's CRDs don't know it"
    since = scene.mark()
    await scene.sweep(6)
    laws.is_calm(scene, since)
    before = await scene.obj()
    scene.world.restart()
    await scene.sweep(6)
    # A new process finds out once what is pruned; that write changes nothing.
    assert len(scene.api_writes(since)) <= 1
    assert await scene.obj() == before
    assert scene.aws_writes(since) == []
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


async def left_by_the_original(scene: Scene) -> None:
    """Make of a settled object what the Go original leaves: its finalizer and status, and no annotation of ours."""
    obj = await scene.obj()
    api, resource = scene.world.api, resource_of(scene.kind)
    await scene.patch({"metadata": {"finalizers": None}}, OF_THE_ORIGINAL)
    await scene.delete()
    metadata = {"name": scene.name, "finalizers": obj["metadata"]["finalizers"]}
    if region := obj["metadata"]["annotations"].get("services.k8s.aws/region"):
        metadata["annotations"] = {"services.k8s.aws/region": region}
    await api.create(resource, "default", {"metadata": metadata, "spec": scene.spec}, field_manager="kubectl")
    await scene.patch({"spec": obj["spec"]}, OF_THE_ORIGINAL)
    conditions = [
        {"type": one["type"], "status": one["status"], "message": one["message"], "reason": one.get("reason", "")}
        | {"lastTransitionTime": one["lastTransitionTime"]}
        for one in sorted(obj["status"]["conditions"], key=lambda one: one["type"])
    ]
    known = {key: value for key, value in obj["status"].items() if key != "observedGeneration"}
    body = {"status": {**known, "conditions": conditions}}
    await api.patch(resource, "default", scene.name, body, subresource="status", field_manager=OF_THE_ORIGINAL)


@pytest.mark.parametrize("crds", [CRDS, None], ids=["its-crds", "our-crds"])
@each_sample()
async def test_what_the_original_left_is_taken_over_with_reads_only(kind: Kind, sample: Object, crds: Any) -> None:
    options = Options(region=REGION, tags=TAGS, version="v1.1.2")
    scene = Scene(kind, sample, World(crds=crds, options=options))
    await scene.make()
    await left_by_the_original(scene)
    scene.world.options = replace(options, version="other")
    scene.world.restart()
    before, since = await scene.obj(), scene.mark()
    assert await scene.settle() is Next.SWEEP
    assert scene.aws_writes(since) == []
    # What AWS never shows, and names that another could be taken for.
    remembers = any(get(sample["spec"], path) is not None for path in kind.unread) or bool(to_remember(kind))
    assert {write.subresource for write in scene.api_writes(since)} <= {"status", *([None] if remembers else [])}
    assert len(scene.api_writes(since)) <= 1 + remembers
    assert scene.events(since) == []
    after = await scene.obj()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    await laws.is_synced(scene)
    since = scene.mark()
    await scene.sweep(6)
    laws.is_calm(scene, since)
    scene.world.options = options  # the controller's tags would change with the user's
    scene.world.restart()
    await scene.settle()
    if change := edits.first(kind, scene.spec):
        await laws.drift_is_corrected(scene, change)
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)

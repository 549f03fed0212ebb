"""What AWS takes only at creation: refused, and on request deleted and made again, whatever dies in between."""

from typing import Any

from ackpy.controller.reconcile import Next
from ackpy.controller.subject import DELETION_POLICY, REPLACE
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.crash import Boundaries, CrashableApi, killed
from tests.kit.scene import Scene
from tests.kit.world import World
from tests.l1 import laws

QUEUE: Kind = next(kind for kind in load() if kind.label == "sqs/Queue")
ON = {REPLACE: "on-immutable-change"}


def scene(annotations: dict[str, str], api: Any = None) -> Scene:
    manifest = {
        "apiVersion": QUEUE.api_version,
        "kind": "Queue",
        "metadata": {"name": "q", "annotations": annotations},
        "spec": {"queueName": "q.fifo", "fifoQueue": "true"},
    }
    return Scene(QUEUE, manifest, World(api=api))


async def swapped(here: Scene) -> None:
    """AWS has another one of the name, which isn't as the manifest says."""
    await here.make()
    for slots in here.world.simulator._world._slots.values():
        for slot in slots.values():
            assert slot.current
            attributes: Any = slot.current.parts["attributes"]
            del attributes["FifoQueue"]
    await here.edit({**here.spec, "delaySeconds": "3"})


async def test_without_the_annotation_it_is_refused() -> None:
    here = scene({})
    await swapped(here)
    since = here.mark()
    assert await here.settle() is Next.SWEEP
    assert "only when the Queue is created" in (await here.condition("ACK.Terminal"))["message"]
    assert here.aws_writes(since) == []


async def test_a_policy_of_retain_keeps_it() -> None:
    here = scene({**ON, DELETION_POLICY: "retain"})
    await swapped(here)
    since = here.mark()
    assert await here.settle() is Next.SWEEP
    assert here.aws_writes(since) == []


async def test_it_is_told_deleted_and_made_again() -> None:
    here = scene(ON)
    await swapped(here)
    since = here.mark()
    await here.settle()
    await laws.is_synced(here)
    assert next(call.operation for call in here.aws_writes(since)) == "DeleteQueue"
    reasons = [reason for reason, _ in here.events(since)]
    assert reasons[:2] == ["Replacing", "Deleting"]
    assert "spec.fifoQueue: unset → true" in here.events(since)[0][1]
    assert (await here.observed())["fifoQueue"] == "true"
    assert len(here.aws()) == 1


async def test_a_crash_at_any_boundary_is_survived() -> None:
    number, crashed = 0, True
    while crashed:
        number += 1
        boundaries = Boundaries()
        here = scene(ON, CrashableApi(boundaries))
        boundaries.watch(here.world.simulator, here.world.clock)
        await swapped(here)
        with boundaries.armed(at=number):
            crashed = await killed(here.settle())
        here.world.restart()
        await here.settle()
        await laws.is_synced(here)
        assert len(here.aws()) == 1, number
        assert (await here.observed())["fifoQueue"] == "true"
    assert number > 5

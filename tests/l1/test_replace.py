"""What AWS takes only at creation: refused, and on request deleted and made again, whatever dies in between."""

from typing import Any

from ackpy.controller.next import Next
from ackpy.controller.options import Options
from ackpy.controller.subject import DELETION_POLICY, REPLACE
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.crash import Boundaries, CrashableApi, killed
from tests.kit.scene import Scene
from tests.kit.signing import Lambda, code_signing_config
from tests.kit.world import REGION, World
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


CONFIG = code_signing_config()
PUBLISHERS = "arn:aws:signer:us-west-2:123456789012:/signing-profiles/"


def config(boundaries: Boundaries | None = None) -> tuple[Scene, Lambda]:
    """An object of a kind whose resources AWS names, which says which publishers are allowed."""
    world = World((CONFIG,), options=Options(region=REGION), api=CrashableApi(boundaries) if boundaries else None)
    aws = Lambda(boundaries.cross if boundaries else lambda _: None)
    world.aws = aws  # type: ignore[assignment]  # an AWS with other operations
    world.restart()
    spec = {"description": "ours", "allowedPublishers": allowed("first")}
    manifest = {
        "apiVersion": CONFIG.api_version,
        "kind": CONFIG.name,
        "metadata": {"name": "c", "annotations": ON},
        "spec": spec,
    }
    return Scene(CONFIG, manifest, world), aws


def allowed(*names: str) -> dict[str, list[str]]:
    return {"signingProfileVersionARNs": [PUBLISHERS + name for name in names]}


def publishers(aws: Lambda) -> list[list[str]]:
    return [config["AllowedPublishers"]["SigningProfileVersionArns"] for config in aws.configs.values()]


async def arn_of(here: Scene) -> str:
    return str((await here.obj())["status"]["ackResourceMetadata"]["arn"])


async def test_the_new_one_is_made_first_where_aws_gives_the_names() -> None:
    here, aws = config()
    await here.make()
    old, since = await arn_of(here), here.mark()
    await here.edit({"description": "ours", "allowedPublishers": allowed("second")})
    await here.settle()
    await laws.is_synced(here)
    assert aws.writes == ["CreateCodeSigningConfig", "CreateCodeSigningConfig", "DeleteCodeSigningConfig"]
    assert publishers(aws) == [[PUBLISHERS + "second"]]
    assert await arn_of(here) != old
    reason, message = here.events(since)[0]
    assert reason == "Replacing"
    assert "another one is made and then this one deleted: spec.allowedPublishers" in message
    calm = here.mark()
    await here.sweep(7)
    assert here.api_writes(calm) == []
    assert len(aws.writes) == 3


async def test_one_that_is_in_use_is_kept_in_mind() -> None:
    here, aws = config()
    await here.make()
    old = await arn_of(here)
    aws.in_use = {old}
    await here.edit({"description": "ours", "allowedPublishers": allowed("second")})
    await here.step()
    assert (await here.condition("ACK.ResourceSynced"))["status"] != "True"
    assert len(aws.configs) == 2
    aws.in_use = set()
    await here.edit({"description": "ours", "allowedPublishers": allowed("third")})
    here.world.restart()
    await here.settle()
    await laws.is_synced(here)
    assert publishers(aws) == [[PUBLISHERS + "third"]]


async def test_deleting_the_object_deletes_both() -> None:
    here, aws = config()
    await here.make()
    aws.in_use = {await arn_of(here)}
    await here.edit({"description": "ours", "allowedPublishers": allowed("second")})
    await here.step()
    await here.delete()
    await here.step()
    assert await here.world.get(here.kind, here.name) is not None, "one is left in AWS"
    aws.in_use = set()
    await here.settle()
    assert aws.configs == {}
    assert await here.world.get(here.kind, here.name) is None


async def test_a_crash_at_any_boundary_leaves_one_of_two() -> None:
    number, crashed = 0, True
    while crashed:
        number += 1
        boundaries = Boundaries()
        here, aws = config(boundaries)
        await here.make()
        await here.edit({"description": "ours", "allowedPublishers": allowed("second")})
        with boundaries.armed(at=number):
            crashed = await killed(here.settle())
        here.world.restart()
        await here.settle()
        await laws.is_synced(here)
        assert publishers(aws) == [[PUBLISHERS + "second"]], number
    assert number > 5

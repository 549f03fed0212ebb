"""What KMS alone does: keys that linger, aliases under short names, grants that nothing changes."""

from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.subject import REPLACE, RESOURCE_UID
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kube import Object
from ackpy.plan import tags
from ackpy.sandbox.simulator import AwsFault
from tests.kit.crash import Boundaries, CrashableApi, killed
from tests.kit.samples import alone, values
from tests.kit.scene import Scene
from tests.kit.world import World, condition
from tests.l1 import laws

KINDS = {kind.name: kind for kind in load() if kind.service.alias == "kms"}
KEY, ALIAS, GRANT = KINDS["Key"], KINDS["Alias"], KINDS["Grant"]
WINDOW = "kms.services.k8s.aws/pending-window-in-days"
DAY = 86400
KEYS = values(next(ref for ref in GRANT.references if ref.field == ("spec", "keyID")))


def sample(kind: Kind, name: str) -> Object:
    return next(one for one in alone(kind) if one["metadata"]["name"] == name)


def key(spec: Object | None = None) -> Scene:
    body = {"metadata": {"name": "k"}, "spec": spec or {"description": "d"}}
    return Scene(KEY, {"apiVersion": KEY.api_version, "kind": "Key", **body})


async def aws(scene: Scene, operation: str, **params: Any) -> Any:
    """A call by somebody else."""
    return await scene.world.aws.call(scene.world.scope(scene.kind, await scene.obj()), "kms", operation, params)


async def key_id(scene: Scene) -> str:
    return str((await scene.obj())["status"]["keyID"])


@pytest.mark.parametrize(("text", "days"), [(None, 7), ("30", 30), ("soon", 7), ("", 7)])
async def test_the_annotation_tells_how_long_a_key_is_kept(text: str | None, days: int) -> None:
    scene = key()
    await scene.make()
    await scene.annotate({WINDOW: text})
    since = scene.mark()
    await scene.delete()
    await scene.settle()
    assert [call.params["PendingWindowInDays"] for call in scene.aws_writes(since)] == [days]
    await laws.is_gone(scene)


async def test_a_window_that_kms_does_not_know_holds_the_object() -> None:
    scene = key()
    await scene.make()
    await scene.annotate({WINDOW: "365"})
    await scene.delete()
    await scene.step()
    assert "ValidationException" in (await scene.condition("ACK.Terminal"))["message"]
    await scene.annotate({WINDOW: "7"})
    await scene.settle()
    await laws.is_gone(scene)


async def test_a_key_that_will_be_deleted_is_as_good_as_gone() -> None:
    scene = key()
    await scene.make()
    old = await key_id(scene)
    await aws(scene, "ScheduleKeyDeletion", KeyId=old, PendingWindowInDays=7)
    await scene.sweep()
    await laws.is_synced(scene)
    assert await key_id(scene) != old
    assert len(scene.aws()) == 1
    scene.world.clock.advance(8 * DAY)
    await scene.sweep()
    await laws.stays_calm(scene)


async def test_what_was_deleted_is_not_found_by_its_tag() -> None:
    """The one that goes bears the tag too; a crash while the next is made finds neither it nor another's."""
    scene = key()
    await scene.make()
    uid = (await scene.obj())["metadata"]["uid"]
    observed = await scene.world.observe(KEY, await scene.obj())
    assert tags.of(KEY, observed.spec)[RESOURCE_UID] == uid
    await aws(scene, "ScheduleKeyDeletion", KeyId=await key_id(scene), PendingWindowInDays=7)
    forgotten = {"status": {"keyID": None, "ackResourceMetadata": None}}
    await scene.world.api.patch(resource_of(KEY), "default", "k", forgotten, subresource="status")
    scene.world.clock.advance(3600)
    await scene.settle()
    await laws.is_synced(scene)
    assert len(scene.aws()) == 1


async def test_a_key_that_aws_made_unnoticed_is_found() -> None:
    scene = key()
    await scene.make()
    old = await key_id(scene)
    forgotten = {"status": {"keyID": None, "ackResourceMetadata": None}}
    await scene.world.api.patch(resource_of(KEY), "default", "k", forgotten, subresource="status")
    scene.world.restart()
    await scene.settle()
    assert await key_id(scene) == old
    assert len(scene.aws()) == 1


async def test_a_new_object_reads_no_other_key() -> None:
    scene = key()
    await scene.make()
    assert "ListKeys" not in [call.operation for call in scene.world.simulator.calls]


async def test_the_policy_that_kms_gives_is_shown_and_left_alone() -> None:
    scene = key()
    await scene.make()
    assert "Enable IAM User Permissions" in (await scene.obj())["spec"]["policy"]
    since = scene.mark()
    await scene.sweep(6)
    laws.is_calm(scene, since)


async def test_a_disabled_key_stays_disabled_and_is_synced() -> None:
    scene = key()
    await scene.make()
    await aws(scene, "DisableKey", KeyId=await key_id(scene))
    await scene.sweep(6)
    await laws.is_synced(scene)
    assert (await scene.obj())["status"]["keyState"] == "Disabled"
    await scene.edit({**(await scene.obj())["spec"], "enableKeyRotation": True})
    await scene.step()
    assert "DisabledException" in (await scene.condition("ACK.Recoverable"))["message"]
    await aws(scene, "EnableKey", KeyId=await key_id(scene))
    await scene.settle()
    await laws.is_synced(scene)


async def test_a_key_without_its_material_is_synced() -> None:
    scene = key({"origin": "EXTERNAL"})
    await scene.make()
    await laws.is_synced(scene)
    assert (await scene.obj())["status"]["keyState"] == "PendingImport"


async def test_rotation_of_a_key_that_cannot_be_rotated_is_refused() -> None:
    scene = key({"keySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY", "enableKeyRotation": True})
    await scene.world.apply(scene.manifest)
    assert await scene.settle() is Next.SWEEP
    assert "UnsupportedOperationException" in (await scene.condition("ACK.Terminal"))["message"]


async def test_the_prefix_of_an_alias_may_be_left_out() -> None:
    manifest = sample(ALIAS, "ack-kms-alias")
    scene = Scene(ALIAS, {**manifest, "spec": {**manifest["spec"], "name": "ack-orders"}})
    obj = await scene.make()
    assert obj["status"]["ackResourceMetadata"]["arn"].endswith(":alias/ack-orders")
    assert obj["spec"]["name"] == "ack-orders"
    await laws.stays_calm(scene)
    await scene.edit({**obj["spec"], "name": "alias/ack-orders"})
    since = scene.mark()
    await scene.settle()
    assert scene.aws_writes(since) == []


async def test_an_alias_points_to_a_key_by_its_arn_too() -> None:
    manifest = sample(ALIAS, "ack-kms-alias")
    arn = f"arn:aws:kms:us-east-1:123456789012:key/{manifest['spec']['targetKeyID']}"
    scene = Scene(ALIAS, {**manifest, "spec": {**manifest["spec"], "targetKeyID": arn}})
    scene.world.prepare(ALIAS, manifest)
    await scene.make()
    await laws.stays_calm(scene)


async def test_an_alias_is_not_renamed() -> None:
    scene = Scene(ALIAS, sample(ALIAS, "ack-kms-alias"))
    await scene.make()
    before, since = scene.aws(), scene.mark()
    await scene.edit({**scene.spec, "name": "alias/other"})
    await scene.settle()
    assert "spec.name can't be changed" in (await scene.condition("ACK.Terminal"))["message"]
    assert scene.aws_writes(since) == []
    await scene.edit(scene.spec)
    await scene.settle()
    await laws.is_synced(scene)
    assert scene.aws() == before


@pytest.mark.parametrize("field", ["keyID", "granteePrincipal", "operations", "name"])
async def test_a_grant_is_not_given_to_another(field: str) -> None:
    scene = Scene(GRANT, sample(GRANT, "ack-kms-grant"))
    await scene.make()
    before, since = scene.aws(), scene.mark()
    new = {
        "keyID": "1234abcd-12ab-34cd-56ef-1234567890ab",
        "granteePrincipal": "arn:aws:iam::123456789012:role/other",
        "operations": ["Sign"],
        "name": "other",
    }
    await scene.edit({**scene.spec, field: new[field]})
    await scene.settle()
    assert f"spec.{field}" in (await scene.condition("ACK.Terminal"))["message"]
    assert scene.aws_writes(since) == []
    assert scene.aws() == before
    await scene.delete()  # of the one that was made
    await scene.settle()
    await laws.is_gone(scene)


async def test_grants_are_told_apart_by_all_that_they_say() -> None:
    """Two without a name, for one principal and key: each object has its own; a third is the second's, and refused."""
    one = Scene(GRANT, sample(GRANT, "ack-kms-grant-exact"))
    await one.make()
    specs = {"more": {**one.spec, "operations": ["Encrypt"]}, "same": dict(one.spec)}
    for name, spec in specs.items():
        await one.world.apply({**one.manifest, "metadata": {"name": name}, "spec": spec})
        await one.world.settle(GRANT, name)
    more, same = [await one.world.get(GRANT, name) for name in specs]
    assert more
    assert same
    assert condition(more, "ACK.ResourceSynced")["status"] == "True"
    assert condition(same, "ACK.Terminal")["message"] == "Resource already exists"
    assert len(one.aws()) == 2


async def test_a_grant_that_went_may_come_back_under_another_key() -> None:
    """As it must where its key was deleted and made again under another id."""
    scene = Scene(GRANT, sample(GRANT, "ack-kms-grant"))
    obj = await scene.make()
    other = next(one for one in KEYS if one != scene.spec["keyID"])
    await scene.hand_deletion()
    await scene.edit({**scene.spec, "keyID": other, "constraints": {"encryptionContextSubset": {"shop": "cards"}}})
    await scene.settle()
    await laws.is_synced(scene)
    assert (await scene.obj())["status"]["grantID"] != obj["status"]["grantID"]
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


async def test_a_grant_moves_to_another_key_on_request() -> None:
    """Under the annotation that allows replacement the old one is revoked, and then one made for the new key."""
    scene = Scene(GRANT, sample(GRANT, "ack-kms-grant"))
    await scene.make()
    await scene.annotate({REPLACE: "on-immutable-change"})
    since, other = scene.mark(), next(one for one in KEYS if one != scene.spec["keyID"])
    await scene.edit({**scene.spec, "keyID": other})
    await scene.settle()
    await laws.is_synced(scene)
    assert [call.operation for call in scene.aws_writes(since)] == ["RevokeGrant", "CreateGrant"]
    assert len(scene.aws()) == 1
    assert "Replacing" in [reason for reason, _ in scene.events(since)]


async def test_a_crash_while_a_grant_moves_is_survived() -> None:
    number, crashed = 0, True
    while crashed:
        number += 1
        boundaries = Boundaries()
        scene = Scene(GRANT, sample(GRANT, "ack-kms-grant"), World(api=CrashableApi(boundaries)))
        boundaries.watch(scene.world.simulator, scene.world.clock)
        await scene.make()
        await scene.annotate({REPLACE: "on-immutable-change"})
        await scene.edit({**scene.spec, "keyID": next(one for one in KEYS if one != scene.spec["keyID"])})
        with boundaries.armed(at=number):
            crashed = await killed(scene.settle())
        scene.world.restart()
        await scene.settle()
        await laws.is_synced(scene)
        assert len(scene.aws()) == 1, number
    assert number > 5


async def begun(passed: list[str] | None = None) -> tuple[Scene, list[str]]:
    """A key that a process made that died before it could write down which; or, first, what such a process passes."""
    boundaries = Boundaries()
    scene = Scene(KEY, sample(KEY, "ack-kms-key"), World(api=CrashableApi(boundaries)))
    boundaries.watch(scene.world.simulator, scene.world.clock)
    await scene.world.apply(scene.manifest)
    if passed is None:
        with boundaries.armed():
            await scene.settle()
        return scene, boundaries.passed
    with boundaries.armed(at=passed.index("after CreateKey") + 1):
        assert await killed(scene.settle())
    scene.world.restart()
    return scene, passed


async def test_where_tags_are_hidden_no_second_key_is_made() -> None:
    _, passed = await begun()
    scene, _ = await begun(passed)
    denied = AwsFault("AccessDeniedException", "not yours to see", 400)
    scene.world.simulator.fail("kms", "ListResourceTags", denied, times=100)
    scene.world.clock.advance(DAY)
    await scene.step()
    assert "not yours to see" in (await scene.condition("ACK.Recoverable"))["message"]
    assert len(scene.aws()) == 1
    scene.world.simulator.fail("kms", "ListResourceTags", denied, times=0)
    await scene.settle()
    await laws.is_synced(scene)
    assert len(scene.aws()) == 1

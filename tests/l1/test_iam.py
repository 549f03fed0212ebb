"""What IAM alone does: names that stay, policies with versions, what moves by itself."""

from typing import Any

import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.samples import alone
from tests.kit.scene import Scene
from tests.l1 import laws

KINDS = {kind.name: kind for kind in load() if kind.service.alias == "iam"}
NAMED = ["Role", "User", "Group", "InstanceProfile", "Policy"]
ALLOWS = (
    '{{"Version": "2012-10-17", "Statement": [{{"Sid": "{0}", "Effect": "Allow", "Action": "*", "Resource": "*"}}]}}'
)


def scene_of(kind: Kind, name: str = "") -> Scene:
    return Scene(kind, next(one for one in alone(kind) if one["metadata"]["name"].endswith(name)))


async def aws(scene: Scene, operation: str, **params: Any) -> Any:
    """A call by somebody else."""
    return await scene.world.aws.call(scene.world.scope(scene.kind, await scene.obj()), "iam", operation, params)


async def versions(scene: Scene) -> dict[str, bool]:
    """Each version, and whether it is in force."""
    arn = (await scene.obj())["status"]["ackResourceMetadata"]["arn"]
    listed = (await aws(scene, "ListPolicyVersions", PolicyArn=arn))["Versions"]
    return {one["VersionId"]: one["IsDefaultVersion"] for one in listed}


@pytest.mark.parametrize("name", NAMED)
async def test_a_name_stays(name: str) -> None:
    scene = scene_of(KINDS[name])
    await scene.make()
    before, since = scene.aws(), scene.mark()
    await scene.edit({**scene.spec, "name": "another"})
    await scene.settle()
    assert "spec.name can" in (await scene.condition("ACK.Terminal"))["message"]
    assert scene.aws() == before
    assert scene.aws_writes(since) == []
    await scene.edit(scene.spec)
    await scene.settle()
    await laws.is_synced(scene)


@pytest.mark.parametrize("name", NAMED)
async def test_what_was_made_is_deleted_whatever_it_is_called_now(name: str) -> None:
    scene = scene_of(KINDS[name])
    await scene.make()
    await scene.edit({**scene.spec, "name": "another"})
    await scene.settle()
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


@pytest.mark.parametrize(("name", "field"), [("Role", "path"), ("Policy", "path"), ("Policy", "description")])
async def test_what_no_call_changes_is_refused(name: str, field: str) -> None:
    scene = scene_of(KINDS[name])
    await scene.make()
    before = scene.aws()
    await scene.edit({**scene.spec, field: "/elsewhere/"})
    await scene.settle()
    assert f"spec.{field} can be set only when" in (await scene.condition("ACK.Terminal"))["message"]
    assert scene.aws() == before


async def test_a_policy_keeps_its_last_versions() -> None:
    scene = scene_of(KINDS["Policy"], "consume")
    await scene.make()
    for number in range(7):
        await scene.edit({**scene.spec, "policyDocument": ALLOWS.format(f"No{number}")})
        await scene.settle()
        await laws.is_synced(scene)
    found = await versions(scene)
    assert list(found) == ["v8", "v7", "v6", "v5", "v4"]
    assert [version for version, in_force in found.items() if in_force] == ["v8"]
    assert (await scene.obj())["status"]["defaultVersionID"] == "v8"
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


async def test_a_version_that_somebody_put_in_force_is_replaced() -> None:
    scene = scene_of(KINDS["Policy"], "consume")
    await scene.make()
    arn = (await scene.obj())["status"]["ackResourceMetadata"]["arn"]
    document = ALLOWS.format("Mine")
    await aws(scene, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    await scene.sweep()
    assert [version for version, in_force in (await versions(scene)).items() if in_force] == ["v3"]
    await laws.comes_back(scene)
    await laws.stays_calm(scene)


async def test_what_moves_by_itself_is_not_written() -> None:
    scene = scene_of(KINDS["Policy"], "consume")
    await scene.make()
    arn = (await scene.obj())["status"]["ackResourceMetadata"]["arn"]
    await aws(scene, "CreateGroup", GroupName="others")
    await aws(scene, "AttachGroupPolicy", GroupName="others", PolicyArn=arn)
    since = scene.mark()
    await scene.sweep()
    laws.is_calm(scene, since)
    assert (await scene.obj())["status"]["attachmentCount"] == 0

"""What is odd about buckets: ACLs, which two other parts may forbid and AWS tells in its own words; and directories."""

import re
from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.kinds.registry import load
from tests.kit.contract import contract
from tests.kit.scene import Mark, Scene
from tests.l1 import laws

BUCKET = next(kind for kind in load() if kind.label == "s3/Bucket")
WRITER = {"rules": [{"objectOwnership": "ObjectWriter"}]}
ENFORCED = {"rules": [{"objectOwnership": "BucketOwnerEnforced"}]}
OPEN = {"blockPublicACLs": False, "ignorePublicACLs": False, "blockPublicPolicy": True, "restrictPublicBuckets": True}
CANNED = (
    "private bucket-owner-read bucket-owner-full-control public-read public-read-write authenticated-read aws-exec-read"
).split()
START = Mark(0, 0, 0)
LOGS = "http://acs.amazonaws.com/groups/s3/LogDelivery"


def bucket(**spec: Any) -> Scene:
    name = "acl-bucket"
    head = {"apiVersion": BUCKET.api_version, "kind": "Bucket", "metadata": {"name": name}}
    return Scene(BUCKET.meant(spec), {**head, "spec": {"name": name} | spec})


async def told(scene: Scene) -> set[tuple[str, str]]:
    """(grantee, permission) of the bucket's ACL, the owner as such."""
    acl = await scene.world.aws.call(
        scene.world.scope(BUCKET, await scene.obj()), "s3", "GetBucketAcl", {"Bucket": scene.name}
    )
    owner = acl["Owner"]["ID"]
    who = [(one["Grantee"].get("URI") or one["Grantee"]["ID"], one["Permission"]) for one in acl["Grants"]]
    return {("owner" if name == owner else name, permission) for name, permission in who}


async def advice(scene: Scene) -> str:
    return str((await scene.condition("ACK.Advisory")).get("message", ""))


async def test_acls_that_are_off_say_what_turns_them_on() -> None:
    scene = bucket(acl="log-delivery-write")
    await scene.world.apply(scene.manifest)
    assert await scene.step() is Next.RETRY
    assert "AccessControlListNotSupported" in (await scene.condition("ACK.Recoverable"))["message"]
    assert "ownershipControls.rules" in await advice(scene)
    assert any(
        "ownershipControls.rules" in message for reason, message in scene.events(START) if reason == "AWSCallFailed"
    )
    await scene.edit({**scene.spec, "ownershipControls": WRITER})
    await scene.settle()
    await laws.is_synced(scene)
    assert await advice(scene) == ""
    assert await told(scene) == {("owner", "FULL_CONTROL"), (LOGS, "WRITE"), (LOGS, "READ_ACP")}


async def test_a_public_acl_that_is_blocked_says_what_lets_it_in() -> None:
    scene = bucket(acl="public-read", ownershipControls=WRITER)
    await scene.world.apply(scene.manifest)
    assert await scene.step() is Next.RETRY
    assert "publicAccessBlock.blockPublicACLs" in await advice(scene)
    await scene.edit({**scene.spec, "publicAccessBlock": OPEN})
    await scene.settle()
    await laws.is_synced(scene)


async def test_an_acl_comes_with_what_allows_it_in_one_manifest() -> None:
    scene = bucket(acl="public-read", ownershipControls=WRITER, publicAccessBlock=OPEN)
    since = scene.mark()
    await laws.converges(scene)
    assert all(call.answer is not None for call in scene.aws_writes(since))


@pytest.mark.parametrize("left", [{}, {"acl": "private"}], ids=["unset", "private"])
async def test_an_acl_goes_before_acls_are_turned_off(left: dict[str, str]) -> None:
    scene = bucket(acl="log-delivery-write", ownershipControls=WRITER)
    await scene.make()
    since = scene.mark()
    await scene.edit({"name": scene.name, "ownershipControls": ENFORCED, **left})
    await scene.settle()
    await laws.is_synced(scene)
    assert [call.operation for call in scene.aws_writes(since)] == ["PutBucketAcl", "PutBucketOwnershipControls"]
    assert await told(scene) == {("owner", "FULL_CONTROL")}
    await laws.stays_calm(scene)


@pytest.mark.parametrize("acl", CANNED)
async def test_every_canned_acl_is_known_again(acl: str) -> None:
    scene = bucket(acl=acl, ownershipControls=WRITER, publicAccessBlock=OPEN)
    await laws.converges(scene)
    await laws.stays_calm(scene)


async def test_grants_in_other_words_are_the_same() -> None:
    scene = bucket(grantRead=f'URI={LOGS} ,id = "abc"', grantWrite=f'uri="{LOGS}"', ownershipControls=WRITER)
    await laws.converges(scene)
    await laws.stays_calm(scene)
    assert await told(scene) == {("abc", "READ"), (LOGS, "READ"), (LOGS, "WRITE")}


async def test_grants_that_are_a_canned_acl_stay_grants() -> None:
    scene = bucket(acl="log-delivery-write", ownershipControls=WRITER)
    await scene.make()
    owner = await scene.world.aws.call(
        scene.world.scope(BUCKET, await scene.obj()), "s3", "GetBucketAcl", {"Bucket": scene.name}
    )
    await scene.edit(
        {
            "name": scene.name,
            "ownershipControls": WRITER,
            "grantFullControl": f'id="{owner["Owner"]["ID"]}"',
            "grantWrite": f'uri="{LOGS}"',
            "grantReadACP": f'uri="{LOGS}"',
        }
    )
    since = scene.mark()
    await scene.settle()
    await laws.is_synced(scene)
    assert scene.aws_writes(since) == []


async def test_grants_beside_a_canned_acl_say_nothing() -> None:
    scene = bucket(acl="log-delivery-write", grantRead='id="abc"', ownershipControls=WRITER)
    await laws.converges(scene)
    await laws.stays_calm(scene)
    assert ("abc", "READ") not in await told(scene)


async def test_a_strangers_grants_go_where_none_is_wanted() -> None:
    scene = bucket(ownershipControls=WRITER)
    await scene.make()
    await scene.world.aws.call(
        scene.world.scope(BUCKET, await scene.obj()),
        "s3",
        "PutBucketAcl",
        {"Bucket": scene.name, "GrantRead": 'id="abc"'},
    )
    since = scene.mark()
    await scene.sweep(7)
    assert await told(scene) == {("owner", "FULL_CONTROL")}
    (message,) = [message for reason, message in scene.events(since) if reason == "DriftCorrected"]
    assert 'spec.grantRead: id="abc" → unset' in message


async def test_only_a_bucket_with_an_acl_has_it_read_at_every_sweep() -> None:
    plain = bucket(versioning={"status": "Enabled"}, tagging={"tagSet": [{"key": "a", "value": "b"}]})
    private = bucket(acl="private")
    for scene, read in ((plain, False), (private, True)):
        await scene.make()
        since = scene.mark()
        await scene.sweep()
        calls = [call.operation for call in scene.aws_calls(since)]
        assert ("GetBucketAcl" in calls) is read
        assert len(calls) <= 5, calls


async def test_an_adopted_bucket_keeps_its_acl() -> None:
    made = bucket(grantRead='id="abc"', ownershipControls=WRITER)
    await made.make()
    await made.annotate({"services.k8s.aws/deletion-policy": "retain"})
    await made.delete()
    await made.settle()
    before = made.aws()
    note = {
        "services.k8s.aws/adoption-policy": "adopt",
        "services.k8s.aws/adoption-fields": f'{{"name": "{made.name}"}}',
    }
    made.manifest = {**made.manifest, "metadata": {"name": made.name, "annotations": note}, "spec": {"name": made.name}}
    await made.make()
    await laws.is_synced(made)
    assert (await made.obj())["spec"]["grantRead"] == 'id="abc"'
    assert made.aws() == before


DIRECTORY = "data--use1-az4--x-s3"
PLACE = {
    "location": {"name": "use1-az4", "type": "AvailabilityZone"},
    "bucket": {"dataRedundancy": "SingleAvailabilityZone", "type": "Directory"},
}


def test_a_directory_bucket_refuses_what_the_contract_says() -> None:
    """Contract, Bucket, behaviour, Create: one sentence names the fields."""
    prose = next(text for text in contract("s3")["kinds"]["Bucket"]["behaviour"] if text.startswith("Create:"))
    told = re.search(r"sets any of (.*?) \(same check", prose)
    assert told
    names = set(
        told[1]
        .replace("grant*", ", ".join(name for name in BUCKET.spec.fields if name.startswith("grant")))
        .split(", ")
    )
    assert set(BUCKET.meant({"name": DIRECTORY}).refused) == names


async def test_a_directory_bucket_is_found_and_tagged_by_calls_of_its_own() -> None:
    scene = bucket(name=DIRECTORY, createBucketConfiguration=PLACE)
    await laws.converges(scene)
    status = (await scene.obj())["status"]["ackResourceMetadata"]
    assert status["arn"] == f"arn:aws:s3express:us-east-1:123456789012:bucket/{DIRECTORY}"
    since = scene.mark()
    await scene.edit({**scene.spec, "tagging": {"tagSet": [{"key": "a", "value": "b"}]}})
    await scene.settle()
    await laws.is_synced(scene)
    (call,) = scene.aws_writes(since)
    assert (call.service, call.operation) == ("s3control", "TagResource")
    assert call.params["AccountId"] == "123456789012"
    assert {"Key": "a", "Value": "b"} in call.params["Tags"]
    assert call.params["ResourceArn"] == status["arn"]
    since = scene.mark()
    await scene.sweep()
    assert [one.operation for one in scene.aws_calls(since)] == ["ListTagsForResource"]


@pytest.mark.parametrize("made", [False, True], ids=["new", "there"])
async def test_what_a_directory_bucket_has_not_is_refused_by_name(made: bool) -> None:
    """Contract, Bucket, behaviour, Create: a terminal error before the call; on update likewise."""
    scene = bucket(name=DIRECTORY, createBucketConfiguration=PLACE)
    if made:
        await scene.make()
    before, since = scene.aws(), scene.mark()
    wrong = {**scene.spec, "versioning": {"status": "Enabled"}}
    if made:
        await scene.edit(wrong)
    else:
        await scene.world.apply({**scene.manifest, "spec": wrong})
    assert await scene.step() is Next.SWEEP
    message = (await scene.condition("ACK.Terminal"))["message"]
    assert message == "spec.versioning can't be set: a directory bucket has none. Nothing was changed. Remove it."
    assert scene.aws_writes(since) == []
    assert scene.aws() == before
    await scene.edit(scene.spec)
    await scene.settle()
    await laws.is_synced(scene)


async def test_a_directory_bucket_says_its_place_itself() -> None:
    scene = bucket(name="data--euw1-az1--x-s3", createBucketConfiguration=PLACE)
    scene.manifest["metadata"]["annotations"] = {"services.k8s.aws/region": "eu-west-1"}
    scene.manifest["spec"]["createBucketConfiguration"]["location"] = {"name": "euw1-az1", "type": "AvailabilityZone"}
    await laws.converges(scene)
    (call,) = [call for call in scene.aws_calls(START) if call.operation == "CreateBucket"]
    assert "LocationConstraint" not in call.params["CreateBucketConfiguration"]

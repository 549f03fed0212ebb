"""What the contract notes in prose, where it takes AWS's answer to see it."""

from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kube import Object
from ackpy.sandbox.simulator import AwsFault
from tests.kit.samples import alone
from tests.kit.scene import Scene
from tests.kit.world import condition
from tests.l1 import laws
from tests.l1.params import part_named

KINDS = {kind.label: kind for kind in load()}
_QUALIFIED = {
    "functionEventInvokeConfig": ["EventInvokeConfigNotFoundException", "ResourceNotFoundException"],
    "provisionedConcurrencyConfig": ["ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException"],
}
ABSENT = {
    "dynamodb/Table": {"resourcePolicy": ["PolicyNotFoundException"]},
    "ecr/Repository": {
        "lifecyclePolicy": ["LifecyclePolicyNotFoundException"],
        "policy": ["RepositoryPolicyNotFoundException"],
    },
    "lambda/Alias": {**_QUALIFIED, "permissions": ["ResourceNotFoundException"]},
    "lambda/Function": {"functionEventInvokeConfig": _QUALIFIED["functionEventInvokeConfig"]},
    "lambda/Version": _QUALIFIED,
    "s3/Bucket": {
        "abac": ["MethodNotAllowed", "UnsupportedArgument"],
        "accelerate": ["MethodNotAllowed", "UnsupportedArgument"],
        "cors": ["NoSuchCORSConfiguration"],
        "encryption": ["ServerSideEncryptionConfigurationNotFoundError"],
        "lifecycle": ["NoSuchLifecycleConfiguration"],
        "objectLockConfiguration": ["ObjectLockConfigurationNotFoundError"],
        "ownershipControls": ["OwnershipControlsNotFoundError"],
        "policy": ["NoSuchBucketPolicy"],
        "publicAccessBlock": ["NoSuchPublicAccessBlockConfiguration"],
        "replication": ["ReplicationConfigurationNotFoundError"],
        "tagging": ["NoSuchTagSet"],
        "website": ["NoSuchWebsiteConfiguration"],
    },
}
CODES = [(label, name, code) for label, parts in ABSENT.items() for name, codes in parts.items() for code in codes]


def sample(kind: Kind, name: str = "") -> Object:
    return next(one for one in alone(kind) if one["metadata"]["name"].endswith(name))


def scene(label: str, name: str = "", **spec: Any) -> Scene:
    """A sample with another spec in places; None takes a field out."""
    manifest = sample(KINDS[label], name)
    changed = {key: value for key, value in {**manifest["spec"], **spec}.items() if value is not None}
    return Scene(KINDS[label], {**manifest, "spec": changed})


@pytest.mark.parametrize(("label", "name", "code"), CODES)
async def test_a_code_tells_that_a_part_is_not_there(label: str, name: str, code: str) -> None:
    """Contract, behaviours about reading: these codes mean that there is none; it isn't merely unknown."""
    here = scene(label)
    obj = await here.make()
    read = part_named(here.kind, name).read
    assert read is not None
    here.world.simulator.fail(here.kind.service.aws_name, read.binding.operation, AwsFault(code, "none", 404))
    observed = await here.world.observe(here.kind, obj)
    assert observed.exists
    assert name not in observed.spec
    assert name not in observed.unknown


async def test_replicas_need_a_stream() -> None:
    """Contract, dynamodb/Table, behaviour 4: terminal without one of new and old images."""
    here = scene("dynamodb/Table", "replicated", streamSpecification=None)
    await here.world.apply(here.manifest)
    assert await here.settle() is Next.SWEEP
    assert "NEW_AND_OLD_IMAGES" in (await here.condition("ACK.Terminal"))["message"]


async def test_too_many_indexes_at_once_are_tried_again() -> None:
    """Contract, dynamodb/Table, behaviour 4: LimitExceededException."""
    here = scene("dynamodb/Table", "full")
    await here.make()
    indexes = here.spec["globalSecondaryIndexes"]
    here.world.simulator.fail("dynamodb", "UpdateTable", AwsFault("LimitExceededException", "later", 400))
    await here.edit({**here.spec, "globalSecondaryIndexes": [*indexes, {**indexes[0], "indexName": "another"}]})
    assert await here.step() is Next.RETRY
    assert not await here.condition("ACK.Terminal")
    await here.settle()
    await laws.is_synced(here)


async def test_a_permission_has_an_id() -> None:
    """Contract, lambda/Alias, behaviour 1: terminal without one."""
    here = scene("lambda/Alias", "full")
    await here.make()
    before, nameless = here.aws(), {"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}
    await here.edit({**here.spec, "permissions": [*here.spec["permissions"], nameless]})
    await here.settle()
    assert "StatementId" in (await here.condition("ACK.Terminal"))["message"]
    assert here.aws() == before


async def test_an_image_is_not_signed() -> None:
    """Contract, lambda/Function, behaviour 0: terminal, and neither made nor changed; it may be deleted."""
    signing = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    new = scene("lambda/Function", "image", codeSigningConfigARN=signing)
    await new.world.apply(new.manifest)
    assert await new.settle() is Next.SWEEP
    assert new.aws() == {}
    here = scene("lambda/Function", "image", publish=None)
    await here.make()
    before, since = here.aws(), here.mark()
    await here.edit({**here.spec, "codeSigningConfigARN": signing})
    assert await here.settle() is Next.SWEEP
    assert "spec.codeSigningConfigARN" in (await here.condition("ACK.Terminal"))["message"]
    assert (here.aws(), here.aws_writes(since)) == (before, [])
    await here.delete()
    await here.settle()
    await laws.is_gone(here)


async def test_an_image_may_come_later() -> None:
    """Contract, lambda/Function, behaviour 2: "Provide a valid source image." is tried again."""
    here = scene("lambda/Function", "image")
    fault = AwsFault("InvalidParameterValueException", "Provide a valid source image.", 400)
    here.world.simulator.fail("lambda", "CreateFunction", fault)
    await here.world.apply(here.manifest)
    assert await here.step() is Next.RETRY
    assert not await here.condition("ACK.Terminal")
    await here.settle()
    await laws.is_synced(here)


async def test_a_function_that_did_not_change_has_no_second_version() -> None:
    """Contract, lambda/Version, behaviour 0: terminal; and nothing was asked for."""
    here = scene("lambda/Version")
    await here.make()
    since = here.mark()
    await here.world.apply({**here.manifest, "metadata": {"name": "second"}})
    assert await here.world.settle(here.kind, "second") is Next.SWEEP
    second = await here.world.get(here.kind, "second")
    assert second is not None
    assert condition(second, "ACK.Terminal")["message"] == "Resource already exists"
    assert here.aws_writes(since) == []


async def test_a_layer_goes_with_all_its_versions() -> None:
    """Contract, lambda/LayerVersion, behaviour 0: each difference makes one; deletion takes them one by one."""
    here = scene("lambda/LayerVersion")
    number = (await here.make())["status"]["versionNumber"]
    for text in ("second", "third"):
        await here.edit({**here.spec, "description": text})
        await here.settle()
        await laws.is_synced(here)
    assert (await here.obj())["status"]["versionNumber"] == number + 2
    since = here.mark()
    await here.delete()
    await here.settle()
    await laws.is_gone(here)
    gone = [call.params["VersionNumber"] for call in here.aws_writes(since)]
    assert sorted(gone) == [number, number + 1, number + 2]

"""The samples together set every leaf that is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Field, Type

SAMPLES = Path(__file__).parent.parent.parent / "samples"
KINDS = load()

# Leaves that no sample can set, with the reason.
_PRINCIPAL = "IAM's policies name no principal, and this one must"
LEFT_OUT = {
    "ecr/PullThroughCacheRule": {"credentialRef": "needs secretsmanager/Secret, which the contract doesn't have"},
    "s3/Bucket": {
        "objectLockConfiguration.rule.defaultRetention.defaultEventHold.days": "newer than the contract",
        "objectLockConfiguration.rule.defaultRetention.defaultEventHold.years": "newer than the contract",
    },
    "kms/Alias": {"targetKeyID": "AWS makes up the ids of keys, so the samples refer to them"},
    "kms/Grant": {"keyID": "AWS makes up the ids of keys, so the samples refer to them"},
    "lambda/Alias": {"permissions[].revisionID": "AWS makes it up"},
    "lambda/EventSourceMapping": {
        "amazonManagedKafkaEventSourceConfig.schemaRegistryConfig.accessConfigs[].uriRef": "no such kind",
        "eventSourceRef": "no such kind",
        "queueRefs[]": "needs mq/Broker, which isn't served yet",
        "selfManagedKafkaEventSourceConfig.schemaRegistryConfig.accessConfigs[].uriRef": "no such kind",
    },
    "lambda/Function": {
        "codeSigningConfigARN": "AWS makes it up, so the samples refer to it",
        "vpcConfig.securityGroupRefs[]": "needs ec2/SecurityGroup, which isn't served yet",
        "vpcConfig.subnetRefs[]": "needs ec2/Subnet, which isn't served yet",
    },
    "lambda/Version": {"revisionID": "AWS makes it up"},
    "sns/Topic": {"policyRef": _PRINCIPAL},
    "sqs/Queue": {"policyRef": _PRINCIPAL},
}


def left_out(kind: Kind) -> set[str]:
    return set(LEFT_OUT.get(kind.label, ()))


def leaves(node: Field | None, value: Any, path: str = "") -> Iterator[str]:
    """The leaves of a value, with `{}` for the keys of maps."""
    if isinstance(value, dict):
        for key, child in value.items():
            step = "{}" if node and node.type is Type.MAP else key
            yield from leaves(node and node.at((step,)), child, f"{path}.{step}" if path else step)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(node and node.at(("[]",)), child, f"{path}[]")
    else:
        yield path


def manifests(kind: Kind) -> list[dict[str, Any]]:
    found = [
        manifest
        for file in sorted((SAMPLES / kind.service.alias).glob("*.yaml"))
        for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    return [manifest for manifest in found if manifest["kind"] == kind.name]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_samples_set_every_served_leaf(kind: Kind) -> None:
    served = set()
    for path, field in kind.spec.leaves():
        name = ".".join(path).replace(".[]", "[]")
        if path[0] not in kind.unbuilt:
            served.add(f"{name}.from.name" if field.type is Type.REF and name not in left_out(kind) else name)
    held = {path for manifest in manifests(kind) for path in leaves(kind.spec, manifest["spec"])}
    assert served - held == left_out(kind)
    assert held <= served


@pytest.mark.parametrize("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_names_of_samples_differ(kind: Kind) -> None:
    names = [manifest["metadata"]["name"] for manifest in manifests(kind)]
    assert len(names) == len(set(names))

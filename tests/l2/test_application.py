"""The serverless application of docs/application.md: applied in one go and in any order, and gone again."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import pytest
import yaml

from ackpy.kinds.registry import load
from ackpy.kube import Object
from tests.kit.live import Live, Thing, all_gone, apply_all
from tests.kit.waiting import eventually
from tests.l2.conftest import under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]

_ROOT = Path(__file__).parent.parent.parent
_FOLDER = _ROOT / "examples" / "orders"
_PAGE = _ROOT / "docs" / "application.md"
_NAMESPACE = "orders"
_LISTED = {
    "sqs/Queue": ("ListQueues", "QueueUrls"),
    "sns/Topic": ("ListTopics", "Topics"),
    "dynamodb/Table": ("ListTables", "TableNames"),
    "lambda/Function": ("ListFunctions", "Functions"),
    "lambda/LayerVersion": ("ListLayerVersions", "LayerVersions"),
    "lambda/EventSourceMapping": ("ListEventSourceMappings", "EventSourceMappings"),
    "sfn/StateMachine": ("ListStateMachines", "stateMachines"),
    "ecr/Repository": ("DescribeRepositories", "repositories"),
    "kms/Alias": ("ListAliases", "Aliases"),
    "iam/Role": ("ListRoles", "Roles"),
    "iam/Policy": ("ListPolicies", "Policies"),
    "s3/Bucket": ("ListBuckets", "Buckets"),
}
"""How AWS tells all that there is of a kind."""
_OF: dict[str, dict[str, str]] = {"lambda/LayerVersion": {"LayerName": _NAMESPACE}}


def objects() -> list[Object]:
    files = sorted(_FOLDER.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def things(live: Live, manifests: Sequence[Object]) -> list[Thing]:
    kinds = {(kind.api_version, kind.name): kind for kind in load()}
    here = [{**one, "metadata": {**one["metadata"], "namespace": _NAMESPACE}} for one in manifests]
    return [Thing(live, kinds[one["apiVersion"], one["kind"]], one) for one in here]


async def left(live: Live) -> list[str]:
    """What is called after the application in AWS, of each kind that it can be asked for."""
    found = []
    for kind in (kind for kind in load() if kind.label in _LISTED):
        operation, items = _LISTED[kind.label]
        answer = await live.boto.call(live.scope, kind.service.aws_name, operation, _OF.get(kind.label, {}))
        found += [f"{kind.label} {one}" for one in answer.get(items, ()) if _NAMESPACE in str(one)]
    return found


async def arrived(thing: Thing) -> bool:
    """Whether it is in AWS as the manifest says, and nobody helped."""
    return await thing.is_synced() and await thing.is_as_the_manifest_says()


@pytest.mark.parametrize("order", [1, 2])
async def test_it_comes_and_goes_in_any_order(live: Live, order: int) -> None:
    live.kubectl("create", "namespace", _NAMESPACE)
    assert await left(live) == []
    everything = things(live, objects())
    assert f"{len(everything)} objects of {len({thing.kind.label for thing in everything})} kinds" in _PAGE.read_text()
    Random(order).shuffle(everything)
    apply_all(everything)
    for thing in everything:
        await eventually(partial(arrived, thing))
    assert {one.split()[0] for one in await left(live)} == {*_LISTED}
    Random(-order).shuffle(everything)
    await all_gone(everything)
    assert await left(live) == []
    live.kubectl("delete", "namespace", _NAMESPACE)

"""Law 4: AWS's defaults are taken into empty spec fields, beside no reference, and never sent back."""

from typing import Any

import orjson
import pytest

from ackpy.controller.objects import trimmed
from ackpy.kinds import compile as compiler
from ackpy.kinds.definition import parse
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import MODELS, load
from ackpy.plan import late
from ackpy.plan.decide import Desired, Done, Memory, decide
from ackpy.wire.call import Observation
from tests.kit import values
from tests.kit.steps import converge

NESTED = """\
kind: Repository
identity: {spec.name: repositoryName}
exists: {operation: DescribeRepositories, items: repositories}
create: {operation: CreateRepository}
delete: {operation: DeleteRepository}
fields:
  name: {aws: repositoryName}
  encryptionConfiguration: {late: true}
  encryptionConfiguration.encryptionType: {late: true}
  encryptionConfiguration.kmsKey: {late: true, ref: {kind: kms/Key, path: status.ackResourceMetadata.arn}}
  imageScanningConfiguration.scanOnPush: {late: required}
"""
KINDS = [kind for kind in load() if kind.late()]
MANAGER = "ackpy"

by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)


def late_names(kind: Kind) -> set[str]:
    return {path[0] for path in kind.late() if len(path) == 1}


def nested() -> Kind:
    owner, naming = compiler.service(parse("alias: ecr", "service.yaml"), MODELS)
    return compiler.kind(parse(NESTED, "nested.yaml"), owner, naming)


def owned(manager: str, names: set[str]) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": {"f:spec": {f"f:{name}": {} for name in names}}}


@by_kind
def test_only_empty_fields_are_filled(kind: Kind) -> None:
    small, full = values.smallest(kind), values.spec_of(kind)
    assert late.missing(kind, small, full) == {name: full[name] for name in late_names(kind)}
    assert late.missing(kind, full, values.spec_of(kind, 1)) == {}
    assert late.missing(kind, small, {}) == {}


def test_what_lacks_in_an_object_is_filled() -> None:
    aws = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "arn"}}
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, aws),
        ({"encryptionConfiguration": {}}, aws),
        ({"encryptionConfiguration": {"encryptionType": "KMS"}}, {"encryptionConfiguration": {"kmsKey": "arn"}}),
        ({"encryptionConfiguration": {"encryptionType": "", "kmsKey": ""}}, {}),
        ({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKeyRef": {"from": {"name": "key"}}}}, {}),
        ({"imageScanningConfiguration": {}, **aws}, {"imageScanningConfiguration": {"scanOnPush": True}}),
    ]
    observed = {**aws, "imageScanningConfiguration": {"scanOnPush": True}}
    for given, filled in cases:
        assert late.missing(nested(), given, observed) == filled
    bare = {"encryptionConfiguration": {"encryptionType": "AES256"}}
    assert late.missing(nested(), bare, bare) == {}


@by_kind
def test_required_ones_are_waited_for(kind: Kind) -> None:
    waiting = {path for path, node in kind.late().items() if len(path) == 1 and node.rule.late == "required"}
    assert set(late.pending(kind, values.smallest(kind))) == waiting
    assert late.pending(kind, values.spec_of(kind)) == []


def test_a_required_one_in_an_object_is_waited_for_where_the_object_is() -> None:
    assert late.pending(nested(), {}) == []
    waiting = [("imageScanningConfiguration", "scanOnPush")]
    assert late.pending(nested(), {"imageScanningConfiguration": {}}) == waiting
    assert late.pending(nested(), {"imageScanningConfiguration": {"scanOnPush": False}}) == []


def test_what_was_filled_in_an_object_is_no_wish() -> None:
    """Whatever form managedFields has: with and without the dots that stand for the object itself."""
    spec = {"name": "r", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "arn"}}

    def users(mine: Any, theirs: Any, applied: Any = None) -> dict[str, Any]:
        entries = [
            {"manager": who, "fieldsV1": {"f:spec": {"f:encryptionConfiguration": fields}}}
            for who, fields in ((MANAGER, mine), ("kubectl", theirs))
            if fields is not None
        ]
        note = {"kubectl.kubernetes.io/last-applied-configuration": orjson.dumps({"spec": applied}).decode()}
        metadata = {"managedFields": entries, "annotations": note if applied else {}}
        trimmed_obj = trimmed(nested(), {"spec": spec, "metadata": metadata})
        return late.users_spec(nested(), trimmed_obj, MANAGER)

    kind_of: dict[str, Any] = {"f:encryptionType": {}}
    key: dict[str, Any] = {"f:kmsKey": {}}
    typed = {"name": "r", "encryptionConfiguration": {"encryptionType": "KMS"}}
    assert users({".": {}, **kind_of, **key}, None) == {"name": "r"}
    assert users({**kind_of, **key}, None) == {"name": "r"}
    assert users(key, kind_of) == typed
    assert users(key, {".": {}, **kind_of}) == typed
    assert users({**kind_of, **key}, {".": {}}) == {"name": "r", "encryptionConfiguration": {}}
    assert users({**kind_of, **key}, key) == {"name": "r", "encryptionConfiguration": {"kmsKey": "arn"}}
    assert users({**kind_of, **key}, {**kind_of, **key}) == spec
    assert users({**kind_of, **key}, None, typed) == typed
    assert users(None, {**kind_of, **key}) == spec


@by_kind
def test_filled_value_causes_no_write_when_aws_changes(kind: Kind) -> None:
    """What only the controller put into the spec is no wish: another value in AWS, left alone or default, stays."""
    small = values.smallest(kind)
    names = {name for name in late_names(kind) if kind.spec.fields[name].rule.default is None}
    filled = {**small, **{name: values.spec_of(kind)[name] for name in names}}
    obj = {"spec": filled, "metadata": {"managedFields": [owned(MANAGER, names), owned("kubectl", set(small))]}}
    assert late.users_spec(kind, obj, MANAGER) == small
    there = converge(kind, small).observed
    changed = Observation(True, {**there.spec, **{n: values.spec_of(kind, 1)[n] for n in names}}, there.status)
    desired = Desired(late.users_spec(kind, obj, MANAGER), there.status)
    assert isinstance(decide(kind, desired, changed, Memory()), Done)


@by_kind
def test_value_that_a_user_owns_too_is_a_wish(kind: Kind) -> None:
    full = values.spec_of(kind)
    names = late_names(kind)
    for other in (owned("kubectl", names), None):
        entries = [owned(MANAGER, names), *([other] if other else [])]
        applied = (
            {} if other else {"kubectl.kubernetes.io/last-applied-configuration": orjson.dumps({"spec": full}).decode()}
        )
        obj = {"spec": full, "metadata": {"managedFields": entries, "annotations": applied}}
        assert late.users_spec(kind, obj, MANAGER) == full

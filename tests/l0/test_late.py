"""Law 4: AWS's defaults are taken into empty spec fields, beside no reference, and never sent back."""

from typing import Any

import orjson
import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.plan import late
from ackpy.plan.decide import Desired, Done, Memory, decide
from ackpy.wire.call import Observation
from tests.kit import values
from tests.kit.steps import converge

KINDS = [kind for kind in load() if kind.late()]
MANAGER = "ackpy"

by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)


def late_names(kind: Kind) -> set[str]:
    return {name for (name,) in kind.late()}


def owned(manager: str, names: set[str]) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": {"f:spec": {f"f:{name}": {} for name in names}}}


@by_kind
def test_only_empty_fields_are_filled(kind: Kind) -> None:
    small, full = values.smallest(kind), values.spec_of(kind)
    assert late.missing(kind, small, full) == {name: full[name] for name in late_names(kind)}
    assert late.missing(kind, full, values.spec_of(kind, 1)) == {}
    assert late.missing(kind, small, {}) == {}


@by_kind
def test_required_ones_are_waited_for(kind: Kind) -> None:
    waiting = {name for (name,), node in kind.late().items() if node.rule.late == "required"}
    assert set(late.pending(kind, values.smallest(kind))) == waiting
    assert late.pending(kind, values.spec_of(kind)) == []


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

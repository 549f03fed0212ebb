"""Law 4: what an unset field means, when it was set before and when it never was."""

from collections.abc import Iterator
from typing import Any

from ackpy.kinds.model import Kind
from ackpy.kinds.schema import Rule, Unset
from ackpy.plan.compare import differences, is_empty
from ackpy.plan.decide import Desired, Done, Memory, Refuse, creation, decide
from ackpy.wire.call import Observation
from tests.kit import values
from tests.kit.checks.predict import round_trip
from tests.kit.oracle import Node
from tests.kit.steps import converge


def check(kind: Kind, contract: Node) -> list[str]:
    """Every field that a part owns, removed from a spec that sets everything, and left out from the start."""
    return [said for name in _owned(kind) for said in (*_removed(kind, name), *_never_set(kind, name))]


def _owned(kind: Kind) -> list[str]:
    fixed = {name for section, name, *_ in kind.identity if section == "spec"} | values.required(kind)
    return [name for part in kind.parts for name in part.fields if name not in fixed]


def _removed(kind: Kind, name: str) -> Iterator[str]:
    rule = kind.spec.fields[name].rule
    full = _not_default(kind, name)
    spec = {key: value for key, value in full.items() if key != name}
    end = converge(kind, spec, converge(kind, full).observed)
    value = end.observed.spec.get(name)
    if rule.unset is Unset.UNMANAGED:
        if not isinstance(end.decision, Done) or end.calls or value != full[name]:
            yield f"spec.{name} is to be left alone when it is removed, but {end.decision} after {len(end.calls)} calls"
        return
    if rule.create_only:
        if not isinstance(end.decision, Refuse):
            yield f"removing spec.{name}, which can't be changed, is answered by {end.decision}"
        return
    if not isinstance(end.decision, Done) or not end.calls:
        yield f"removing spec.{name} ends in {end.decision} after {len(end.calls)} calls"
    elif not _means_unset(kind, name, rule, value):
        yield f"removing spec.{name} leaves {value!r}"
    else:
        yield from round_trip(kind, spec, end)


def _not_default(kind: Kind, name: str) -> dict[str, Any]:
    """A spec with another value of a field than the one that unset means (as one of two booleans may be)."""
    even, odd = values.spec_of(kind), values.spec_of(kind, 1)
    node = kind.spec.fields[name]
    is_default = node.rule.unset is Unset.DEFAULT and not any(differences(node, None, even[name]))
    return odd if is_default else even


def _means_unset(kind: Kind, name: str, rule: Rule, value: Any) -> bool:
    if rule.unset is Unset.DEFAULT:
        return not any(differences(kind.spec.fields[name], rule.default, value))
    return is_empty(value)


def _never_set(kind: Kind, name: str) -> Iterator[str]:
    """Creation doesn't send it; AWS's default is no difference; something else is, unless it is left alone."""
    spec = values.smallest(kind)
    field = kind.spec.fields[name]
    (call,) = creation(kind, Desired(spec, values.recorded(kind))).calls
    if (name,) in call.sets:
        yield f"creation sets spec.{name} unasked"
    there = _not_default(kind, name)[name]
    cases = [(there, field.rule.unset is Unset.UNMANAGED)]
    if field.rule.unset is Unset.DEFAULT:
        cases.append((field.rule.default, True))
    for value, calm in cases:
        observed = Observation(True, {**spec, name: value}, values.recorded(kind))
        decision = decide(kind, Desired(spec, observed.status), observed, Memory())
        if isinstance(decision, Done) is not calm:
            yield f"{value!r} in AWS where spec.{name} is unset is answered by {decision}"

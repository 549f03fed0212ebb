"""The forms of parts: how the differences of one part become calls. A new form is a function here and a row below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ackpy.kinds.model import Binding, Form, Kind, Part
from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Unset
from ackpy.plan import tags
from ackpy.plan.compare import Difference, is_empty
from ackpy.wire.call import Call, Observation, Purpose, params


def calls_of(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, found: Sequence[Difference]
) -> list[Call]:
    """The calls that make one part as the spec says.

    Args:
        kind: the kind.
        part: the part that the differences lie in.
        spec: what is desired, with all tags that are to be sent.
        observed: what was seen; its status holds the identity.
        found: the part's differences; at least one.
    """
    return _FORMS[part.form](kind, part, spec, observed, found)


def _sub_resource(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """The part is written whole, and taken away by a call of its own or by writing what unset means."""
    name = part.fields[0]
    default = kind.spec.fields[name].rule.default
    if not is_empty(spec.get(name)):
        value = spec[name]
    elif part.remove is not None:
        sent = _params(kind, part.remove, spec, {}, observed)
        return [Call(part.remove.operation, sent, Purpose.REMOVE, (part.name,), {(name,): default})]
    else:
        value = default
    sent = _params(kind, part.put, spec, {name: value}, observed)
    return [Call(part.put.operation, sent, Purpose.PUT, (part.name,), {(name,): value})]


def _attributes(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, found: Sequence[Difference]
) -> list[Call]:
    """Only the attributes that differ are written, all in one call."""
    values: dict[str, Json] = {}
    for name in dict.fromkeys(difference.path[0] for difference in found):
        rule = kind.spec.fields[name].rule
        unset = rule.default if rule.unset is Unset.DEFAULT else rule.clear
        values[name] = unset if is_empty(spec.get(name)) else spec[name]
    sent = _params(kind, part.put, spec, values, observed)
    sets: dict[Path, Json] = {(name,): None if is_empty(value) else value for name, value in values.items()}
    return [Call(part.put.operation, sent, Purpose.PUT, (part.name,), sets)]


def _tags(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Tags that went are removed by key, then new and changed ones are added."""
    name = part.fields[0]
    wanted, there = tags.of(kind, spec), tags.of(kind, observed.spec)
    added = {key: value for key, value in wanted.items() if there.get(key) != value}
    removed = sorted(there.keys() - wanted.keys())
    calls = []
    if removed and part.remove is not None:
        keys = {link.aws[0]: removed for link in part.remove.inputs if link.field == ("spec", name)}
        sent = _params(kind, part.remove, spec, {}, observed) | keys
        left = {key: value for key, value in there.items() if key in wanted}
        sets: dict[Path, Json] = {(name,): tags.put(kind, {}, left).get(name)}
        calls.append(Call(part.remove.operation, sent, Purpose.REMOVE, (part.name,), sets))
    if added:
        sent = _params(kind, part.put, spec, tags.put(kind, {}, added), observed)
        calls.append(
            Call(part.put.operation, sent, Purpose.PUT, (part.name,), {(name,): tags.put(kind, {}, wanted).get(name)})
        )
    return calls


def _secret(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """What AWS never shows is written when another value is wanted than was sent last."""
    name = part.fields[0]
    sent = _params(kind, part.put, spec, {name: spec[name]}, observed)
    return [Call(part.put.operation, sent, Purpose.PUT, (part.name,), {(name,): spec[name]})]


_FORMS: Mapping[Form, Callable[[Kind, Part, Mapping[str, Json], Observation, Sequence[Difference]], list[Call]]] = {
    Form.SUB_RESOURCE: _sub_resource,
    Form.ATTRIBUTES: _attributes,
    Form.TAGS: _tags,
    Form.SECRET: _secret,
}


def _params(
    kind: Kind, binding: Binding, spec: Mapping[str, Json], values: Mapping[str, Json], observed: Observation
) -> dict[str, Json]:
    """The input of a call that sends these values and nothing else of the spec but the identity."""
    identity = {path[1]: spec.get(path[1]) for path in kind.identity if path[0] == "spec"}
    return params(kind, binding, {"spec": identity | dict(values), "status": observed.status})

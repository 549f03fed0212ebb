"""The forms of parts: how the differences of one part become calls. A new form is a function here and a row below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ackpy.kinds import shapes
from ackpy.kinds.model import Binding, Form, Kind, Part
from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Unset
from ackpy.plan import tags
from ackpy.plan.compare import Difference, differences, is_empty, keyed
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
    if is_empty(spec.get(name)) and part.remove is not None:
        sent = _params(kind, part.remove, spec, {}, observed)
        sets: dict[Path, Json] = {(name,): kind.spec.fields[name].rule.default}
        return [Call(part.remove.operation, sent, Purpose.REMOVE, (part.name,), sets)]
    return [_put(kind, part, spec, observed, (name,))]


def _attributes(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, found: Sequence[Difference]
) -> list[Call]:
    """Only the attributes that differ are written: all in one call, or each by its name."""
    names = dict.fromkeys(difference.path[0] for difference in found)
    if part.one_each is None:
        return [_put(kind, part, spec, observed, names)]
    return [_attribute(part, part.one_each, _put(kind, part, spec, observed, (name,))) for name in names]


def _attribute(part: Part, members: tuple[str, str], call: Call) -> Call:
    """A call that writes one attribute by its name; without a value it takes the attribute away."""
    (path,) = call.sets
    attribute = next(link.aws[0].removeprefix("@") for link in part.put.inputs if link.field == ("spec", *path))
    rest = {member: sent for member, sent in call.params.items() if member != attribute}
    named: dict[str, Json] = {members[0]: attribute}
    given = call.params.get(attribute)
    return replace(call, params={**rest, **named, **({} if given is None else {members[1]: given})})


def _body(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, found: Sequence[Difference]
) -> list[Call]:
    """One call with the members that differ; with it go the others that are set, or only those that it requires."""
    differing = dict.fromkeys(difference.path[0] for difference in found)
    members = {link.field[1]: link.aws[0] for link in part.put.inputs if link.field[0] == "spec"}
    needed = shapes.required(kind.service.model.operation_model(part.put.operation))
    others = [name for name in part.fields if not part.changed_only or members[name] in needed]
    along = [name for name in others if name not in differing and not is_empty(spec.get(name))]
    call = _put(kind, part, spec, observed, [*differing, *along])
    return [replace(call, sets={path: value for path, value in call.sets.items() if path[0] in differing})]


def _set(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Members that are missing are added, then those that went are removed, one a call."""
    assert part.remove is not None
    name = part.fields[0]
    wanted, there = list(spec.get(name) or ()), list(observed.spec.get(name) or ())
    calls = []
    for one in [*wanted, *there]:
        if (one in wanted) == (one in there):
            continue
        there = [*there, one] if one in wanted else [other for other in there if other != one]
        purpose, binding = (Purpose.PUT, part.put) if one in wanted else (Purpose.REMOVE, part.remove)
        sent = _params(kind, binding, spec, {name: {"[]": one}}, observed)
        calls.append(Call(binding.operation, sent, purpose, (part.name,), {(name,): there or None}))
    return calls


def _entries(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, found: Sequence[Difference]
) -> list[Call]:
    """Entries of a map that are new or changed are written, and those that went removed, one a call."""
    assert part.remove is not None
    name = part.fields[0]
    wanted, there = dict(spec.get(name) or {}), dict(observed.spec.get(name) or {})
    whole = any(len(difference.path) == 1 for difference in found)
    differing = {difference.path[1] for difference in found if len(difference.path) > 1}
    calls = []
    for key in sorted({*wanted, *there}):
        if not whole and key not in differing:
            continue
        there = {k: v for k, v in there.items() if k != key} | ({key: wanted[key]} if key in wanted else {})
        purpose, binding = (Purpose.PUT, part.put) if key in wanted else (Purpose.REMOVE, part.remove)
        entry = {"{}": {"key": key, "value": wanted.get(key)}}
        sent = _params(kind, binding, spec, {name: entry}, observed)
        calls.append(Call(binding.operation, sent, purpose, (part.name,), {(name,): there or None}))
    return calls


def _toggle(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Switched on, or off where unset means off."""
    assert part.remove is not None
    name = part.fields[0]
    on = bool(spec.get(name))
    binding = part.put if on else part.remove
    sent = _params(kind, binding, spec, {}, observed)
    return [Call(binding.operation, sent, Purpose.PUT, (part.name,), {(name,): on})]


def _put(kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, names: Iterable[str]) -> Call:
    """The call that writes these fields as the spec says, or what takes them away."""
    values: dict[str, Json] = {}
    for name in names:
        rule = kind.spec.fields[name].rule
        unset = rule.default if rule.unset is Unset.DEFAULT else rule.clear
        values[name] = unset if is_empty(spec.get(name)) else spec[name]
    sent = _params(kind, part.put, spec, values, observed)
    sets: dict[Path, Json] = {(name,): None if is_empty(value) else value for name, value in values.items()}
    return Call(part.put.operation, sent, Purpose.PUT, (part.name,), sets)


def _children(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Elements that went are removed by their key, then new and changed ones are written: one a call."""
    name = part.fields[0]
    node = kind.spec.fields[name]
    assert node.item is not None
    assert part.remove is not None
    wanted, left = keyed(node, spec.get(name)), keyed(node, observed.spec.get(name))
    gone = [key for key in left if key not in wanted]
    changed = [key for key, one in wanted.items() if key not in left or any(differences(node.item, one, left[key]))]
    calls = []
    for key in gone:
        sent = _params(kind, part.remove, spec, {name: {"[]": left.pop(key)}}, observed)
        calls.append(
            Call(part.remove.operation, sent, Purpose.REMOVE, (part.name,), {(name,): [*left.values()] or None})
        )
    for key in changed:
        left[key] = wanted[key]
        sent = _params(kind, part.put, spec, {name: {"[]": left[key]}}, observed)
        calls.append(Call(part.put.operation, sent, Purpose.PUT, (part.name,), {(name,): [*left.values()]}))
    return calls


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
    Form.BODY: _body,
    Form.CHILDREN: _children,
    Form.ENTRIES: _entries,
    Form.SET: _set,
    Form.TAGS: _tags,
    Form.TOGGLE: _toggle,
    Form.SECRET: _secret,
}


def _params(
    kind: Kind, binding: Binding, spec: Mapping[str, Json], values: Mapping[str, Json], observed: Observation
) -> dict[str, Json]:
    """The input of a call that sends these values and nothing else of the spec but the identity."""
    identity = {path[1]: spec.get(path[1]) for path in kind.identity if path[0] == "spec"}
    return params(kind, binding, {"spec": identity | dict(values), "status": observed.status})

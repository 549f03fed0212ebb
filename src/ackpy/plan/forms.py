"""The forms of parts: how the differences of one part become calls. A new form is a function here and a row below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from botocore.model import StructureShape

from ackpy.kinds import shapes
from ackpy.kinds.model import Binding, Form, Kind, Part
from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Field, Type, Unset
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
    """One call with the members that differ; with it go the others that are set, or only those that it requires.

    Where a removal is known and nothing else is wanted than what it comes to, it is that.
    """
    cleared = {name: _unset(kind.spec.fields[name]) for name in part.fields}
    if part.remove is not None and all(is_empty(v := spec.get(name)) or v == cleared[name] for name in part.fields):
        sent = _params(kind, part.remove, spec, cleared, observed)
        return [
            Call(
                part.remove.operation,
                sent,
                Purpose.REMOVE,
                (part.name,),
                {(name,): spec.get(name) for name in part.fields},
            )
        ]
    differing = dict.fromkeys(difference.path[0] for difference in found)
    members = {link.field[1]: link.aws[0] for link in part.put.inputs if link.field[0] == "spec" and link.aws}
    needed = shapes.required(kind.operation_model(part.put.operation))
    others = [name for name in part.fields if not part.changed_only or members.get(name) in needed]
    along = [
        name
        for name in others
        if name not in differing
        and (not is_empty(spec.get(name)) or (members.get(name) in needed and _is_default(kind, name)))
    ]
    call = _put(kind, part, spec, observed, [*differing, *along])
    return [replace(call, sets={path: value for path, value in call.sets.items() if path[0] in differing})]


def _is_default(kind: Kind, name: str) -> bool:
    return kind.spec.fields[name].rule.unset is Unset.DEFAULT


def _set(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Members that went are removed, then new ones added."""
    name = part.fields[0]
    wanted, there = ({one: one for one in _members(part, values.get(name))} for values in (spec, observed.spec))
    new = [one for one in wanted if one not in there]
    shown = (lambda left: next(iter(left), None)) if part.only_one else list
    return _one_a_call(kind, part, spec, observed, (wanted, there, new), lambda _, one: {"[]": one}, shown)


def _members(part: Part, value: Json) -> list[Json]:
    """What a set holds."""
    return [value] if part.only_one and value else list(value or ())


def _versions(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """A new version is put in force, for which the oldest may have to go; where none is wanted, all others go."""
    assert part.remove is not None
    name, others = part.fields[0], observed.versions.get(part.name, ())
    stays = part.most - 2 if name in spec else 0  # beside the one in force, and the new one
    surplus = others[: max(len(others) - stays, 0)]
    calls = [
        Call(
            part.remove.operation,
            _params(kind, part.remove, spec, {name: {"[]": version}}, observed),
            Purpose.REMOVE,
            (part.name,),
        )
        for version in surplus
    ]
    return [*calls, _put(kind, part, spec, observed, (name,))] if name in spec else calls


def _entries(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Entries of a map that went are removed, then new and changed ones written."""
    name = part.fields[0]
    node = kind.spec.fields[name].item
    assert node is not None
    wanted, there = ({**(values.get(name) or {})} for values in (spec, observed.spec))
    changed = [key for key, one in wanted.items() if key not in there or any(differences(node, one, there[key]))]
    return _one_a_call(
        kind, part, spec, observed, (wanted, there, changed), lambda key, one: {"{}": {"key": key, "value": one}}, dict
    )


def _children(
    kind: Kind, part: Part, spec: Mapping[str, Json], observed: Observation, _: Sequence[Difference]
) -> list[Call]:
    """Elements that went are removed by their key, then changed and new ones written."""
    name = part.fields[0]
    node = kind.spec.fields[name]
    assert node.item is not None
    wanted, there = keyed(node, spec.get(name)), keyed(node, observed.spec.get(name))
    new = [key for key in wanted if key not in there]
    changed = [key for key in wanted if key in there and any(differences(node.item, wanted[key], there[key]))]
    if part.update is not None:
        wanted = wanted | {key: _changed(node, wanted[key], there[key]) for key in changed}
    return _one_a_call(
        kind,
        part,
        spec,
        observed,
        (wanted, there, [*changed, *new]),
        lambda _, one: {"[]": one},
        lambda left: [*left.values()],
    )


def _changed(node: Field, one: Json, there: Json) -> dict[str, Json]:
    """The members of an element that differ, with its key: what is said goes before what unset means.

    What is said may make AWS forget the rest, and refuse to be told so.
    """
    assert node.item is not None
    names = dict.fromkeys(difference.path[0] for difference in differences(node.item, one, there))
    fields = node.item.fields
    said = {n: _completed(fields[n], one[n], there.get(n)) for n in names if not is_empty(one.get(n))}
    unset = {name: _unset(fields[name]) for name in names}
    return {node.rule.key: one.get(node.rule.key), **(said or unset)}


def _one_a_call(
    kind: Kind,
    part: Part,
    spec: Mapping[str, Json],
    observed: Observation,
    members: tuple[Mapping[Json, Json], Mapping[Json, Json], Sequence[Json]],
    sent: Callable[[Json, Json], Json],
    shown: Callable[[Mapping[Json, Json]], Json],
) -> list[Call]:
    """What is told apart by keys, one a call: removals come first, since quotas count what is there.

    Args:
        kind, part, spec, observed: as for `calls_of`.
        members: what is wanted and what is there, by key, and the keys of what is to be written.
        sent: what a call is filled from, of a key and its value.
        shown: the field's value, of what is then there.
    """
    assert part.remove is not None
    name, (wanted, there, changed) = part.fields[0], members
    left, calls = dict(there), []
    gone = [(True, key) for key in there if key not in wanted or (part.renews and key in changed)]
    come = [(False, key) for key in changed]
    for removes, key in [*come, *gone] if part.adds_first else [*gone, *come]:
        updates = not removes and key in there and not part.renews and part.update is not None
        one = left.pop(key) if removes else wanted[key]
        if not removes:
            left[key] = {**there[key], **one} if updates else one
        purpose, binding = (Purpose.REMOVE, part.remove) if removes else (Purpose.PUT, part.put)
        if updates and part.update is not None:
            binding = part.update
        given = _params(kind, binding, spec, {name: sent(key, one)}, observed)
        sets: dict[Path, Json] = {(name,): shown(left) or None}
        way_for = wanted.get(key) if removes else None
        calls.append(Call(binding.operation, given, purpose, (part.name,), sets, joins=updates, way_for=way_for))
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
        node = kind.spec.fields[name]
        values[name] = _completed(node, spec.get(name), observed.spec.get(name))
        if is_empty(spec.get(name)):
            unset = None if node.rule.omit else _unset(node)
            values[name] = _kept(kind, part, name, unset, observed.spec.get(name))
    sent = _params(kind, part.put, spec, values, observed)
    sets: dict[Path, Json] = {(name,): None if is_empty(value) else value for name, value in values.items()}
    return Call(part.put.operation, sent, Purpose.PUT, (part.name,), sets)


def _unset(node: Field) -> Json:
    """What is sent for a field that is unset: its default, or what clears it."""
    return node.rule.default if node.rule.unset is Unset.DEFAULT else node.rule.clear


def _completed(node: Field, value: Json, there: Json) -> Json:
    """A structure with the defaults of members that it leaves out where AWS has something else: they don't go alone."""
    if node.type is not Type.STRUCT or is_empty(value) or not isinstance(there, Mapping):
        return value
    gone = {
        name: child.rule.default
        for name, child in node.fields.items()
        if child.rule.unset is Unset.DEFAULT
        and is_empty(value.get(name))
        and any(differences(child, None, there.get(name)))
    }
    return {**gone, **value}


def _kept(kind: Kind, part: Part, name: str, unset: Json, there: Json) -> Json:
    """What is sent for an unset field, with the members that AWS requires beside it as they are."""
    if not isinstance(unset, Mapping) or not isinstance(there, Mapping):
        return unset
    at = next(link.aws for link in part.put.inputs if link.field == ("spec", name))
    shape = shapes.below(kind.operation_model(part.put.operation).input_shape, at)
    required = shape.required_members if isinstance(shape, StructureShape) else ()
    members = [child.name for child in kind.spec.fields[name].fields.values() if child.aws in required]
    return {**{member: there[member] for member in members if member in there}, **unset}


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
    Form.VERSIONS: _versions,
    Form.SECRET: _secret,
}


def _params(
    kind: Kind, binding: Binding, spec: Mapping[str, Json], values: Mapping[str, Json], observed: Observation
) -> dict[str, Json]:
    """The input of a call that sends these values and nothing else of the spec but what no part writes."""
    owners = {name: kind.part_of(name) for name in spec}
    fixed = {name: spec[name] for name, part in owners.items() if part is None or part.form is Form.FIXED}
    return params(kind, binding, {"spec": fixed | dict(values), "status": observed.status})

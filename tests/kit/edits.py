"""Edits of a spec that AWS may well take: derived from the field tree, botocore's model and the sample alone.

A field's own rules aren't known to the tests (ranges, values that exclude each other), so each change comes as a list
of candidates, most likely first; who uses them takes the first that AWS accepts.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ackpy.kinds.model import Form, Kind, Part
from ackpy.kinds.paths import Path
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Compare, Field, Type, Unset
from ackpy.plan.compare import differences
from tests.kit import samples, values
from tests.kit.samples import alone
from tests.kit.values import Leaf

# Fields that don't go alone: without them AWS wants another one, which a spec may lack.
_STAY = {"dynamodb/Table": {"billingMode"}}


@dataclass(frozen=True)
class Change:
    """A leaf that is to change, and the specs in which it has."""

    leaf: Leaf
    candidates: tuple[dict[str, Any], ...]


def changes(kind: Kind, spec: dict[str, Any]) -> Iterator[Change]:
    """A change of each leaf of a spec that may change after creation, and has more than one value to choose from.

    What other parts depend on comes last, before it what AWS is busy with for a while, and before that what differs
    only as part of a whole.
    """
    parts = [part for part in kind.parts for name in part.fields if name in spec]
    needed = {name for part in parts for name in part.after}
    every = values.leaves(kind.spec, spec)
    leaves = [leaf for leaf in every if not is_fixed(kind, leaf.path[0]) and not _is_settled(kind, leaf.path)]
    leaves = [leaf for leaf in leaves if leaf.node.aws or leaf.node.rule.read]  # else AWS neither hears nor tells of it

    def rank(leaf: Leaf) -> tuple[bool, bool, bool]:
        part = _part(kind, leaf)
        return part.name in needed, part.exclusive, leaf.reported != leaf.path

    for leaf in sorted(leaves, key=rank):
        if len(_choices(kind, leaf)) != 1:
            yield Change(leaf, tuple(_candidates(kind, spec, leaf)))


def first(kind: Kind, spec: dict[str, Any]) -> Change | None:
    """One change whose value a call sends, and AWS shows; None where all of a spec is settled at creation."""
    sent = [one for one in changes(kind, spec) if _part(kind, one.leaf).form is not Form.TOGGLE]
    sent = [one for one in sent if one.leaf.node.rule.read] or sent
    # Last what AWS keeps a history of: who writes that again and again is stopped some time. Before that choices, which
    # other fields may have to follow.
    return min(
        sent,
        key=lambda one: (_part(kind, one.leaf).form is Form.VERSIONS, bool(_choices(kind, one.leaf))),
        default=None,
    )


def sure(kind: Kind, spec: dict[str, Any]) -> Change:
    """One change whose value a call sends, of a spec that has such."""
    change = first(kind, spec)
    assert change is not None
    return change


def _choices(kind: Kind, leaf: Leaf) -> list[str]:
    return list(getattr(_shape(kind, _part(kind, leaf), leaf.path), "enum", ()))


def _part(kind: Kind, leaf: Leaf) -> Part:
    """The part that owns a leaf that may change."""
    return next(part for part in kind.parts if leaf.path[0] in part.fields)


def removals(kind: Kind, spec: dict[str, Any]) -> Iterator[Path]:
    """The paths below spec that an edit may take out: optional members of objects, at any depth outside of lists."""
    for name, value in spec.items():
        if not is_fixed(kind, name) and name not in values.required(kind) | _required_references(kind):
            yield (name,)
            yield from _members(kind.spec.fields[name], value, (name,))


def node_at(kind: Kind, path: Path) -> Field:
    """The field at a path of keys and positions below spec."""
    node = kind.spec
    for key in path:
        child = node.fields.get(key) if node.type is Type.STRUCT else node.item
        assert child is not None, path
        node = child if node.rule.read else replace(child, rule=replace(child.rule, read=False))
    return node


def is_fixed(kind: Kind, name: str) -> bool:
    """Whether a top-level field stays as it was at creation."""
    node = kind.spec.fields[name]
    return node.immutable or node.rule.create_only or ("spec", name) in kind.identity


def _is_settled(kind: Kind, path: Path) -> bool:
    """Whether a leaf stays as it is while what it is in does."""
    above = (kind.spec.at(path[:depth]) for depth in range(2, len(path) + 1))
    return any(node is not None and node.rule.create_only for node in above)


def _holds_settled(kind: Kind, name: str, value: Any) -> bool:
    """Whether a structure has members that stay as they are while it is there."""
    node = kind.spec.fields[name]
    leaves = values.leaves(node, value, (name,)) if node.type is Type.STRUCT else ()
    return any(_is_settled(kind, leaf.path) for leaf in leaves)


def removable(kind: Kind, part: Part, spec: dict[str, Any]) -> list[str]:
    """The fields of a part that a spec sets and whose removal changes AWS, and those that can't be there without."""
    return [
        name
        for name in _with_dependants(kind, part)
        if name in {*spec} - values.required(kind) - _STAY.get(kind.label, set())
        and not is_fixed(kind, name)
        and kind.spec.fields[name].rule.unset is not Unset.UNMANAGED
        and any(differences(kind.spec.fields[name], None, spec[name]))
    ]


def _with_dependants(kind: Kind, part: Part) -> list[str]:
    """The fields of a part, and of the parts that are written after it."""
    return [name for other in kind.parts if other is part or part.name in other.after for name in other.fields]


def stripped(kind: Kind, spec: dict[str, Any]) -> dict[str, Any]:
    """A spec with only what can't be taken out."""
    kept = values.required(kind) | _required_references(kind) | _STAY.get(kind.label, set())
    return {name: value for name, value in spec.items() if is_fixed(kind, name) or name in kept}


def _required_references(kind: Kind) -> set[str]:
    """What may stand in the place of required fields."""
    return {ref.ref[1] for ref in kind.references if ref.required}


def without(spec: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy less what stands at a path of keys."""
    if len(path) == 1:
        return {key: value for key, value in spec.items() if key != path[0]}
    return {**spec, path[0]: without(spec[path[0]], path[1:])}


def _members(node: Field, value: Any, path: Path) -> Iterator[Path]:
    if node.type not in {Type.STRUCT, Type.MAP} or not isinstance(value, dict) or len(value) < 2:
        return
    for key in value:
        child = node.fields.get(key) if node.type is Type.STRUCT else node.item
        if child is not None and key not in node.required:
            yield (*path, key)
            yield from _members(child, value[key], (*path, key))


def _candidates(kind: Kind, spec: dict[str, Any], leaf: Leaf) -> Iterator[dict[str, Any]]:
    """Specs with another value of the leaf, at last with a field of its part, or one that depends on it, taken out."""
    part = _part(kind, leaf)
    every = [values.replaced(spec, leaf.path, new) for new in _others(kind, part, leaf, values.at(spec, leaf.path))]
    changed = [one for one in every if not _told_twice(one, leaf)]
    yield from changed
    node, top = kind.spec.fields[leaf.path[0]], leaf.path[0]
    telling = [one for one in changed if any(differences(node, one.get(top), spec.get(top)))]
    yield from ({**_others_say(kind, part, one), **one} for one in telling)
    yield from _exchanged(spec, leaf)
    yield from _together(kind, spec, leaf, changed)
    rivals = [name for name in _with_dependants(kind, part) if name in spec and name != leaf.path[0]]
    for rival in rivals:
        if not is_fixed(kind, rival):
            yield from (without(other, (rival,)) for other in changed)
    yield from _as_others(kind, spec, leaf)


def _together(kind: Kind, spec: dict[str, Any], leaf: Leaf, changed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Specs in which what equals the leaf around it changes along (bounds meet), or what stands beside it is gone."""
    value, top = values.at(spec, leaf.path), leaf.path[0]
    around = [one.path for one in values.leaves(kind.spec.fields[top], spec[top], (top,))]
    equal = [path for path in around if path != leaf.path and values.at(spec, path) == value]
    for other in changed if equal and not isinstance(value, bool) else ():
        yield reduce(lambda one, path: values.replaced(one, path, values.at(other, leaf.path)), equal, other)
    above = leaf.path[:-1]
    for other in changed if isinstance(values.at(spec, above), dict) else ():
        for name in values.at(other, above).keys() - {leaf.path[-1]}:
            rest = {key: inner for key, inner in values.at(other, above).items() if key != name}
            yield values.replaced(other, above, rest)


def _as_others(kind: Kind, spec: dict[str, Any], leaf: Leaf) -> Iterator[dict[str, Any]]:
    """Specs like other samples': what goes only with other values of other fields (a type, say)."""
    own = {name: value for name, value in spec.items() if is_fixed(kind, name) or _holds_settled(kind, name, value)}
    for sample in alone(kind):
        other = {name: value for name, value in sample["spec"].items() if not is_fixed(kind, name)} | own
        if values.at(other, leaf.path) not in (None, values.at(spec, leaf.path)):
            yield other


def _told_twice(spec: dict[str, Any], leaf: Leaf) -> bool:
    """Whether a leaf that tells elements of a list apart is the same in two of them."""
    if leaf.reported == leaf.path or len(leaf.path) < 2 or not leaf.path[-2].isdigit():
        return False
    listed = values.at(spec, leaf.path[:-2])
    named = [one.get(leaf.path[-1]) for one in listed if isinstance(one, dict)]
    return len(named) > len({str(one) for one in named})


def _others_say(kind: Kind, part: Part, spec: dict[str, Any]) -> dict[str, Any]:
    """What other samples say of the fields of a part: one value may need another field beside it."""
    told: dict[str, Any] = {}
    for sample in samples.samples(kind):
        told = {name: sample["spec"][name] for name in part.fields if name in sample["spec"]} | told
    return told if part.form is Form.BODY else {}


def _exchanged(spec: dict[str, Any], leaf: Leaf) -> Iterator[dict[str, Any]]:
    """Specs in which two elements of a list have each other's value: such that must add up, or differ, still do."""
    for depth in range(len(leaf.path) - 1, 0, -1):
        above, below = leaf.path[:depth], leaf.path[depth + 1 :]
        if not isinstance(values.at(spec, above), list):
            continue
        for position in range(len(values.at(spec, above))):
            other = (*above, str(position), *below)
            mine, theirs = values.at(spec, leaf.path), values.at(spec, other)
            if theirs not in (None, mine):
                yield values.replaced(values.replaced(spec, leaf.path, theirs), other, mine)


def _others(kind: Kind, part: Part, leaf: Leaf, value: Any) -> Iterator[Any]:
    """Other values of one leaf."""
    shape = _shape(kind, part, leaf.path)
    yield from (one for one in getattr(shape, "enum", ()) if one != value)
    yield from _said_elsewhere(kind, leaf, value)
    for ref in kind.references:
        if ref.field[1:] == (leaf.path[:-1] if ref.many else leaf.path):
            yield from (one for one in samples.values(ref) if one != value)
    if leaf.node.rule.default not in (None, value):
        yield leaf.node.rule.default
    if isinstance(value, str) and leaf.node.type not in {Type.TIMESTAMP, Type.BYTES}:
        yield from _texts(leaf.node, value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield value / 2
    yield values.another(leaf, value)


def _said_elsewhere(kind: Kind, leaf: Leaf, value: Any) -> Iterator[Any]:
    """What the service's samples say where a name (a region, an index) must be one of a few."""
    if leaf.path[-1].endswith("Name") and leaf.node.type is Type.STRING:
        yield from (one for one in _names_told(kind.service.alias, leaf.path[-1]) if one != value)


@cache
def _names_told(service: str, key: str) -> tuple[str, ...]:
    told: dict[str, None] = {}
    for kind in load([service]):
        for sample in samples.samples(kind):
            for leaf in values.leaves(kind.spec, sample["spec"]):
                if leaf.path[-1] == key:
                    told[str(values.at(sample["spec"], leaf.path))] = None
    return tuple(told)


def _texts(node: Field, value: str) -> Iterator[str]:
    if node.rule.compare in {Compare.POLICY, Compare.DOCUMENT}:
        document = json.loads(value)
        _nudge(document)
        yield json.dumps(document)
    elif value.isdigit():
        yield from (str(int(value) + 1), str(int(value) - 1))
    elif value in {"true", "false"}:
        yield "false" if value == "true" else "true"
    else:
        yield f'{value[:-1]}x"' if value.endswith('"') else f"{value}x/" if value.endswith("/") else f"{value}x"
        if value[-1:].isdigit():  # an id of so many characters, or a version
            yield f"{value[:-1]}{(int(value[-1]) + 1) % 10}"


def _nudge(document: Any) -> bool:
    """Change the first number, statement id or, failing these, text of a JSON document; True once that is done."""
    entries = list(document.items() if isinstance(document, dict) else enumerate(document))
    for wanted in (lambda k, v: isinstance(v, int), lambda k, v: k == "Sid"):
        for key, value in entries:
            if wanted(key, value):
                document[key] = f"{value}x" if isinstance(value, str) else value + 1
                return True
    if any(_nudge(value) for key, value in entries if isinstance(value, dict | list)):
        return True
    key, value = next(((k, v) for k, v in entries if isinstance(v, str) and k != "Version"), (None, None))
    if key is not None:
        document[key] = f"{value}x"
    return key is not None


def _shape(kind: Kind, part: Part, path: Path) -> Shape | None:
    """The shape that a part's put operation has for a leaf."""
    link = next((link for link in part.put.inputs if link.field[:2] == ("spec", path[0])), None)
    whole = kind.operation_model(part.put.operation).input_shape
    if link is None or not isinstance(whole, StructureShape) or part.form is Form.ATTRIBUTES:
        return None
    shape: Shape = whole
    for key in link.aws:
        shape = shape.member if isinstance(shape, ListShape) else getattr(shape, "members", {})[key]
    node = kind.spec.fields[path[0]]
    if part.form is Form.CHILDREN and node.item is not None:
        node, path = node.item, path[1:]
    for key in path[1:]:
        if isinstance(shape, StructureShape):
            node = node.fields[key]
            if node.aws not in shape.members:
                return None  # AWS never hears of it
            shape = shape.members[node.aws]
        elif isinstance(shape, ListShape | MapShape) and node.item is not None:
            shape = shape.member if isinstance(shape, ListShape) else shape.value
            node = node.item
    return shape

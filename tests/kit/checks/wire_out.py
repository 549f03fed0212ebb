"""What is sent: every call holds what the contract says, from where it says, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from botocore.model import StructureShape
from botocore.validate import ParamValidator

from ackpy.kinds.model import Binding, Form, Kind, Part, Read
from ackpy.kinds.schema import Unset
from ackpy.plan import tags
from ackpy.plan.decide import Act, Desired, Memory, creation, decide
from ackpy.services import IDENTITY
from ackpy.wire.call import Call, Observation, Purpose, params, predicted
from tests.kit import values
from tests.kit.checks.predict import ONE_A_CALL
from tests.kit.oracle import Node, all_excepted, without_newer
from tests.kit.steps import ROUNDS
from tests.kit.wire_oracle import sent

CONTROLLER_TAGS = {"services.k8s.aws/controller-version": "test"}


def check(kind: Kind, contract: Node) -> list[str]:
    """Every call of a kind, built from a spec in which every leaf says who it is."""
    found = list(_operations(kind, contract))
    return found or [*_reads(kind, contract), *_calls(kind, contract), *_controller_tags(kind)]


def reads(kind: Kind) -> dict[str, Read]:
    """Every read of a kind by what it is for."""
    own = {f"the read of {part.name}": part.read for part in kind.parts if part.read is not None}
    return {"exists": kind.exists} | ({"find": kind.find} if kind.find else {}) | own


def _operations(kind: Kind, contract: Node) -> Iterator[str]:
    """A sub-resource has its own calls, and is deleted where AWS can: one that serves two is a careless copy."""
    for part in kind.parts:
        if part.remove and (part.put.operation, part.put.inputs) == (part.remove.operation, part.remove.inputs):
            yield f"{part.name} is put and removed by the same call"
    forms = {Form.SUB_RESOURCE, Form.CHILDREN, Form.TOGGLE}
    subs = [part for part in kind.parts if part.form in forms or (part.form is Form.BODY and part.remove)]
    uses: dict[str, list[str]] = {}
    for part in subs:
        places = [_place(part.put), part.remove and _place(part.remove)]
        named = [*(dict.fromkeys(places) if part.form is Form.BODY else places)]  # a body may be taken away by its put
        named += part.read.absent if part.read else ()
        for name in [*named, part.update and _place(part.update), part.read and part.read.binding.operation]:
            if name:
                uses.setdefault(name, []).append(part.name)
    told = {one["code"]: one["parts"] for one in all_excepted(contract, "absent")}
    for name in [*uses, *told]:
        if (found := uses.get(name, [])) != told.get(name, found[:1]):
            yield f"{name} stands at {' and '.join(found) or 'nothing'}"
    for part in subs:
        absent = part.read.absent if part.read else ()
        delete = re.sub("^(Put|Set)", "Delete", part.put.operation)
        names = {delete, delete.removesuffix("Configuration")} - {part.put.operation}
        known = contract["operations"].get("other", {}).keys() | contract.get("other_operations", {}).keys()
        can_go = bool(names & known)  # by somebody else's hand, if not by ours
        if not can_go and not told.keys() >= set(absent):
            yield f"nothing tells that {part.name} isn't there by {' or '.join(absent)}"
        if can_go and part.read and not absent:
            yield f"{part.name} can be removed, but no code says that it isn't there"
        unmanaged = kind.spec.fields[part.fields[0]].rule.unset is Unset.UNMANAGED
        if can_go and part.remove is None and not unmanaged:
            yield f"{part.name} is removed otherwise than by {delete}"


def _place(binding: Binding) -> str:
    """An operation, or the place in its input where it takes one element of a list."""
    inner = {".".join(link.aws[: link.aws.index("[]") + 2]) for link in binding.inputs if "[]" in link.aws}
    return ".".join((binding.operation, *sorted(inner)))


def _reads(kind: Kind, contract: Node) -> Iterator[str]:
    resource = {"spec": values.spec_of(kind), "status": values.recorded(kind)}
    for what, read in reads(kind).items():
        given = params(kind, read.binding, resource)
        named = read.match or read.by or kind.label in IDENTITY
        if not set(_texts(given)) & set(_texts(resource)) and not named:
            yield f"{what} ({read.binding.operation}) names no resource"
        yield from compare(kind, contract, read.binding.operation, given, resource)


def _calls(kind: Kind, contract: Node) -> Iterator[str]:
    spec = values.filled(kind.spec)
    resource = {"spec": spec, "status": values.recorded(kind)}
    (create,) = creation(kind, Desired(spec, resource["status"])).calls
    yield from compare(kind, contract, create.operation, create.params, resource)
    unprotected = {name: value for name, value in spec.items() if (name,) != kind.protected}
    for call in _deletion(kind, resource | {"spec": unprotected}):
        yield from compare(kind, contract, call.operation, call.params, resource | {"spec": unprotected}, "delete")
    yield from _writes(kind, contract)


def _writes(kind: Kind, contract: Node) -> Iterator[str]:
    """The calls that set every part of a resource that has none, and those that take every part away."""
    for seed in (0, 1):  # one of two booleans is what unset means
        yield from _written(kind, contract, values.spec_of(kind, seed))


def _written(kind: Kind, contract: Node, full: Node) -> Iterator[str]:
    bare = {name: value for name, value in full.items() if _fixed(kind, name)}
    least = bare | {name: full[name] for name in values.required(kind)}
    for call in _answer(kind, full, bare):
        part = _part(kind, call)
        differs = {path[0] for path in call.sets} if part.changed_only else {*part.fields}
        own = {name: full[name] for name in part.fields if name in differs}
        if part.form in ONE_A_CALL:
            beside = [one["path"].removeprefix("spec.") for one in all_excepted(contract, "along", part=part.name)]
            along = {name: full[name] for name in beside}
            yield from _write(kind, contract, call, along | _element(kind, call, own), "create")
        else:
            yield from _write(kind, contract, call, own)
    for call in _answer(kind, least, full):
        if call.purpose is not Purpose.REMOVE:
            # What unset means is written: a default, or what clears it. In a whole body the rest goes along.
            part, rules = _part(kind, call), {name: node.rule for name, node in kind.spec.fields.items()}
            whole = part.form is Form.BODY and not part.changed_only
            rest = {name: least[name] for name in part.fields if name in least and whole}
            cleared = {
                path[0]: rules[path[0]].clear or "" if value is None else value for path, value in call.sets.items()
            }
            yield from _write(kind, contract, call, {**rest, **cleared})
        elif _part(kind, call).form in ONE_A_CALL:
            yield from _write(kind, contract, call, _element(kind, call, full), "remove")
        elif _part(kind, call).form is Form.TAGS:
            yield from _removed_keys(kind, contract, call, full)
        else:
            told = {one["path"].removeprefix("spec."): one["value"] for one in all_excepted(contract, "cleared")}
            fields = _part(kind, call).fields
            yield from _write(kind, contract, call, {name: value for name, value in told.items() if name in fields})
    yield from _removals(kind, contract, full)
    yield from _updates(kind, contract, full)


def _removals(kind: Kind, contract: Node, full: Node) -> Iterator[str]:
    """The calls that take one element away from a list that can't be without any."""
    for part in kind.parts:
        name = part.fields[0]
        if part.form is not Form.CHILDREN or name not in values.required(kind) or len(full[name]) < 2:
            continue
        seen = _answer(kind, {**full, name: full[name][:1]}, full)
        if [call.purpose for call in seen] != [Purpose.REMOVE]:
            yield f"an element of spec.{name} that goes is answered by {seen}"
            continue
        yield from _write(kind, contract, seen[0], _element(kind, seen[0], full), "remove")


def _updates(kind: Kind, contract: Node, full: Node) -> Iterator[str]:
    """The calls that change an element of a list where it is, all members that may change at once."""
    for part in kind.parts:
        node = kind.spec.fields[part.fields[0]]
        if part.update is None or node.item is None:
            if all_excepted(contract, "sent", write="update", path=f"spec.{part.fields[0]}[]"):
                yield f"elements of spec.{part.fields[0]} can't be changed"
            continue
        item, name = node.item, part.fields[0]
        free = [child for child in item.fields.values() if child.name != node.rule.key and not child.rule.create_only]
        others = {child.name: values.filled(child, 1, (child.name,)) for child in free}
        there = {**full, name: [{**one, **others} for one in full[name]]}
        seen = [call for call in _answer(kind, full, there) if call.joins]
        if len(seen) != len(full[name]):
            yield f"elements of spec.{name} that differ are changed by {len(seen)} calls"
        for call in seen:
            changed = {child.name for child in free} | {node.rule.key}
            one = _element(kind, call, full)[name]["[]"]
            yield from _write(
                kind, contract, call, {name: {"[]": {k: v for k, v in one.items() if k in changed}}}, "update"
            )


def _element(kind: Kind, call: Call, spec: Mapping[str, Any]) -> Node:
    """The element of a list, or the entry of a map, that a call is about."""
    (path,) = call.sets
    name, told = path[0], _texts(call.params)
    if isinstance(spec[name], dict):
        entry = next(({"key": key, "value": value} for key, value in spec[name].items() if key in told), None)
        return {name: {"{}": entry}}
    if not isinstance(spec[name], list):
        return {name: spec[name]}
    key = kind.spec.fields[name].rule.key
    return {name: {"[]": next((one for one in spec[name] if (one[key] if key else one) in told), None)}}


def _fixed(kind: Kind, name: str) -> bool:
    return kind.part_of(name) is None or kind.spec.fields[name].rule.create_only


def _answer(kind: Kind, spec: Mapping[str, Any], there: Mapping[str, Any]) -> tuple[Call, ...]:
    """All calls, also where one waits for the other."""
    observed = Observation(True, there, values.recorded(kind))
    unsent = tuple(path for path in kind.unread if path[0] in spec)
    calls: list[Call] = []
    for _ in range(ROUNDS):
        decision = decide(kind, Desired(spec, observed.status, unsent=unsent), observed, Memory())
        if not isinstance(decision, Act):
            break
        calls += decision.stage.calls
        observed = reduce(predicted, decision.stage.calls, observed)
        unsent = ()
    return tuple(calls)


def _part(kind: Kind, call: Call) -> Part:
    (name,) = call.parts
    return next(part for part in kind.parts if part.name == name)


def _deletion(kind: Kind, resource: Node) -> tuple[Call, ...]:
    observed = Observation(True, {}, resource["status"])
    decision = decide(kind, Desired(resource["spec"], resource["status"], deleting=True), observed, Memory())
    return decision.stage.calls if isinstance(decision, Act) else ()


def _write(kind: Kind, contract: Node, call: Call, own: Mapping[str, Any], write: str = "") -> Iterator[str]:
    """A part's call sends these values of its fields, and what no part writes: the identity, above all."""
    if _part(kind, call).one_each:
        yield from _attribute(kind, contract, call)
        return
    full = values.spec_of(kind)
    beside = {one["path"].removeprefix("spec.") for one in all_excepted(contract, "along")}
    fixed = {name: value for name, value in full.items() if _fixed(kind, name) and name not in beside}
    resource = {"spec": fixed | dict(own), "status": values.recorded(kind)}
    yield from compare(kind, contract, call.operation, call.params, resource, write)


def _attribute(kind: Kind, contract: Node, call: Call) -> Iterator[str]:
    """A call that writes one attribute names it as the contract does, and beside it the resource and the value."""
    members = contract["operations"]["update"]["one_call_per_changed_attribute"]
    ((path, value),) = call.sets.items()
    known = members["attributes"] | {
        aws.rpartition("@")[2]: to for aws, to in contract["operations"]["create"]["in"].items() if "@" in aws
    }
    rule = kind.spec.fields[path[0]].rule
    model = kind.operation_model(call.operation)
    wanted = sent(contract, model, {"spec": {}, "status": values.recorded(kind)}) | {
        members["name_member"]: next(name for name, to in known.items() if to == f"spec.{path[0]}")
    }
    if (shown := rule.clear if value is None else value) is not None:
        wanted[members["value_member"]] = shown
    yield from _valid(call.operation, call.params, model.input_shape)
    yield from _same(call.operation, call.params, wanted)


def _removed_keys(kind: Kind, contract: Node, call: Call, full: Mapping[str, Any]) -> Iterator[str]:
    """Tags are removed by key; the contract's data has no map for that."""
    keys = sorted(tags.of(kind, full))
    named = {member: value for member, value in call.params.items() if value == keys}
    if len(named) != 1:
        yield f"{call.operation} doesn't name the keys {keys}: {call.params}"
    model = kind.operation_model(call.operation)
    others = {member: value for member, value in call.params.items() if member not in named}
    identity = {path[1]: full[path[1]] for path in kind.identity if path[0] == "spec"}
    yield from _valid(call.operation, call.params, model.input_shape)
    yield from _same(call.operation, others, sent(contract, model, {"spec": identity, "status": values.recorded(kind)}))


def _controller_tags(kind: Kind) -> Iterator[str]:
    """The controller's tags are sent at creation where creation takes tags, and beside them the user's."""
    where = ("spec", *kind.tags.path[1:]) if kind.tags else ()
    if not where or not any(link.field == where for link in kind.create.inputs):
        return
    (call,) = creation(kind, Desired(values.smallest(kind), tags=CONTROLLER_TAGS)).calls
    if not set(CONTROLLER_TAGS) <= set(_texts(call.params)):
        yield f"{call.operation} doesn't send the controller's tags"


def compare(
    kind: Kind, contract: Node, operation: str, given: Mapping[str, Any], resource: Node, write: str = ""
) -> Iterator[str]:
    """One call's input held against the contract's and against what botocore accepts."""
    model = kind.operation_model(operation)
    yield from _valid(operation, given, model.input_shape)
    yield from _same(operation, without_newer(contract, given), sent(contract, model, resource, write))


def _valid(operation: str, given: Mapping[str, Any], shape: StructureShape | None) -> Iterator[str]:
    report = ParamValidator().validate(given, shape) if shape is not None else None
    said = report.generate_report().splitlines() if report is not None else []
    if wrong := [line for line in said if not line.startswith("Invalid length")]:  # the values are made up
        yield f"{operation}: {', '.join(wrong)}"


def _same(operation: str, given: Mapping[str, Any], contract_says: Node) -> Iterator[str]:
    wanted, found = flat(contract_says), flat(given)
    for path in sorted(wanted.keys() | found.keys()):
        if path not in found:
            yield f"{operation} doesn't send {path}"
        elif path not in wanted:
            yield f"{operation} sends {path}, which the contract doesn't"
        elif wanted[path] != found[path]:
            yield f"{operation} sends {found[path]!r} as {path}, not {wanted[path]!r}"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a JSON value by dotted path."""
    if isinstance(value, dict):
        return {p: v for key, inner in value.items() for p, v in flat(inner, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list):
        return {p: v for number, inner in enumerate(value) for p, v in flat(inner, f"{path}[{number}]").items()}
    return {path: value}


def _texts(value: Any) -> list[str]:
    return [leaf for leaf in [*flat(value).values(), *_keys(value)] if isinstance(leaf, str)]


def _keys(value: Any) -> list[str]:
    if isinstance(value, list):
        return [key for inner in value for key in _keys(inner)]
    return [key for name, inner in value.items() for key in [name, *_keys(inner)]] if isinstance(value, dict) else []

"""Laws 1, 2, 3, 6 and 9 without AWS: decisions converge, then rest; what is said comes back; what differs is seen."""

from collections.abc import Iterator, Mapping
from typing import Any

from ackpy.kinds.model import Binding, Form, Kind, Part
from ackpy.kinds.paths import Path, get, put, show, with_value
from ackpy.kinds.schema import Compare, Field, Type, Unset
from ackpy.plan.compare import differences, is_empty
from ackpy.plan.decide import Act, Desired, Done, Gone, Memory, Refuse, decide, delta
from ackpy.wire.call import Call, Observation, Purpose, merged, seen
from tests.kit import values
from tests.kit.oracle import Node
from tests.kit.steps import End, converge, sent

Spec = Mapping[str, Any]
ONE_A_CALL = (Form.CHILDREN, Form.ENTRIES, Form.SET)


def check(kind: Kind, contract: Node) -> list[str]:
    """The laws for a spec that sets everything, for edits of it, and for what no part serves yet."""
    first, second = values.spec_of(kind), values.spec_of(kind, 1)
    edits = [(first, second), (second, first), (values.smallest(kind), second), (first, values.smallest(kind))]
    return [*laws(kind, first), *(said for one, other in edits for said in edit(kind, one, other)), *_refusals(kind)]


def laws(kind: Kind, spec: Spec) -> list[str]:
    """A resource with this spec is made, seen as it was asked for, calm, sensitive, and goes."""
    end = converge(kind, spec)
    if not isinstance(end.decision, Done):
        return [f"creation ends in {end.decision}"]
    wanted = spec
    if kind.protected and get(spec, kind.protected[1:]):
        kept = converge(kind, spec, end.observed, deleting=True)
        if kept.calls or not isinstance(kept.decision, Refuse):
            return [f"deletion of what is protected ends in {kept.decision} after {len(kept.calls)} calls"]
        wanted = with_value(spec, kind.protected[1:], False)
    gone = converge(kind, wanted, end.observed, deleting=True)
    return [
        *round_trip(kind, spec, end),
        *calm(kind, spec, end.observed),
        *sensitive(kind, spec, end.observed),
        *([] if isinstance(gone.decision, Gone) else [f"deletion ends in {gone.decision}"]),
    ]


def edit(kind: Kind, old: Spec, new: Spec) -> list[str]:
    """A resource made by one spec becomes what another says, unless that asks for what can't be changed."""
    end = converge(kind, new, converge(kind, old).observed)
    if isinstance(end.decision, Refuse) and not end.calls and fixed_differ(kind, old, new):
        return []
    if not isinstance(end.decision, Done):
        return [f"an edit ends in {end.decision}"]
    return list(round_trip(kind, new, end))


def fixed_differ(kind: Kind, old: Spec, new: Spec) -> bool:
    """Whether specs differ in what is set at creation only, of the resource or of what is in it."""
    return any(
        settled(kind, one.path)
        for name, node in kind.spec.fields.items()
        for one in differences(node, new.get(name), old.get(name), (name,))
    )


def settled(kind: Kind, path: Path) -> bool:
    """Whether what stands at a path, or something above it, is settled at creation."""
    found = (kind.spec.at(path[:depth]) for depth in range(1, len(path) + 1))
    return any(node is not None and node.rule.create_only for node in found)


def calm(kind: Kind, spec: Spec, observed: Observation) -> Iterator[str]:
    """A synced resource needs nothing, whatever wasn't read of it."""
    unread = Observation(True, {}, observed.status, frozenset(part.name for part in kind.parts))
    for seen_now in (observed, unread):
        decision = decide(kind, Desired(spec, observed.status), seen_now, Memory())
        if not isinstance(decision, Done):
            yield f"a synced resource is answered by {decision}"


def round_trip(kind: Kind, spec: Spec, end: End) -> Iterator[str]:
    """Every leaf of the spec that a part owns is in what was observed; every call sends what it claims to set."""
    for name, value in spec.items():
        if kind.part_of(name) is None or is_empty(value):
            continue
        node = kind.spec.fields[name]
        shown = {name: values.aligned(node, value, end.observed.spec.get(name))}
        for leaf in values.leaves(node, value, (name,)):
            want, has = values.at(spec, leaf.path), values.at(shown, leaf.path)
            if any(differences(leaf.node, want, has)):
                yield f"spec.{show(leaf.path)} is {want!r}, but {has!r} was observed"
    for call in end.calls:
        yield from _claims(kind, call)


def _claims(kind: Kind, call: Call) -> Iterator[str]:
    """A call sends all that it claims to set, and AWS answering what it was sent shows it again."""
    for name, value in _element(kind, call).items():
        if any(differences(kind.spec.fields[name], call.sets[name,], value)):
            yield f"{call.operation} claims to make spec.{name} {call.sets[name,]!r}, and {value!r} comes back"
    binding = _binding(kind, call)
    if binding is None:
        return
    shown = echo(kind, call)
    for path, value in call.sets.items():
        if kind.part_of(path[0]) is None:
            continue
        link = next((link for link in binding.inputs if link.field == ("spec", *path)), None)
        part = kind.part_of(path[0])
        if part and part.one_each and value is None:
            continue  # an attribute without a value is taken away
        if value is None and (field := kind.spec.at(path)) and field.rule.omit:
            continue  # so is what the call leaves out
        if link is None or get(sent(kind, call), link.aws) is None:
            yield f"{call.operation} claims to set spec.{show(path)}, and sends nothing for it"
            continue
        node = kind.spec.at(path)
        taken = _taken(node, value) if node else value
        if node and not is_empty(taken) and any(differences(node, taken, get(shown, path))):
            yield f"spec.{show(path)} was sent as {value!r}, and comes back as {get(shown, path)!r}"


def _taken(node: Field, value: Any) -> Any:
    """What AWS takes of a value: a field that stands for no member is only held against what AWS shows."""
    if node.type is Type.STRUCT and isinstance(value, Mapping):
        return {name: _taken(node.fields[name], inner) for name, inner in value.items() if node.fields[name].aws}
    return value


def _binding(kind: Kind, call: Call) -> Binding | None:
    """What fills a call from whole fields; None for those that only add or remove members, or switch."""
    if call.purpose is Purpose.CREATE:
        return kind.create
    part = next((part for part in kind.parts if part.name in call.parts), None)
    if part is None or part.form in {Form.TAGS, Form.TOGGLE, *ONE_A_CALL} or call.purpose is not Purpose.PUT:
        return None
    return part.put


def echo(kind: Kind, call: Call) -> Node:
    """The spec that reading shows when AWS answers, member by member, what a call sent."""
    binding = _binding(kind, call)
    found: Node = _element(kind, call)
    for part in kind.parts:
        read = (part.read or kind.exists).binding
        answer: Node = {}
        for link in binding.inputs if binding else ():
            given = get(sent(kind, call), link.aws)
            out = next((out for out in read.outputs if link.field[: len(out.field)] == out.field), None)
            if out and given is not None:
                answer = _laid(answer, out.aws, _inside(kind.spec, out.field[1:], link.field[1:], given))
            for below in (out for out in read.outputs if out.field[:-1] == link.field):
                node = kind.spec.at(below.field[1:])
                if node and node.aws and isinstance(given, Mapping) and given.get(node.aws) is not None:
                    answer = _laid(answer, below.aws, given[node.aws])
        if part.form is Form.TOGGLE and call.parts == (part.name,):
            ((path, on),) = call.sets.items()
            answer = _laid(answer, next(out.aws for out in read.outputs if out.field == ("spec", *path)), on)
        found = merged(found, seen(kind, read, answer)[0])
    return found


def _element(kind: Kind, call: Call) -> Node:
    """The list that reading shows after a call that wrote one element of it."""
    part = next(part for part in kind.parts if part.name in call.parts)
    if part.form in {Form.SET, Form.ENTRIES} and len(call.parts) == 1:
        return _members(kind, part, call)
    if part.form is not Form.CHILDREN or call.joins or call.purpose is not Purpose.PUT:
        return {}
    (name,) = part.fields
    read = (part.read or kind.exists).binding
    out = next(out for out in read.outputs if out.field == ("spec", name))
    link = next(link for link in part.put.inputs if link.field[-1] == "[]")
    sent = get(call.params, tuple("0" if key == "[]" else key for key in link.aws))
    (shown,) = seen(kind, read, _laid({}, out.aws, [sent]))[0][name]
    key = kind.spec.fields[name].rule.key
    return {name: [shown if one.get(key) == shown.get(key) else one for one in call.sets[name,]]}


def _members(kind: Kind, part: Part, call: Call) -> Node:
    """The list, or the map, that reading shows when it holds what a call claims."""
    (name,) = part.fields
    read = (part.read or kind.exists).binding
    aws = next(out.aws for out in read.outputs if out.field == ("spec", name))
    value = call.sets[name,]
    if "[]" in aws:
        at = aws.index("[]")
        aws, value = aws[:at], [_laid({}, aws[at + 1 :], one) for one in ([value] if part.only_one else value) or ()]
    return {name: seen(kind, read, _laid({}, aws, value))[0].get(name)}


def _inside(tree: Field, outer: Path, inner: Path, value: Any) -> Any:
    """A value of an inner field as it stands in an outer one, under AWS's names."""
    for position in range(len(inner), len(outer), -1):
        node = tree.at(inner[:position])
        value = {node.aws if node else inner[position - 1]: value}
    return value


def _laid(answer: Any, aws: Path, value: Any) -> Any:
    if "[]" in aws:
        here = aws.index("[]")
        return _laid(answer, aws[:here], [_laid({}, aws[here + 1 :], one) for one in value])
    if not aws:
        return merged(answer, value) if isinstance(value, Mapping) else value
    put(answer, aws, value)
    return answer


def sensitive(kind: Kind, spec: Spec, observed: Observation) -> Iterator[str]:
    """Any leaf that changes in AWS is named by the delta, alone, and put right (or refused, where it can't be)."""
    for name, value in observed.spec.items():
        if kind.part_of(name) is None:
            continue
        for leaf in values.leaves(kind.spec.fields[name], value, (name,)):
            if not leaf.node.rule.read or is_key_of_common(kind, leaf.path):
                continue
            old = values.at(observed.spec, leaf.path)
            if leaf.node.rule.unset is Unset.UNMANAGED and is_empty(old) and is_empty(values.at(spec, leaf.path)):
                continue
            drifted = values.replaced(observed.spec, leaf.path, values.another(leaf, old))
            # Where all that stands around a leaf says nothing, what is around it has appeared.
            around = (leaf.reported[:depth] for depth in range(1, len(leaf.reported)))
            empty = next((path for path in around if is_empty(values.at(observed.spec, path))), leaf.reported)
            if settled(kind, empty) and is_empty(values.at(spec, empty)):
                continue  # what a spec doesn't say at creation, it never says
            yield from _corrected(kind, spec, Observation(True, drifted, observed.status), empty)


def is_key_of_common(kind: Kind, path: Path) -> bool:
    """Whether a leaf tells an element of a list of which only what both sides have is compared."""
    listed = kind.spec.at(path[:-2])
    return listed is not None and listed.rule.compare is Compare.COMMON and path[-1] == listed.rule.key


def _corrected(kind: Kind, spec: Spec, drifted: Observation, path: Path) -> Iterator[str]:
    where = f"spec.{show(path)}"
    found = [one.path for one in delta(kind, Desired(spec, drifted.status), drifted)]
    if found != [path]:
        yield f"a change of {where} is seen as {[show(one) for one in found]}"
        return
    decision = decide(kind, Desired(spec, drifted.status), drifted, Memory())
    if settled(kind, path):
        if not isinstance(decision, Refuse):
            yield f"a change of {where}, which can't be undone, is answered by {decision}"
        return
    touched = {name for call in decision.stage.calls for name in call.parts} if isinstance(decision, Act) else set()
    if touched != {part.name for part in [kind.part_of(path[0])] if part}:
        yield f"a change of {where} is answered by {decision}"
    elif not isinstance(converge(kind, spec, drifted).decision, Done):
        yield f"a change of {where} isn't put right"


def _refusals(kind: Kind) -> Iterator[str]:
    """A field that nothing serves yet is refused by name, whether the resource is there or not."""
    for name in kind.unbuilt:
        spec = {**values.smallest(kind), name: values.filled(kind.spec.fields[name], 0, (name,))}
        for exists in (False, True):
            seen_now = Observation(exists, values.smallest(kind), values.recorded(kind))
            decision = decide(kind, Desired(spec, seen_now.status), seen_now, Memory())
            if not isinstance(decision, Refuse) or f"spec.{name} " not in decision.message:
                yield f"spec.{name}, which nothing serves, is answered by {decision}"

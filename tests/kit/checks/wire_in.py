"""What is seen: every member of AWS's answers that the contract takes lands where the contract says."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from ackpy.kinds.model import Kind, Read
from ackpy.kinds.paths import Path, parse, put
from ackpy.kinds.schema import Type
from ackpy.services import IDENTITY
from ackpy.wire.call import matching, seen
from tests.kit import values
from tests.kit.answers import answer
from tests.kit.contract import expand
from tests.kit.oracle import Node, all_excepted, excepted, leaf_paths, schema_at, shown_schema, without_newer
from tests.kit.wire_oracle import MAPS, from_aws


def check(kind: Kind, contract: Node) -> list[str]:
    """Every answer that a kind reads, made up from the service's model."""
    return [*_mapped(kind, contract), *_lists(kind, contract), *_by_hand(kind, contract), *_identity(kind)]


def _shown(kind: Kind, operation: str, contract: Node) -> tuple[Node, Node, Shape | None]:
    """An answer, and what the kind makes of it (reads and creation together); of a list, of its first element."""
    model = kind.operation_model(operation)
    keys = [key.split(".")[0] for entry in _maps(contract) for path in entry for key in path.split("@")[1:]]
    made = answer(model.output_shape, keys)
    found: Node = {}
    reads = [kind.exists, *([kind.find] if kind.find else []), *(part.read for part in kind.parts if part.read)]
    for binding, items in [(kind.create, None), *((read.binding, read.items) for read in reads)]:
        if binding.operation == operation:
            spec, status = seen(kind, binding, made[items][0] if items in made else made)
            found = {"spec": found.get("spec", {}) | spec, "status": found.get("status", {}) | status}
    return made, found, model.output_shape


def _maps(contract: Node) -> list[Node]:
    return [out for name in MAPS if isinstance(out := contract["operations"][name].get("out"), dict)]


def _mapped(kind: Kind, contract: Node) -> Iterator[str]:
    """The contract's `out` paths of creation and of the read. A creation's answer needn't tell what a read does."""
    for name in ("create", "read"):
        entry = contract["operations"][name]
        out = contract["operations"]["read"]["out"] if entry.get("out") == "=read" else entry.get("out")
        if not isinstance(out, dict):
            continue
        wrapper = f"{entry['out_wrapper']}." if "out_wrapper" in entry else ""
        made, found, shape = _shown(kind, entry["operation"], contract)
        more = {one["aws"]: one["path"] for one in all_excepted(contract, "shown", operation=entry["operation"])}
        for aws, paths in [*out.items(), *more.items()]:
            for path in paths if isinstance(paths, list) else [paths]:
                if excepted(contract, "not_read", operation=entry["operation"], path=path):
                    continue
                if name == "create" and path.startswith("spec."):
                    continue  # it is read at once
                raw, below = _down(made, shape, wrapper + aws)
                wanted = from_aws(shown_schema(contract, path), below, raw)
                if (has := values.at(found, tuple(path.replace("[]", ".0").split(".")))) != wanted:
                    yield f"{entry['operation']}: {aws} is {raw!r}, but {path} shows {has!r}"
    operations = {contract["operations"][name].get("operation") for name in ("create", "read")}
    for one in all_excepted(contract, "shown"):
        if "operation" in one and one["operation"] not in operations:
            made, found, _ = _shown(kind, one["operation"], contract)
            if (has := values.at(found, tuple(one["path"].split(".")))) != made[one["aws"]]:
                yield f"{one['operation']}: {one['aws']} is {made[one['aws']]!r}, but {one['path']} shows {has!r}"


def _down(value: Any, shape: Shape | None, aws: str) -> tuple[Any, Shape | None]:
    for key in aws.replace("[]", ".[]").split("."):
        if key == "[]":
            value, shape = value[0], getattr(shape, "member", None)
            continue
        value = value.get(key.removeprefix("@")) if isinstance(value, dict) else None
        shape = shape.members.get(key) if isinstance(shape, StructureShape) else getattr(shape, "value", None)
    return value, shape


def _lists(kind: Kind, contract: Node) -> Iterator[str]:
    """A list read finds the resource among others, by the members that the contract names, and only it."""
    reads = {"exists": kind.exists} | ({"find": kind.find} if kind.find else {})
    for what, read in reads.items():
        if read.items is not None and kind.label not in IDENTITY:  # tests/l0/test_hooks.py holds these
            yield from _list(kind, contract, what, read)


def _list(kind: Kind, contract: Node, what: str, read: Read) -> Iterator[str]:
    made, _, _ = _shown(kind, read.binding.operation, contract)
    resource = {"spec": values.spec_of(kind), "status": values.recorded(kind)}
    told = excepted(contract, "match", operation=read.binding.operation)
    named = contract.get("generator", {}).get("list_match_fields", []) if told is None else ()
    same = {
        member: values.at(resource, path)
        for member, path in (_member_of(contract, read.binding.operation, name) for name in named)
    }
    listed = made.get(read.items or "")
    if not isinstance(listed, list):
        yield f"{read.binding.operation} answers no list {read.items}"
        return
    other, mine = listed
    for member, path in read.match.items():
        node = kind.spec.at(path[1:]) if path[0] == "spec" else None
        known = {path[-1].lower(), (node.aws if node else "").lower()}
        if member not in same and parse(member)[-1].removeprefix("@").lower() not in known:
            yield f"{what} holds {member} against {'.'.join(path)}"
        same[member] = values.at(resource, path)
    for member, path in read.ends.items():
        if path[0] != "spec":
            yield f"{what} looks for {'.'.join(path)} before it is known"
        same[member] = f"{mine[member]}:{values.at(resource, path)}"
    if {*read.absent} != set(told.get("absent", ()) if told else ()):
        yield f"{what} takes {', '.join(read.absent)} for an answer"
    if read.by != (told.get("by") if told and what == "find" else None):
        yield f"{what} goes by the {read.by}"
    if not same and what == "exists" and not {*kind.identity} <= {link.field for link in read.binding.inputs}:
        yield f"{read.binding.operation} isn't asked for the resource alone"
    wanted = told["members"] if told else [_member_of(contract, read.binding.operation, name)[0] for name in named]
    if {*read.match, *read.ends} != {*wanted}:
        yield f"{what} goes by {', '.join((*read.match, *read.ends))}, not {', '.join(wanted)}"
    mine = deepcopy(mine)
    for member, value in same.items():
        put(mine, parse(member), value)
    if same and [*matching(read, resource, {**made, str(read.items): [other, mine]})] != [mine]:
        yield f"{what} doesn't find the resource by {', '.join(same)}"
    if same and [*matching(read, resource, {**made, str(read.items): [other]})]:
        yield f"{what} takes another resource for this one"


def _member_of(contract: Node, operation: str, name: str) -> tuple[str, Path]:
    """The member that a field to be matched by stands in, and its path: `RegistryId` is registryId and registryID."""
    read = contract["operations"]["read"]
    shown = read.get("out", {}) if read.get("operation") == operation else {}
    for aws, path in shown.items() if isinstance(shown, dict) else ():
        if isinstance(path, str) and path.lower() == f"spec.{name}".lower():
            return aws, parse(path)
    return name, ("spec", name[0].lower() + name[1:])


def _by_hand(kind: Kind, contract: Node) -> Iterator[str]:
    """What no map shows is seen whole in the answer of its part's read."""
    shown = {
        path.removesuffix("[]")
        for out in _maps(contract)
        for paths in out.values()
        for path in ([paths], paths)[type(paths) is list]
    }
    unread = {one["path"] for one in all_excepted(contract, "not_read")}
    apart = {one["path"] for one in all_excepted(contract, "shown") if "operation" in one}  # held by _mapped
    shown = (shown | apart) - unread
    for part in kind.parts:
        for name in part.fields:
            if f"spec.{name}" in shown or (unread | apart).issuperset(leaf_paths(contract, f"spec.{name}")):
                continue
            read = part.read or kind.exists
            if read.each is not None:
                continue  # it takes two answers: tests/l1 holds it
            if _is_told_otherwise(kind, name, read):
                continue  # a hook reads it: tests/l0/test_hooks.py
            made, found, shape = _shown(kind, read.binding.operation, contract)
            node = shown_schema(contract, f"spec.{name}")
            candidates = [(made, shape), *_members(made, shape)]
            whole = [
                made for value, below in candidates if _whole(contract, name, made := from_aws(node, below, value))
            ]
            if without_newer(contract, found.get("spec", {}).get(name)) not in whole:
                yield f"{read.binding.operation} doesn't show all of spec.{name}"


def _is_told_otherwise(kind: Kind, name: str, read: Read) -> bool:
    """Whether a field that holds more is told as one text, or by members of other names."""
    answers = kind.operation_model(read.binding.operation).output_shape
    named = {link.aws[0] for link in read.binding.outputs if link.field == ("spec", name) and link.aws}
    told = [shape for member, shape in answers.members.items() if member in named] if answers else []
    if named and not told:
        return True
    return kind.spec.fields[name].type is Type.LIST and any(shape.type_name == "string" for shape in told)


def _members(made: Node, shape: Shape | None) -> list[tuple[Any, Shape]]:
    """What is in a structure, at any depth, and the members of what is listed there."""
    members = shape.members if isinstance(shape, StructureShape) and isinstance(made, dict) else {}
    inner = [(made[member], below) for member, below in members.items() if member in made]
    listed = [
        ([one[name] for one in made[member] if name in one], below)
        for member, below in members.items()
        if isinstance(below, ListShape) and isinstance(below.member, StructureShape)
        for name in below.member.members
    ]
    return inner + listed + [deeper for one in inner for deeper in _members(*one)]


def _whole(contract: Node, name: str, value: Any) -> bool:
    """Whether a field's value has every leaf that the contract knows."""
    if value is None:
        return False
    left_out = {one["path"] for one in all_excepted(contract, "not_read")}
    wanted = set(leaf_paths(contract, f"spec.{name}")) - left_out
    return wanted <= set(_paths(value, f"spec.{name}", schema_at(contract, f"spec.{name}")))


def _paths(value: Any, path: str, node: Any) -> Iterator[str]:
    node = expand(node)
    if value is None:
        return
    if "fields" in node:
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}", node["fields"][key])
    elif "list" in node:
        for inner in value:
            yield from _paths(inner, f"{path}[]", node["list"])
    elif "map" in node:
        for inner in value.values():
            yield from _paths(inner, f"{path}{{}}", node["map"])
    else:
        yield path


def _identity(kind: Kind) -> Iterator[str]:
    """What names the resource in status comes from creation, and can be found again after a crash."""
    for path in kind.identity:
        if path[0] != "status":
            continue
        if path not in {link.field for link in kind.create.outputs}:
            yield f"{kind.create.operation} doesn't tell {'.'.join(path)}"
        if kind.arn is not None and path == ("status", "ackResourceMetadata", "arn"):
            continue  # its names make it
        if kind.find is None or path not in {link.field for link in kind.find.binding.outputs}:
            yield f"nothing finds {'.'.join(path)} again"
    if not kind.identity:
        yield "nothing names the resource"

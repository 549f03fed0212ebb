"""What a call should send and an answer should show, from the contract and botocore's models alone.

Nothing of ackpy.wire is used here: it is what these values are compared with.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.kit.contract import expand
from tests.kit.oracle import Node, all_excepted, schema_at

# The tag operations of many services, which the contract only counts, name the resource so.
_OF_ALL_SERVICES = {"resourcearn": "status.ackResourceMetadata.arn"}
MAPS = ("create", "read", "update", "delete")


def maps_of(contract: Node, operation: str) -> list[Node]:
    """The contract's maps for an operation."""
    operations = contract["operations"]
    found = [operations[name] for name in MAPS if operations[name].get("operation") == operation]
    return found + [entry for name, entry in operations.get("other", {}).items() if name == operation]


def members(contract: Node, path: str) -> set[str]:
    """The AWS input paths that the contract's maps fill from a path in the object."""
    operations = contract["operations"]
    every = [*(operations[name] for name in MAPS), *operations.get("other", {}).values()]
    source = contract.get("generator", {}).get("fields", {}).get(path, {}).get("from", {})
    found = {aws for entry in every for aws, target in entry.get("in", {}).items() if target == path}
    return found | ({source["path"]} if source else set())


def inputs(contract: Node, operation: OperationModel, write: str = "") -> dict[str, str]:
    """AWS input path → path in the object, for one operation, and for what it is to do to an element of a list.

    From the contract's maps, from the operation that a field is said to come from, and for what has neither by the
    names that other operations give to the same members.
    """
    found: dict[str, str] = {}
    known = operation.input_shape.members if operation.input_shape else {}
    same = _OF_ALL_SERVICES | {member.lower(): path for member, path in _everywhere(contract).items()}
    found |= {member: same[member.lower()] for member in known if member.lower() in same}
    for path, field in contract.get("generator", {}).get("fields", {}).items():
        source = field.get("from", {})
        if source.get("operation") == operation.name and not _holds(maps_of(contract, operation.name), path):
            member = next((one for one in known if one.lower() == source["path"].lower()), source["path"])  # Go-cased
            found["" if member == "." else member] = path
    for entry in maps_of(contract, operation.name):
        found |= {aws: path for aws, path in entry["in"].items() if isinstance(path, str)}
    for one in all_excepted(contract, "sent", operation=operation.name):
        if one.get("write", write) == write:
            found[one["aws"]] = one["path"]
    for one in all_excepted(contract, "not_sent", operation=operation.name):
        found.pop(one["aws"], None)
    return found


def constants(contract: Node, operation: OperationModel) -> dict[str, Any]:
    """What an operation always sends."""
    found: dict[str, Any] = {}
    for entry in maps_of(contract, operation.name):
        found |= entry.get("const", {})
    overrides = contract.get("generator", {}).get("attributes_map", {}).get("get_attributes_input", {})
    for member, override in overrides.get("overrides", {}).items():
        if operation.input_shape and operation.name.startswith("Get") and member in operation.input_shape.members:
            found[member] = override["values"]
    told = [one for what in ("constant", "option") for one in all_excepted(contract, what, operation=operation.name)]
    return found | {one["aws"]: one["value"] for one in told}


def _everywhere(contract: Node) -> dict[str, str]:
    """The members that mean one and the same path in all operations."""
    found: dict[str, str] = {}
    clashing = set()
    operations = contract["operations"]
    for entry in [*(operations[name] for name in MAPS), *operations.get("other", {}).values()]:
        for aws, path in entry.get("in", {}).items():
            if isinstance(path, str) and "." not in aws and found.setdefault(aws, path) != path:
                clashing.add(aws)
    return {aws: path for aws, path in found.items() if aws not in clashing}


def _holds(maps: list[Node], path: str) -> bool:
    return any(path in entry["in"].values() for entry in maps)


def sent(contract: Node, operation: OperationModel, resource: Node, write: str = "") -> Node:
    """The input that an operation should have for a resource."""
    out: Node = {}
    filled = inputs(contract, operation, write)
    for aws, path in sorted(filled.items(), key=lambda pair: (pair[0] != "", pair[0].count("."))):
        for to, at in _each(resource, aws, path) if aws else [(aws, path)]:
            value, node = _get(resource, at), schema_at(contract, at)
            if value is not None and node is not None and not to:  # its fields are the input's members
                out |= to_aws(node, operation.input_shape, value) if value else {}
            elif value is not None and node is not None:
                keys = to.replace("[]", ".[]").split(".")
                _put(out, keys, to_aws(node, _shape(operation.input_shape, keys), value))
    for one in all_excepted(contract, "not_sent", operation=operation.name):
        out.pop(one["aws"], None)
    for aws, value in constants(contract, operation).items():
        _put(out, aws.split("."), value)
    return out


def _each(resource: Node, aws: str, path: str) -> Iterator[tuple[str, str]]:
    """A map from the elements of a list to those of another, for each of them."""
    listed = _get(resource, path.partition("[]")[0]) if "[]" in aws and "[]" in path else None
    if not isinstance(listed, list):
        yield aws, path
        return
    for position in range(len(listed)):
        yield aws.replace("[]", f".{position}", 1), path.replace("[]", f".{position}", 1)


def to_aws(node: Any, shape: Shape | None, value: Any) -> Any:
    """A manifest's value as AWS takes it, by the contract's names and botocore's shape."""
    node = expand(node)
    if "fields" in node and isinstance(shape, StructureShape):
        return {
            member: to_aws(node["fields"][name], shape.members[member], value[name])
            for name, member in _members(node, shape)
            if name in value
        }
    if "list" in node:
        return [to_aws(node["list"], shape.member if isinstance(shape, ListShape) else None, item) for item in value]
    if "map" in node:
        return {
            key: to_aws(node["map"], shape.value if isinstance(shape, MapShape) else None, item)
            for key, item in value.items()
        }
    if node["type"] == "date-time":
        return datetime.fromisoformat(value)
    return base64.b64decode(value) if node["type"] == "byte" else value


def from_aws(node: Any, shape: Shape | None, value: Any) -> Any:
    """AWS's value as the object shows it; None where nothing of it is in the API."""
    node = expand(node)
    if "fields" in node and isinstance(shape, StructureShape) and isinstance(value, dict):
        found = {
            name: from_aws(node["fields"][name], *_within(value, shape, member))
            for name, member in _members(node, shape)
            if member.split(".")[0] in value
        }
        return {name: inner for name, inner in found.items() if inner is not None} or None
    if "list" in node and isinstance(shape, ListShape):
        return [from_aws(node["list"], shape.member, item) for item in value]
    if "map" in node and isinstance(shape, MapShape):
        return {key: from_aws(node["map"], shape.value, item) for key, item in value.items()}
    if node.get("type") == "date-time" and isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if node.get("type") == "byte" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if node.get("type") and not isinstance(value, (dict, list)) else None


def _members(node: Node, shape: StructureShape) -> Iterator[tuple[str, str]]:
    """Field name and AWS member, for each field that the shape has; one that is marked may be within another."""
    for name, child in node["fields"].items():
        marked = child.get("aws") or expand(child.get("list", {})).get("aws") if isinstance(child, dict) else None
        for member in [*shape.members, *([marked] if marked and "." in marked else [])]:
            if member == marked or (not marked and member.lower() == name.lower()):
                yield name, member


def _within(value: Any, shape: Shape | None, member: str) -> tuple[Shape | None, Any]:
    """The shape and the value of a member, or of one within another (`Outer.Inner`)."""
    for key in member.split("."):
        shape = shape.members[key] if isinstance(shape, StructureShape) else None
        value = value[key]
    return shape, value


def _shape(shape: Shape | None, keys: list[str]) -> Shape | None:
    for key in keys:
        if isinstance(shape, StructureShape):
            shape = shape.members.get(key)
        elif isinstance(shape, MapShape) and key.startswith("@"):
            shape = shape.value
        elif isinstance(shape, ListShape) and (key == "[]" or key.isdigit()):
            shape = shape.member
        else:
            return None
    return shape


def _get(value: Any, path: str) -> Any:
    for key in path.replace("[]", ".[]").replace("{}", ".{}").split("."):
        if isinstance(value, list) and key.isdigit():
            value = value[int(key)]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _put(target: Any, keys: list[str], value: Any) -> None:
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        listed = following is not None and (following == "[]" or following.isdigit())
        inner = value if following is None else [] if listed else {}
        if isinstance(target, list):
            position = 0 if key == "[]" else int(key)
            target += [inner] * (position + 1 - len(target))
            target = target[position]
        else:
            name = key.removeprefix("@")
            target = target.setdefault(name, inner) if following is not None else target.update({name: value})

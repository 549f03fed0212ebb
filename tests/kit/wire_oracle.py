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


def inputs(contract: Node, operation: OperationModel) -> dict[str, str]:
    """AWS input path → path in the object, for one operation.

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
            found["" if source["path"] == "." else source["path"]] = path
    for entry in maps_of(contract, operation.name):
        found |= {aws: path for aws, path in entry["in"].items() if isinstance(path, str)}
    for one in all_excepted(contract, "sent", operation=operation.name):
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


def sent(contract: Node, operation: OperationModel, resource: Node) -> Node:
    """The input that an operation should have for a resource."""
    out: Node = {}
    for aws, path in sorted(inputs(contract, operation).items(), key=lambda pair: (pair[0] != "", pair[0].count("."))):
        value, node = _get(resource, path), schema_at(contract, path)
        if value is not None and node is not None and not aws:  # its fields are the input's members
            out |= to_aws(node, operation.input_shape, value) if value else {}
        elif value is not None and node is not None:
            keys = aws.split(".")
            _put(out, keys, to_aws(node, _shape(operation.input_shape, keys), value))
    for one in all_excepted(contract, "not_sent", operation=operation.name):
        out.pop(one["aws"], None)
    for aws, value in constants(contract, operation).items():
        _put(out, aws.split("."), value)
    return out


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
            name: from_aws(node["fields"][name], shape.members[member], value[member])
            for name, member in _members(node, shape)
            if member in value
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
    """Field name and AWS member, for each field that the shape has."""
    for name, child in node["fields"].items():
        marked = child.get("aws") or expand(child.get("list", {})).get("aws") if isinstance(child, dict) else None
        for member in shape.members:
            if member == marked or (not marked and member.lower() == name.lower()):
                yield name, member


def _shape(shape: Shape | None, keys: list[str]) -> Shape | None:
    for key in keys:
        if isinstance(shape, StructureShape):
            shape = shape.members.get(key)
        elif isinstance(shape, MapShape) and key.startswith("@"):
            shape = shape.value
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


def _put(target: Node, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        target = target.setdefault(key.removeprefix("@"), {})
    target[keys[-1].removeprefix("@")] = value

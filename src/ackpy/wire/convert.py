"""Values of one field, from the manifest's form to AWS's and back.

Names, timestamps and bytes change; everything else stays as it is. What AWS answers beyond the API's fields is left
out, and so is what is empty: an empty list and no list say the same.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from ackpy.kinds.paths import Json, Path, get, show
from ackpy.kinds.schema import Compare, Field, Type


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Stands in a call for a value that is only read when the call is sent."""

    namespace: str
    name: str
    key: str
    digest: str


class ValueRefusedError(ValueError):
    """A value can't be sent: the text names the field and what was expected."""


def to_aws(node: Field, value: Json, path: Path = ()) -> Json:
    """A manifest's value as AWS takes it.

    Raises:
        ValueRefusedError: a timestamp or base64 text that can't be read.
    """
    if value is None:
        return None
    if node.type is Type.STRUCT:
        return {
            child.aws: to_aws(child, value[name], (*path, name))
            for name, child in node.fields.items()
            if value.get(name) is not None and child.aws and not child.refers
        }
    if node.type is Type.LIST and node.item:
        return [to_aws(node.item, item, (*path, str(position))) for position, item in enumerate(value)]
    if node.type is Type.MAP and node.item:
        return {key: to_aws(node.item, item, (*path, key)) for key, item in value.items()}
    if node.type is Type.SECRET:
        return SecretRef(**value)
    if node.type is Type.TIMESTAMP:
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueRefusedError(f"{show(path)}: '{value}' is no RFC 3339 time") from error
    if node.type is Type.BYTES:
        try:
            return base64.b64decode(value, validate=True)
        except ValueError as error:
            raise ValueRefusedError(f"{show(path)}: the value is not base64") from error
    return node.rule.words.get(value, value) if node.rule.words else value


def from_aws(node: Field, value: Json) -> Json:
    """AWS's value as a manifest has it; None where nothing is left."""
    if value is None:
        return None
    if node.type is Type.STRUCT and isinstance(value, Mapping):
        found = {
            name: inner
            for name, child in node.fields.items()
            if not child.refers and (inner := from_aws(child, _shown(child, value))) is not None
        }
        return found or None
    if node.type is Type.LIST and node.item:
        return [_element(node.item, item) for item in value] or None
    if node.type is Type.MAP and node.item:
        return {key: _element(node.item, item) for key, item in value.items()} or None
    if node.type is Type.TIMESTAMP and isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if node.type is Type.STRING and isinstance(value, Mapping):
        return orjson.dumps(value).decode()  # botocore reads IAM's policies as the JSON that they are
    if node.type is Type.BYTES and isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return node.rule.words.get(value, value) if node.rule.words else value


def _shown(node: Field, value: Mapping[str, Json]) -> Json:
    """Where an answer's structure has a field: under a name of its own, or under that of calls."""
    found = get(value, node.shown) if node.shown else None
    return value.get(node.aws) if found is None else found


def ordered(node: Field, value: Json) -> Json:
    """A value in which lists whose order says nothing always have the same: AWS may answer them in another."""
    if node.type is Type.STRUCT and isinstance(value, Mapping):
        return {name: ordered(node.fields[name], inner) for name, inner in value.items()}
    if node.type is not Type.LIST or node.item is None or not isinstance(value, list):
        return value
    found = [ordered(node.item, one) for one in value]
    if node.rule.key:
        return sorted(found, key=lambda one: str(one.get(node.rule.key)))
    return sorted(found, key=str) if node.rule.compare is Compare.SET else found


def _element(node: Field, value: Json) -> Json:
    """An element keeps its place, even an empty one."""
    found = from_aws(node, value)
    return (
        ({} if node.type in {Type.STRUCT, Type.MAP} else [] if node.type is Type.LIST else value)
        if found is None
        else found
    )

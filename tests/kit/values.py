"""Values for fields, from the field tree alone: recognisable ones, other ones, and (hypothesis) any that are valid."""

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Path, put
from ackpy.kinds.schema import Compare, Field, Type

SHARED = (Type.REF, Type.SECRET)
WHOLE = (Compare.SET, Compare.TAGS)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def filled(node: Field, seed: int = 0, path: Path = ()) -> Any:
    """A value that sets every leaf, each to something that stands nowhere else and differs for each seed.

    Lists have two elements for even seeds and one for odd ones. Booleans only say whether the seed is even.
    """
    if node.type is Type.STRUCT:
        return {
            name: filled(child, 0 if path and child.rule.create_only else seed, (*path, name))
            for name, child in node.fields.items()
            if child.type not in SHARED
        }
    if node.type is Type.LIST and node.item:
        return [filled(node.item, seed, (*path, str(position))) for position in range(2 - seed % 2)]
    if node.type is Type.MAP and node.item:
        return {f"key {seed}": filled(node.item, seed, (*path, "{}"))}
    return scalar(node, f"{'.'.join(path)} {seed}", number=zlib.crc32(".".join(path).encode()) % 10**6 + seed)


def scalar(node: Field, mark: str, number: int) -> Any:
    """A leaf's value that carries a mark (texts) or a number (everything else)."""
    match node.type:
        case Type.BOOLEAN:
            return number % 2 == 0
        case Type.INTEGER:
            return number
        case Type.NUMBER:
            return number + 0.5
        case Type.TIMESTAMP:
            return (_EPOCH + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        case Type.BYTES:
            return base64.b64encode(mark.encode()).decode()
        case Type.OBJECT:
            return {"mark": mark}
        case _ if node.rule.compare is Compare.POLICY:
            return policy(mark)
        case _ if node.rule.compare is Compare.DOCUMENT:
            return orjson.dumps({"mark": mark, "numbers": [number, 2], "inner": {"b": True, "a": None}}).decode()
    return mark


def policy(mark: str) -> str:
    """A policy that has all that AWS rewrites: one or many, order, accounts, bare condition values."""
    first = {
        "Sid": mark,
        "Effect": "Allow",
        "Principal": {"AWS": ["123456789012", "arn:aws:iam::210987654321:role/reader"]},
        "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
        "Resource": "arn:aws:sqs:us-east-1:123456789012:one",
        "Condition": {"Bool": {"aws:SecureTransport": True}, "StringLike": {"aws:PrincipalTag/team": ["web", "shop"]}},
    }
    second = {"Sid": f"{mark} everyone", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": ["b", "a"]}
    return orjson.dumps({"Version": "2012-10-17", "Statement": [first, second]}).decode()


def spec_of(kind: Kind, seed: int = 0) -> dict[str, Any]:
    """A spec that sets every field that is served; what can't change after creation is the same for every seed."""
    fixed = {name for section, name, *_ in kind.identity if section == "spec"}
    return {
        name: filled(node, 0 if name in fixed or node.rule.create_only or node.immutable else seed, (name,))
        for name, node in kind.spec.fields.items()
        if node.type not in SHARED and name not in kind.unbuilt
    }


def smallest(kind: Kind) -> dict[str, Any]:
    """A spec that sets only what names the resource."""
    fixed = {name for section, name, *_ in kind.identity if section == "spec"} | required(kind)
    return {name: value for name, value in spec_of(kind).items() if name in fixed}


def required(kind: Kind) -> set[str]:
    """The fields that no spec leaves out: the API server or the resolver of references refuses it."""
    return {*kind.spec.required, *(ref.field[1] for ref in kind.references if ref.required)}


def recorded(kind: Kind) -> dict[str, Any]:
    """A status with the identity that lives there, and what else calls about the resource are filled from."""
    status: dict[str, Any] = {}
    reads = [part.read.binding for part in kind.parts if part.read]
    writes = [binding for part in kind.parts for binding in (part.put, part.remove) if binding]
    links = [link.field for binding in (kind.exists.binding, kind.delete, *reads, *writes) for link in binding.inputs]
    for path in dict.fromkeys([*kind.identity, *links]):
        if path[0] == "status":
            node = kind.status.at(path[1:])
            known = "ackResourceMetadata" not in path and node
            text = f"{'.'.join(path)} of the resource itself"
            put(status, path[1:], scalar(known, text, number=7) if known else text)
    return status


@dataclass(frozen=True)
class Leaf:
    """A leaf of a value: where it stands, its field, and the path at which a difference of it is reported."""

    path: Path
    node: Field
    reported: Path


def leaves(node: Field, value: Any, path: Path = (), reported: Path | None = None) -> Iterator[Leaf]:
    """Every leaf that a value has."""
    if reported is None and node.rule.compare in WHOLE:
        reported = path
    if node.type is Type.STRUCT:
        for name, child in node.fields.items():
            if isinstance(value, dict) and name in value:
                if not node.rule.read:
                    child = replace(child, rule=replace(child.rule, read=False))  # noqa: PLW2901 - as what it is in
                yield from leaves(child, value[name], (*path, name), reported)
    elif node.type is Type.LIST and node.item:
        for position, item in enumerate(value):
            for leaf in leaves(node.item, item, (*path, str(position)), reported):
                keys = node.rule.key and leaf.path[len(path) + 1 :] == (node.rule.key,)
                yield replace(leaf, reported=path) if keys else leaf
    elif node.type is Type.MAP and node.item:
        for key, item in value.items():
            yield from leaves(node.item, item, (*path, key), reported)
    elif node.type not in SHARED:
        yield Leaf(path, node, path if reported is None else reported)


def aligned(node: Field, value: Any, other: Any) -> Any:
    """Another value of a field, with elements that have keys, or no order, in this one's order.

    Of a list of which only what both sides have is compared, what the other lacks is as it is here.
    """
    if node.rule.compare is Compare.SET and other:
        return sorted(other, key=lambda one: value.index(one) if one in value else len(value))
    if not node.rule.key or not other:
        return other
    order = [one.get(node.rule.key) for one in value]
    if node.rule.compare is Compare.COMMON:
        there = {one.get(node.rule.key): one for one in other}
        return [there.get(one.get(node.rule.key), one) for one in value]
    known = [one for one in other if one.get(node.rule.key) in order]
    return sorted(known, key=lambda one: order.index(one.get(node.rule.key))) + [
        one for one in other if one not in known
    ]


def at(value: Any, path: Path) -> Any:
    """What stands at a path of keys and positions; None where the path leads nowhere."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with another value at a path of keys and positions."""
    if not path:
        return new
    if isinstance(value, list):
        position = int(path[0])
        return [*value[:position], replaced(value[position], path[1:], new), *value[position + 1 :]]
    return {**value, path[0]: replaced(value[path[0]], path[1:], new)}


def another(leaf: Leaf, value: Any) -> Any:
    """A value of the same type that means something else."""
    if leaf.node.type is Type.BOOLEAN:
        return not value
    if leaf.node.type is Type.BYTES and isinstance(value, str):
        return base64.b64encode(base64.b64decode(value) + b"more").decode()  # an archive stays one
    new = scalar(leaf.node, f"another {'.'.join(leaf.path)}", 999_999)
    return new if new != value else scalar(leaf.node, "yet another", 999_997)

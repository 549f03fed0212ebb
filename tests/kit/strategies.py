"""Specs that hypothesis makes from a kind's field tree: any that the API server would accept."""

import base64
import string
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import strategies as st

from ackpy.kinds.model import Kind
from ackpy.kinds.schema import Compare, Field, Type
from tests.kit import values

_WORDS = st.text(string.ascii_letters + string.digits + " -/é☃", max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORDS, inner, max_size=2),
    max_leaves=4,
)
_ONE_OR_MANY = st.lists(_WORDS, min_size=1, max_size=3, unique=True).map(
    lambda many: many if len(many) > 1 else many[0]
)
_ACCOUNT = st.sampled_from(["123456789012", "210987654321"])
_PRINCIPAL = st.sampled_from(["*", {"AWS": "*"}, {"Service": "events.amazonaws.com"}]) | st.lists(
    _ACCOUNT, min_size=1, max_size=2, unique=True
).map(lambda who: {"AWS": who})
_STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _ONE_OR_MANY},
    optional={
        "Sid": _WORDS,
        "Principal": _PRINCIPAL,
        "Resource": _ONE_OR_MANY,
        "Condition": st.fixed_dictionaries(
            {"StringLike": st.dictionaries(_WORDS, _ONE_OR_MANY, min_size=1, max_size=2)},
            optional={"Bool": st.fixed_dictionaries({"aws:SecureTransport": st.booleans()})},
        ),
    },
)
POLICIES = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(_STATEMENT, min_size=1, max_size=3)}
)
_FIELDS_AT_ONCE = 6  # hypothesis gives up on examples that are too large
DOCUMENTS = st.dictionaries(_WORDS, _JSON, min_size=1, max_size=3)


def specs(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Specs of one resource, each with a few fields: what can't change after creation is the same in all of them."""
    fixed = values.smallest(kind) | {
        name: value for name, value in values.spec_of(kind).items() if kind.spec.fields[name].rule.create_only
    }
    free = {
        name: of(node)
        for name, node in kind.spec.fields.items()
        if name not in fixed and name not in kind.unbuilt and node.type not in values.SHARED
    }
    names = sorted(free)
    some = st.lists(st.sampled_from(names), max_size=_FIELDS_AT_ONCE, unique=True) if names else st.just([])

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        return fixed | {name: draw(free[name]) for name in draw(some)}

    return made()


def of(node: Field) -> st.SearchStrategy[Any]:
    """Values of one field."""
    if node.type is Type.STRUCT:
        inner = {name: of(child) for name, child in node.fields.items() if child.type not in values.SHARED}
        return st.fixed_dictionaries({}, optional=inner)
    if node.type is Type.LIST and node.item and node.rule.key:  # AWS takes no element without its key
        rest = {name: of(child) for name, child in node.item.fields.items() if child.type not in values.SHARED}
        key = {node.rule.key: rest.pop(node.rule.key).filter(bool)}
        return st.lists(st.fixed_dictionaries(key, optional=rest), max_size=2, unique_by=_identity(node))
    if node.type is Type.LIST and node.item:
        return st.lists(of(node.item), max_size=2, unique_by=_identity(node))
    if node.type is Type.MAP and node.item:
        return st.dictionaries(_WORDS.filter(bool), of(node.item), max_size=2)
    return _scalar(node)


def _identity(node: Field) -> Any:
    """Tags have keys, and each key once; a set has each member once."""
    if node.rule.key:
        return lambda one: one[node.rule.key]
    if node.rule.compare is Compare.TAGS:
        return lambda pair: pair.get(next(iter(node.item.fields)) if node.item else "") or ""
    return repr if node.rule.compare is Compare.SET else None


def _scalar(node: Field) -> st.SearchStrategy[Any]:
    match node.type:
        case Type.BOOLEAN:
            return st.booleans()
        case Type.INTEGER:
            return st.integers(-(2**31), 2**31)
        case Type.NUMBER:
            return st.floats(allow_nan=False, allow_infinity=False)
        case Type.TIMESTAMP:
            return st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(
                lambda time: time.replace(microsecond=0, tzinfo=UTC).isoformat().replace("+00:00", "Z")
            )
        case Type.BYTES:
            return st.binary(max_size=4).map(lambda value: base64.b64encode(value).decode())
        case Type.OBJECT:
            return DOCUMENTS
        case _ if node.rule.compare is Compare.POLICY:
            return POLICIES.map(lambda document: orjson.dumps(document).decode())
        case _ if node.rule.compare is Compare.DOCUMENT:
            return DOCUMENTS.map(lambda document: orjson.dumps(document).decode())
    return _WORDS


def _rfc_3339(time: datetime) -> str:
    return time.replace(microsecond=0, tzinfo=UTC).isoformat().replace("+00:00", "Z")

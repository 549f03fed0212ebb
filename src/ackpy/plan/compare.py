"""Two values of one field held together by its rule (kinds/schema.py, Compare): equal by meaning, or where not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Compare, Field, Type, Unset

_STATEMENT_LISTS = ("Action", "NotAction", "Resource", "NotResource")


@dataclass(frozen=True, slots=True)
class Difference:
    """A path below spec at which desired and observed differ. None stands for unset or absent."""

    path: Path
    desired: Json
    observed: Json


def is_empty(value: Json) -> bool:
    """Whether a value says no more than no value: an empty text, list or object, or an object of such."""
    if isinstance(value, Mapping):
        return all(is_empty(inner) for inner in value.values())
    return value is None or value in ("", [])


def differences(node: Field, desired: Json, observed: Json, path: Path = ()) -> Iterator[Difference]:
    """Where a field's desired and observed values differ, by its rule and those below it.

    An unset desired value stands for what the nil rule says; a default and no value are the same on either side.
    """
    rule = node.rule
    if node.refers or node.type is Type.SECRET or not rule.read:
        return
    if rule.compare is Compare.COMMON and (is_empty(desired) or is_empty(observed)):
        return
    if is_empty(desired):
        if rule.unset is Unset.UNMANAGED or is_empty(observed):
            return
        if rule.unset is Unset.DEFAULT:
            if any(_value_differences(node, rule.default, observed, path)):
                yield Difference(path, None, observed)
            return
        yield from ([] if _only_unset(node, observed) else [Difference(path, None, observed)])
    elif is_empty(observed):
        same = rule.unset is Unset.DEFAULT and not any(_value_differences(node, desired, rule.default, path))
        if not same and not _only_unset(node, desired):
            yield Difference(path, desired, None)
    else:
        yield from _value_differences(node, desired, observed, path)


def _only_unset(node: Field, value: Json) -> bool:
    """Whether an object holds nothing but what its members' nil rules make of no value."""
    if node.type is not Type.STRUCT:
        return False
    return not any(any(differences(child, value.get(name), None)) for name, child in node.fields.items())


def _value_differences(node: Field, desired: Json, observed: Json, path: Path) -> Iterator[Difference]:
    """Two values that are both there."""
    compare = node.rule.compare
    if compare is Compare.VALUE and node.type is Type.STRUCT:
        for name, child in node.fields.items():
            yield from differences(child, desired.get(name), observed.get(name), (*path, name))
    elif compare is Compare.VALUE and node.type is Type.MAP and node.item:
        for key in sorted({*desired, *observed}):
            yield from _entry_differences(node.item, desired, observed, key, path)
    elif node.rule.key and node.item:
        want, have = keyed(node, desired), keyed(node, observed)
        if want.keys() != have.keys() and compare is not Compare.COMMON:
            yield Difference(path, desired, observed)
            return
        for position, (key, one) in enumerate(want.items()):
            if key in have:
                yield from differences(node.item, one, have[key], (*path, str(position)))
    elif compare is Compare.VALUE and node.type is Type.LIST and node.item and len(desired) == len(observed):
        for position, (want, have) in enumerate(zip(desired, observed, strict=True)):
            yield from differences(node.item, want, have, (*path, str(position)))
    elif normal(node, desired) != normal(node, observed) and not _of_its_own(compare, desired, observed):
        yield Difference(path, desired, observed)


def keyed(node: Field, value: Json) -> dict[Json, Json]:
    """The elements of a list by the member that tells them apart."""
    return {one.get(node.rule.key): one for one in value or ()}


def _entry_differences(
    item: Field, desired: Mapping[str, Json], observed: Mapping[str, Json], key: str, path: Path
) -> Iterator[Difference]:
    """A map's key counts even where its value is empty (a tag without a value)."""
    if (key in desired) != (key in observed):
        yield Difference((*path, key), desired.get(key), observed.get(key))
    else:
        yield from differences(item, desired[key], observed[key], (*path, key))


def normal(node: Field, value: Json) -> Json:
    """A value in the form in which equal meanings are equal values.

    A text that should be JSON and isn't stays itself: AWS says what is wrong with it.
    """
    if node.rule.compare is Compare.SET:
        return sorted(value, key=repr)
    if node.rule.compare is Compare.CASELESS:
        return value.lower()
    if node.rule.words:
        return node.rule.words.get(value, value)
    if node.rule.compare in {Compare.ARN, Compare.KEY}:
        return re.split("[:/]", value)[-1]
    if node.rule.compare is Compare.TAGS:
        return sorted(tuple(sorted(pair.items())) for pair in value)
    if node.rule.compare in {Compare.POLICY, Compare.DOCUMENT} and isinstance(value, str):
        try:
            document = orjson.loads(value)
            return _policy(document) if node.rule.compare is Compare.POLICY else document
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter: nested too deep
            return value
    if node.type is Type.TIMESTAMP and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def _of_its_own(compare: Compare, desired: Json, observed: Json) -> bool:
    """Whether AWS names something in words of its own, which nobody else can hold against what was given."""
    if compare is Compare.KEY:
        return _is_alias(desired) != _is_alias(observed)
    return compare is Compare.ROLE and ":role/aws-service-role/" in observed


def _is_alias(key: str) -> bool:
    """Whether a KMS key is named by an alias, or its ARN."""
    return key.startswith("alias/") or ":alias/" in key


def _policy(document: Json) -> Json:
    """An IAM policy with what may be one or many made many, and what has no order ordered.

    Source: IAM User Guide, "Grammar of the IAM JSON policy language".
    """
    if not isinstance(document, Mapping):
        return document
    statements = _many(document.get("Statement"))
    return {**document, "Statement": sorted((_statement(one) for one in statements), key=_text)}


def _statement(statement: Json) -> Json:
    if not isinstance(statement, Mapping):
        return statement
    out = dict(statement)
    for key in _STATEMENT_LISTS:
        if key in out:
            out[key] = sorted(_many(out[key]), key=_text)
    for key in ("Principal", "NotPrincipal"):
        if key in out:
            out[key] = _principal(out[key])
    if isinstance(out.get("Condition"), Mapping):
        out["Condition"] = {
            operator: {name: sorted(map(_scalar, _many(values)), key=_text) for name, values in tests.items()}
            if isinstance(tests, Mapping)
            else tests
            for operator, tests in out["Condition"].items()
        }
    return out


def _principal(principal: Json) -> Json:
    if principal == "*":
        return {"AWS": ["*"]}
    if isinstance(principal, Mapping):
        return {kind: sorted(map(_account, _many(who)), key=_text) for kind, who in principal.items()}
    return principal


def _account(principal: Json) -> Json:
    """AWS answers an account's number as its root ARN."""
    return f"arn:aws:iam::{principal}:root" if isinstance(principal, str) and principal.isdigit() else principal


def _scalar(value: Json) -> Json:
    """Condition values may be written bare; AWS answers texts."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value


def _many(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

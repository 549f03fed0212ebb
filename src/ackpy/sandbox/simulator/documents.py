"""JSON documents as AWS hands them back: compact, in its own order, and policies rewritten."""

from __future__ import annotations

import json
import re

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# The order in which services print a policy; members that aren't here come last, by name.
_ORDER = ("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource")
_ACCOUNT = re.compile(r"\d{12}")
# Condition keys that tie a statement for everybody to known callers.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_FIXING_KEYS = {
    "aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourcearn", "aws:sourceaccount",
    "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceorgid", "aws:userid",
    "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}  # fmt: skip


def rewritten(text: str) -> str:
    """A JSON document in AWS's print: compact, members in another order.

    Raises:
        ValueError: if it isn't a JSON object.
    """
    return _print(_object(text))


def rewritten_policy(text: str) -> str:
    """A policy in AWS's print: as `rewritten`, a list of one as its only item, an account as the ARN of its root.

    Raises:
        ValueError: if it isn't a policy.
    """
    document = _object(text)
    document["Statement"] = [_rewritten_statement(statement) for statement in statements(document)]
    return _print(document)


def statements(document: dict[str, Json]) -> list[dict[str, Json]]:
    """The statements of a policy.

    Raises:
        ValueError: if there are none, or one lacks what a statement needs.
    """
    given = document.get("Statement")
    found = given if isinstance(given, list) else [given]
    result: list[dict[str, Json]] = []
    for statement in found:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError("Missing required field Effect")
        if not {"Action", "NotAction"} & statement.keys():
            raise ValueError("Missing required field Action")
        result.append(statement)
    if not result:
        raise ValueError("Missing required field Statement")
    return result


def parsed_policy(text: str) -> list[dict[str, Json]]:
    """The statements of a policy's text.

    Raises:
        ValueError: if it isn't a policy.
    """
    return statements(_object(text))


def listed(value: Json) -> list[Json]:
    """A member of a statement that may be one value or a list of them."""
    return value if isinstance(value, list) else [value]


def is_public(statement: dict[str, Json]) -> bool:
    """Whether a statement allows something to everybody."""
    if statement["Effect"] != "Allow":
        return False
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    if "*" not in listed(principal):
        return False
    condition = statement.get("Condition")
    tests = condition.values() if isinstance(condition, dict) else ()
    return not any(key.lower() in _FIXING_KEYS for test in tests if isinstance(test, dict) for key in test)


def _rewritten_statement(statement: dict[str, Json]) -> dict[str, Json]:
    return {name: _rewritten_member(name, value) for name, value in statement.items()}


def _rewritten_member(name: str, value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _rewritten_member(name, item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_rewritten_member(name, item) for item in value]
        return items[0] if len(items) == 1 else items
    if name in {"Principal", "NotPrincipal"} and isinstance(value, str) and _ACCOUNT.fullmatch(value):
        return f"arn:aws:iam::{value}:root"
    return value


def _object(text: str) -> dict[str, Json]:
    value: Json = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (what is wrong is the text)
    return value


def _print(value: Json) -> str:
    return json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False)


def _ordered(value: Json) -> Json:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
        return {name: _ordered(value[name]) for name in names}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value

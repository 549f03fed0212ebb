"""What is odd about aliases: who may call one is told as a policy."""

from collections.abc import Mapping

import orjson

from ackpy.kinds.paths import Json

# A permission's member → the operator and the key of the statement's condition (Lambda API, AddPermission).
_CONDITIONS = {
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}


def decoded(operation: str, answer: Mapping[str, Json], _: Mapping[str, Json]) -> Mapping[str, Json]:
    """A policy as the permissions that made it; a statement without an id isn't one of these."""
    if operation != "GetPolicy":
        return answer
    statements = orjson.loads(answer["Policy"])["Statement"]
    return {**answer, "Policy": [_permission(one) for one in statements if one.get("Sid")]}


def _permission(statement: Mapping[str, Json]) -> Mapping[str, Json]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = principal.get("Service") or principal.get("AWS")
    tests = {
        (operator, key.lower()): value
        for operator, inner in (statement.get("Condition") or {}).items()
        for key, value in inner.items()
    }
    found = {member: tests.get((operator, key.lower())) for member, (operator, key) in _CONDITIONS.items()}
    known = {member: value for member, value in found.items() if value is not None}
    return {"StatementId": statement["Sid"], "Action": statement["Action"], "Principal": principal, **known}

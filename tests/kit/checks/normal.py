"""Law 1: what AWS answers in other words is no difference; tags have three owners."""

from collections.abc import Iterator
from typing import Any

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.schema import Compare, Field, Type
from ackpy.plan import tags
from ackpy.plan.decide import Desired, Done, Memory, decide
from ackpy.wire.call import Observation
from tests.kit import values
from tests.kit.oracle import Node
from tests.kit.steps import converge

CONTROLLER = {"services.k8s.aws/controller-version": "sqs-v1.0.0"}


def check(kind: Kind, contract: Node) -> list[str]:
    """Every value of a synced resource in AWS's words, and tags that aren't the user's."""
    return [*_rewritten(kind), *_tags(kind)]


def rewritings(node: Field, value: Any) -> list[Any]:
    """The same meaning in other words, by how a field is compared."""
    match node.rule.compare:
        case Compare.POLICY:
            return [as_aws_does(value), orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()]
        case Compare.DOCUMENT:
            document = orjson.loads(value)
            return [
                orjson.dumps(backwards(document)).decode(),
                orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(),
            ]
        case Compare.CASELESS:
            return [value.upper(), value.lower()]
        case Compare.ARN:
            return [f"arn:aws:kms:us-east-1:123456789012:key/{value}"]
        case Compare.SET | Compare.TAGS:
            return [value[::-1]]
    return []


def as_aws_does(policy: str) -> str:
    """A policy with statements, keys and lists turned round, lists of one bare and accounts as ARNs."""
    document = orjson.loads(policy)
    document["Statement"] = [_statement(one) for one in reversed(document["Statement"])]
    return orjson.dumps(backwards(document)).decode()


def _statement(statement: Node) -> Node:
    out: Node = {key: _turned(value) for key, value in statement.items()}
    for key in ("Sid", "Effect"):
        if key in statement:
            out[key] = statement[key]
    if isinstance(principal := statement.get("Principal"), dict):
        out["Principal"] = {kind: [_account(who) for who in _turned(many)] for kind, many in principal.items()}
    elif principal is not None:
        out["Principal"] = {"AWS": principal}
    if "Condition" in statement:
        out["Condition"] = {
            operator: {key: [_text(value) for value in _turned(wanted)] for key, wanted in tests.items()}
            for operator, tests in statement["Condition"].items()
        }
    return out


def _turned(value: Any) -> list[Any]:
    """Many in the opposite order, one as a list."""
    return value[::-1] if isinstance(value, list) else [value]


def _account(who: str) -> str:
    return f"arn:aws:iam::{who}:root" if who.isdigit() else who


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def backwards(value: Any) -> Any:
    """A JSON value with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(one) for one in value] if isinstance(value, list) else value


def _nodes(node: Field, value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Field]]:
    yield path, node
    if node.type is Type.STRUCT and isinstance(value, dict):
        for name, inner in value.items():
            yield from _nodes(node.fields[name], inner, (*path, name))
    elif node.type is Type.LIST and node.item:
        for position, inner in enumerate(value):
            yield from _nodes(node.item, inner, (*path, str(position)))


def _rewritten(kind: Kind) -> Iterator[str]:
    spec = values.spec_of(kind)
    observed = converge(kind, spec).observed
    for path, node in _nodes(kind.spec, spec, ()):
        for said in rewritings(node, values.at(spec, path)) if path else ():
            if kind.part_of(path[0]) is None:
                continue
            changed = Observation(True, values.replaced(observed.spec, path, said), observed.status)
            decision = decide(kind, Desired(spec, observed.status), changed, Memory())
            if not isinstance(decision, Done):
                yield f"spec.{'.'.join(path)} in other words is answered by {decision}"


def _tags(kind: Kind) -> Iterator[str]:
    """AWS's tags and the controller's are no drift, and stay when the user's are put right."""
    if kind.tags is None:
        return
    foreign = {"aws:cloudformation:stack-name": "stack", **dict.fromkeys(CONTROLLER, "an older version")}
    for spec in (values.spec_of(kind), values.smallest(kind)):
        observed = converge(kind, spec, tags=CONTROLLER).observed
        mine = tags.of(kind, spec)
        there = Observation(True, tags.put(kind, observed.spec, {**mine, **foreign}), observed.status)
        decision = decide(kind, Desired(spec, there.status, tags=CONTROLLER), there, Memory())
        if not isinstance(decision, Done):
            yield f"tags that aren't the user's are answered by {decision}"
    yield from _drift(kind, foreign)


def _drift(kind: Kind, foreign: dict[str, str]) -> Iterator[str]:
    """Tags changed by hand: the user's are put right, strangers go, AWS's stay, the controller's come along."""
    spec = values.spec_of(kind)
    mine = tags.of(kind, spec)
    start = converge(kind, spec, tags=CONTROLLER).observed
    for kept in (foreign, {}):
        for there in ({**kept, "stranger": "x"}, kept):
            lost = Observation(True, tags.put(kind, start.spec, there), start.status)
            end = converge(kind, spec, lost, tags=CONTROLLER)
            wanted = {**kept, **CONTROLLER, **mine}
            if not end.calls or not isinstance(end.decision, Done) or tags.of(kind, end.observed.spec) != wanted:
                yield f"lost tags end as {tags.of(kind, end.observed.spec)}, not {wanted}"

"""The checks can fail: for each law one broken engine is caught, and by the check that is there for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ackpy.kinds.model import Binding, Kind
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Field
from ackpy.plan import compare, decide, forms, tags
from ackpy.plan.compare import Difference, is_empty
from ackpy.wire import call as wire
from ackpy.wire.call import Call, Observation
from ackpy.wire.convert import from_aws
from tests.kit import steps
from tests.kit.checks import CHECKS, predict
from tests.kit.definitions import partly_served
from tests.kit.oracle import oracle

KINDS = {kind.label: kind for kind in load()} | {"s3/Bucket, in part": partly_served()}
Patch = Callable[[pytest.MonkeyPatch], None]


def without_one_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: a write whose effect is never seen."""

    def broken(observed: Observation, call: Call) -> Observation:
        sets = dict(call.sets)
        sets.pop(("visibilityTimeout",), None)
        return wire.predicted(observed, replace(call, sets=sets))

    monkeypatch.setattr(steps, "predicted", broken)


def order_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: AWS's order is a difference."""
    monkeypatch.setattr(compare, "normal", lambda node, value: value)


def tags_of_others_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: AWS's own tags are a difference."""
    monkeypatch.setattr(tags, "compared", lambda kind, spec, observed, controller: dict(spec))


def always_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 2: a difference where there is none."""

    def broken(node: Field, desired: Any, observed: Any, path: tuple[str, ...]) -> Iterator[Difference]:
        yield from compare.differences(node, desired, observed, path)
        if path == ("delaySeconds",) and desired == observed:
            yield Difference(path, desired, observed)

    monkeypatch.setattr(decide, "differences", broken)


def dropped_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: a member that isn't sent."""

    def broken(kind: Kind, binding: Binding, resource: Mapping[str, Any]) -> dict[str, Any]:
        sent = wire.params(kind, binding, resource)
        sent.get("Attributes", {}).pop("Policy", None)
        return sent

    monkeypatch.setattr(decide, "params", broken)
    monkeypatch.setattr(forms, "params", broken)


def dropped_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: a member that isn't read."""
    monkeypatch.setattr(wire, "from_aws", lambda node, value: None if node.name == "policy" else from_aws(node, value))


def unmanaged_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: what nobody set is taken away."""

    def broken(node: Field, desired: Any, observed: Any, path: tuple[str, ...]) -> Iterator[Difference]:
        if is_empty(desired) and not is_empty(observed):
            yield Difference(path, desired, observed)
        else:
            yield from compare.differences(node, desired, observed, path)

    monkeypatch.setattr(decide, "differences", broken)


def defaults_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: creation sets what nobody asked for."""
    kept = decide.creation

    def broken(kind: Kind, desired: decide.Desired) -> decide.Stage:
        defaults = {name: node.rule.default for name, node in kind.spec.fields.items() if node.rule.default is not None}
        return kept(kind, replace(desired, spec={**defaults, **desired.spec}))

    monkeypatch.setattr(decide, "creation", broken)
    monkeypatch.setattr("tests.kit.checks.nil_rules.creation", broken)


def forgets_what_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 6: a deletion that doesn't use the recorded identity."""
    kept = decide._deletion
    monkeypatch.setattr(
        decide, "_deletion", lambda kind, desired, observed: kept(kind, replace(desired, recorded={}), observed)
    )


def unserved_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: a field that nothing serves is passed over in silence."""
    kept = decide.decide
    monkeypatch.setattr(predict, "decide", lambda kind, *rest: kept(replace(kind, unbuilt=()), *rest))


def blind_to_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 9: a field whose drift isn't seen."""

    def broken(node: Field, desired: Any, observed: Any, path: tuple[str, ...]) -> Iterator[Difference]:
        if path != ("website",) or observed is None or desired is None:
            yield from compare.differences(node, desired, observed, path)

    monkeypatch.setattr(decide, "differences", broken)


def names_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 9: a difference that is named by what is around it."""

    def broken(node: Field, desired: Any, observed: Any, path: tuple[str, ...]) -> Iterator[Difference]:
        if any(compare.differences(node, desired, observed, path)):
            yield Difference(path, desired, observed)

    monkeypatch.setattr(decide, "differences", broken)


@pytest.mark.parametrize(
    ("broken", "label", "check", "said"),
    [
        (without_one_set, "sqs/Queue", "predict", "creation ends in Act"),
        (order_counts, "s3/Bucket", "normal", "spec.policy in other words"),
        (tags_of_others_count, "s3/Bucket", "normal", "tags that aren't the user's"),
        (always_something, "sqs/Queue", "predict", "creation ends in Act"),
        (dropped_link, "sqs/Queue", "wire_out", "SetQueueAttributes doesn't send Attributes.Policy"),
        (dropped_link, "sqs/Queue", "predict", "claims to set spec.policy, and sends nothing"),
        (dropped_answer, "sqs/Queue", "wire_in", "spec.policy shows None"),
        (dropped_answer, "sqs/Queue", "predict", "comes back as None"),
        (unmanaged_is_removed, "s3/Bucket", "nil_rules", "spec.publicAccessBlock is to be left alone"),
        (defaults_are_sent, "sqs/Queue", "nil_rules", "creation sets spec.fifoQueue unasked"),
        (forgets_what_was_recorded, "sqs/Queue", "wire_out", "DeleteQueue doesn't send QueueUrl"),
        (unserved_is_ignored, "s3/Bucket, in part", "predict", "spec.website, which nothing serves"),
        (blind_to_a_field, "s3/Bucket", "predict", "a change of spec.website.indexDocument.suffix is seen as []"),
        (names_too_much, "s3/Bucket", "predict", "a change of spec.versioning.status is seen as ['versioning']"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_broken_engine_is_caught(
    broken: Patch, label: str, check: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS[label]
    assert CHECKS[check](kind, oracle(kind)) == []
    broken(monkeypatch)
    assert any(said in complaint for complaint in CHECKS[check](kind, oracle(kind)))

"""A resource led through decisions without AWS: what a call would show is predicted, then decided on again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ackpy.kinds.model import Kind
from ackpy.plan.decide import Act, Decision, Desired, Memory, decide
from ackpy.wire.call import Call, Observation, Purpose, predicted
from tests.kit import values

ROUNDS = 30


@dataclass(frozen=True)
class End:
    """Where decisions led."""

    decision: Decision
    observed: Observation
    calls: tuple[Call, ...]


def sent(kind: Kind, call: Call) -> Mapping[str, Any]:
    """A call's input; one that writes an attribute by its name, as if the attribute were a member."""
    part = next((part for part in kind.parts if part.name in call.parts), None)
    if part is None or part.one_each is None or call.purpose is not Purpose.PUT:
        return call.params
    name, value = part.one_each
    rest = {member: given for member, given in call.params.items() if member not in part.one_each}
    return {**rest, str(call.params[name]): call.params.get(value)}


def absent(kind: Kind) -> Observation:
    """Nothing is there, and the identity that AWS will give is known already."""
    return Observation(exists=False, status=values.recorded(kind))


def converge(
    kind: Kind,
    spec: Mapping[str, Any],
    observed: Observation | None = None,
    *,
    deleting: bool = False,
    tags: Mapping[str, str] | None = None,
) -> End:
    """Decide and predict until there is nothing to do, or ROUNDS times."""
    observed = observed or absent(kind)
    calls: list[Call] = []
    for _ in range(ROUNDS):
        decision = decide(kind, Desired(spec, observed.status, deleting, tags or {}), observed, Memory())
        if not isinstance(decision, Act):
            break
        calls += decision.stage.calls
        for call in decision.stage.calls:
            observed = replace(predicted(observed, call), status=observed.status)
    return End(decision, observed, tuple(calls))

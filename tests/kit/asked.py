"""One kind asked for one behaviour: what is sent to make a spec of what is there, and what an answer shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import get
from ackpy.kinds.registry import load
from ackpy.plan.decide import Act, Decision, Desired, Memory, creation, decide
from ackpy.services import DECODE_OBSERVED, NORMALISE_DESIRED
from ackpy.wire.call import Call, Observation, seen
from tests.kit import values
from tests.kit.steps import converge

Spec = Mapping[str, Any]
Sent = list[tuple[str, dict[str, Any]]]

KINDS = {kind.label: kind for kind in load()}
REGION = "us-east-1"


@dataclass(frozen=True)
class Asked:
    """A kind; its resource's identity is known, and left out of what is shown of a call."""

    kind: Kind

    def decision(self, spec: Spec, there: Spec | None, *, status: Spec | None = None, **more: Any) -> Decision:
        """What comes of a manifest's spec where this is there, or nothing; more is told as to `Desired`."""
        recorded = {**values.recorded(self.kind), **(status or {})}
        desired = Desired(self.wanted(spec), recorded, **more)
        return decide(self.kind, desired, Observation(there is not None, there or {}, recorded), Memory())

    def sent(self, spec: Spec, there: Spec, **more: Any) -> Sent:
        """The calls of the next stage, in order; none where there is nothing to do, or not now."""
        decision = self.decision(spec, there, **more)
        return self._shown(spec, decision.stage.calls) if isinstance(decision, Act) else []

    def operations(self, spec: Spec, there: Spec | None = None, *, deleting: bool = False) -> list[str]:
        """All calls from what is there, or from nothing, until there is nothing to do."""
        observed = Observation(there is not None, there or {}, values.recorded(self.kind))
        end = converge(self.kind, self.wanted(spec), observed, deleting=deleting)
        return [call.operation for call in end.calls]

    def created(self, spec: Spec) -> dict[str, Any]:
        """What the creation sends."""
        (call,) = creation(self.kind, Desired(self.wanted(spec))).calls
        return {**call.params}

    def shown(self, operation: str, answer: Spec) -> tuple[Spec, Spec]:
        """The spec and the status that an answer tells, of existence or of a part."""
        decode = DECODE_OBSERVED.get(self.kind.label)
        reads = [self.kind.exists, *(part.read for part in self.kind.parts if part.read)]
        read = next(read for read in reads if read.binding.operation == operation)
        return seen(self.kind, read.binding, decode(operation, answer, {}) if decode else answer)

    def wanted(self, spec: Spec) -> Spec:
        """A manifest's spec as AWS is held to it."""
        normalise = NORMALISE_DESIRED.get(self.kind.label)
        return normalise(spec, REGION) if normalise else spec

    def _shown(self, spec: Spec, calls: tuple[Call, ...]) -> Sent:
        resource = {"spec": self.wanted(spec), "status": values.recorded(self.kind)}
        named = [get(resource, path) for path in self.kind.identity]
        named.append(get(resource, ("status", "ackResourceMetadata", "arn")))
        return [
            (
                call.operation,
                {name: value for name, value in call.params.items() if value is None or value not in named},
            )
            for call in calls
        ]


def asked(label: str) -> Asked:
    """A kind by its label, as `sns/Topic`."""
    return Asked(KINDS[label])

"""How a reconcile came out, and the conditions that say so: the contract's texts, byte for byte.

The failing condition stands first in the list. `Stalled` and `Reconciling` are for kstatus (what Argo CD and Flux
read): `Stalled` where only somebody else helps, `Reconciling` while work goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ackpy.kinds.paths import Json

SYNCED = "Resource synced successfully"
NOT_SYNCED = "Resource not synced"
UNDETERMINED = "Unable to determine if desired resource state matches latest observed state"
TERMINAL_REASON = "resource is in terminal condition"
LATE_DONE = "Late initialization successful"
LATE_PENDING = "Late initialization did not complete, requeuing with delay of 5 seconds"
LATE_PENDING_REASON = "Delayed Late Initialization"
ROLE_UNAVAILABLE = "IAM Role is not available"
REFERENCE_FAILED = "Reference resolution failed"


@dataclass(frozen=True, slots=True)
class Advisory:
    """Something to know that stops nothing; one condition for each reason."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reconcile came out.

    Attributes:
        synced: AWS is as the manifest says; None: it can't be told.
        terminal: what only another spec helps against.
        recoverable: what is tried again.
        waiting: what is waited for, without an error.
        stalled: why nothing will be done, although AWS isn't as the manifest says.
        reason: a machine's word or the error behind it.
        references: "True", "Unknown" (still waiting) or "False" (can't be); None where the object has none.
        no_role: why the object's role isn't available.
        selected: the role that an IAMRoleSelector gave, in the contract's words.
        conflicting: more than one IAMRoleSelector would give one; `recoverable` names them.
        late: AWS's defaults were taken into the spec; None where the kind has none.
        advisories: further sentences.
    """

    synced: bool | None = True
    terminal: str | None = None
    recoverable: str | None = None
    waiting: str | None = None
    stalled: str | None = None
    reason: str | None = None
    references: str | None = None
    no_role: str | None = None
    selected: str | None = None
    conflicting: bool = False
    late: bool | None = None
    advisories: tuple[Advisory, ...] = ()


def conditions(outcome: Outcome, previous: Iterable[Mapping[str, Json]], now: str) -> list[dict[str, Json]]:
    """The conditions of an outcome.

    Args:
        outcome: how it came out.
        previous: the conditions so far; a transition time moves only when the status does.
        now: RFC 3339.
    """
    since = {
        (one.get("type"), one.get("reason") if one.get("type") == "ACK.Advisory" else None, one.get("status")): one.get(
            "lastTransitionTime"
        )
        for one in previous
    }
    out = []
    for one in _conditions(outcome):
        key = (one["type"], one.get("reason") if one["type"] == "ACK.Advisory" else None, one["status"])
        out.append({**one, "lastTransitionTime": since.get(key) or now})
    return out


def _conditions(outcome: Outcome) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    synced = _synced(outcome)
    if outcome.terminal is not None:
        found.append(_condition("ACK.Terminal", "True", outcome.terminal, outcome.reason))
        found.append(_condition("Stalled", "True", outcome.terminal, "Terminal"))
    elif outcome.recoverable is not None:
        found.append(_condition("ACK.Recoverable", "True", outcome.recoverable, outcome.reason))
    if outcome.references is not None and outcome.references != "True":
        found.append(_condition("ACK.ReferencesResolved", outcome.references, REFERENCE_FAILED, outcome.reason))
    found.append(_ready(outcome, synced))
    found.append(synced)
    if outcome.stalled is not None:
        found.append(_condition("Stalled", "True", outcome.stalled, "ReadOnly"))
    elif outcome.terminal is None and outcome.synced is not True:
        why = outcome.recoverable or outcome.no_role or outcome.waiting or outcome.reason or synced["message"]
        found.append(_condition("Reconciling", "True", why, "Retrying" if outcome.recoverable else "Progressing"))
    if outcome.late is not None:
        found.append(
            _condition("ACK.LateInitialized", "True", LATE_DONE, LATE_DONE)
            if outcome.late
            else _condition("ACK.LateInitialized", "False", LATE_PENDING, LATE_PENDING_REASON)
        )
    if outcome.conflicting:
        found.append(_condition("ACK.IAMRoleSelected", "False", outcome.recoverable, "Conflict"))
    elif outcome.selected is not None:
        found.append(_condition("ACK.IAMRoleSelected", "True", outcome.selected, "Selected"))
    if outcome.references == "True":
        found.append(_condition("ACK.ReferencesResolved", "True"))
    found += [_condition("ACK.Advisory", "True", one.message, one.reason) for one in outcome.advisories]
    return found


def _synced(outcome: Outcome) -> dict[str, str]:
    kind = "ACK.ResourceSynced"
    if outcome.terminal is not None:
        return _condition(kind, "False", NOT_SYNCED, TERMINAL_REASON)
    if outcome.synced:
        return _condition(kind, "True", SYNCED)
    if outcome.synced is None:
        return _condition(kind, "Unknown", UNDETERMINED, outcome.recoverable or outcome.reason)
    if outcome.no_role is not None:
        return _condition(kind, "False", ROLE_UNAVAILABLE, outcome.no_role)
    return _condition(kind, "False", NOT_SYNCED, outcome.waiting)


def _ready(outcome: Outcome, synced: Mapping[str, str]) -> dict[str, str]:
    if outcome.terminal is not None:
        return _condition("Ready", "False", outcome.terminal, "ACK.Terminal")
    if outcome.recoverable is not None:
        return _condition("Ready", "False", outcome.recoverable, "ACK.Recoverable")
    return {**synced, "type": "Ready"}


def _condition(kind: str, status: str, message: str | None = None, reason: str | None = None) -> dict[str, str]:
    texts = {"message": message, "reason": reason}
    return {"type": kind, "status": status, **{key: text for key, text in texts.items() if text}}

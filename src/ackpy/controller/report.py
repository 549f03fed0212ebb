"""What is told of a reconcile beside the status: events on the object, and the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

from ackpy.aws.errors import AwsError, Meaning
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.perform import Performed
from ackpy.controller.subject import DELETION_POLICY, Subject
from ackpy.kinds.paths import Json, Path, show
from ackpy.kube.api import Object
from ackpy.plan.compare import Difference
from ackpy.plan.decide import Stage
from ackpy.plan.outcome import Advisory
from ackpy.wire.call import NO_VALUE, Purpose, names

_log = structlog.get_logger(__name__)
_LONGEST_VALUE = 80


class Events(Protocol):
    """Where events go (kube/events.py)."""

    def record(self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Tell of something that happened to an object."""


def label(subject: Subject) -> str:
    """How texts name an object: `s3/Bucket default/my-bucket`."""
    return f"{subject.kind.label} {subject.namespace}/{subject.name}"


def resource(subject: Subject) -> str:
    """How sentences name a resource: `Bucket my-bucket`."""
    said = " ".join(str(name) for name in names(subject.kind, subject.spec) if name not in (None, "", NO_VALUE))
    return f"{subject.kind.name} {said or subject.name}"


@dataclass(frozen=True, slots=True)
class Recorder:
    """Tells of what was done to objects."""

    events: Events
    metrics: ControllerMetrics

    def event(
        self,
        subject: Subject,
        event_type: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        **fields: str | None,
    ) -> None:
        """An event, and the same in the log, with further fields there."""
        self.events.record(dict(subject.obj), event_type, reason, message)
        log = _log.info if event_type == "Normal" else _log.warning
        log(message, reason=reason, **fields)

    def performed(self, subject: Subject, stage: Stage, result: Performed, *, drift: bool) -> None:
        """What a stage did, as far as it worked. With `drift`, AWS had moved while the spec had not."""
        if drift and not subject.deleting:
            self.metrics.drift(subject.kind.label, corrected=bool(result.done))
        if not result.done:
            return
        if stage.purpose is Purpose.CREATE:
            again = "was gone from AWS, and was made again" if drift else "was created in AWS"
            self.event(subject, "Normal", "Created", f"{resource(subject)} {again}")
        elif stage.purpose is Purpose.DELETE:
            self.event(subject, "Normal", "Deleting", f"{resource(subject)} is being deleted from AWS")
        else:
            touched = {path[:1] for call in result.done for path in call.sets}
            done = [one for one in stage.differences if one.path[:1] in touched]
            if drift:
                self.event(subject, "Normal", "DriftCorrected", _drift(done))
            else:
                self.event(subject, "Normal", "Updated", f"updated in AWS: {_paths(one.path for one in done)}")

    def replacing(self, subject: Subject, differences: Iterable[Difference], *, create_first: bool = False) -> None:
        """What is about to be replaced, and why."""
        order = "another one is made and then this one deleted" if create_first else "it is deleted and made again"
        text = f"{resource(subject)} can't be changed, so {order}: {_changes(differences)}"
        self.event(subject, "Warning", "Replacing", text)

    def in_use(self, subject: Subject, blockers: Iterable[str]) -> Advisory:
        """Which objects hold up a deletion; returns what the object's condition says of it."""
        text = f"{resource(subject)} is in use, and is deleted as soon as these are gone: {', '.join(blockers)}"
        self.event(subject, "Warning", "InUse", text)
        return Advisory("InUse", text)

    def failed(self, subject: Subject, error: AwsError) -> None:
        """An AWS call that failed, with what its condition leaves out: operation, request id and advice."""
        where = f"{error.service} {error.operation}"
        request = f" (request id {error.request_id})" if error.request_id else ""
        advice = f" {error.advice}" if error.advice else ""
        if subject.deleting and error.meaning is Meaning.CREDENTIALS:
            advice += f" If that account is gone for good, {DELETION_POLICY}=retain lets the object go without AWS."
        named = {"service": error.service, "operation": error.operation, "request_id": error.request_id}
        self.event(subject, "Warning", "AWSCallFailed", f"{where}: {error}{request}.{advice}", **named)


def drift(differences: Iterable[Difference], why: str) -> Advisory:
    """What is told of drift that is left alone, and why it is."""
    paths = _paths(one.path for one in differences)
    return Advisory("Drift", f"AWS differs from the manifest, and is left so because the object is {why}: {paths}")


def _paths(paths: Iterable[Path]) -> str:
    return ", ".join(show(("spec", *path)) for path in paths)


def _drift(found: Iterable[Difference]) -> str:
    return f"put back in AWS: {_changes(found)}"


def _changes(found: Iterable[Difference]) -> str:
    """Each path with what AWS has and what it gets."""
    return "; ".join(f"{show(('spec', *one.path))}: {_brief(one.observed)} → {_brief(one.desired)}" for one in found)


def _brief(value: Json) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"

"""When an object is looked at again: what each reconcile ends with, and the manager follows."""

from __future__ import annotations

from enum import StrEnum


class Next(StrEnum):
    """When an object is looked at again; in metrics and traces the word for how its reconcile came out."""

    SWEEP = "settled"
    """At its next sweep: all is done, or only another spec helps."""
    WAIT = "waiting"
    """Soon, and later each time: AWS is busy with it."""
    RETRY = "failed"
    """After a failure, with growing pauses."""
    LATE = "late"
    """In LATE_SECONDS."""
    NO_ROLE = "no_role"
    """In ROLE_SECONDS, or when the roles change."""
    NEVER = "gone"
    """The object is gone, or none of ours."""

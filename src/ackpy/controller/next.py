"""When an object is looked at again: what each reconcile ends with, and the manager follows."""

from __future__ import annotations

from enum import Enum, auto


class Next(Enum):
    """When an object is looked at again."""

    SWEEP = auto()
    """At its next sweep: all is done, or only another spec helps."""
    WAIT = auto()
    """Soon, and later each time: AWS is busy with it."""
    RETRY = auto()
    """After a failure, with growing pauses."""
    LATE = auto()
    """In LATE_SECONDS."""
    NO_ROLE = auto()
    """In ROLE_SECONDS, or when the roles change."""
    NEVER = auto()
    """The object is gone, or none of ours."""

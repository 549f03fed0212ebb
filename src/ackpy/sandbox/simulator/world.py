"""What exists, and what readers see of it. AWS shows a change late; here that is one window for each resource.

A resource is never changed in place: a write replaces it, so that the state before stays readable while it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """Something about a resource that passes: a state, what is shown while it lasts, and when it is over."""

    state: str
    until: float = inf
    shown: Any = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One AWS resource. `parts` holds its stored values by the part's name; times are seconds since 1970.

    What has been deleted and is shown for some time yet `ends` then. `marks` are what AWS is busy with, or made up, by
    name: nothing that anybody asked for. What a change keeps busy is so until `busy`.
    """

    key: str
    account: str
    region: str
    created: float
    modified: float
    parts: Mapping[str, object] = field(default_factory=dict)
    ends: float | None = None
    busy: float = 0.0
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def mark(self, name: str, now: float) -> Mark | None:
        """What passes, while it does."""
        found = self.marks.get(name)
        return found if found and now < found.until else None


@dataclass(frozen=True, slots=True)
class Lag:
    """How long readers see the state before a write: seconds on the simulator's clock, or a number of looks."""

    seconds: float = 0.0
    reads: int = 0


@dataclass(slots=True)
class Slot:
    """One name and its history.

    Attributes:
        current: what a write finds.
        before: what readers see while the window is open.
        deleted: when it was last deleted.
    """

    current: Resource | None = None
    before: Resource | None = None
    until: float = 0.0
    reads: int = 0
    deleted: float | None = None

    def write(self, resource: Resource | None, lag: Lag, now: float) -> None:
        """Replace the resource (None deletes it) and open the window; an open one keeps its old state."""
        if not self._stale(now):
            self.before = self.current
        if resource is None:
            self.deleted = now
        self.current = resource
        self.until = max(self.until, now + lag.seconds)
        self.reads = max(self.reads, lag.reads)

    def look(self, now: float) -> Resource | None:
        """What a reader sees; this counts as one look."""
        stale = self._stale(now)
        self.reads = max(0, self.reads - 1)
        return self.before if stale else self.current

    def _stale(self, now: float) -> bool:
        return self.reads > 0 or now < self.until


Key = tuple[str, ...]


class World:
    """All slots, by kind and by the key that its scope gives (see `definition.Scope`)."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, str], dict[Key, Slot]] = {}

    def slot(self, service: str, kind: str, key: Key) -> Slot:
        """The slot of a name, made when first asked for."""
        return self._slots.setdefault((service, kind), {}).setdefault(key, Slot())

    def end(self, service: str, kind: str, now: float) -> None:
        """Take away what has come to its end."""
        for slot in self._slots.get((service, kind), {}).values():
            if slot.current and slot.current.ends is not None and slot.current.ends <= now:
                slot.write(None, Lag(), now)

    def there(self, service: str, kind: str) -> Iterator[Resource]:
        """Every resource of a kind that a write finds, in the order of keys."""
        for _, slot in sorted(self._slots.get((service, kind), {}).items()):
            if slot.current:
                yield slot.current

    def look(self, service: str, kind: str, now: float) -> Iterator[Resource]:
        """Every resource of a kind that a reader sees, in the order of keys."""
        for _, slot in sorted(self._slots.get((service, kind), {}).items()):
            if resource := slot.look(now):
                yield resource


def canonical_user(account: str) -> str:
    """S3's name for an account: 64 hexadecimal digits."""
    return sha256(account.encode()).hexdigest()


def instant(seconds: float) -> datetime:
    """The clock's seconds as the datetime that shapes hold; AWS shows whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)

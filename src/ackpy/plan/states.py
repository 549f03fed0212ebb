"""What a resource is about, by the states that its status shows, in words for people."""

from __future__ import annotations

from collections.abc import Iterator

from ackpy.kinds.model import Kind, States
from ackpy.kinds.paths import Path, get, places, show
from ackpy.wire.call import Observation


def failed(kind: Kind, observed: Observation) -> str | None:
    """The state that only another spec, or a person, ends."""
    for states, path, state in _found(kind, observed):
        if state in states.failed:
            return f"the {kind.name} is in state {state}: {show(path)}"
    return None


def busy(kind: Kind, observed: Observation) -> str | None:
    """What the resource is about, while that isn't over."""
    return next(
        (_told(kind, path, state) for states, path, state in _found(kind, observed) if state not in states.ready), None
    )


def closed(kind: Kind, observed: Observation) -> bool:
    """Whether not even what any state takes can be written."""
    return any(state in {*states.creating, *states.deleting} for states, _, state in _found(kind, observed))


def gone(kind: Kind, observed: Observation) -> bool:
    """Whether a deletion is over, whatever AWS still shows."""
    return any(state in states.gone for states, _, state in _found(kind, observed))


def held(kind: Kind, observed: Observation) -> str | None:
    """What keeps a deletion from being sent: another one, or what AWS wants to end first."""
    for states, path, state in _found(kind, observed):
        if state in {*states.deleting, *states.holding}:
            return _told(kind, path, state)
    return None


def _told(kind: Kind, path: Path, state: str) -> str:
    return f"the {kind.name} is {state}: {show(path)}"


def _found(kind: Kind, observed: Observation) -> Iterator[tuple[States, Path, str]]:
    """The states that the status shows of the resource, or of what is listed there, and where."""
    for states in kind.states:
        for path in places(observed.status, states.path[1:]):
            if (state := get(observed.status, path)) is not None:
                yield states, ("status", *path), state

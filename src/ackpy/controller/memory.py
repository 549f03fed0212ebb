"""What must survive a restart and AWS can't tell: the annotation `ackpy.dev/state` of an object, read and written here.

It never holds a secret's value: only a digest that can't be turned back (secrets.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from ackpy.kinds.paths import Json


@dataclass(frozen=True, slots=True)
class State:
    """An object's memory.

    Attributes:
        n: the how many-th creation of this object was begun last.
        at: when (RFC 3339).
        identity: what names the resource to AWS and may change in the spec or come by reference, by path below spec.
        secrets: the digest of what was sent, by path below spec.
        replaced: the identity, below status, of the resource that goes once its replacement is done.
    """

    n: int = 0
    at: str = ""
    identity: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, Json] = field(default_factory=dict)

    def age(self, now: str) -> float | None:
        """Seconds since the creation was begun; None where a time can't be read."""
        try:
            return (datetime.fromisoformat(now) - datetime.fromisoformat(self.at)).total_seconds()
        except (TypeError, ValueError):
            return None

    def text(self) -> str:
        """The annotation."""
        known: dict[str, Json] = {"n": self.n, "at": self.at}
        known |= {
            name: dict(getattr(self, name)) for name in ("identity", "secrets", "replaced") if getattr(self, name)
        }
        return orjson.dumps(known).decode()


def parsed(text: str | None) -> State:
    """The state that an annotation holds. One that was edited by hand is none: the next write makes it anew."""
    if not text:
        return State()
    try:
        found = orjson.loads(text)
        n, at = int(found["n"]), str(found["at"])
        return State(n, at, *(dict(found.get(name, {})) for name in ("identity", "secrets", "replaced")))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return State()

"""Who manages which resource: of two objects that name the same one, only the first does (law: never double).

The table lives in one process and holds what is managed now. The manager fills it from the first list, before anything
is decided; the loop asks it before it claims a resource. Between processes only AWS and the stored finalizers decide:
a resource that exists when an object without finalizer is first looked at is not its own (decide, NOT_MANAGED).
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ackpy.aws.scope import Scope
from ackpy.kinds.model import By, Kind
from ackpy.kinds.paths import Json, get
from ackpy.wire.call import identified, names

Name = tuple[str, ...]


class TakenError(Exception):
    """Another object manages the resource."""


class Owners:
    """The resources of one kind that are managed, by name."""

    def __init__(self) -> None:
        """Nobody manages anything."""
        self._owner: dict[Name, str] = {}
        self._name: dict[str, Name] = {}

    def take(self, name: Name | None, uid: str) -> None:
        """Make a resource an object's own. Never waits, so no two objects get one name.

        Args:
            name: from `name_of`; None is nobody's, and anybody's.
            uid: the object's.

        Raises:
            TakenError: it is another's.
        """
        if name is None:
            return
        if self._owner.setdefault(name, uid) != uid:
            raise TakenError
        if self._name.get(uid, name) != name:
            del self._owner[self._name[uid]]
        self._name[uid] = name

    def forget(self, uid: str) -> None:
        """An object manages nothing (any more)."""
        name = self._name.pop(uid, None)
        if name is not None:
            del self._owner[name]


def name_of(
    kind: Kind, spec: Mapping[str, Json], scope: Scope, status: Mapping[str, Json] | None = None
) -> Name | None:
    """What tells a resource from all others of its kind; None where AWS will give it a name, and none is recorded yet.

    Names are unique in an account's region, and in all regions where the ARN has no region in it.
    """
    values = names(kind, spec)
    if kind.find and kind.find.by is By.SPEC:
        shown = {link.field[1] for link in kind.find.binding.outputs if link.field[0] == "spec"}
        values.append(orjson.dumps({name: spec.get(name) for name in sorted(shown)}))
    if not values or any(value in (None, "") for value in values):
        recorded = {"spec": spec, "status": status or {}}
        values = [get(recorded, path) for path in kind.identity] if identified(kind, recorded) else []
    if not values:
        return None
    everywhere = kind.arn is not None and "{region}" not in kind.arn
    return (scope.account, "" if everywhere else scope.region, *map(str, values))

"""Late initialisation: AWS's defaults are taken into empty spec fields, and never sent back.

The contract asks for it: users and tools read the values in the spec. Law 4 keeps it harmless: only absent keys are
added, never beside a reference, and a value that only the controller put there counts as unset when AWS is held
against the spec.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import eq

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, Path, get, put
from ackpy.plan.compare import is_empty

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def missing(kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json]) -> dict[str, Json]:
    """What to add to a spec, with the values that AWS has. An empty value is a user's too, and stays."""
    added: dict[str, Json] = {}
    for path in _open(kind, spec):
        if get(added, path) is None and not is_empty(value := get(observed, path)):
            put(added, path, value)
    return added


def pending(kind: Kind, spec: Mapping[str, Json]) -> list[Path]:
    """The fields that must be filled before the object counts as synced, and aren't."""
    late = kind.late()
    return [path for path in _open(kind, spec) if late[path].rule.late == "required"]


def users_spec(kind: Kind, obj: Mapping[str, Json], manager: str) -> dict[str, Json]:
    """An object's spec without the late-initialised values: what its users say.

    A value is the controller's while no other manager owns the field, or one in it, and no applied manifest has it
    (`metadata.managedFields`: Kubernetes API concepts, "Server-side apply").
    """
    entries = obj["metadata"].get("managedFields") or ()
    own = [entry for entry in entries if entry.get("manager") == manager]
    others = [entry for entry in entries if entry.get("manager") != manager]
    return _without(obj.get("spec") or {}, _owned(own) - _owned(others) - _applied(obj), kind.late().keys())


def _open(kind: Kind, spec: Mapping[str, Json]) -> list[Path]:
    """The late-initialised fields that are empty, and whose values come from no other object.

    One in an object is open only where the object is there: otherwise it would be no longer unset.
    """
    referred = {ref.field[1:] for ref in kind.references if not is_empty(get(spec, ref.ref[1:]))}
    return [
        path
        for path in kind.late()
        if get(spec, path) is None and path not in referred and isinstance(get(spec, path[:-1]), Mapping)
    ]


def _without(value: Mapping[str, Json], mine: set[Path], late: Collection[Path], above: Path = ()) -> dict[str, Json]:
    """A value without what the controller put at or below the late-initialised paths."""
    kept: dict[str, Json] = {}
    for name, inner in value.items():
        path = (*above, name)
        near = [one for one in late if all(map(eq, one, path))]  # above it, at it, or below
        if path in mine and any(len(one) <= len(path) for one in near):
            continue
        kept[name] = _without(inner, mine, near, path) if near and isinstance(inner, Mapping) else inner
    return kept


def _owned(entries: Iterable[Mapping[str, Json]]) -> set[Path]:
    """The paths below spec that the entries name, and those above them."""
    return {
        tuple(key.removeprefix("f:") for key in path)
        for entry in entries
        for path in _paths((entry.get("fieldsV1") or {}).get("f:spec") or {})
        if path[-1] != "."
    }


def _applied(obj: Mapping[str, Json]) -> set[Path]:
    """The spec fields of the manifest that `kubectl apply` stored; without managedFields nothing tells them apart."""
    text = (obj["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    if not text:
        return set()
    try:
        manifest = orjson.loads(text)
    except orjson.JSONDecodeError:
        return set()  # written by hand: it says nothing
    spec = manifest.get("spec") if isinstance(manifest, Mapping) else None
    return set(_paths(spec)) if isinstance(spec, Mapping) else set()


def _paths(value: Mapping[str, Json], above: Path = ()) -> Iterator[Path]:
    for key, inner in value.items():
        yield (*above, key)
        if isinstance(inner, Mapping):
            yield from _paths(inner, (*above, key))

"""Late initialisation: AWS's defaults are taken into empty spec fields, and never sent back.

The contract asks for it: users and tools read the values in the spec. Law 4 keeps it harmless: only absent keys are
added, never beside a reference, and a value that only the controller put there counts as unset when AWS is held
against the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json
from ackpy.plan.compare import is_empty

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def missing(kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json]) -> dict[str, Json]:
    """The spec fields to add, with the values that AWS has. An empty value is a user's too, and stays."""
    referred = _referred(kind, spec)
    return {
        name: observed[name]
        for (name,) in kind.late()
        if spec.get(name) is None and name not in referred and not is_empty(observed.get(name))
    }


def pending(kind: Kind, spec: Mapping[str, Json]) -> list[str]:
    """The fields that must be filled before the object counts as synced, and aren't."""
    required = [name for (name,), node in kind.late().items() if node.rule.late == "required"]
    referred = _referred(kind, spec)
    return [name for name in required if spec.get(name) is None and name not in referred]


def users_spec(kind: Kind, obj: Mapping[str, Json], manager: str) -> dict[str, Json]:
    """An object's spec without the late-initialised values: what its users say.

    A value is the controller's while no other manager owns the field and no applied manifest has it
    (`metadata.managedFields`: Kubernetes API concepts, "Server-side apply").
    """
    spec = obj.get("spec") or {}
    entries = obj["metadata"].get("managedFields") or ()
    own = [entry for entry in entries if entry.get("manager") == manager]
    others = [entry for entry in entries if entry.get("manager") != manager]
    mine = _owned(own) - _owned(others) - _applied(obj)
    return {name: value for name, value in spec.items() if (name,) not in kind.late() or name not in mine}


def _referred(kind: Kind, spec: Mapping[str, Json]) -> set[str]:
    """The fields whose values come from other objects: nothing is stored beside a reference."""
    return {ref.field[1] for ref in kind.references if not is_empty(spec.get(ref.ref[1]))}


def _owned(entries: Iterable[Mapping[str, Json]]) -> set[str]:
    return {
        key.removeprefix("f:")
        for entry in entries
        for key in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        if key != "."
    }


def _applied(obj: Mapping[str, Json]) -> set[str]:
    """The spec fields of the manifest that `kubectl apply` stored; without managedFields nothing tells them apart."""
    text = (obj["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    if not text:
        return set()
    try:
        manifest = orjson.loads(text)
    except orjson.JSONDecodeError:
        return set()  # written by hand: it says nothing
    spec = manifest.get("spec") if isinstance(manifest, Mapping) else None
    return set(spec) if isinstance(spec, Mapping) else set()

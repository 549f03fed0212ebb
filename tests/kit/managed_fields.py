"""metadata.managedFields for the in-memory API: who owns which field. Pure functions.

Coarse where the real server looks at the schema: every list is one field, and empty maps have no entry of their own.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ackpy.kube import Conflict, Object

Path = tuple[str, ...]

_TRACKED_METADATA = ("annotations", "finalizers", "labels", "ownerReferences")


class Owner(NamedTuple):
    """Whom an entry of managedFields is for."""

    manager: str
    operation: str  # Apply or Update
    subresource: str = ""


def tracked(obj: Object, subresource: str | None, *, status_apart: bool) -> Object:
    """The part of an object that a write to this subresource may own."""
    if subresource:
        return {"status": obj["status"]} if "status" in obj else {}
    apart = {"apiVersion", "kind", "metadata"} | ({"status"} if status_apart else set())
    part = {name: value for name, value in obj.items() if name not in apart}
    metadata = {name: obj["metadata"][name] for name in _TRACKED_METADATA if obj["metadata"].get(name)}
    return part | ({"metadata": metadata} if metadata else {})


def leaves(value: Object, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, child in value.items():
        if isinstance(child, dict) and child:
            yield from leaves(child, (*prefix, name))
        else:
            yield (*prefix, name), child


def owners(obj: Object) -> dict[Owner, set[Path]]:
    """Read managedFields."""
    return {
        Owner(entry["manager"], entry["operation"], entry.get("subresource", "")): {
            tuple(part.removeprefix("f:") for part in path) for path, _ in leaves(entry["fieldsV1"])
        }
        for entry in obj["metadata"].get("managedFields", ())
    }


def after_update(old: Object, new: Object, owner: Owner, held: dict[Owner, set[Path]]) -> dict[Owner, set[Path]]:
    """Who owns what after a plain write: the writer owns what it changed. `old` and `new` are `tracked` parts."""
    before, now = dict(leaves(old)), dict(leaves(new))
    changed = {path for path, value in now.items() if path not in before or before[path] != value}
    lost = changed | (before.keys() - now.keys())
    return {
        who: paths
        for who in {**held, owner: set()}
        if (paths := (held.get(who, set()) - lost) | (changed if who == owner else set()))
    }


def apply(
    current: Object, wanted: Object, owner: Owner, held: dict[Owner, set[Path]], *, force: bool
) -> tuple[Iterable[Path], dict[Owner, set[Path]]]:
    """Server-side apply of `wanted`, both `tracked` parts: which fields to remove, and who owns what afterwards.

    Raises:
        Conflict: Another manager owns a field with another value, and `force` is False.
    """
    values, wishes = dict(leaves(current)), dict(leaves(wanted))
    differing = {path for path, value in wishes.items() if values.get(path) != value}
    rivals = {who: paths & differing for who, paths in held.items() if who != owner and paths & differing}
    if rivals and not force:
        fields = ", ".join(sorted("." + ".".join(path) for paths in rivals.values() for path in paths))
        names = ", ".join(sorted({f'"{who.manager}"' for who in rivals}))
        raise Conflict(409, "Conflict", f"Apply failed: conflicts with {names}: {fields}")
    others = set().union(*(paths - rivals.get(who, set()) for who, paths in held.items() if who != owner))
    removed = held.get(owner, set()) - wishes.keys() - others
    after = {who: rest for who, paths in held.items() if who != owner and (rest := paths - rivals.get(who, set()))}
    return removed, after | {owner: set(wishes)}


def encoded(held: dict[Owner, set[Path]], api_version: str, time: str) -> list[Object]:
    """As managedFields."""
    return [
        {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": _tree(paths),
            **({"subresource": owner.subresource} if owner.subresource else {}),
        }
        for owner, paths in sorted(held.items())
    ]


def _tree(paths: Iterable[Path]) -> Object:
    root: Object = {}
    for path in sorted(paths):
        node = root
        for part in path:
            node = node.setdefault(f"f:{part}", {})
    return root

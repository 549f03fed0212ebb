"""What a FieldExport says, and what its target lacks: pure.

controller/field_exports.py reads, evaluates and writes; it asks here what to.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ackpy.kinds.paths import Json

NOT_THERE = "path does not exist in this object"
NOT_SYNCED = "the source resource is not synced yet"
API_VERSION, KIND = "services.k8s.aws/v1alpha1", "FieldExport"

Object = Mapping[str, Any]


@dataclass(eq=False)
class ExportError(Exception):
    """Nothing is exported.

    Attributes:
        message: for the condition.
        terminal: whether only another spec helps.
    """

    message: str
    terminal: bool = False

    def __str__(self) -> str:
        return self.message


class Source(NamedTuple):
    """The object that is exported from."""

    group: str
    kind: str
    namespace: str
    name: str


class Item(NamedTuple):
    """One value to export: `where` is its path's place in the FieldExport."""

    where: str
    path: str
    key: str


class Target(NamedTuple):
    """The ConfigMap or Secret that is written; `create` makes it where it isn't there."""

    kind: str
    namespace: str
    name: str
    create: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def secret(self) -> bool:
        """Whether its values are nobody's business."""
        return self.kind == "secret"


@dataclass(frozen=True, slots=True)
class Export:
    """A FieldExport, checked."""

    items: tuple[Item, ...]
    target: Target


def source_of(obj: Object) -> Source | None:
    """Where a FieldExport exports from; None for one without a spec, which the API server takes."""
    if "spec" not in obj:
        return None
    resource = obj["spec"]["from"]["resource"]
    return Source(resource["group"], resource["kind"], obj["metadata"]["namespace"], resource["name"])


def export_of(obj: Object) -> Export:
    """What a FieldExport with a source asks for.

    Raises:
        ExportError: it contradicts itself.
    """
    metadata, spec = obj["metadata"], obj["spec"]
    own, to = metadata["namespace"], spec["to"]
    target = Target(to["kind"], to.get("namespace") or own, to["name"], bool(to.get("create")))
    items = [Item(f"spec.fields[{i}].path", one["path"], one["key"]) for i, one in enumerate(spec.get("fields") or ())]
    if "path" in spec["from"]:
        items.insert(0, Item("spec.from.path", spec["from"]["path"], to.get("key") or f"{own}.{metadata['name']}"))
    if not items:
        raise ExportError("nothing to export: give spec.from.path or spec.fields", terminal=True)
    if twice := [key for key, count in Counter(item.key for item in items).items() if count > 1]:
        raise ExportError(f"several values for the key {twice[0]}: give each a key of its own", terminal=True)
    if target.create and target.namespace != own:
        raise ExportError(
            "spec.to.create can't be with another spec.to.namespace: what is created belongs to the FieldExport, and "
            "in Kubernetes nothing belongs to an object of another namespace",
            terminal=True,
        )
    return Export(tuple(items), target)


def created(target: Target, values: Mapping[str, str], owner: Object) -> dict[str, Json]:
    """A target to create. It goes with its owner, a FieldExport."""
    metadata = {"name": target.name, "namespace": target.namespace, "ownerReferences": [_reference(owner)]}
    return {"metadata": metadata, "data": _encoded(target, values)}


def change(target: Target, found: Object, values: Mapping[str, str], owner: Object) -> dict[str, Json]:
    """The merge patch that a target needs; empty if it needs none.

    A target that was created by another FieldExport gets this one as an owner too, if it would have created it: it goes
    with the last of them. What somebody else made is never owned.

    Raises:
        ExportError: the target is immutable.
    """
    data = found.get("data") or {}
    lacking = {key: value for key, value in _encoded(target, values).items() if data.get(key) != value}
    if lacking and found.get("immutable"):
        raise ExportError(
            f"the {target} is immutable, and {', '.join(lacking)} would change: delete it, or export elsewhere"
        )
    patch: dict[str, Json] = {"data": lacking} if lacking else {}
    owners = found["metadata"].get("ownerReferences") or []
    others = [one for one in owners if (one["apiVersion"], one["kind"]) == (API_VERSION, KIND)]
    if target.create and others and all(one["uid"] != owner["metadata"]["uid"] for one in others):
        version = found["metadata"]["resourceVersion"]
        patch["metadata"] = {"resourceVersion": version, "ownerReferences": [*owners, _reference(owner)]}
    return patch


def _encoded(target: Target, values: Mapping[str, str]) -> dict[str, str]:
    """Values as `data` holds them."""
    return {key: b64encode(value.encode()).decode() for key, value in values.items()} if target.secret else dict(values)


def _reference(owner: Object) -> dict[str, Json]:
    metadata = owner["metadata"]
    return {"apiVersion": API_VERSION, "kind": KIND, "name": metadata["name"], "uid": metadata["uid"]}

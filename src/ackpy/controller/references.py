"""References: spec fields whose values come from other objects, by the contract's rules and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ackpy.controller.objects import resource_named
from ackpy.controller.subject import Subject
from ackpy.kinds.model import Reference
from ackpy.kinds.paths import Json, Path, get, show, with_value
from ackpy.kube.api import KubeApi, NotFound
from ackpy.plan.compare import is_empty
from ackpy.plan.outcome import Advisory


@dataclass(eq=False)
class UnresolvedError(Exception):
    """A reference can't be resolved (yet).

    Attributes:
        message: the contract's text.
        status: of ACK.ReferencesResolved: "Unknown" while it is waited for, "False" when it can't be.
        terminal: whether only another spec helps.
    """

    message: str
    status: str = "Unknown"
    terminal: bool = False

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Resolved:
    """A spec with its references' values filled in. `any` tells whether there were any."""

    spec: Mapping[str, Json]
    any: bool
    advisories: tuple[Advisory, ...] = ()


async def resolve(api: KubeApi, subject: Subject, spec: Mapping[str, Json], *, cross_namespace: bool) -> Resolved:
    """Fill in what an object refers to; the stored spec stays as it is.

    Raises:
        UnresolvedError: one can't be resolved.
        ApiError: the API server couldn't be asked.
    """
    found, advisories = dict(spec), []
    used = [ref for ref in subject.kind.references if _is_given(ref, spec)]
    for ref in subject.kind.references:
        _check(ref, spec)
    for ref in used:
        source = get(spec, ref.ref[1:]).get("from") or {}
        name, namespace = source.get("name"), source.get("namespace") or subject.namespace
        if not name:
            raise UnresolvedError(
                f"provided resource reference is nil or empty: {show(ref.ref[1:])}", "False", terminal=True
            )
        if namespace != subject.namespace:
            advisories.append(across(subject.namespace, namespace, name, allowed=cross_namespace))
        found = with_value(found, ref.field[1:], await _value(api, ref, namespace, name))
    return Resolved(found, bool(used), tuple(advisories))


def _check(ref: Reference, spec: Mapping[str, Json]) -> None:
    both = f"{show(ref.field[1:])},{show(ref.ref[1:])}"
    has_value, has_ref = not is_empty(get(spec, ref.field[1:])), _is_given(ref, spec)
    if has_value and has_ref:
        message = f"both resource reference wrapper and ID cannot be used together: {both}"
        raise UnresolvedError(message, "False", terminal=True)
    if ref.required and not has_value and not has_ref:
        raise UnresolvedError(f"resource reference wrapper or ID required: {both}", "False", terminal=True)


def _is_given(ref: Reference, spec: Mapping[str, Json]) -> bool:
    """Whether the spec has a reference, be it one that names nothing."""
    return (get(spec, ref.ref[1:]) or {}).get("from") is not None


def across(own: str, namespace: str, name: str, *, allowed: bool) -> Advisory:
    """What is to be known when an object of the namespace `own` reaches into another one.

    Raises:
        UnresolvedError: it may not.
    """
    if not allowed:
        raise UnresolvedError(
            "cross-namespace resource reference is not allowed. Set --enable-cross-namespace=true to allow it. "
            f"sourceNamespace:{own}, targetNamespace:{namespace}, name:{name}",
            "False",
            terminal=True,
        )
    return Advisory(
        "CrossNamespaceOptInRequired",
        f"The object refers to {namespace}/{name} in another namespace. Run the controller with "
        "--enable-cross-namespace=false to forbid it.",
    )


async def _value(api: KubeApi, ref: Reference, namespace: str, name: str) -> Json:
    kind = resource_named(f"{ref.service}.services.k8s.aws", ref.kind)
    where = f"resource:{ref.kind}, namespace:{namespace}, name:{name}"
    try:
        target = await api.get(kind, namespace, name)
    except NotFound as error:
        raise UnresolvedError(str(error)) from error
    states = {one["type"]: one["status"] for one in (target.get("status") or {}).get("conditions") or ()}
    if states.get("ACK.Terminal") == "True":
        raise UnresolvedError(
            f"the referenced resource has 'ACK.Terminal' condition 'True'. Cannot be referenced. {where}", "False"
        )
    if states.get("ACK.ResourceSynced") != "True":
        raise UnresolvedError(f"the referenced resource is not synced yet. {where}")
    value = get(target, ref.source)
    if is_empty(value):
        raise UnresolvedError(
            f"the referenced resource is missing the target field. {where}, targetField:{_go_path(ref.source)}"
        )
    return value


def _go_path(path: Path) -> str:
    return ".".join(key[0].upper() + key[1:] for key in path)

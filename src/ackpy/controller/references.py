"""References: spec fields whose values come from other objects, by the contract's rules and texts.

`resolve` tells everything at once: the values that are there, and what is pending, so that the loop can go on with the
rest of an object that exists (plan/pending.py). What refers to what, and who is to be woken, is in referrers.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ackpy.controller.objects import resource_named
from ackpy.controller.subject import Subject
from ackpy.kinds.model import Kind, Reference
from ackpy.kinds.paths import Json, Path, get, places, show, with_value
from ackpy.kube.api import Forbidden, NotFound, Object, Resource
from ackpy.plan.compare import is_empty
from ackpy.plan.outcome import Advisory

Reader: TypeAlias = Callable[[Resource, str, str], Awaitable[Object]]
"""Reads an object by namespace and name. Raises ApiError."""


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
class Link:
    """One reference in one object: what it fills, and from where.

    Attributes:
        ref: what the kind says about it.
        field: the path below spec that it fills, with positions for list marks.
        resource, namespace, name: the target; the name is empty where the manifest leaves it out.
    """

    ref: Reference
    field: Path
    resource: Resource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A field whose target isn't ready."""

    link: Link
    error: UnresolvedError


@dataclass(frozen=True, slots=True)
class Resolved:
    """A spec with its references' values filled in, as far as they are there. `any` tells whether there were any."""

    spec: Mapping[str, Json]
    any: bool
    advisories: tuple[Advisory, ...] = ()
    pending: tuple[Pending, ...] = ()

    @property
    def blocking(self) -> UnresolvedError | None:
        """Why the resource can't be made yet; None where what is pending can be added later."""
        return next((one.error for one in self.pending if not one.link.ref.skip_state_check), None)


def links(kind: Kind, spec: Mapping[str, Json], namespace: str) -> Iterator[Link]:
    """Every reference that a spec gives, in the order of the kind's."""
    for ref in kind.references:
        for parent in places(spec, ref.ref[1:-1]):
            field = (*parent, ref.field[-1])
            for given in _given(ref, get(spec, (*parent, ref.ref[-1]))):
                source = given["from"]
                place = (source.get("namespace") or namespace, source.get("name") or "")
                yield Link(ref, field, resource_named(f"{ref.service}.services.k8s.aws", ref.kind), *place)


async def resolve(read: Reader, subject: Subject, spec: Mapping[str, Json], *, cross_namespace: bool) -> Resolved:
    """Fill in what an object refers to; the stored spec stays as it is.

    A list of references fills its field with the values that are there, in their order.

    Raises:
        UnresolvedError: only another spec helps.
        ApiError: the API server couldn't be asked.
    """
    found, advisories, pending = spec, [], []
    many: dict[Path, list[Json]] = {}
    for ref in subject.kind.references:
        _check(ref, spec)
    used = list(links(subject.kind, spec, subject.namespace))
    for link in used:
        if not link.name:
            empty = f"provided resource reference is nil or empty: {show(link.ref.ref[1:])}"
            raise UnresolvedError(empty, "False", terminal=True)
        if link.namespace != subject.namespace:
            advisories.append(across(subject.namespace, link.namespace, link.name, allowed=cross_namespace))
    for link in used:
        try:
            value = await _value(read, link)
        except UnresolvedError as error:
            pending.append(Pending(link, error))
            continue
        if link.ref.many:
            many.setdefault(link.field, []).append(value)
        else:
            found = with_value(found, link.field, value)
    for field, values in many.items():
        found = with_value(found, field, values)
    return Resolved(found, bool(used), tuple(advisories), tuple(pending))


def across(own: str, namespace: str, name: str, *, allowed: bool) -> Advisory:
    """What is told of an object that takes something from another namespace.

    Raises:
        UnresolvedError: that isn't allowed.
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


def state(obj: Mapping[str, Json] | None, source: Path) -> tuple[Json, ...] | None:
    """What those that refer to an object see of it: is it terminal, is it synced, and the value."""
    if obj is None:
        return None
    states = {one["type"]: one["status"] for one in (obj.get("status") or {}).get("conditions") or ()}
    return states.get("ACK.Terminal") == "True", states.get("ACK.ResourceSynced") == "True", get(obj, source)


def _given(ref: Reference, value: Json) -> list[Mapping[str, Json]]:
    """The references at one place, those that name nothing too."""
    found = (value if isinstance(value, list) else [value]) if ref.many else [value]
    return [one for one in found if isinstance(one, Mapping) and one.get("from") is not None]


def _check(ref: Reference, spec: Mapping[str, Json]) -> None:
    both = f"{show(ref.field[1:])},{show(ref.ref[1:])}"
    for parent in places(spec, ref.ref[1:-1]):
        has_value = not is_empty(get(spec, (*parent, ref.field[-1])))
        has_ref = bool(_given(ref, get(spec, (*parent, ref.ref[-1]))))
        if has_value and has_ref:
            message = f"both resource reference wrapper and ID cannot be used together: {both}"
            raise UnresolvedError(message, "False", terminal=True)
        if ref.required and not has_value and not has_ref:
            raise UnresolvedError(f"resource reference wrapper or ID required: {both}", "False", terminal=True)


async def _value(read: Reader, link: Link) -> Json:
    ref, kind = link.ref, link.resource
    where = f"resource:{kind.kind}, namespace:{link.namespace}, name:{link.name}"
    try:
        target = await read(kind, link.namespace, link.name)
    except NotFound as error:
        if "could not find the requested resource" not in error.message:
            raise UnresolvedError(str(error)) from error
        served = (
            f"the kind {ref.service}/{ref.kind} is not installed in this cluster: install the CustomResourceDefinition"
        )
        raise UnresolvedError(f"{served} {kind.plural}.{kind.group} and its controller. {where}") from error
    except Forbidden as error:
        raise UnresolvedError(str(error)) from error
    terminal, synced, value = state(target, ref.source) or (False, False, None)
    if terminal and not ref.skip_state_check:
        raise UnresolvedError(
            f"the referenced resource has 'ACK.Terminal' condition 'True'. Cannot be referenced. {where}", "False"
        )
    if not synced and not ref.skip_state_check:
        raise UnresolvedError(f"the referenced resource is not synced yet. {where}")
    if is_empty(value):
        raise UnresolvedError(
            f"the referenced resource is missing the target field. {where}, targetField:{_go_path(ref.source)}"
        )
    return value


def _go_path(path: Path) -> str:
    return ".".join(key[0].upper() + key[1:] for key in path)

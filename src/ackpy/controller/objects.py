"""The writes to an object: few, guarded, and none when nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ackpy.controller.memory import State
from ackpy.controller.subject import ADOPTED, RECONCILE_AT, RECONCILED_AT, STATE, Subject
from ackpy.kinds.model import Kind
from ackpy.kinds.names import plural_name
from ackpy.kinds.paths import Json, get, put
from ackpy.kube.api import FIELD_MANAGER, KubeApi, Resource


def resource_of(kind: Kind) -> Resource:
    """The API resource of a kind."""
    return Resource(kind.group, kind.version, kind.plural, kind.name)


def resource_named(group: str, kind: str) -> Resource:
    """The API resource of a kind that need not be served here, by the contract's rules."""
    return Resource(group, "v1alpha1", plural_name(kind), kind)


@dataclass(slots=True)
class Objects:
    """Writes the objects of one kind.

    Attributes:
        api, kind: where and what.
        on_write: is shown the object before and the API server's response to each write, ahead of the watch; before is
            None where the write was guarded, so that nothing of anybody else can have come in between.
        now: the time, RFC 3339.
    """

    api: KubeApi
    kind: Kind
    on_write: Callable[[Mapping[str, Any] | None, dict[str, Any]], None]
    now: Callable[[], str]
    _pruned: set[tuple[str, ...]] = field(default_factory=set)

    async def claim(self, subject: Subject, identity: Mapping[str, Json], secrets: Mapping[str, str]) -> Subject:
        """Write finalizer and intent before something is made, if nobody changed the object since it was read.

        `identity` is what came through references and names the resource: its deletion doesn't need them.
        `secrets` are the digests of what the creation sends.

        The intent's number rises only after a creation that was recorded: a retry has the number of what it retries.

        Raises:
            Conflict: somebody did.
            ApiError: the write failed.
        """
        begun = subject.state.n
        n = begun + 1 if subject.recorded or not begun else begun
        state = replace(subject.state, n=n, at=self.now(), identity=identity, secrets=secrets)
        finalizers = subject.finalizers if subject.managed else [*subject.finalizers, self.kind.finalizer]
        annotations = {STATE: state.text()}
        return await self._metadata(subject, {"finalizers": finalizers, "annotations": annotations})

    async def adopt(self, subject: Subject, values: Mapping[str, Json], identity: Mapping[str, Json]) -> Subject:
        """Write finalizer and annotation of an adopted object, and the spec fields that it lacks.

        Raises:
            Conflict: somebody changed the object since it was read.
            ApiError: the write failed.
        """
        metadata = {
            "resourceVersion": subject.obj["metadata"]["resourceVersion"],
            "finalizers": [*subject.finalizers, self.kind.finalizer],
            "annotations": {ADOPTED: "true", STATE: replace(subject.state, identity=identity).text()},
        }
        # Under another name: adopted values are what AWS is held to, unlike late-initialised ones (plan/late.py).
        return await self._patch(
            subject, {"metadata": metadata, "spec": dict(values)}, manager=f"{FIELD_MANAGER}-adopt"
        )

    async def remember(self, subject: Subject, state: State) -> Subject:
        """Write down what AWS can't tell, where that is new.

        Raises:
            Conflict: somebody changed the object since it was read.
            ApiError: the write failed.
        """
        if state == subject.state:
            return subject
        return await self._metadata(subject, {"annotations": {STATE: state.text()}})

    async def supersede(self, subject: Subject) -> Subject:
        """Write down that another resource is to be made, and which one then goes.

        The intent has no time yet: nothing was sent, so nothing that AWS doesn't show need be waited for.

        Raises:
            Conflict: somebody changed the object since it was read.
            ApiError: the write failed.
        """
        named: dict[str, Json] = {}
        for path in self.kind.identity:
            put(named, path[1:], get(subject.obj, path))
        return await self.remember(subject, replace(subject.state, n=subject.state.n + 1, at="", replaced=named))

    async def unrecord(self, subject: Subject) -> Subject:
        """Take away what the status says of a resource that is gone, so that the next one isn't taken for it.

        Raises:
            ApiError: the write failed.
        """
        kept = {key: value for key, value in subject.status.items() if key in {"conditions", "observedGeneration"}}
        metadata = {key: value for key, value in subject.status["ackResourceMetadata"].items() if key != "arn"}
        return await self.publish(subject, {**kept, "ackResourceMetadata": metadata})

    async def release(self, subject: Subject) -> Subject:
        """Take the finalizer away: the object has no resource any more (or none that is ours to delete).

        Raises:
            Conflict: somebody changed the object since it was read.
            ApiError: the write failed.
        """
        left = [finalizer for finalizer in subject.finalizers if finalizer != self.kind.finalizer]
        return await self._metadata(subject, {"finalizers": left})

    async def acknowledge(self, subject: Subject) -> Subject:
        """Write down that "reconcile now" was done; nothing where it was already.

        Raises:
            ApiError: the write failed.
        """
        asked = subject.annotations.get(RECONCILE_AT)
        if not asked or subject.annotations.get(RECONCILED_AT) == asked:
            return subject
        return await self._patch(subject, {"metadata": {"annotations": {RECONCILED_AT: asked}}})

    async def fill(self, subject: Subject, values: Mapping[str, Json]) -> Subject:
        """Add absent spec fields.

        Raises:
            Conflict: somebody changed the object since it was read.
            ApiError: the write failed.
        """
        if not values:
            return subject
        guard = {"resourceVersion": subject.obj["metadata"]["resourceVersion"]}
        return await self._patch(subject, {"metadata": guard, "spec": dict(values)})

    async def publish(self, subject: Subject, status: Mapping[str, Json]) -> Subject:
        """Write a status where it differs from the stored one, as far as the served schema keeps it.

        Raises:
            ApiError: the write failed.
        """
        change = _without(_change(subject.status, status), self._pruned)
        if not _without(change, {path[1:] for path in self.kind.volatile}):
            return subject
        # A status of the Go original has no observedGeneration, and its CRD drops one: alone it isn't worth a write.
        if change.keys() == {"observedGeneration"} and "observedGeneration" not in subject.status:
            return subject
        written = await self._patch(subject, {"status": change}, subresource="status")
        self._pruned |= _missing(change, written.status)
        return written

    async def _metadata(self, subject: Subject, change: Mapping[str, Any]) -> Subject:
        guard = {"resourceVersion": subject.obj["metadata"]["resourceVersion"]}
        return await self._patch(subject, {"metadata": {**guard, **change}})

    async def _patch(
        self,
        subject: Subject,
        body: Mapping[str, Any],
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
    ) -> Subject:
        obj = await self.api.patch(
            resource_of(self.kind),
            subject.namespace,
            subject.name,
            dict(body),
            subresource=subresource,
            field_manager=manager,
        )
        guarded = "resourceVersion" in body.get("metadata", {})
        self.on_write(None if guarded else subject.obj, obj)
        return replace(subject, obj=obj)


def trimmed(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """An object without what nothing here reads: of managedFields, only who owns late-initialised spec fields stays."""
    metadata = obj["metadata"]
    wanted = {f"f:{name}" for (name,) in kind.late()}
    kept = []
    for entry in metadata.pop("managedFields", ()):
        owned = wanted & ((entry.get("fieldsV1") or {}).get("f:spec") or {}).keys()
        if owned and "subresource" not in entry:
            kept.append({"manager": entry.get("manager"), "fieldsV1": {"f:spec": {key: {} for key in owned}}})
    if kept:
        metadata["managedFields"] = kept
    return obj


def _change(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """The merge patch from an old object to a new one (RFC 7396)."""
    change: dict[str, Json] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := _change(before, value):
                change[key] = inner
        elif value != before:
            change[key] = value
    return change


def _missing(sent: Mapping[str, Json], kept: Mapping[str, Json], above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The paths that were sent and aren't there: the served schema doesn't know them."""
    found: set[tuple[str, ...]] = set()
    for key, value in sent.items():
        if value is None:
            continue
        if key not in kept:
            found.add((*above, key))
        elif isinstance(value, Mapping) and isinstance(kept[key], Mapping):
            found |= _missing(value, kept[key], (*above, key))
    return found


def _without(value: Mapping[str, Json], paths: set[tuple[str, ...]], above: tuple[str, ...] = ()) -> dict[str, Json]:
    out: dict[str, Json] = {}
    for key, inner in value.items():
        path = (*above, key)
        if path in paths:
            continue
        kept = _without(inner, paths, path) if isinstance(inner, Mapping) else inner
        if kept != {} or inner == {}:
            out[key] = kept
    return out

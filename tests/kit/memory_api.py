"""An in-memory `KubeApi` for tests: what the engine relies on of a real API server.

tests/kube/test_api_contract.py runs one suite against this and a real kube-apiserver. Left out: admission, validation,
defaulting, namespaces' existence, field selectors but for names, and managedFields within lists.
"""

import asyncio
import uuid
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from ackpy.kube import (
    AlreadyExists,
    ApiError,
    Conflict,
    Gone,
    Invalid,
    NotFound,
    Object,
    Page,
    PatchType,
    Resource,
    WatchEvent,
)
from ackpy.kube.api import FIELD_MANAGER
from ackpy.kube.events import EVENTS
from ackpy.kube.informer import Key
from ackpy.kube.lease import LEASES
from tests.kit import json_objects, managed_fields
from tests.kit.managed_fields import Owner
from tests.kit.selectors import matches

SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)

# What only the server sets.
_SERVER_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
)


class Write(NamedTuple):
    """A writing request, refused ones too."""

    verb: str
    resource: Resource
    namespace: str | None
    name: str
    subresource: str | None
    body: Object | None


class _Change(NamedTuple):
    version: int
    resource: Resource
    key: Key
    old: Object | None
    new: Object | None


@dataclass(frozen=True)
class _Served:
    schema: Object | None = None
    status: bool = False
    custom: bool = False


class MemoryApi:
    """One cluster. `writes` lists the writing requests so far."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self._served = {resource: _Served() for resource in (EVENTS, LEASES, SECRETS, CONFIG_MAPS, NAMESPACES)}
        self._objects: dict[Resource, dict[Key, Object]] = {resource: {} for resource in self._served}
        self._version = 1
        self._compacted = 0
        self._history: list[_Change] = []
        self._news = asyncio.Event()
        self._held_at: int | None = None
        self._breaks: list[ApiError] = []
        self._failures: list[tuple[str | None, BaseException]] = []

    # What tests do to it

    def register(self, resource: Resource, *, schema: Object | None = None, status: bool = True) -> None:
        """Serve a custom resource; `schema` is an openAPIV3Schema, by which unknown fields are pruned."""
        self._served[resource] = _Served(schema, status, custom=True)
        self._objects[resource] = {}

    def fail_next(self, error: BaseException, verb: str | None = None) -> None:
        """Refuse the next request (of this verb: get, list, watch, create, replace, patch, delete) without effect."""
        self._failures.append((verb, error))

    def hold_watches(self) -> None:
        """Deliver no further event until `release_watches`."""
        self._held_at = self._version

    def release_watches(self) -> None:
        """Deliver what was held back."""
        self._held_at = None
        self._tell()

    def break_watches(self, error: ApiError) -> None:
        """End all open watches with an error."""
        self._breaks.append(error)
        self._tell()

    def compact(self) -> None:
        """Forget the history: older resourceVersions are Gone."""
        self._compacted = self._version

    # KubeApi

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        await self._enter("get")
        return _copy(self._current(resource, (namespace or "", name)))

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
    ) -> Page:
        await self._enter("list")
        version, _, after = (continue_token or f"{self._version}|").partition("|")
        if int(version) < self._compacted:
            raise Gone(410, "Expired", "The provided continue parameter is too old")
        found = [
            (path, obj)
            for key, obj in sorted(self._table(resource).items())
            if (path := "/".join(key)) > after
            and namespace in {None, key[0]}
            and matches(label_selector, obj)
            and _named(field_selector, key)
        ]
        part = found[:limit]
        token = f"{version}|{part[-1][0]}" if len(part) < len(found) else None
        return Page([_copy(obj) for _, obj in part], version, token)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
        field_selector: str | None = None,
        timeout_seconds: int = 300,
    ) -> AsyncGenerator[WatchEvent, None]:
        await self._enter("watch")
        self._table(resource)
        if int(resource_version) < self._compacted:
            raise Gone(410, "Expired", f"too old resource version: {resource_version} ({self._compacted})")
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        index = bisect_right(self._history, int(resource_version), key=lambda change: change.version)
        breaks = len(self._breaks)
        waiting = True
        while waiting:
            news = self._news
            while index < len(self._history) and self._history[index].version <= (self._held_at or self._version):
                change = self._history[index]
                index += 1
                here = namespace in {None, change.key[0]} and _named(field_selector, change.key)
                if change.resource == resource and here:
                    event = _event(change, label_selector)
                    if event is not None:
                        yield event
            if len(self._breaks) > breaks:
                raise self._breaks[-1]
            try:
                async with asyncio.timeout_at(deadline):
                    await news.wait()
            except TimeoutError:
                waiting = False
        seen = str(self._held_at or self._version)
        mark = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"resourceVersion": seen}}
        yield WatchEvent("BOOKMARK", mark)

    async def create(
        self, resource: Resource, namespace: str | None, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        name = body["metadata"]["name"]
        await self._enter("create", Write("create", resource, namespace, name, None, body))
        if (namespace or "", name) in self._table(resource):
            raise AlreadyExists(409, "AlreadyExists", f'{_plural(resource)} "{name}" already exists')
        return self._create(resource, namespace, body, Owner(field_manager, "Update"))

    async def replace(
        self, resource: Resource, namespace: str | None, name: str, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        await self._enter("replace", Write("replace", resource, namespace, name, None, body))
        if self._served_as(resource).custom and "resourceVersion" not in body["metadata"]:
            raise Invalid(422, "Invalid", f"{name}: metadata.resourceVersion: must be specified for an update")
        return self._update(resource, (namespace or "", name), lambda _: _copy(body), Owner(field_manager, "Update"))

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        subresource: str | None = None,
        patch_type: PatchType = PatchType.MERGE,
        force: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Object:
        await self._enter("patch", Write("patch", resource, namespace, name, subresource, body))
        key = (namespace or "", name)
        if patch_type is PatchType.MERGE:
            owner = Owner(field_manager, "Update", subresource or "")
            return self._update(resource, key, lambda old: json_objects.merged(old, body), owner)
        owner = Owner(field_manager, "Apply", subresource or "")
        if key not in self._table(resource):
            return self._create(resource, namespace, body, owner)
        return self._apply(resource, key, body, owner, force=force)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        await self._enter("delete", Write("delete", resource, namespace, name, None, None))
        key = (namespace or "", name)
        old = self._current(resource, key)
        if not old["metadata"].get("finalizers"):
            self._commit(resource, key, old, None)
        elif "deletionTimestamp" not in old["metadata"]:
            meta = {**old["metadata"], "deletionTimestamp": _now(), "deletionGracePeriodSeconds": 0}
            if "generation" in meta:
                meta["generation"] += 1
            self._commit(resource, key, old, {**old, "metadata": meta})

    # The registry

    async def _enter(self, verb: str, write: Write | None = None) -> None:
        if write is not None:
            self.writes.append(write)
        await asyncio.sleep(0)  # as real I/O does, let others run
        for index, (wanted, error) in enumerate(self._failures):
            if wanted in {None, verb}:
                del self._failures[index]
                raise error

    def _served_as(self, resource: Resource) -> _Served:
        if resource not in self._served:
            raise NotFound(404, "NotFound", "the server could not find the requested resource")
        return self._served[resource]

    def _table(self, resource: Resource) -> dict[Key, Object]:
        self._served_as(resource)
        return self._objects[resource]

    def _current(self, resource: Resource, key: Key) -> Object:
        found = self._table(resource).get(key)
        if found is None:
            raise NotFound(404, "NotFound", f'{_plural(resource)} "{key[1]}" not found')
        return found

    def _create(self, resource: Resource, namespace: str | None, body: Object, owner: Owner) -> Object:
        served = self._served_as(resource)
        new = _copy(body)
        meta = {name: value for name, value in new["metadata"].items() if name not in _SERVER_METADATA}
        meta |= {"name": body["metadata"]["name"], "uid": str(uuid.uuid4()), "creationTimestamp": _now()}
        if resource.namespaced:
            meta["namespace"] = namespace
        if served.custom:
            meta["generation"] = 1
        new |= {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        if served.status:
            new.pop("status", None)
        new = json_objects.pruned(new, served.schema)
        part = managed_fields.tracked(new, None, status_apart=served.status)
        held = managed_fields.after_update({}, part, owner, {})
        return self._finish(resource, (namespace or "", meta["name"]), None, new, held)

    def _update(self, resource: Resource, key: Key, change: Callable[[Object], Object], owner: Owner) -> Object:
        served, old = self._served_as(resource), self._current(resource, key)
        new = self._admitted(served, old, change(old), owner.subresource)
        before, after = (
            managed_fields.tracked(obj, owner.subresource, status_apart=served.status) for obj in (old, new)
        )
        held = managed_fields.after_update(before, after, owner, managed_fields.owners(old))
        return self._finish(resource, key, old, new, held)

    def _apply(self, resource: Resource, key: Key, body: Object, owner: Owner, *, force: bool) -> Object:
        served, old = self._served_as(resource), self._current(resource, key)
        current, wanted = (
            managed_fields.tracked(obj, owner.subresource, status_apart=served.status)
            for obj in (old, json_objects.pruned(body, served.schema))
        )
        removed, held = managed_fields.apply(current, wanted, owner, managed_fields.owners(old), force=force)
        merged = json_objects.merged(old, body)
        for path in removed:
            merged = json_objects.without(merged, path)
        return self._finish(resource, key, old, self._admitted(served, old, merged, owner.subresource), held)

    def _admitted(self, served: _Served, old: Object, new: Object, subresource: str) -> Object:
        """What the server makes of the requested object."""
        asked = new["metadata"].get("resourceVersion")
        if asked not in {None, old["metadata"]["resourceVersion"]}:
            name = old["metadata"]["name"]
            raise Conflict(409, "Conflict", f'Operation cannot be fulfilled on "{name}": the object has been modified')
        if subresource:
            changed = {"status": new["status"]} if "status" in new else {}
            return json_objects.pruned(
                {name: value for name, value in old.items() if name != "status"} | changed, served.schema
            )
        meta = {name: value for name, value in new["metadata"].items() if name not in _SERVER_METADATA}
        meta |= {name: old["metadata"][name] for name in _SERVER_METADATA if name in old["metadata"]}
        new = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": meta}
        if served.status:
            new.pop("status", None)
            new |= {"status": old["status"]} if "status" in old else {}
        added = set(meta.get("finalizers") or ()) - set(old["metadata"].get("finalizers") or ())
        if added and "deletionTimestamp" in meta:
            raise Invalid(
                422, "Invalid", f"{meta['name']}: no new finalizers can be added if the object is being deleted"
            )
        return json_objects.pruned(new, served.schema)

    def _finish(
        self, resource: Resource, key: Key, old: Object | None, new: Object, held: dict[Owner, set[managed_fields.Path]]
    ) -> Object:
        meta = new["metadata"]
        if old is not None:
            if new == old and held == managed_fields.owners(old):
                return _copy(old)  # no change, no new version
            if self._counts(resource, old) != self._counts(resource, new) and "generation" in meta:
                meta = {**meta, "generation": meta["generation"] + 1}
        meta = {**meta, "managedFields": managed_fields.encoded(held, resource.api_version, _now())}
        new = {**new, "metadata": meta}
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            self._commit(resource, key, old, None)
            return _copy(new)
        return _copy(self._commit(resource, key, old, new))

    def _counts(self, resource: Resource, obj: Object) -> Object:
        """The part of an object whose change raises the generation."""
        apart = {"metadata", "status"} if self._served_as(resource).status else {"metadata"}
        return {name: value for name, value in obj.items() if name not in apart}

    def _commit(self, resource: Resource, key: Key, old: Object | None, new: Object | None) -> Object:
        self._version += 1
        stored = new if new is not None else old or {}
        stored = {**stored, "metadata": {**stored["metadata"], "resourceVersion": str(self._version)}}
        if new is None:
            del self._objects[resource][key]
            change = _Change(self._version, resource, key, stored, None)
        else:
            self._objects[resource][key] = stored
            change = _Change(self._version, resource, key, old, stored)
        self._history.append(change)
        self._tell()
        return stored

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _event(change: _Change, label_selector: str | None) -> WatchEvent | None:
    """How a watch with this selector sees the change: an object that no longer matches is DELETED for it."""
    was = change.old is not None and matches(label_selector, change.old)
    if change.new is not None and matches(label_selector, change.new):
        return WatchEvent("MODIFIED" if was else "ADDED", _copy(change.new))
    if not was or change.old is None:
        return None
    meta = {**change.old["metadata"], "resourceVersion": str(change.version)}
    return WatchEvent("DELETED", _copy({**change.old, "metadata": meta}))


def _named(field_selector: str | None, key: Key) -> bool:
    return field_selector in {None, f"metadata.name={key[1]}"}


def _plural(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _copy(obj: Object) -> Object:
    copied: Object = orjson.loads(orjson.dumps(obj))
    return copied


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

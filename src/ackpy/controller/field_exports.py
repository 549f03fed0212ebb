"""FieldExports: values of objects, kept in ConfigMaps and Secrets.

The manager runs them beside its kinds and tells of every change of an object. What a FieldExport says is understood in
plan/export.py, its paths are evaluated by controller/jq.py. The values go into the target and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import structlog

from ackpy.controller.jq import Jq, PathRefusedError
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.next import Next
from ackpy.controller.objects import resource_named
from ackpy.controller.options import RESYNC_JITTER, RESYNC_SECONDS, Options
from ackpy.controller.references import UnresolvedError, across
from ackpy.controller.report import Events
from ackpy.controller.role_sources import ACCOUNT_MAP, CONFIG_MAPS, TEAM_MAP
from ackpy.controller.subject import matters
from ackpy.kube.api import ApiError, Conflict, Invalid, KubeApi, NotFound, Object, Resource, Retryable
from ackpy.kube.informer import Informer
from ackpy.kube.workqueue import Priority, WorkQueue
from ackpy.plan.export import (
    KIND,
    NOT_SYNCED,
    NOT_THERE,
    Export,
    ExportError,
    Item,
    Source,
    Target,
    change,
    created,
    export_of,
    source_of,
)
from ackpy.plan.outcome import Advisory, Outcome, conditions

FIELD_EXPORTS = Resource("services.k8s.aws", "v1alpha1", "fieldexports", KIND)
SECRETS = Resource("", "v1", "secrets", "Secret")
FINALIZER = "finalizers.services.k8s.aws/FieldExport"
_WORKERS = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """One FieldExport in the queue."""

    namespace: str
    name: str
    kind: str = KIND


class FieldExports:
    """The FieldExports of one process whose sources are of some API groups; those of others are others' to serve."""

    def __init__(
        self,
        api: KubeApi,
        options: Options,
        groups: Collection[str],
        events: Events,
        now: Callable[[], str],
        metrics: ControllerMetrics,
    ) -> None:
        """Nothing is read yet.

        Args:
            api: the Kubernetes API.
            options: the flags.
            groups: the API groups of the sources.
            events: where events go.
            now: the time, RFC 3339.
            metrics: where reconciles and waits are counted.
        """
        self._api, self._options, self._groups, self._events, self._now = api, options, groups, events, now
        self._metrics = metrics
        self._queue: WorkQueue[Key] = WorkQueue(on_get=lambda _, *how: metrics.waited(KIND, *how))
        self._by_source: dict[Source, set[Key]] = {}
        self._jitter = random.Random()  # noqa: S311 - spreads load, nothing secret
        self._informer = Informer(
            api, FIELD_EXPORTS, on_change=self._changed, trim=_trimmed, namespaces=options.namespaces
        )
        self._jq = Jq()

    async def run(self) -> None:
        """Keep all targets up to date until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._informer.run())
                for _ in range(_WORKERS):
                    group.create_task(self._work())
        finally:
            await self._jq.aclose()

    def source_changed(self, source: Source) -> None:
        """An object was listed, changed or went; whoever wrote."""
        for key in self._by_source.get(source, ()):
            self._queue.add(key)

    async def reconcile(self, obj: Object, source: Source) -> Next:
        """One FieldExport, once; safe to repeat, and without a write where nothing changed."""
        try:
            if "deletionTimestamp" in obj["metadata"]:
                await self._release(obj)
                return Next.NEVER
            obj = await self._claim(obj)
            outcome = await self._outcome(obj, source)
            await self._publish(obj, outcome)
        except NotFound:
            return Next.NEVER  # it went while it was worked on
        except Conflict:
            return Next.RETRY  # it, or its target, changed while it was worked on
        except ApiError as error:
            _log.warning("the Kubernetes API failed", error=str(error))
            return Next.RETRY
        return Next.RETRY if outcome.recoverable else Next.SWEEP

    def _changed(self, old: Object | None, new: Object | None) -> None:
        key = _key(new or old or {})
        before = source_of(old) if old else None
        if before in self._by_source:
            self._by_source[before].discard(key)
            if not self._by_source[before]:
                del self._by_source[before]
        source = source_of(new) if new else None
        if new is None or source is None or source.group not in self._groups:
            self._queue.forget(key)
            return
        self._by_source.setdefault(source, set()).add(key)
        if matters(old, new):
            self._queue.add(key)

    async def _work(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            key = await self._queue.get()
            try:
                obj = self._informer.get(key.namespace, key.name)
                source = source_of(obj) if obj else None
                if obj and source and source.group in self._groups:
                    began_at = clock()
                    with structlog.contextvars.bound_contextvars(kind=KIND, object=f"{key.namespace}/{key.name}"):
                        then = await self.reconcile(obj, source)
                    self._metrics.reconciled(KIND, then, clock() - began_at)
                    self._schedule(key, then)
            finally:
                self._queue.done(key)

    def _schedule(self, key: Key, then: Next) -> None:
        if then is Next.RETRY:
            self._queue.retry(key)
            return
        self._queue.forget(key)
        if then is Next.SWEEP:
            spread = self._jitter.uniform(1 - RESYNC_JITTER, 1 + RESYNC_JITTER)
            self._queue.add_after(key, RESYNC_SECONDS * spread, Priority.SWEEP)

    async def _outcome(self, obj: Object, source: Source) -> Outcome:
        """Export, and how that came out.

        Raises:
            ApiError: the same will work soon.
        """
        try:
            export = export_of(obj)
            advisories = self._permitted(source.namespace, export.target)
            await self._write(obj, export.target, await self._values(source, export))
        except (ExportError, UnresolvedError) as error:
            return _failed(error.message, terminal=error.terminal)
        except (Retryable, Conflict):
            raise
        except ApiError as error:
            return _failed(str(error), terminal=isinstance(error, Invalid))
        return Outcome(advisories=advisories)

    def _permitted(self, own: str, target: Target) -> tuple[Advisory, ...]:
        """That it may write there.

        Raises:
            UnresolvedError: not into another namespace.
            ExportError: not into what says which roles the controller assumes.
        """
        if target.namespace == own:
            return ()
        if target.namespace == self._options.system_namespace and target.name in (ACCOUNT_MAP, TEAM_MAP):
            raise ExportError(f"the {target} gives roles: only its own namespace may export into it", terminal=True)
        return (across(own, target.namespace, target.name, allowed=self._options.cross_namespace),)

    async def _values(self, source: Source, export: Export) -> dict[str, str]:
        """All values by their keys.

        Raises:
            ExportError: the source isn't ready, or a path gives no value.
            ApiError: the source can't be read.
        """
        obj = await self._api.get(resource_named(source.group, source.kind), source.namespace, source.name)
        states = {one["type"]: one["status"] for one in (obj.get("status") or {}).get("conditions") or ()}
        if states.get("ACK.ResourceSynced") != "True":
            raise ExportError(NOT_SYNCED)
        return {item.key: await self._value(item, obj, secret=export.target.secret) for item in export.items}

    async def _value(self, item: Item, obj: Object, *, secret: bool) -> str:
        where = "" if item.where == "spec.from.path" else f"{item.where}: "
        try:
            text = await self._jq.text(item.path, obj)
        except PathRefusedError as error:
            said = error.message if secret and error.quotes else str(error)
            raise ExportError(f"{where}{said}", terminal=True) from error
        if text is None:
            raise ExportError(f"{where}{NOT_THERE}")
        return text

    async def _write(self, obj: Object, target: Target, values: dict[str, str]) -> None:
        """Write what the target lacks.

        Raises:
            ExportError: the target isn't there, or can't be written.
            ApiError: the write failed.
        """
        resource = SECRETS if target.secret else CONFIG_MAPS
        try:
            found = await self._api.get(resource, target.namespace, target.name)
        except NotFound as error:
            if not target.create:
                raise ExportError(f"unable to get existing {target.kind}: {error}") from error
            await self._api.create(resource, target.namespace, created(target, values, obj))
            self._tell(obj, "Normal", "Created", f"created the {target} with {', '.join(values)}")
            return
        patch = change(target, found, values, obj)
        if patch:
            await self._api.patch(resource, target.namespace, target.name, patch)
            self._tell(obj, "Normal", "Exported", f"wrote {', '.join(patch.get('data', values))} to the {target}")

    async def _claim(self, obj: Object) -> Object:
        """The contract's finalizer; it holds nothing back here, since what was written stays."""
        finalizers = obj["metadata"].get("finalizers") or []
        return obj if FINALIZER in finalizers else await self._finalizers(obj, [*finalizers, FINALIZER])

    async def _release(self, obj: Object) -> None:
        finalizers = obj["metadata"].get("finalizers") or []
        if FINALIZER in finalizers:
            await self._finalizers(obj, [one for one in finalizers if one != FINALIZER])

    async def _finalizers(self, obj: Object, finalizers: list[str]) -> Object:
        guard = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return await self._patch(obj, {"metadata": {**guard, "finalizers": finalizers}})

    async def _publish(self, obj: Object, outcome: Outcome) -> None:
        """Write the conditions where they differ, and tell of a failure then."""
        before = obj.get("status") or {}
        status = {
            "conditions": conditions(outcome, before.get("conditions") or (), self._now()),
            "observedGeneration": obj["metadata"]["generation"],
        }
        # The Go original's CRD drops observedGeneration: alone it isn't worth a write.
        if before.get("conditions") == status["conditions"] and before.get("observedGeneration") in (
            None,
            status["observedGeneration"],
        ):
            return
        await self._patch(obj, {"status": status}, subresource="status")
        if why := outcome.terminal or outcome.recoverable:
            self._tell(obj, "Warning", "ExportFailed", why)

    async def _patch(self, obj: Object, body: Object, subresource: str | None = None) -> Object:
        key = _key(obj)
        written = await self._api.patch(FIELD_EXPORTS, key.namespace, key.name, body, subresource=subresource)
        self._informer.note_write(written)
        return written

    def _tell(self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._events.record(obj, event_type, reason, message)
        log = _log.info if event_type == "Normal" else _log.warning
        log(message, reason=reason)


def _failed(message: str, *, terminal: bool) -> Outcome:
    return Outcome(synced=None, terminal=message) if terminal else Outcome(synced=None, recoverable=message)


def _key(obj: Object) -> Key:
    return Key(obj["metadata"]["namespace"], obj["metadata"]["name"])


def _trimmed(obj: Object) -> Object:
    obj["metadata"].pop("managedFields", None)
    return obj

"""All controllers of one process: informers feed the queue, workers reconcile, sweeps come round.

Called by `ackpy run` and `ackpy up`; the tests start it on an in-memory API and a simulator.
"""

from __future__ import annotations

import asyncio
import gc
import math
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from ackpy.aws.call import Caller
from ackpy.aws.limits import TURN, Turn
from ackpy.controller.desires import Desires
from ackpy.controller.field_exports import FieldExports
from ackpy.controller.followed import Followed, Place
from ackpy.controller.kind_controller import Around, KindController
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.namespaces import Namespaces
from ackpy.controller.next import Next
from ackpy.controller.objects import Objects, resource_of, trimmed
from ackpy.controller.options import (
    LATE_SECONDS,
    RESYNC_JITTER,
    ROLE_SECONDS,
    STOP_SECONDS,
    SWEEP_SHARE,
    WAIT_SECONDS,
    Options,
)
from ackpy.controller.reconcile import Reconciler
from ackpy.controller.references import links
from ackpy.controller.referrers import Key, Neighbours, Referrers, Target
from ackpy.controller.report import Events, Recorder
from ackpy.controller.role_sources import RoleSources
from ackpy.controller.scopes import Scopes
from ackpy.controller.secrets import SECRETS, Secrets, secret_links
from ackpy.controller.secrets import trimmed as trimmed_secret
from ackpy.controller.subject import BY_GATE, Subject, matters
from ackpy.controller.track import Track
from ackpy.kinds.model import Kind
from ackpy.kube.api import KubeApi, Object, Resource
from ackpy.kube.informer import Informer
from ackpy.kube.workqueue import Priority, QueueShutDown, WorkQueue
from ackpy.plan.export import Source

_log = structlog.get_logger(__name__)

_AUTOMATIC_WORKERS = 64


class Manager:
    """The controllers of some kinds."""

    def __init__(
        self,
        kinds: Iterable[Kind],
        api: KubeApi,
        aws: Caller,
        events: Events,
        options: Options,
        account: str,
        partition: str,
        read_rate: Callable[[str, str], float] = lambda *_: math.inf,
        metrics: ControllerMetrics | None = None,
        around: Around = lambda reconcile: reconcile,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing starts yet.

        Args:
            kinds: what to control.
            api: the Kubernetes API.
            aws: calls AWS.
            events: where events go.
            options: the flags.
            account: of the controller's identity.
            partition: of the same.
            read_rate: reads a second that AWS allows, by its service and region; infinite until it throttled.
            metrics: where all is counted; by default nobody sees them.
            around: puts something around every reconcile.
            now: the time, for conditions and intents.
        """

        def timestamp() -> str:
            return now().isoformat(timespec="seconds").replace("+00:00", "Z")

        self._options = options
        said = ("annotations", "labels") if options.selecting_roles else ("annotations",)
        self._namespaces = Namespaces(api, options.namespaces, said, self._namespace_changed)
        kinds = tuple(kinds)
        groups = {kind.group for kind in kinds}
        self._roles = RoleSources(api, options, account, groups, self._namespaces.get, self._roles_changed, timestamp)
        self._scopes = Scopes(
            account,
            partition,
            options.region,
            options.endpoint_url,
            self._namespaces.annotations,
            self._roles.role,
        )
        self._read_rate = read_rate
        self._metrics = metrics or ControllerMetrics(CollectorRegistry())
        self._metrics.watch(lambda: (one.standing() for one in self._controllers.values()))
        self._around = around
        self._stopping = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._own_write = False
        self._turns = count()

        self._jitter = random.Random()  # noqa: S311 - spreads load, nothing secret
        shared = self._queue()
        self._queues: list[tuple[WorkQueue[Key], int]] = [(shared, _AUTOMATIC_WORKERS)]
        self._api = api
        self._referrers = Referrers(self._wake)
        self._followed = Followed(api, self._referrers.changed, trimmed_secret)
        self._secrets = Secrets(api.get, cross_namespace=options.cross_namespace, seen=self._secret_seen)
        self._labels: dict[Resource, str] = {}
        self._controllers: dict[str, KindController] = {}
        for kind in kinds:
            limit = options.concurrency_by_kind.get(kind.name, options.concurrency)
            queue = shared if limit is None else self._queue()
            if limit is not None:
                self._queues.append((queue, limit))
            self._labels[resource_of(kind)] = kind.label
            self._controllers[kind.label] = self._controller(kind, api, aws, events, queue, timestamp)
        groups = {controller.reconciler.kind.group for controller in self._controllers.values()}
        self._exports = (
            FieldExports(api, options, groups, events, timestamp, self._metrics) if options.field_exports else None
        )

    async def run(self) -> None:
        """Control until `stop`; or until cancelled, which ends it at once."""
        async with asyncio.TaskGroup() as group:
            controlling = group.create_task(self._control())
            await self._stopping.wait()
            for queue, _ in self._queues:
                queue.shut_down()
            # What the objects at hand are at is finished: what AWS did is seen, and written down.
            late = (await asyncio.wait(self._workers, timeout=STOP_SECONDS))[1] if self._workers else ()
            if late:  # the next start finds what they leave (law 5)
                _log.warning("abandoned what didn't end in time", objects=len(late), seconds=STOP_SECONDS)
            controlling.cancel()

    def stop(self) -> None:
        """Take up nothing more. What is under way has STOP_SECONDS to come to its end; then `run` returns."""
        self._stopping.set()

    async def _control(self) -> None:
        """Feed the queues, and work on what is in them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._namespaces.run())
            group.create_task(self._roles.run())
            group.create_task(self._followed.run())
            if self._exports:
                group.create_task(self._exports.run())
            await self._namespaces.synced.wait()
            await self._roles.synced()
            for controller in self._controllers.values():
                group.create_task(controller.informer.run())
            for queue, workers in self._queues:
                self._workers += [group.create_task(self._work(queue)) for _ in range(workers)]
            await self.synced()
            group.create_task(self._roles.tell())
            # What was just loaded stays: collections needn't walk it (benchmarks/, "GC").
            gc.freeze()
            _log.info("all objects are listed", objects=sum(len(c.informer.store) for c in self._controllers.values()))

    @property
    def unlisted(self) -> list[str]:
        """The kinds whose objects aren't listed yet."""
        return [kind for kind, controller in self._controllers.items() if not controller.informer.synced.is_set()]

    async def synced(self) -> None:
        """Wait until every kind's objects are listed."""
        for controller in self._controllers.values():
            await controller.informer.synced.wait()

    def _controller(
        self,
        kind: Kind,
        api: KubeApi,
        aws: Caller,
        events: Events,
        queue: WorkQueue[Key],
        timestamp: Callable[[], str],
    ) -> KindController:
        def changed(old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
            self._changed(kind.label, old, new)

        def on_write(before: Mapping[str, Any] | None, after: dict[str, Any]) -> None:
            self._written(kind.label, before, after)

        informer = Informer(
            api,
            resource_of(kind),
            on_change=changed,
            trim=lambda obj: trimmed(kind, obj),
            namespaces=self._options.namespaces,
            label_selector=self._options.selector,
        )
        objects = Objects(api, kind, on_write, timestamp)
        recorder = Recorder(events, self._metrics)
        desires = Desires(kind, self._options, self._read, self._secrets)
        reconciler = Reconciler(
            kind,
            api,
            aws,
            objects,
            self._scopes,
            self._options,
            recorder,
            desires,
            neighbours=Neighbours(partial(self._blockers, kind), partial(self._cycle, kind)),
        )
        return KindController(reconciler, self._around(reconciler.reconcile), queue, informer, self._metrics)

    def _queue(self) -> WorkQueue[Key]:
        return WorkQueue(on_get=lambda key, *how: self._metrics.waited(key.kind, *how))

    def stuck_seconds(self) -> float:
        """For how long objects have waited while no worker took one up or finished one."""
        return max(queue.stuck_seconds() for queue, _ in self._queues)

    def _subject(self, kind: Kind, obj: Object) -> Subject:
        gates = self._options.feature_gates
        return Subject(
            kind, obj, frozenset(name for gate, names in BY_GATE.items() if gate not in gates for name in names)
        )

    def _changed(self, label: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        controller = self._controllers[label]
        self._refers(controller.reconciler.kind, old, new)
        if self._exports and (obj := new or old):
            kind, key = controller.reconciler.kind, _key(label, obj)
            self._exports.source_changed(Source(kind.group, kind.name, key.namespace, key.name))
        if new is None:
            if old is not None:
                key = _key(label, old)
                controller.tracks.pop(key, None)
                controller.queue.forget(key)
                controller.reconciler.owners.forget(old["metadata"]["uid"])
                self._roles.forget(self._subject(controller.reconciler.kind, old))
            return
        subject = self._subject(controller.reconciler.kind, new)
        controller.track(_key(label, new), new["metadata"]["uid"])
        controller.reconciler.noticed(subject)
        self._roles.noticed(subject)
        if not self._own_write and matters(old, new):
            # What stood there before we came waits behind what is edited now.
            priority = Priority.EDIT if old else Priority.NEW
            news = controller.informer.synced.is_set()  # else it is what was there at the start
            controller.queue.add(_key(label, new), priority if news else Priority.SWEEP)

    def _written(self, label: str, before: Mapping[str, Any] | None, after: dict[str, Any]) -> None:
        """Our own write isn't news; what came in with it is."""
        controller = self._controllers[label]
        key = _key(label, after)
        self._own_write = True
        try:
            controller.informer.note_write(after)
        finally:
            self._own_write = False
        if before is not None and matters(before, after):
            controller.queue.add(key, Priority.EDIT)

    def _refers(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        """Keep the index of references: who refers to what, and whom this change concerns."""
        key = _key(kind.label, new or old or {})
        before = self._referrers.targets(key)
        if new is not None:
            subject = self._subject(kind, new)
            used = (*links(kind, subject.spec, subject.namespace), *secret_links(kind, subject.spec, subject.namespace))
            self._referrers.noticed(key, used)
        else:
            self._referrers.noticed(key, ())
        now = self._referrers.targets(key)
        for target in now - before:
            if not self._has(target):
                self._followed.want(self._place(target))
        for target in before - now:
            if not self._has(target):
                self._followed.release(self._place(target))
            elif (waiting := self._key_of(target)) and self._is_deleting(waiting):
                self._wake(waiting)
        self._referrers.changed(resource_of(kind), old, new)

    def _has(self, target: Target) -> bool:
        """Whether an own informer covers an object."""
        resource, namespace, _ = target
        named = not self._options.namespaces or namespace in self._options.namespaces
        return resource in self._labels and named and self._options.selector is None

    def _place(self, target: Target) -> Place:
        resource, namespace, _ = target
        if resource == SECRETS:  # only those that are named: others are nobody's business
            return target
        return resource, namespace if self._options.namespaces else None, None

    def _secret_seen(self, namespace: str, name: str) -> Object | None:
        return self._followed.get((SECRETS, namespace, name), namespace, name)

    def _key_of(self, target: Target) -> Key | None:
        resource, namespace, name = target
        return Key(self._labels[resource], namespace, name) if resource in self._labels else None

    def _is_deleting(self, key: Key) -> bool:
        obj = self._controllers[key.kind].informer.get(key.namespace, key.name)
        return obj is not None and "deletionTimestamp" in obj["metadata"]

    def _wake(self, key: Key) -> None:
        self._controllers[key.kind].queue.add(key, Priority.EDIT)

    async def _read(self, resource: Resource, namespace: str, name: str) -> Object:
        """An object that others refer to: as the informers have it, or else as the API server says."""
        target = (resource, namespace, name)
        if self._has(target):
            found = self._controllers[self._labels[resource]].informer.get(namespace, name)
        else:
            found = self._followed.get(self._place(target), namespace, name)
        return found or await self._api.get(resource, namespace, name)

    def _blockers(self, kind: Kind, obj: Mapping[str, Any]) -> list[str]:
        metadata = obj["metadata"]
        target = (resource_of(kind), metadata.get("namespace") or "", metadata["name"])
        return [str(key) for key in self._referrers.of(target)]

    def _cycle(self, kind: Kind, obj: Mapping[str, Any]) -> list[str]:
        return [str(key) for key in self._referrers.cycle(_key(kind.label, obj), self._key_of)]

    def _namespace_changed(self, changed: str) -> None:
        """A namespace's annotations are defaults of all its objects."""
        for kind, controller in self._controllers.items():
            for (namespace, name), obj in controller.informer.store.items():
                if namespace == changed:
                    self._roles.noticed(self._subject(controller.reconciler.kind, obj))
                    controller.queue.add(Key(kind, namespace, name), Priority.RETRY)

    def _roles_changed(self) -> None:
        for kind, controller in self._controllers.items():
            for (namespace, name), obj in controller.informer.store.items():
                subject = self._subject(controller.reconciler.kind, obj)
                if self._roles.depends(subject):
                    self._roles.noticed(subject)
                    controller.queue.add(Key(kind, namespace, name), Priority.RETRY)

    async def _work(self, queue: WorkQueue[Key]) -> None:
        with suppress(QueueShutDown):
            while True:
                key = await queue.get()
                TURN.set(Turn(queue.priority(key), next(self._turns)))
                try:
                    await self._reconcile(self._controllers[key.kind], key)
                finally:
                    queue.done(key)

    async def _reconcile(self, controller: KindController, key: Key) -> None:
        kind, stored = controller.reconciler.kind, controller.informer.get(key.namespace, key.name)
        if stored is None:
            return
        if not await self._namespace_known(self._subject(kind, stored)):
            controller.queue.retry(key)  # it was made a moment ago; its annotations may say another region
            return
        obj = controller.informer.get(key.namespace, key.name)
        if obj is None:
            return
        subject = self._subject(kind, obj)
        track, then = await controller.work(key, subject)
        self._schedule(controller, key, track, subject, then)

    async def _namespace_known(self, subject: Subject) -> bool:
        """Before something is made, its namespace is read anew: what was said a moment ago counts."""
        name = subject.namespace
        return (subject.managed or await self._namespaces.read(name)) and self._namespaces.known(name)

    def _schedule(self, controller: KindController, key: Key, track: Track, subject: Subject, then: Next) -> None:
        queue = controller.queue
        if then is Next.RETRY:
            queue.retry(key)
            return
        queue.forget(key)
        if then is Next.WAIT:
            first, longest = WAIT_SECONDS
            pause = min(longest, first * 2**track.waits)
            queue.add_after(key, pause)
            if pause < longest:  # beyond it the power would outgrow every number
                track.waits += 1
            return
        track.waits = 0
        if then is Next.LATE:
            queue.add_after(key, LATE_SECONDS)
        elif then is Next.NO_ROLE:
            queue.add_after(key, ROLE_SECONDS)
        elif then is Next.SWEEP:
            period = subject.resync_seconds or self._sweep_period(controller, subject)
            spread = self._jitter.uniform(1 - RESYNC_JITTER, 1 + RESYNC_JITTER)
            queue.add_after(key, period * spread, Priority.SWEEP)

    def _sweep_period(self, controller: KindController, subject: Subject) -> float:
        """Seconds between two sweeps. The default stretches where AWS's budget is small; a number is obeyed."""
        kind = subject.kind
        period = self._options.resync(kind.name)
        if not self._options.resync_is_given(kind.name):
            region = (subject.status.get("ackResourceMetadata") or {}).get("region") or self._options.region
            reads = len(controller.informer.store) * (1 + sum(part.read is not None for part in kind.parts))
            period = max(period, reads / (SWEEP_SHARE * self._read_rate(kind.service.aws_name, region)))
        self._metrics.sweeps_every(kind.label, period)
        return period


def _key(label: str, obj: Mapping[str, Any]) -> Key:
    return Key(label, obj["metadata"].get("namespace") or "", obj["metadata"]["name"])

"""What the manager keeps of one kind: who reconciles it, its objects, and what is remembered of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from zlib import crc32

import structlog

from ackpy.controller.metrics import ControllerMetrics, Standing
from ackpy.controller.next import Next
from ackpy.controller.reconcile import Reconciler
from ackpy.controller.referrers import Key
from ackpy.controller.subject import Subject
from ackpy.controller.track import Track
from ackpy.kube.informer import Informer
from ackpy.kube.workqueue import Priority, WorkQueue

TERMINAL = "terminal"
"""The outcome of a reconcile after which only another spec helps."""
_UNSEEN = {TERMINAL, Next.NEVER}

Reconcile: TypeAlias = Callable[[Subject, Track], Awaitable[Next]]
Around: TypeAlias = Callable[[Reconcile], Reconcile]


@dataclass(slots=True)
class KindController:
    """What belongs to one kind; `reconcile` is the reconciler's, with whatever is put around it."""

    reconciler: Reconciler
    reconcile: Reconcile
    queue: WorkQueue[Key]
    informer: Informer
    metrics: ControllerMetrics
    tracks: dict[Key, Track] = field(default_factory=dict)

    async def work(self, key: Key, subject: Subject) -> tuple[Track, Next]:
        """Reconcile an object, and tell the log what is at hand and the metrics how it came out."""
        clock, track = asyncio.get_running_loop().time, self.track(key, subject.obj["metadata"]["uid"])
        began_at = clock()
        with structlog.contextvars.bound_contextvars(kind=key.kind, object=f"{key.namespace}/{key.name}"):
            then = await self.reconcile(subject, track)
        track.outcome = TERMINAL if then is Next.SWEEP and track.terminal else then
        self.metrics.reconciled(key.kind, track.outcome, clock() - began_at)
        return track, then

    def track(self, key: Key, uid: str) -> Track:
        """What is remembered of an object, from when it is first heard of."""
        known = self.tracks.get(key)
        if known is None:
            known = self.tracks[key] = Track(observed_at=asyncio.get_running_loop().time())
            known.shift(crc32(uid.encode()))
        return known

    def standing(self) -> Standing:
        """How the objects stand. What isn't looked at, as only another spec helps or nothing is ours, doesn't age."""
        kind, now = self.reconciler.kind.label, asyncio.get_running_loop().time()
        depths, tracks = self.queue.depths(), self.tracks.values()
        oldest = min((track.observed_at for track in tracks if track.outcome not in _UNSEEN), default=now)
        return Standing(
            kind,
            waiting={priority: depths.get((kind, priority), 0) for priority in Priority},
            outcomes=Counter(track.outcome for track in tracks),
            oldest_seconds=now - oldest,
        )

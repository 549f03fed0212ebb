"""Kubernetes Events: what ackpy did with an object and why, for `kubectl describe`.

`record` only queues, so it never delays or fails a reconcile; `run` writes. An event like one of the last ten minutes
raises that one's count instead of adding another.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import structlog

from ackpy.kube.api import ApiError, KubeApi, NotFound, Object, Resource

EVENTS = Resource("", "v1", "events", "Event")

_COMPONENT = "ackpy"
_SAME_SECONDS = 600.0
_QUEUED_AT_MOST = 1000
_REMEMBERED_AT_MOST = 4096  # as client-go

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What happened. Equal entries are the same event, happening again."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Written:
    name: str
    count: int
    at: float


class EventRecorder:
    """Writes the Events of this process."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._queue: asyncio.Queue[tuple[_Entry, str]] = asyncio.Queue(_QUEUED_AT_MOST)
        self._written: OrderedDict[_Entry, _Written] = OrderedDict()

    def record(self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Tell what happened to an object. The message must hold no secret value."""
        meta = obj["metadata"]
        entry = _Entry(
            api_version=obj["apiVersion"],
            kind=obj["kind"],
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            uid=meta.get("uid", ""),
            type=event_type,
            reason=reason,
            message=message,
        )
        try:
            self._queue.put_nowait((entry, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
        except asyncio.QueueFull:
            _log.debug("event dropped, too many are waiting", kind=entry.kind, name=entry.name, reason=reason)

    async def run(self) -> None:
        """Write queued events until cancelled."""
        while True:
            entry, at = await self._queue.get()
            try:
                await self._write(entry, at)
            except ApiError as error:
                _log.warning(
                    "event not written", kind=entry.kind, name=entry.name, reason=entry.reason, error=str(error)
                )
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Wait until everything recorded so far was tried; `run` must be running."""
        await self._queue.join()

    async def _write(self, entry: _Entry, at: str) -> None:
        now = asyncio.get_running_loop().time()
        namespace = entry.namespace or "default"  # where Kubernetes keeps the events of cluster-scoped objects
        known = self._written.get(entry)
        if known is not None and now - known.at < _SAME_SECONDS:
            body: Object = {"count": known.count + 1, "lastTimestamp": at}
            try:
                await self._api.patch(EVENTS, namespace, known.name, body)
            except NotFound:  # events live for an hour; an administrator may have removed it earlier
                pass
            else:
                known.count, known.at = known.count + 1, now
                self._written.move_to_end(entry)
                return
        # As client-go names them: unique, short enough (253 characters are allowed), and near the object when sorted.
        name = f"{entry.name[:230]}.{time.time_ns():x}"
        await self._api.create(EVENTS, namespace, _event(entry, namespace, name, at))
        self._written[entry] = _Written(name, 1, now)
        self._written.move_to_end(entry)
        if len(self._written) > _REMEMBERED_AT_MOST:
            self._written.popitem(last=False)


def _event(entry: _Entry, namespace: str, name: str, at: str) -> Object:
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": entry.api_version,
            "kind": entry.kind,
            "name": entry.name,
            "uid": entry.uid,
            **({"namespace": entry.namespace} if entry.namespace else {}),
        },
        "type": entry.type,
        "reason": entry.reason,
        "message": entry.message,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
    }

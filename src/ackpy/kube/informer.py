"""A local copy of the objects of one resource, kept by list and watch.

The controller reads it instead of the API server and is told of each change. Promises:

- `on_change(old, new)` is called once for each change of the store, after it; old is None for a new object, new is None
  for one that is gone. Between two calls objects may have changed several times: be level-based.
- The store never goes back to an older state of an object. The response to our own write enters by `note_write` before
  the watch tells of it, so nothing is decided on stale data.
- It goes on through any failure of the API server, and lists again when the watch can't be resumed (410).

Objects are compared by resourceVersion as a number. It is the revision of etcd, which counts all writes of the cluster;
since Kubernetes 1.35 the API promises this order (KEP-5504). A server with other versions gets the order of arrival.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing

import structlog

from ackpy.kube import backoff
from ackpy.kube.api import ApiError, Gone, KubeApi, Object, Resource, Retryable

Key = tuple[str, str]  # namespace (empty for cluster-scoped objects), name
OnChange = Callable[[Object | None, Object | None], None]

_PAGE_SIZE = 500
# As client-go: a watch lives five to ten minutes, so that a restarted API server gets its share of connections back.
_WATCH_SECONDS = (300, 600)
_BACKOFF_BASE_SECONDS, _BACKOFF_CAP_SECONDS = 1.0, 30.0

_log = structlog.get_logger(__name__)


class Informer:
    """Keeps the objects of one resource: of the whole cluster or of some namespaces, all or those with some labels.

    Attributes:
        store: The trimmed objects. Read-only for others.
        trim: As given.
        synced: Set once everything was listed.
    """

    def __init__(
        self,
        api: KubeApi,
        resource: Resource,
        *,
        on_change: OnChange,
        trim: Callable[[Object], Object] = lambda obj: obj,
        namespaces: Sequence[str] = (),
        label_selector: str | None = None,
        name: str | None = None,
    ) -> None:
        """Without namespaces it covers the cluster; with a name only the object that is called so.

        `trim` takes out what the reader doesn't need. It may change the object that it gets, and must leave name,
        namespace, uid and resourceVersion.
        """
        self.resource = resource
        self.store: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._on_change = on_change
        self.trim = trim
        named = f"metadata.name={name}" if name else None
        self._scopes = [_Scope(api, self, where, label_selector, named) for where in namespaces or (None,)]
        # The uids of objects that our own write let go, until the watch tells of it: older news would revive them.
        self._released: dict[Key, str] = {}

    async def run(self) -> None:
        """List and watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for scope in self._scopes:
                group.create_task(scope.run())

    def get(self, namespace: str | None, name: str) -> Object | None:
        """The object, if it is in the store."""
        return self.store.get((namespace or "", name))

    def note_write(self, obj: Object) -> None:
        """Take in the response to a write of ours, ahead of the watch.

        The object must match the label selector. It is the informer's from now on, which trims it.
        """
        key, meta = key_of(obj), obj["metadata"]
        scope = next((scope for scope in self._scopes if scope.namespace in {None, key[0]}), None)
        if scope is None:
            return
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            if self._is_current(key, obj):
                self._released[key] = meta["uid"]
                self._forget(key)
        elif key in self.store or newer(meta["resourceVersion"], scope.position):
            # Otherwise the watch is past this write and the object is gone: the response came late.
            self._keep(key, self.trim(obj))

    def _is_current(self, key: Key, obj: Object) -> bool:
        known = self.store.get(key)
        return known is not None and known["metadata"]["uid"] == obj["metadata"]["uid"]

    def _keep(self, key: Key, obj: Object) -> None:
        meta = obj["metadata"]
        known = self.store.get(key)
        if known is not None and not newer(meta["resourceVersion"], known["metadata"]["resourceVersion"]):
            return
        if self._released.get(key) == meta["uid"]:
            return
        self._released.pop(key, None)
        self.store[key] = obj
        self._on_change(known, obj)

    def _forget(self, key: Key) -> None:
        known = self.store.pop(key, None)
        if known is not None:
            self._on_change(known, None)

    def _apply(self, event_type: str, obj: Object) -> None:
        """Take in an event of a watch."""
        key = key_of(obj)
        if event_type != "DELETED":
            self._keep(key, self.trim(obj))
            return
        if self._released.get(key) == obj["metadata"]["uid"]:
            del self._released[key]
        known = self.store.get(key)
        # A newer object is our own write: a creation after this deletion, or labels that select it again.
        if known is not None and not newer(known["metadata"]["resourceVersion"], obj["metadata"]["resourceVersion"]):
            self._forget(key)

    def _replace(self, namespace: str | None, listed: dict[Key, Object], position: str) -> None:
        """Make the store equal to a list of this namespace (None: of all), but for our own writes after it."""
        for key in [key for key in self._released if namespace in {None, key[0]} and key not in listed]:
            del self._released[key]
        for key, known in list(self.store.items()):
            outdated = key not in listed and not newer(known["metadata"]["resourceVersion"], position)
            if namespace in {None, key[0]} and outdated:
                self._forget(key)
        for key, obj in listed.items():
            self._keep(key, obj)
        if all(scope.position for scope in self._scopes):
            self.synced.set()


class _Scope:
    """One list and watch: of the cluster, or of one namespace. `position` is how far it has seen."""

    def __init__(
        self,
        api: KubeApi,
        informer: Informer,
        namespace: str | None,
        label_selector: str | None,
        field_selector: str | None,
    ) -> None:
        self.namespace = namespace
        self.position = ""  # nothing seen; it compares as older than everything
        self._api = api
        self._informer = informer
        self._label_selector, self._field_selector = label_selector, field_selector
        self._must_list = True
        self._failures = 0
        self._reported = ""

    async def run(self) -> None:
        while True:
            asked = 0.0
            try:
                if self._must_list:
                    await self._list()
                await self._watch()
            except ApiError as error:
                self._failures += 1
                if isinstance(error, Retryable):
                    asked = error.retry_after or 0.0
                else:
                    self._must_list = True
                if not isinstance(error, Gone):  # that is everyday
                    self._report(error)
            # Also after a watch that ended well: were the server to end each at once, this is no busy loop.
            await asyncio.sleep(max(asked, backoff.delay(self._failures, _BACKOFF_BASE_SECONDS, _BACKOFF_CAP_SECONDS)))

    async def _list(self) -> None:
        listed: dict[Key, Object] = {}
        token: str | None = None
        while True:
            page = await self._api.list(
                self._informer.resource,
                self.namespace,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
                limit=_PAGE_SIZE,
                continue_token=token,
            )
            listed.update((key_of(obj), self._informer.trim(obj)) for obj in page.items)
            token = page.continue_token
            if token is None:
                break
        self.position = page.resource_version
        self._must_list = False
        self._informer._replace(self.namespace, listed, self.position)

    async def _watch(self) -> None:
        events = self._api.watch(
            self._informer.resource,
            self.namespace,
            resource_version=self.position,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            timeout_seconds=random.randint(*_WATCH_SECONDS),  # noqa: S311 (spreads load)
        )
        async with aclosing(events):
            async for event_type, obj in events:
                self._recovered()
                self.position = obj["metadata"]["resourceVersion"]
                if event_type != "BOOKMARK":
                    self._informer._apply(event_type, obj)
        self._recovered()

    def _recovered(self) -> None:
        self._failures, self._reported = 0, ""

    def _report(self, error: ApiError) -> None:
        """Log a failure once, not at each try: a kind whose CRD is not installed stays so for long."""
        text = str(error)
        if text != self._reported:
            self._reported = text
            _log.warning(
                "informer can't follow a resource, trying again",
                resource=self._informer.resource.plural,
                group=self._informer.resource.group,
                namespace=self.namespace,
                error=text,
            )


def key_of(obj: Object) -> Key:
    """The store's key of an object."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def newer(version: str, than: str) -> bool:
    """Whether one resourceVersion is later than the other; True if they can't be compared, but "" is before all."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return bool(version) and version != than

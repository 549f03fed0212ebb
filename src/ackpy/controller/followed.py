"""Objects that are looked at because others refer to them: followed as long as somebody does, by list and watch.

The manager's own kinds have their informers already; this is for kinds of other controllers, and for Secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ackpy.kube.api import KubeApi, Object, Resource
from ackpy.kube.informer import Informer

Place: TypeAlias = tuple[Resource, str | None, str | None]
"""What is watched: all objects of a resource, those of a namespace, or one by its name."""


@dataclass(slots=True)
class _Watch:
    informer: Informer
    wanted: int = 0
    task: asyncio.Task[None] | None = None


class Followed:
    """The informers that come and go with references."""

    def __init__(
        self,
        api: KubeApi,
        on_change: Callable[[Resource, Object | None, Object | None], None],
        trim: Callable[[Object], Object] = lambda obj: obj,
    ) -> None:
        """Nothing is followed. `on_change` and `trim` are as an Informer's."""
        self._api, self._on_change, self._trim = api, on_change, trim
        self._watches: dict[Place, _Watch] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Follow what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for watch in self._watches.values():
                watch.task = group.create_task(watch.informer.run())
            await asyncio.Event().wait()

    def want(self, place: Place) -> None:
        """One more refers to something there."""
        watch = self._watches.get(place)
        if watch is None:
            watch = self._watches[place] = _Watch(self._informer(place))
            if self._group is not None:
                watch.task = self._group.create_task(watch.informer.run())
        watch.wanted += 1

    def release(self, place: Place) -> None:
        """One less does."""
        watch = self._watches[place]
        watch.wanted -= 1
        if not watch.wanted:
            del self._watches[place]
            if watch.task is not None:
                watch.task.cancel()

    def get(self, place: Place, namespace: str, name: str) -> Object | None:
        """An object as it was last seen, if it was."""
        watch = self._watches.get(place)
        return watch.informer.get(namespace, name) if watch is not None else None

    def _informer(self, place: Place) -> Informer:
        resource, namespace, name = place

        def changed(old: Object | None, new: Object | None) -> None:
            self._on_change(resource, old, new)

        return Informer(
            self._api,
            resource,
            on_change=changed,
            trim=self._trim,
            namespaces=(namespace,) if namespace else (),
            name=name,
        )

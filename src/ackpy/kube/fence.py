"""Writes for who may write: a process that stood still may have lost its Lease, and not know it yet."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from ackpy.kube.api import KubeApi, Object, Page, Resource, WatchEvent


class Fenced:
    """Another `KubeApi`, with a check before each write. Reads pass; what `check` raises comes out of the write."""

    def __init__(self, api: KubeApi, check: Callable[[], None]) -> None:
        self._api, self._check = api, check

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """See `KubeApi.get`."""
        return await self._api.get(resource, namespace, name)

    async def list(self, resource: Resource, namespace: str | None = None, **options: Any) -> Page:
        """See `KubeApi.list`."""
        return await self._api.list(resource, namespace, **options)

    def watch(
        self, resource: Resource, namespace: str | None = None, **options: Any
    ) -> AsyncGenerator[WatchEvent, None]:
        """See `KubeApi.watch`."""
        return self._api.watch(resource, namespace, **options)

    async def create(self, resource: Resource, namespace: str | None, body: Object, **options: Any) -> Object:
        """See `KubeApi.create`."""
        self._check()
        return await self._api.create(resource, namespace, body, **options)

    async def replace(
        self, resource: Resource, namespace: str | None, name: str, body: Object, **options: Any
    ) -> Object:
        """See `KubeApi.replace`."""
        self._check()
        return await self._api.replace(resource, namespace, name, body, **options)

    async def patch(self, resource: Resource, namespace: str | None, name: str, body: Object, **options: Any) -> Object:
        """See `KubeApi.patch`."""
        self._check()
        return await self._api.patch(resource, namespace, name, body, **options)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """See `KubeApi.delete`."""
        self._check()
        await self._api.delete(resource, namespace, name)

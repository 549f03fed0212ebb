"""What the namespaces of objects say: annotations are defaults of all their objects, labels choose roles.

With all namespaces watched, they are watched too. With some named (`--watch-namespace`), the controller may have no
right to list namespaces, so each of them is read by its name, now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from ackpy.controller.options import NAMESPACE_SECONDS
from ackpy.kube.api import ApiError, Forbidden, KubeApi, NotFound, Object, Resource
from ackpy.kube.informer import Informer

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
_SILENT: Object = {"metadata": {}}

_log = structlog.get_logger(__name__)


class Namespaces:
    """The namespaces that are watched.

    Attributes:
        synced: set once all were asked for.
    """

    def __init__(
        self, api: KubeApi, names: tuple[str, ...], kept: tuple[str, ...], on_change: Callable[[str], None]
    ) -> None:
        """Nothing is read yet.

        Args:
            api: the Kubernetes API.
            names: those to read; empty for all.
            kept: the members of metadata that say something: annotations, and labels where they choose roles.
            on_change: is told the name of a namespace that says something else now.
        """
        self.synced = asyncio.Event()
        self._api, self._names, self._kept, self._on_change = api, names, kept, on_change
        self._informer = Informer(api, NAMESPACES, on_change=self._noticed, trim=self._trimmed)
        self._forbidden: set[str] = set()
        if not names:
            self.synced = self._informer.synced

    async def run(self) -> None:
        """Keep them up to date until cancelled."""
        if not self._names:
            await self._informer.run()
        while True:
            answered = [await self.read(name) for name in self._names]
            if all(answered):
                self.synced.set()
            await asyncio.sleep(NAMESPACE_SECONDS if self.synced.is_set() else 1.0)

    def known(self, name: str) -> bool:
        """Whether a namespace was read, or never can be."""
        return self._informer.get(None, name) is not None or (bool(self._names) and name in self._forbidden)

    def get(self, name: str) -> Object:
        """A namespace's object, with metadata only; one that says nothing where it isn't known."""
        return self._informer.get(None, name) or _SILENT

    def annotations(self, name: str) -> Mapping[str, str]:
        """A namespace's annotations."""
        return self.get(name)["metadata"].get("annotations") or {}

    async def read(self, name: str) -> bool:
        """Read a namespace now; whether that was answered. Without the right to, what is known stays."""
        if name in self._forbidden:
            return True
        try:
            self._informer.note_write(await self._api.get(NAMESPACES, None, name))
        except Forbidden as error:
            _log.warning("a namespace can't be read by its name", namespace=name, error=str(error))
            self._forbidden.add(name)
        except NotFound:
            return True
        except ApiError as error:
            _log.warning("a namespace couldn't be read, trying again", namespace=name, error=str(error))
            return False
        return True

    def _noticed(self, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and self._said(old) != self._said(new):
            self._on_change(new["metadata"]["name"])

    def _trimmed(self, obj: Object) -> Object:
        kept = ("name", "uid", "resourceVersion", *self._kept)
        return {"metadata": {key: value for key, value in obj["metadata"].items() if key in kept}}

    def _said(self, obj: Object) -> list[object]:
        return [obj["metadata"].get(key) for key in self._kept]

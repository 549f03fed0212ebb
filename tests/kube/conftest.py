"""The in-memory API and a real API server, behind one fixture."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from ackpy.kube import AlreadyExists, KubeApi, NotFound, Resource, Retryable, connect, load
from tests.kit.memory_api import NAMESPACES, MemoryApi

WIDGETS = Resource("test.ackpy.dev", "v1alpha1", "widgets", "Widget")
_CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "colour": {"type": "string"},
                "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    },
}


@pytest.fixture(params=["memory", "real"])
def kubeconfig(request: pytest.FixtureRequest) -> str | None:
    """The real API server's, which is started only if one of these tests is run; None stands for the in-memory API."""
    return None if request.param == "memory" else str(request.getfixturevalue("control_plane").kubeconfig)


@pytest.fixture
async def api(kubeconfig: str | None) -> AsyncIterator[KubeApi]:
    """A server that serves `widgets`, with a status subresource."""
    if kubeconfig is None:
        memory = MemoryApi()
        memory.register(WIDGETS, schema=_SCHEMA)
        yield memory
        return
    async with connect(load(kubeconfig)) as client:
        await _serve_widgets(client)
        yield client


@pytest.fixture
async def namespace(api: KubeApi) -> str:
    """A namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    await api.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


async def _serve_widgets(api: KubeApi) -> None:
    names = {"plural": WIDGETS.plural, "singular": "widget", "kind": WIDGETS.kind}
    version = {
        "name": WIDGETS.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _SCHEMA},
        "subresources": {"status": {}},
    }
    crd = {
        "apiVersion": _CRDS.api_version,
        "kind": _CRDS.kind,
        "metadata": {"name": f"{WIDGETS.plural}.{WIDGETS.group}"},
        "spec": {"group": WIDGETS.group, "names": names, "scope": "Namespaced", "versions": [version]},
    }
    with suppress(AlreadyExists):
        await api.create(_CRDS, None, crd)
    while True:
        try:
            await api.list(WIDGETS)
        except (NotFound, Retryable):  # not yet served, then "storage is (re)initializing"
            await asyncio.sleep(0.1)
        else:
            return

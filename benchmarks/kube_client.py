"""Which Kubernetes client? CPU and memory of ours and the ready ones, on a real kube-apiserver.

Each candidate in a fresh process: import, kubeconfig and client; then a status of a custom resource patched again and
again; then lists of all objects, each in one page.
"""

# ruff: noqa: PLC0415 (what an import costs is measured here)

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks._measure import Cpu, Figures, child, compare, measure, peak, rss

OBJECTS = 2000
_PATCHES = 300
_LISTS = 5
_GROUP, _VERSION, _PLURAL = "s3.services.k8s.aws", "v1alpha1", "buckets"
_NAMESPACE, _PATCHED = "default", "bucket-0"
_MERGE = "application/merge-patch+json"


class Client(NamedTuple):
    """A candidate, ready to be used."""

    patch: Callable[[dict[str, Any]], Awaitable[object]]
    list_all: Callable[[], Awaitable[int]]


@asynccontextmanager
async def ours(kubeconfig: str) -> AsyncGenerator[Client, None]:
    from ackpy.kube import Resource, connect, load

    buckets = Resource(_GROUP, _VERSION, _PLURAL, "Bucket")
    async with connect(load(kubeconfig)) as api:

        async def list_all() -> int:
            return len((await api.list(buckets)).items)

        yield Client(lambda body: api.patch(buckets, _NAMESPACE, _PATCHED, body, subresource="status"), list_all)


@asynccontextmanager
async def lightkube(kubeconfig: str) -> AsyncGenerator[Client, None]:
    library, generic = import_module("lightkube"), import_module("lightkube.generic_resource")
    types = import_module("lightkube.types")
    buckets = generic.create_namespaced_resource(_GROUP, _VERSION, "Bucket", _PLURAL)
    api = library.AsyncClient(library.KubeConfig.from_file(kubeconfig))

    async def list_all() -> int:
        return len([one async for one in api.list(buckets, namespace="*")])

    def patch(body: dict[str, Any]) -> Awaitable[object]:
        sent: Awaitable[object] = api.patch(
            buckets.Status, _PATCHED, body, namespace=_NAMESPACE, patch_type=types.PatchType.MERGE
        )
        return sent

    try:
        yield Client(patch, list_all)
    finally:
        await api.close()


def _generated(package: str) -> Callable[[str], Any]:
    """The two clients that OpenAPI generator made have one interface."""

    @asynccontextmanager
    async def candidate(kubeconfig: str) -> AsyncGenerator[Client, None]:
        client, config = import_module(f"{package}.client"), import_module(f"{package}.config")
        await config.load_kube_config(kubeconfig)
        async with client.ApiClient() as connection:
            api = client.CustomObjectsApi(connection)

            async def list_all() -> int:
                return len((await api.list_cluster_custom_object(_GROUP, _VERSION, _PLURAL))["items"])

            def patch(body: dict[str, Any]) -> Awaitable[object]:
                where = (_GROUP, _VERSION, _NAMESPACE, _PLURAL, _PATCHED)
                sent: Awaitable[object] = api.patch_namespaced_custom_object_status(*where, body, _content_type=_MERGE)
                return sent

            yield Client(patch, list_all)

    return candidate


CANDIDATES: dict[str, Callable[[str], Any]] = {
    "ackpy.kube": ours,
    "lightkube": lightkube,
    "kubernetes_asyncio": _generated("kubernetes_asyncio"),
    "kubernetes.aio": _generated("kubernetes.aio"),
}


def case(name: str, kubeconfig: str) -> Figures:
    """One candidate in this process."""
    return asyncio.run(_measured(CANDIDATES[name], kubeconfig))


async def _measured(candidate: Callable[[str], Any], kubeconfig: str) -> Figures:
    async with AsyncExitStack() as stack:
        with Cpu() as made:
            client: Client = await stack.enter_async_context(candidate(kubeconfig))
        imported = rss()
        await client.patch(_status(-1))  # connects
        with Cpu() as patching:
            for number in range(_PATCHES):
                await client.patch(_status(number))
        with Cpu() as listing:
            for _ in range(_LISTS):
                assert await client.list_all() == OBJECTS
    return {
        "import, ms": made.seconds * 1e3,
        "RSS, MiB": imported,
        "patch, µs": patching.seconds / _PATCHES * 1e6,
        "list, µs an object": listing.seconds / OBJECTS / _LISTS * 1e6,
        "peak RSS, MiB": peak(),
    }


def _status(number: int) -> dict[str, Any]:
    """A status that differs from the one before in one message, as after a failed call."""
    at = "2026-01-01T00:00:00Z"
    types = ("ACK.ResourceSynced", "ACK.Recoverable", "ACK.ReferencesResolved", "Ready")
    conditions = [
        {"type": name, "status": "True", "message": f"try {number}", "lastTransitionTime": at} for name in types
    ]
    owner = {"ownerAccountID": "123456789012", "region": "us-east-1", "arn": f"arn:aws:s3:::{_PATCHED}"}
    return {"status": {"conditions": conditions, "ackResourceMetadata": owner, "location": f"/{_PATCHED}"}}


def report() -> str:
    """Measure all candidates."""
    return asyncio.run(_report())


async def _report() -> str:
    import orjson

    from benchmarks._world import Cluster, at_once
    from benchmarks.decoder import EVENT

    recorded = orjson.loads(EVENT.read_bytes())["object"]
    full = {key: recorded[key] for key in ("apiVersion", "kind", "spec")}
    async with Cluster.started() as cluster:
        await at_once(cluster.create(full | {"metadata": {"name": f"bucket-{number}"}}) for number in range(OBJECTS))
        buckets = cluster.resource(full)
        patched = await cluster.api.patch(buckets, _NAMESPACE, _PATCHED, _status(0), subresource="status")
        size = len(orjson.dumps(patched))
        kubeconfig = str(cluster.kubeconfig)

        results = await asyncio.to_thread(measure, "benchmarks.kube_client", "case", [*CANDIDATES], kubeconfig)
    ratios = ("import, ms", "patch, µs", "list, µs an object")
    return (
        f"{_PATCHES} status patches of an object of {size / 1000:.1f} KB, one after the other; {_LISTS} lists of "
        f"{OBJECTS} such objects, each in one page; TLS, CPU of the client's process.\n\n"
        + compare("client", results, ratios)
    )


if __name__ == "__main__" and not child({"case": case}):
    print(report())

"""Bringing the CRDs into a cluster, for `ackpy up`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ackpy.crd.crd import definition, shared
from ackpy.kinds.model import Kind
from ackpy.kube import Conflict, KubeApi, NotFound, Object, PatchType, Resource

_CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
_POLL_SECONDS = 0.1


async def ensure_crds(api: KubeApi, kinds: Iterable[Kind], *, replace: bool) -> list[str]:
    """Create the CRDs that are missing, and wait until all are served.

    Args:
        api: the cluster.
        kinds: whose CRDs; the shared ones come with them.
        replace: also bring those up to date that are there.

    Returns:
        The names of the CRDs that were there and were left as they are.

    Raises:
        ApiError: the cluster refuses.
    """
    crds = [*shared(), *map(definition, kinds)]
    left = [name for crd in crds if (name := await _ensure(api, crd, replace=replace))]
    for crd in crds:
        await _established(api, crd["metadata"]["name"])
    return left


async def _ensure(api: KubeApi, crd: Object, *, replace: bool) -> str | None:
    name = crd["metadata"]["name"]
    try:
        await api.get(_CRDS, None, name)
    except NotFound:
        await api.create(_CRDS, None, crd)
        return None
    if not replace:
        return str(name)
    try:
        await api.patch(_CRDS, None, name, crd, patch_type=PatchType.APPLY)
    except Conflict:
        # Somebody else installed them; the caller said that they are to be ours.
        await api.patch(_CRDS, None, name, crd, patch_type=PatchType.APPLY, force=True)
    return None


async def _established(api: KubeApi, name: str) -> None:
    while True:
        crd = await api.get(_CRDS, None, name)
        states = {one["type"]: one["status"] for one in (crd.get("status") or {}).get("conditions") or ()}
        if states.get("Established") == "True":
            return
        await asyncio.sleep(_POLL_SECONDS)

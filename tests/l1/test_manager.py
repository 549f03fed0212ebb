"""The manager in virtual time: informers, queue and workers between the in-memory API and the simulator."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ackpy.controller.manager import Manager
from ackpy.controller.objects import resource_of
from ackpy.controller.options import RESYNC_JITTER, RESYNC_SECONDS, Options
from ackpy.controller.subject import DEFAULT_REGION, RECONCILE_AT, RECONCILED_AT, RESYNC_SECONDS as RESYNC_ANNOTATION
from ackpy.crd.crd import definition
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kube import NotFound, Object
from ackpy.sandbox.simulator import Simulator
from tests.kit import edits
from tests.kit.aws import SimulatedAws
from tests.kit.memory_api import NAMESPACES, MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running, until
from tests.kit.world import ACCOUNT, REGION, Events, condition, samples
from tests.l1.params import ALL, each_sample

EPOCH = 1_800_000_000.0
SOON = 30.0
"""Seconds in which all is done that isn't a sweep."""


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    """The manager freezes what it has loaded; the tests of a session share their process."""
    yield
    gc.unfreeze()


def clock() -> float:
    return EPOCH + asyncio.get_running_loop().time()


@dataclass
class House:
    """An API server and an AWS that outlive the managers between them."""

    options: Options = field(default_factory=lambda: Options(region=REGION, version="test"))
    api: MemoryApi = field(default_factory=MemoryApi)
    simulator: Simulator = field(default_factory=lambda: Simulator(clock=clock))
    events: Events = field(default_factory=Events)
    kinds: tuple[Kind, ...] = field(default_factory=load)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            schema = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            self.api.register(resource_of(kind), schema=schema)

    async def namespace(self, name: str = "default", **annotations: str) -> None:
        notes = {key.replace("_", "-"): value for key, value in annotations.items()}
        body = {"metadata": {"name": name, "annotations": {f"services.k8s.aws/{key}": v for key, v in notes.items()}}}
        await self.api.create(NAMESPACES, None, body)

    @asynccontextmanager
    async def managed(self) -> AsyncIterator[Manager]:
        """A manager runs beside the body."""
        aws = SimulatedAws(self.simulator)
        manager = Manager(
            self.kinds,
            self.api,
            lambda *_: aws,
            self.events,
            self.options,
            ACCOUNT,
            "aws",
            lambda: datetime.fromtimestamp(clock(), UTC),
        )
        async with running(manager.run()):
            await manager.synced()
            yield manager

    async def create(self, sample: Object, namespace: str = "default", **metadata: Any) -> None:
        body = {**sample, "metadata": {**sample["metadata"], "namespace": namespace, **metadata}}
        await self.api.create(resource_of(self.kind_of(sample)), namespace, body, field_manager="kubectl")

    async def edit(self, sample: Object, body: Object, namespace: str = "default") -> None:
        resource = resource_of(self.kind_of(sample))
        await self.api.patch(resource, namespace, sample["metadata"]["name"], body, field_manager="kubectl")

    async def delete(self, sample: Object, namespace: str = "default") -> None:
        await self.api.delete(resource_of(self.kind_of(sample)), namespace, sample["metadata"]["name"])

    async def get(self, sample: Object, namespace: str = "default") -> Object | None:
        try:
            return await self.api.get(resource_of(self.kind_of(sample)), namespace, sample["metadata"]["name"])
        except NotFound:
            return None

    async def synced(self, sample: Object, namespace: str = "default") -> Object:
        """Wait until an object is, as of its newest edition."""
        for _ in range(1000):
            obj = await self.get(sample, namespace)
            assert obj is not None
            newest = obj["metadata"]["generation"] == (obj.get("status") or {}).get("observedGeneration")
            if newest and condition(obj, "ACK.ResourceSynced").get("status") == "True":
                return obj
            await asyncio.sleep(0.1)
        raise AssertionError(f"{sample['metadata']['name']} isn't synced: {obj}")

    def kind_of(self, sample: Object) -> Kind:
        group = sample["apiVersion"].split("/")[0]
        return next(kind for kind in self.kinds if (kind.group, kind.name) == (group, sample["kind"]))

    def own_writes(self) -> int:
        return len(self.api.writes)

    def looks(self, sample: Object) -> list[float]:
        """When the resource of an object was looked at or changed."""
        kind = self.kind_of(sample)
        first = (kind.find or kind.exists).binding.operation
        return [call.at - EPOCH for call in self.simulator.calls if call.operation in {first, kind.exists.binding.operation}]

"""A manager with its informers, queue and workers, between an in-memory API and a simulated AWS, in virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ackpy.aws.call import Caller
from ackpy.controller.field_exports import FIELD_EXPORTS
from ackpy.controller.manager import Manager
from ackpy.controller.objects import resource_of
from ackpy.controller.options import Options
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.kube import NotFound, Object
from ackpy.sandbox.simulator import Simulator
from tests.kit.aws import SimulatedAws, confirmed_at_once
from tests.kit.memory_api import NAMESPACES, MemoryApi
from tests.kit.samples import prepare
from tests.kit.waiting import running
from tests.kit.world import ACCOUNT, REGION, Events, condition, schema_of

EPOCH = 1_800_000_000.0


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
        self.neighbours: set[tuple[str, ...]] = set()
        confirmed_at_once(self.simulator)
        self.aws = SimulatedAws(self.simulator)
        for kind in self.kinds:
            self.api.register(resource_of(kind), schema=schema_of(kind))
        self.api.register(FIELD_EXPORTS)

    async def namespace(self, name: str = "default", **annotations: str) -> None:
        await self.api.create(NAMESPACES, None, {"metadata": {"name": name, "annotations": annotations}})

    def manager(self, aws: Caller | None = None) -> Manager:
        return Manager(
            self.kinds,
            self.api,
            aws or self.aws,
            self.events,
            self.options,
            ACCOUNT,
            "aws",
            now=lambda: datetime.fromtimestamp(clock(), UTC),
        )

    @asynccontextmanager
    async def managed(self, aws: Caller | None = None) -> AsyncIterator[Manager]:
        """A manager runs beside the body, with a caller of this AWS."""
        manager = self.manager(aws)
        async with running(manager.run()):
            await manager.synced()
            yield manager

    async def create(self, sample: Object, namespace: str = "default", **metadata: Any) -> None:
        there = set(self._slots())
        prepare(self.simulator, self.kind_of(sample), sample)
        self.neighbours |= set(self._slots()) - there
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

    def operations(self) -> list[str]:
        return [call.operation for call in self.simulator.calls]

    def resources(self) -> int:
        """How many there are but the samples' neighbours."""
        return len(set(self._slots()) - self.neighbours)

    def _slots(self) -> list[tuple[str, ...]]:
        tables = self.simulator._world._slots.items()
        return [
            (*kind, *key)
            for kind, table in tables
            for key, slot in table.items()
            if slot.current and slot.current.ends is None
        ]

    def lose_everything(self) -> None:
        """Nothing is in AWS any more but the samples' neighbours."""
        for kind, table in self.simulator._world._slots.items():
            for key in [key for key in table if (*kind, *key) not in self.neighbours]:
                del table[key]

    def busy_at(self) -> list[float]:
        """The moments at which AWS was called, in virtual seconds."""
        return sorted({call.at - EPOCH for call in self.simulator.calls})


def variants(sample: Object, count: int) -> list[Object]:
    """Objects like a sample, each with a resource of its own: the first word of all names gets a number."""
    text, word = json.dumps(sample), sample["metadata"]["name"].partition("-")[0]
    return [json.loads(text.replace(f"{word}-", f"{word}{number}-")) for number in range(count)]

"""What do many objects cost? Bursts, a restart, sweeps and memory with 100 Buckets and 100 Queues, in one process.

Kubernetes is a real control plane; AWS is the simulator, which answers 20 ms late and many at once. Everything shares
the machine's cores, so seconds are upper bounds. The floor of a sweep is a bare program that makes the same calls, at
the same pace, with the same client and no logic.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from ackpy.aws.call import AwsCaller
from ackpy.aws.clients import Clients, ClientSettings, own_session
from ackpy.aws.errors import AwsError
from ackpy.aws.scope import Scope
from ackpy.kube import Object
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from benchmarks._measure import Cpu, Figures, child, medians, show, table
from benchmarks._world import REGION, Cluster, Controllers, at_once, is_synced
from benchmarks.aws_client import simulator
from benchmarks.engine import DELAY_MS, bucket, queue

_OF_EACH = 100
_IDLE_SECONDS = 3
_PERIOD_SECONDS = 4
_WINDOW_SECONDS = 5 * _PERIOD_SECONDS
_ACCOUNT = "000000000000"
_EACH_SWEEP = {"s3": "GetBucketVersioning", "sqs": "GetQueueAttributes"}
"""An operation that every sweep calls once."""

Calls = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The objects, where they live, and the AWS that they are made in."""

    cluster: Cluster
    aws: str
    sts: str
    objects: list[Object]

    def controllers(self, *flags: str) -> Controllers:
        """A process that isn't started yet."""
        return Controllers(self.cluster, self.aws, self.sts, *flags)

    async def burst(self) -> list[tuple[str, Figures]]:
        """Idle, then all objects at once."""
        async with self.controllers() as running:
            await asyncio.sleep(_IDLE_SECONDS)
            idle = running.rss()
            return [("idle", {"RSS, MiB": idle}), ("create all → Synced", await self._timed(running, self._create()))]

    async def restart(self) -> Figures:
        """From the start of the process to the last call of the first look at all objects."""
        clock = asyncio.get_running_loop().time
        mark, begin = self.cluster.writes.mark(), clock()
        async with self.controllers() as running:
            seconds = await running.calm() - begin
            return await self._figures(running, mark, seconds)

    async def delete(self) -> Figures:
        """All objects at once, by a process that has looked at all."""
        async with self.controllers() as running:
            await running.calm()
            return await self._timed(running, self._delete())

    async def sweeps(self, service: str, kind: str) -> Figures:
        """Sweeps of one kind's objects, each with a period of some seconds, against their floor."""
        async with self.controllers(f"--reconcile-resource-resync-seconds={kind}={_PERIOD_SECONDS}") as running:
            await asyncio.sleep(2 * _PERIOD_SECONDS)
            mark, before, cpu = self.cluster.writes.mark(), await running.calls(), running.cpu()
            await asyncio.sleep(_WINDOW_SECONDS)
            used, calls = running.cpu() - cpu, await running.calls() - before
            writes, events = self.cluster.writes.since(mark)
        sweeps = calls[service, _EACH_SWEEP[service]]
        mix = json.dumps({operation: count / sweeps for (_, operation), count in calls.items()})
        floor = await asyncio.to_thread(medians, "benchmarks.fleet", "floor", self.aws, service, mix)
        assert floor is not None
        mean = used / sweeps * 1e3
        return {
            "sweeps": sweeps,
            "AWS calls a sweep": calls.total() / sweeps,
            "writes": writes + events,
            "CPU, ms a sweep": mean,
            "floor, ms": floor["ms"],
            "ratio": mean / floor["ms"],
        }

    async def _create(self) -> None:
        await self._on_all(self.cluster.create, lambda followed, names: followed.until(names, is_synced))

    async def _delete(self) -> None:
        await self._on_all(self.cluster.delete, lambda followed, names: followed.until_gone(names))

"""What do many objects cost? A burst, a restart, sweeps and memory with 100 Buckets, Queues and Topics in one process.

Kubernetes is a real control plane; AWS is the simulator, which answers 20 ms late and many at once. Everything shares
the machine's cores, so seconds are upper bounds. The floor of a sweep is a bare program that makes the same calls, at
the same pace, with the same client and no logic.
"""

import asyncio
import gc
import itertools
import json
import os
import random
import statistics
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from ackpy.aws.errors import AwsError
from ackpy.kube import Object
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from benchmarks._measure import CREDENTIALS, Cpu, Figures, as_json, child, measure, show, table
from benchmarks._world import Cluster, Controllers, Followed, at_once, is_synced
from benchmarks.aws_client import Call, ours, simulator
from benchmarks.engine import DELAY_MS, bucket, queue, topic

_OF_EACH = 100
_NAMES = [f"fleet-{number}" for number in range(_OF_EACH)]
_MAKE = (bucket, queue, topic)
_IDLE_SECONDS = 3
_PERIOD_SECONDS = 4
_WINDOW_SECONDS = 5 * _PERIOD_SECONDS
_EDITS = 21
_POLL_SECONDS = 0.005
_EACH_SWEEP = {"s3": "GetBucketVersioning", "sns": "GetTopicAttributes", "sqs": "GetQueueAttributes"}
"""An operation that every sweep calls once."""


Edit = tuple[Object, Object, tuple[str, str, Object], str]
"""An object, what to change of its spec, the read that shows it in AWS, and what it shows."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The cluster of the objects, and the AWS that they are made in."""

    cluster: Cluster
    aws: str
    sts: str

    async def burst(self) -> tuple[float, Figures]:
        """A process without objects (its memory), then all objects at once."""
        async with self._controllers() as running:
            await asyncio.sleep(_IDLE_SECONDS)
            idle = running.rss()
            return idle, await self._with_all(
                running, self.cluster.create, lambda followed: followed.until(_NAMES, is_synced)
            )

    async def restart(self) -> Figures:
        """From the start of the process to the last call of its first look at all objects."""
        mark, begin = self.cluster.writes.mark(), _now()
        async with self._controllers() as running:
            last = await running.calm()
            return await self._figures(running, mark, last - begin)

    async def edits(self) -> dict[str, float]:
        """Milliseconds from an edit of one object to its arrival in AWS, as somebody sees it who asks all the time."""
        found = {}
        async with self._controllers() as running, ours(self.aws) as call:
            await running.calm()
            for kind, edit in {"Bucket": _edit_of_a_bucket, "Queue": _edit_of_a_queue}.items():
                edits = [await edit(call, name, number) for number, name in enumerate(_NAMES[:_EDITS])]
                took = [await self._arrival(call, *one) for one in edits]
                found[f"{kind}, median ms"] = statistics.median(took) * 1e3
                found[f"{kind}, slowest ms"] = max(took) * 1e3
        return found

    async def _arrival(self, call: Call, obj: Object, spec: Object, read: tuple[str, str, Object], value: str) -> float:
        """Seconds until the value is in the answer of a read; of reads on their way, the first sent counts."""
        begin = _now()
        arrived: list[float] = []

        async def look() -> None:
            sent = _now()
            with suppress(AwsError):
                if value in str(await call(*read)):
                    arrived.append(sent)

        async with asyncio.TaskGroup() as looks:
            await self.cluster.change(obj, {"spec": spec})
            while not arrived:
                looks.create_task(look())
                await asyncio.sleep(_POLL_SECONDS)
        return min(arrived) - begin

    async def delete(self) -> Figures:
        """All objects at once, in a process that has seen them."""
        async with self._controllers() as running:
            return await self._with_all(running, self.cluster.delete, lambda followed: followed.until_gone(_NAMES))

    async def sweeps(self, service: str, kind: str) -> Figures:
        """Sweeps of one kind's objects, against their floor."""
        async with self._controllers(f"--reconcile-resource-resync-seconds={kind}={_PERIOD_SECONDS}") as running:
            await asyncio.sleep(2 * _PERIOD_SECONDS)
            mark, before, cpu = self.cluster.writes.mark(), await running.calls(), running.cpu()
            await asyncio.sleep(_WINDOW_SECONDS)
            used, calls = running.cpu() - cpu, await running.calls() - before
        sweeps = calls[service, _EACH_SWEEP[service]]
        mix = json.dumps({operation: count / sweeps for (_, operation), count in calls.items()})
        measured = await asyncio.to_thread(measure, "benchmarks.fleet", "floor", [service], self.aws, mix)
        floor = measured[service]
        assert floor is not None, "the floor's client is ours"
        mean = used / sweeps * 1e3
        return {
            "sweeps": sweeps,
            "AWS calls a sweep": calls.total() / sweeps,
            "Kubernetes writes": sum(self.cluster.writes.since(mark)),
            "CPU, ms a sweep": mean,
            "floor, ms": floor["ms"],
            "times the floor": mean / floor["ms"],
        }

    def _controllers(self, *flags: str) -> Controllers:
        return Controllers(self.cluster, self.aws, self.sts, *flags)

    async def _with_all(
        self,
        running: Controllers,
        act: Callable[[Object], Awaitable[object]],
        done: Callable[[Followed], Awaitable[None]],
    ) -> Figures:
        """Do something with all objects, and wait until it shows."""
        await running.calm()
        objects = [make(name) for name in _NAMES for make in _MAKE]
        mark, cpu, before = self.cluster.writes.mark(), running.cpu(), (await running.calls()).total()
        async with AsyncExitStack() as stack:
            followed = [await stack.enter_async_context(self.cluster.following(one)) for one in objects[: len(_MAKE)]]
            begin = _now()
            await at_once(map(act, objects))
            for one in followed:
                await done(one)
            seconds = _now() - begin
        await running.calm()
        return await self._figures(running, mark, seconds, cpu, before)

    async def _figures(
        self, running: Controllers, mark: int, seconds: float, cpu: float = 0.0, calls: int = 0
    ) -> Figures:
        writes, events = self.cluster.writes.since(mark)
        return {
            "seconds": seconds,
            "AWS calls": (await running.calls()).total() - calls,
            "object writes": writes,
            "event writes": events,
            "CPU, s": running.cpu() - cpu,
            "RSS, MiB": running.rss(),
        }


async def _edit_of_a_bucket(_: Call, name: str, number: int) -> Edit:
    team = f"edited-{number}"
    tags = {"tagging": {"tagSet": [{"key": "team", "value": team}]}}
    return bucket(name), tags, ("s3", "GetBucketTagging", {"Bucket": name}), team


async def _edit_of_a_queue(call: Call, name: str, number: int) -> Edit:
    seconds = str(4000 + number)
    url = (await call("sqs", "GetQueueUrl", {"QueueName": name}))["QueueUrl"]
    read = {"QueueUrl": url, "AttributeNames": ["All"]}
    return queue(name), {"visibilityTimeout": seconds}, ("sqs", "GetQueueAttributes", read), seconds


def floor(service: str, url: str, mix: str) -> Figures:
    """The calls of sweeps and nothing else: `mix` is a JSON object of calls a sweep by operation."""
    return asyncio.run(_floor(service, url, json.loads(mix)))


async def _floor(service: str, url: str, mix: Mapping[str, float]) -> Figures:
    swept: list[Mapping[str, str]] = []
    async with ours(url) as call:
        if service == "sqs":
            urls = await at_once(call("sqs", "GetQueueUrl", {"QueueName": name}) for name in _NAMES)
            targets = [{"QueueUrl": found["QueueUrl"]} for found in urls]
        elif service == "sns":
            topics = (await call("sns", "ListTopics", {}))["Topics"]
            targets = [{"TopicArn": one["TopicArn"]} for one in topics]
        else:
            targets = [{"Bucket": name} for name in _NAMES]
        tasks = [asyncio.create_task(_paced(call, service, target, mix, swept)) for target in targets]
        await asyncio.sleep(2 * _PERIOD_SECONDS)
        gc.freeze()  # as the controllers do
        before = len(swept)
        with Cpu() as cpu:
            await asyncio.sleep(_WINDOW_SECONDS)
        sweeps = len(swept) - before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {"ms": cpu.seconds / sweeps * 1e3}


async def _paced(
    call: Call, service: str, target: Mapping[str, str], mix: Mapping[str, float], swept: list[Mapping[str, str]]
) -> None:
    """One object's sweeps until cancelled; each operation comes as often as the mix says."""
    await asyncio.sleep(random.uniform(0, _PERIOD_SECONDS))
    for number in itertools.count(random.randrange(100)):
        due = [name for name, share in mix.items() if int((number + 1) * share) > int(number * share)]
        await asyncio.gather(*(_ignoring_absence(call(service, name, _input(name, target))) for name in due))
        swept.append(target)
        await asyncio.sleep(_PERIOD_SECONDS * random.uniform(0.9, 1.1))


async def _ignoring_absence(call: Awaitable[Any]) -> None:
    with suppress(AwsError):  # S3's way to say that something isn't set
        await call


def _input(operation: str, target: Mapping[str, str]) -> dict[str, Any]:
    if operation == "ListBuckets":
        return {"Prefix": target["Bucket"]}
    if operation == "ListTagsForResource":
        return {"ResourceArn": target["TopicArn"]}
    return {**target, "AttributeNames": ["All"]} if operation == "GetQueueAttributes" else {**target}


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _measured() -> tuple[str, dict[str, Any]]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster.started())
        moto = await stack.enter_async_context(AwsEndpoint())  # knows STS
        url = stack.enter_context(simulator(f"--delay-ms={DELAY_MS}"))
        fleet = Fleet(cluster, url, moto.url)
        idle, created = await fleet.burst()
        actions = {"create all → Synced": created, "restart → calm": await fleet.restart()}
        edits = await fleet.edits()
        services = {"Bucket": "s3", "Queue": "sqs", "Topic": "sns"}
        sweeps = {kind: await fleet.sweeps(service, kind) for kind, service in services.items()}
        actions["delete all → gone"] = await fleet.delete()
    text = (
        f"{_OF_EACH} each of Buckets (versioning, encryption, tags), Queues and Topics; AWS answers {DELAY_MS} ms "
        f"late. RSS idle, without objects: {show(idle)} MiB. CPU of a restart is that of the process from its "
        "start.\n\n"
    )
    arrival = table(["an edit until it is in AWS", *edits], [["", *map(show, edits.values())]])
    tables = "\n".join([_rows("", actions), _rows("sweep of", sweeps), arrival])
    return text + tables, {"idle_rss_mib": idle, **actions, **sweeps, "edits": edits}


def _rows(title: str, found: Mapping[str, Figures]) -> str:
    header = [title, *next(iter(found.values()))]
    return table(header, [[name, *map(show, figures.values())] for name, figures in found.items()])


def report() -> str:
    """Measure; at the end all figures as JSON."""
    os.environ |= CREDENTIALS
    text, figures = asyncio.run(_measured())
    return f"{text}\n{as_json(figures)}"


if __name__ == "__main__" and not child({"floor": floor}):
    print(report())

"""What does one object cost? AWS calls, Kubernetes writes and CPU of a real `ackpy run`, on real parts.

Kubernetes is a real control plane, whose audit log counts writes; AWS is moto behind the guard, which counts calls and
answers 20 ms late. Each action is done with several objects, one after the other, after a first one that isn't counted
(it loads models and opens connections); shown is the one with the median CPU.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from ackpy.controller.subject import RECONCILE_AT, RECONCILED_AT, RESYNC_SECONDS
from ackpy.kube import Object
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.guard_api import LoggedRequest
from benchmarks._measure import as_json, show, table
from benchmarks._world import Cluster, Controllers, Followed, is_synced, manifest

DELAY_MS = 20
_OBJECTS = 3
_QUIET_SECONDS = 1.0
_SWEEPS = 12
_SWEEP_SECONDS = 1.0
_IDLE_SECONDS = 5

S3, SQS = "s3.services.k8s.aws/v1alpha1", "sqs.services.k8s.aws/v1alpha1"


def bucket(name: str) -> Object:
    """A bucket with versioning, encryption and tags."""
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": True}
    spec = {
        "name": name,
        "versioning": {"status": "Enabled"},
        "encryption": {"rules": [rule]},
        "tagging": {"tagSet": [{"key": "team", "value": "web"}]},
    }
    return {"apiVersion": S3, "kind": "Bucket", "metadata": {"name": name}, "spec": spec}


def queue(name: str) -> Object:
    """The sample queue under another name."""
    sample = manifest("sqs/queue.yaml")
    return sample | {"metadata": {"name": name}, "spec": sample["spec"] | {"queueName": name}}


def topic(name: str) -> Object:
    """The sample topic under another name."""
    sample = manifest("sns/topic.yaml")
    return sample | {"metadata": {"name": name}, "spec": sample["spec"] | {"name": name}}


def seed(name: str) -> Object:
    """The seed's bucket (versioning and website) under another name."""
    sample = manifest("s3/bucket.yaml")
    return sample | {"metadata": {"name": name}, "spec": sample["spec"] | {"name": name}}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: how to make it, and an edit of one part."""

    title: str
    make: Callable[[str], Object]
    edit: dict[str, Any]


SUBJECTS = (
    Subject("Bucket of the seed", seed, {"website": {"errorDocument": {"key": "sorry.html"}}}),
    Subject(
        "Bucket: versioning, encryption, tags", bucket, {"tagging": {"tagSet": [{"key": "team", "value": "shop"}]}}
    ),
    Subject("Queue", queue, {"visibilityTimeout": "60"}),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one action."""

    calls: dict[str, float]
    """AWS calls by operation."""
    writes: float
    """Of objects to Kubernetes."""
    events: float
    cpu_ms: float
    """Of the controllers' process."""
    seconds: float
    """From the user's request to the object that says Synced, or is gone."""

    def row(self) -> list[str]:
        """Columns of the table."""
        operations = ", ".join(name if n == 1 else f"{show(n)} {name}" for name, n in sorted(self.calls.items()))
        calls = f"{show(sum(self.calls.values()))}: {operations}"
        seconds = f"{self.seconds:.2f}" if self.seconds else ""
        return [calls, show(self.writes), show(self.events), show(self.cpu_ms), seconds]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a measurement needs."""

    cluster: Cluster
    aws: AwsEndpoint
    controllers: Controllers

    async def cost(self, act: Callable[[], Awaitable[object]]) -> Cost:
        """Of something that is done, and ends when the user sees its end; what comes of it later counts too."""
        clock = asyncio.get_running_loop().time
        await self.quiet()
        await self.aws.clear_requests()
        mark, cpu, begin = self.cluster.writes.mark(), self.controllers.cpu(), clock()
        await act()
        seconds = clock() - begin
        await self.quiet()
        used = self.controllers.cpu() - cpu
        calls = Counter(one.operation for one in await self.aws.requests())
        return Cost(dict(calls), *self.cluster.writes.since(mark), used * 1e3, seconds)

    async def quiet(self) -> None:
        """Wait until no AWS call comes any more."""
        seen = -1
        while (count := len(await self.aws.requests())) != seen:
            seen = count
            await asyncio.sleep(_QUIET_SECONDS)


async def _lives(scene: Scene, subject: Subject) -> dict[str, Cost]:
    """The actions of some objects' lives, and what the median one cost."""
    async with scene.cluster.following(subject.make("any")) as followed:
        await _life(scene, followed, subject, "first")
        found = [await _life(scene, followed, subject, f"object-{number}") for number in range(_OBJECTS)]
        medians = {
            action: sorted((life[action] for life in found), key=lambda cost: cost.cpu_ms)[_OBJECTS // 2]
            for action in found[0]
        }
        return medians | await _swept(scene, followed, subject)


async def _life(scene: Scene, followed: Followed, subject: Subject, name: str) -> dict[str, Cost]:
    cluster, obj = scene.cluster, subject.make(name)

    async def create() -> None:
        await cluster.create(obj)
        await followed.until([name], is_synced)

    async def edit() -> None:
        edited = await cluster.change(obj, {"spec": subject.edit})
        generation = edited["metadata"]["generation"]
        await followed.until([name], lambda one: is_synced(one) and one["metadata"]["generation"] == generation)

    async def look() -> None:
        await cluster.change(obj, {"metadata": {"annotations": {RECONCILE_AT: "now"}}})
        await followed.until([name], lambda one: one["metadata"]["annotations"].get(RECONCILED_AT) == "now")

    async def delete() -> None:
        await cluster.delete(obj)
        await followed.until_gone([name])

    actions = {"create": create, "edit": edit, "reconcile now": look, "delete": delete}
    return {action: await scene.cost(act) for action, act in actions.items()}


async def _swept(scene: Scene, followed: Followed, subject: Subject) -> dict[str, Cost]:
    """A dozen sweeps of one object: what most read, what every sixth reads; CPU is the mean of both."""
    cluster, obj = scene.cluster, subject.make("swept")
    await cluster.create(obj)
    await followed.until(["swept"], is_synced)
    await cluster.change(obj, {"metadata": {"annotations": {RESYNC_SECONDS: str(_SWEEP_SECONDS)}}})
    await asyncio.sleep(2 * _SWEEP_SECONDS)
    await scene.aws.clear_requests()
    mark, cpu = cluster.writes.mark(), scene.controllers.cpu()
    await asyncio.sleep(_SWEEPS * _SWEEP_SECONDS)
    used = scene.controllers.cpu() - cpu
    sweeps = _groups(await scene.aws.requests())
    writes, events = (count / len(sweeps) for count in cluster.writes.since(mark))
    cpu_ms = used / len(sweeps) * 1e3
    await cluster.delete(obj)
    await followed.until_gone(["swept"])
    kinds = Counter(tuple(sorted(one.items())) for one in sweeps[1:-1])  # the ends may be cut off
    (calm, _), (full, _) = kinds.most_common(2)
    return {
        "calm sweep": Cost(dict(calm), writes, events, cpu_ms, 0.0),
        "every sixth sweep": Cost(dict(full), writes, events, cpu_ms, 0.0),
    }


def _groups(requests: list[LoggedRequest]) -> list[Counter[str]]:
    """Requests by sweep: those of one sweep follow each other closely."""
    groups: list[Counter[str]] = []
    before = float("-inf")
    for one in sorted(requests, key=lambda request: request.time):
        if one.time - before > _SWEEP_SECONDS / 2:
            groups.append(Counter())
        groups[-1][one.operation] += 1
        before = one.time
    return groups


async def _measured() -> tuple[str, dict[str, Any]]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster.started())
        aws = await stack.enter_async_context(AwsEndpoint(delay_ms=DELAY_MS))
        controllers = await stack.enter_async_context(Controllers(cluster, aws.url, aws.url))
        cpu = controllers.cpu()
        await asyncio.sleep(_IDLE_SECONDS)
        idle = {"rss_mib": controllers.rss(), "cpu_ms_a_second": (controllers.cpu() - cpu) / _IDLE_SECONDS * 1e3}
        scene = Scene(cluster, aws, controllers)
        costs = {subject.title: await _lives(scene, subject) for subject in SUBJECTS}
    rows = [[title, action, *cost.row()] for title, found in costs.items() for action, cost in found.items()]
    header = ["", "action", "AWS calls", "object writes", "event writes", "CPU, ms", "seconds"]
    text = (
        f"AWS answers {DELAY_MS} ms late. Idle, without objects: {show(idle['rss_mib'])} MiB RSS, "
        f"{show(idle['cpu_ms_a_second'])} ms CPU a second. A sweep's CPU is the mean of the calm ones and the sixth, "
        "of one object in a process that is otherwise idle; fleet has it for many.\n\n" + table(header, rows)
    )
    return text, {
        "idle": idle,
        **{title: {action: asdict(cost) for action, cost in found.items()} for title, found in costs.items()},
    }


def report() -> str:
    """Measure; at the end all figures as JSON."""
    text, figures = asyncio.run(_measured())
    return f"{text}\n{as_json(figures)}"


if __name__ == "__main__":
    print(report())

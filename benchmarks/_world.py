"""The parts that benchmarks run on: a control plane whose writes are counted outside, and `ackpy run` as a process."""

import asyncio
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar

import aiohttp
import orjson
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from ackpy.cli.crd_setup import ensure_crds
from ackpy.controller.objects import resource_of
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load as load_kinds
from ackpy.kube import Client, Object, Resource, connect, load
from ackpy.sandbox.binaries import locate
from ackpy.sandbox.control_plane import ControlPlane
from ackpy.sandbox.process import Child, free_port
from benchmarks._measure import CREDENTIALS, cpu_of, rss

NAMESPACE = "default"
REGION = "us-east-1"
OURSELVES = "benchmark"
"""The field manager of the benchmark's own writes."""
_SAMPLES = Path(__file__).parents[1] / "samples"
_AT_ONCE = 32
_QUIET_SECONDS = 1.5
_POLL_SECONDS = 0.1
_NEVER_SECONDS = 60
_WRITES = {"create", "update", "patch", "delete"}

T = TypeVar("T")


def manifest(sample: str) -> Object:
    """A sample's manifest."""
    found: Object = yaml.safe_load((_SAMPLES / sample).read_text())
    return found


async def at_once(work: Iterable[Awaitable[T]], limit: int = _AT_ONCE) -> list[T]:
    """Do things side by side, some at a time; the results in order."""
    room = asyncio.Semaphore(limit)

    async def one(awaited: Awaitable[T]) -> T:
        async with room:
            return await awaited

    return await asyncio.gather(*map(one, work))


def is_synced(obj: Object) -> bool:
    """Whether an object says that its resource is as this edition of its spec wants it."""
    status = obj.get("status") or {}
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
    return (
        conditions.get("ACK.ResourceSynced") == "True"
        and status.get("observedGeneration") == obj["metadata"]["generation"]
    )


@dataclass(frozen=True, slots=True)
class KubernetesWrites:
    """Counts the controllers' writes in the API server's audit log."""

    log: Path

    def mark(self) -> int:
        """The end of the log now."""
        return self.log.stat().st_size

    def since(self, mark: int) -> tuple[int, int]:
        """Writes of objects, and of events."""
        with self.log.open("rb") as file:
            file.seek(mark)
            kinds = Counter(_written(orjson.loads(line)) for line in file if line.endswith(b"\n"))
        return kinds["object"], kinds["event"]


def _written(entry: Mapping[str, Any]) -> str:
    theirs = "fieldManager=ackpy" in entry["requestURI"]
    if entry["verb"] not in _WRITES or not theirs:
        return "other"
    return "event" if entry["objectRef"]["resource"] == "events" else "object"


class Controllers:
    """`ackpy run` as a process of its own, for `async with`; its figures are those of that process."""

    def __init__(self, cluster: "Cluster", aws: str, sts: str, *flags: str) -> None:
        """Prepare. `aws` and `sts` are endpoints, `flags` come after the necessary ones."""
        metrics, health = free_port(), free_port()
        self._metrics, self._ready = f"http://127.0.0.1:{metrics}/metrics", f"http://127.0.0.1:{health}/readyz"
        command = [
            str(Path(sys.executable).with_name("ackpy")),
            "run",
            f"--kubeconfig={cluster.kubeconfig}",
            f"--aws-region={REGION}",
        ]
        endpoints = [f"--aws-endpoint-url={aws}", f"--aws-identity-endpoint-url={sts}"]
        probes = [f"--metrics-addr=127.0.0.1:{metrics}", f"--healthz-addr=127.0.0.1:{health}"]
        self._child = Child(
            "ackpy run",
            [*command, *endpoints, "--allow-unsafe-aws-endpoint-urls", *probes, *flags],
            cluster.folder / "ackpy.log",
            environment=os.environ | CREDENTIALS,
        )

    async def __aenter__(self) -> Self:
        """Start; all objects are listed on return."""
        self._http = aiohttp.ClientSession()
        try:
            await self._child.start(self._is_ready)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._child.stop()
        await self._http.close()

    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_of(self._child.pid)

    def rss(self) -> float:
        """Resident memory, MiB."""
        return rss(self._child.pid)

    async def calls(self) -> Counter[tuple[str, str]]:
        """AWS calls so far by service and operation, as the process counts them."""
        return Counter(
            {
                (sample.labels["service"], sample.labels["op_id"]): int(sample.value)
                for sample in await self._samples()
                if sample.name == "ack_outbound_api_requests_total"
            }
        )

    async def figures(self) -> dict[str, float]:
        """What the process is like now, and what it did so far."""
        found = defaultdict[str, float](float)
        for sample in await self._samples():
            found[sample.name] += sample.value
        return {
            "RSS, MiB": self.rss(),
            "descriptors": found["process_open_fds"],
            "tasks": found["ackpy_event_loop_tasks"],
            "CPU, s": self.cpu(),
            "AWS calls": found["ack_outbound_api_requests_total"],
            "throttled": found["ackpy_aws_throttles_total"],
            "drift corrected": found["ackpy_drift_corrected_total"],
        }

    async def _samples(self) -> list[Sample]:
        async with self._http.get(self._metrics) as response:
            families = text_string_to_metric_families(await response.text())
        return [sample for family in families for sample in family.samples]

    async def calm(self) -> float:
        """Wait until no AWS call comes any more; the event loop's time of the last one that was seen."""
        clock = asyncio.get_running_loop().time
        seen, last = -1, clock()
        while clock() - last < _QUIET_SECONDS:
            count = (await self.calls()).total()
            if count != seen:
                seen, last = count, clock()
            await asyncio.sleep(_POLL_SECONDS)
        return last

    async def _is_ready(self) -> bool:
        try:
            async with self._http.get(self._ready) as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False


@dataclass(frozen=True, slots=True)
class Cluster:
    """A real cluster with the CRDs of some kinds, and their objects as a user sees and changes them."""

    api: Client
    kinds: tuple[Kind, ...]
    plane: ControlPlane
    kubeconfig: Path
    writes: KubernetesWrites
    folder: Path
    """For logs; it goes with the cluster."""

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncGenerator[Self, None]:
        """A new one, gone at the end."""
        kinds = load_kinds()
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            audit = folder / "audit.log"
            async with (
                ControlPlane(locate(), audit_log=audit) as plane,
                connect(load(str(plane.kubeconfig))) as api,
            ):
                await ensure_crds(api, kinds, replace=True)
                yield cls(api, kinds, plane, plane.kubeconfig, KubernetesWrites(audit), folder)

    def resource(self, obj: Object) -> Resource:
        """The API resource of a manifest."""
        group = obj["apiVersion"].partition("/")[0]
        return next(resource_of(kind) for kind in self.kinds if (kind.group, kind.name) == (group, obj["kind"]))

    async def apply(self, group: str, version: str, plural: str, namespace: str | None, body: Object) -> None:
        """Create an object that is no resource of ours."""
        resource = Resource(group, version, plural, plural)
        await self.api.create(resource, namespace, body, field_manager=OURSELVES)

    async def create(self, obj: Object) -> Object:
        """Create an object."""
        return await self.api.create(self.resource(obj), NAMESPACE, obj, field_manager=OURSELVES)

    async def change(self, obj: Object, body: Object) -> Object:
        """Merge a change into an object."""
        name = obj["metadata"]["name"]
        return await self.api.patch(self.resource(obj), NAMESPACE, name, body, field_manager=OURSELVES)

    async def delete(self, obj: Object) -> None:
        """Ask for an object's deletion."""
        await self.api.delete(self.resource(obj), NAMESPACE, obj["metadata"]["name"])

    @asynccontextmanager
    async def following(self, obj: Object) -> AsyncGenerator["Followed", None]:
        """The objects of a manifest's kind from now on, by a watch."""
        resource = self.resource(obj)
        position = (await self.api.list(resource, limit=1)).resource_version
        followed = Followed()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(followed.follow(self.api, resource, position))
            yield followed
            task.cancel()


class Followed:
    """What a watch has told of a resource's objects."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.gone: set[str] = set()
        self._changed = asyncio.Condition()

    async def follow(self, api: Client, resource: Resource, position: str) -> None:
        """Watch until cancelled."""
        async with aclosing(api.watch(resource, resource_version=position, timeout_seconds=3600)) as events:
            async for kind, obj in events:
                name = obj["metadata"].get("name", "")
                if kind == "DELETED":
                    self.gone.add(name)
                elif kind != "BOOKMARK":
                    self.objects[name] = obj
                async with self._changed:
                    self._changed.notify_all()

    async def until(self, names: Collection[str], state: Callable[[Object], bool]) -> None:
        """Wait until all these objects are in a state.

        Raises:
            TimeoutError: a minute isn't enough.
        """
        await self._until(names, lambda name: name in self.objects and state(self.objects[name]))

    async def until_gone(self, names: Collection[str]) -> None:
        """Wait until all these objects are deleted.

        Raises:
            TimeoutError: a minute isn't enough.
        """
        await self._until(names, self.gone.__contains__)

    async def _until(self, names: Collection[str], done: Callable[[str], bool]) -> None:
        try:
            async with asyncio.timeout(_NEVER_SECONDS), self._changed:
                await self._changed.wait_for(lambda: all(map(done, names)))
        except TimeoutError:
            late = next(name for name in names if not done(name))
            status = self.objects.get(late, {}).get("status")
            raise TimeoutError(f"{late} isn't done after {_NEVER_SECONDS} s; its status: {status}") from None

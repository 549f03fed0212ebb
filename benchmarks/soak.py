"""Does it leak, or leave anything behind? An hour of churn on real parts.

Objects of four kinds come, are edited, are changed by hand in AWS, and go; AWS throttles, the API server restarts, the
process's token is another every few minutes. At the end all is deleted. `python -m benchmarks.soak [MINUTES]` prints
the report, and fails where memory, descriptors or tasks grew after the first sixth, or where anything is left.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ackpy.aws.errors import AwsError
from ackpy.kube import ApiError, Object
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.binaries import locate
from ackpy.sandbox.build import ETCD_VERSION, KUBERNETES_VERSION
from ackpy.sandbox.guard_api import Fault
from benchmarks._measure import CREDENTIALS, machine, show, table
from benchmarks._world import Cluster, Controllers, is_synced, manifest
from benchmarks.aws_client import Call, ours
from benchmarks.engine import bucket, queue, topic

_OF_EACH = 25
_WORKERS = 4
_PAUSE_SECONDS = 0.3
_SWEEP_SECONDS = 30
_SAMPLE_SECONDS = 10.0
_TOKEN_SECONDS = 240.0
_TOKEN_LIFETIME = "600s"  # the shortest that there is
_THROTTLE_SECONDS = 60.0
_RESTART_SECONDS = 420.0
_END_SECONDS = 300.0
_GROWTH = {"RSS, MiB": 5.0, "descriptors": 10.0, "tasks": 10.0}
"""What may differ between two windows: some objects are always being worked on."""
_ACCOUNT = "soak"
_ARN = "arn:aws:{}:us-east-1:123456789012"


def table_of(name: str) -> Object:
    sample = manifest("dynamodb/table.yaml")
    return sample | {"metadata": {"name": name}, "spec": sample["spec"] | {"tableName": name}}


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to the objects of a kind.

    Attributes:
        make: the manifest by name.
        edit: a spec change, by a number.
        drift: the call with which somebody changes it by hand, by name and number.
        left: the call that lists what is in AWS, and where.
    """

    make: Callable[[str], Object]
    edit: Callable[[int], dict[str, Any]]
    drift: Callable[[str, int], tuple[str, str, dict[str, Any]]]
    left: tuple[str, str, str]


def _url(name: str) -> str:
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"


def _tags(number: int) -> list[dict[str, str]]:
    return [{"key": "team", "value": f"t{number}"}]


def _by_hand(number: int) -> list[dict[str, str]]:
    return [{"Key": "by-hand", "Value": str(number)}]


LIVES = {
    "bucket": Life(
        bucket,
        lambda number: {"tagging": {"tagSet": _tags(number)}},
        lambda name, _: (
            "s3", "PutBucketVersioning", {"Bucket": name, "VersioningConfiguration": {"Status": "Suspended"}}
        ),
        ("s3", "ListBuckets", "Buckets"),
    ),
    "queue": Life(
        queue,
        lambda number: {"visibilityTimeout": str(60 + number)},
        lambda name, number: (
            "sqs", "SetQueueAttributes", {"QueueUrl": _url(name), "Attributes": {"VisibilityTimeout": str(number)}}
        ),
        ("sqs", "ListQueues", "QueueUrls"),
    ),
    "topic": Life(
        topic,
        lambda number: {"displayName": f"Orders {number}"},
        lambda name, number: (
            "sns", "TagResource", {"ResourceArn": f"{_ARN.format('sns')}:{name}", "Tags": _by_hand(number)}
        ),
        ("sns", "ListTopics", "Topics"),
    ),
    "table": Life(
        table_of,
        lambda number: {"tags": _tags(number)},
        lambda name, number: (
            "dynamodb", "TagResource",
            {"ResourceArn": f"{_ARN.format('dynamodb')}:table/{name}", "Tags": _by_hand(number)},
        ),
        ("dynamodb", "ListTables", "TableNames"),
    ),
}  # fmt: skip


@dataclass
class Soak:
    """The churn, and what was seen of the process meanwhile."""

    cluster: Cluster
    endpoint: AwsEndpoint
    call: Call
    done: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)

    async def run(self, running: Controllers, seconds: float) -> None:
        """Everything at once for some time."""
        slots = [(kind, f"soak-{kind}-{number}") for kind in LIVES for number in range(_OF_EACH)]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(self._sample(running))
                group.create_task(self._every(_TOKEN_SECONDS, self.rotate))
                group.create_task(self._every(_THROTTLE_SECONDS, self._throttle))
                group.create_task(self._every(_RESTART_SECONDS, self._restart))
                for worker in range(_WORKERS):
                    group.create_task(self._churn(slots[worker::_WORKERS]))

    async def rotate(self) -> None:
        """Another token; the older ones run out."""
        self.done["token rotations"] += 1
        command = [str(locate().kubectl), f"--kubeconfig={self.cluster.plane.kubeconfig}"]
        command += ["create", "token", _ACCOUNT, f"--duration={_TOKEN_LIFETIME}"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        token, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError("kubectl made no token")
        self.token.write_bytes(token.strip())

    @property
    def token(self) -> Path:
        """The file that the process reads its token from."""
        return self.cluster.folder / "token"

    async def left(self) -> list[str]:
        """What is in AWS."""
        found = []
        for service, operation, member in (life.left for life in LIVES.values()):
            found += [f"{service} {one}" for one in (await self.call(service, operation, {})).get(member, ())]
        return found

    async def objects(self) -> list[Object]:
        """What is in Kubernetes."""
        resources = {self.cluster.resource(life.make("x")) for life in LIVES.values()}
        return [obj for resource in resources for obj in (await self.cluster.api.list(resource)).items]

    async def comes_to(self, state: Callable[[], Awaitable[bool]]) -> bool:
        """Whether something is so within some minutes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                while not await state():  # noqa: ASYNC110 (asks the API server)
                    await asyncio.sleep(1)
                return True
        return False

    async def _sample(self, running: Controllers) -> None:
        clock = asyncio.get_running_loop().time
        begin = clock()
        while True:
            figures = await running.figures()
            self.samples.append((clock() - begin, figures))
            await self.endpoint.clear_requests()
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await act()

    async def _throttle(self) -> None:
        self.done["spells of throttling"] += 1
        names = ["GetQueueAttributes", "GetBucketVersioning", "CreateTopic", "DescribeTable", "SetQueueAttributes"]
        await self.endpoint.inject(*(Fault(name, 8, 400, "ThrottlingException", "Rate exceeded") for name in names))

    async def _restart(self) -> None:
        self.done["API server restarts"] += 1
        await self.cluster.plane.restart_api_server()

    async def _churn(self, slots: list[tuple[str, str]]) -> None:
        chance = random.Random(len(slots))
        for number in range(sys.maxsize):
            kind, name = chance.choice(slots)
            with suppress(ApiError, AwsError):  # gone meanwhile, or the API server restarts
                what = await self._act(chance, LIVES[kind], name, number % 1000)
                self.done[what] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _act(self, chance: random.Random, life: Life, name: str, number: int) -> str:
        obj = life.make(name)
        what = chance.choices(("creations", "edits", "changes by hand", "deletions"), (6, 5, 5, 1))[0]
        if what == "creations":
            await self.cluster.create(obj)
        elif what == "edits":
            await self.cluster.change(obj, {"spec": life.edit(number)})
        elif what == "changes by hand":
            await self.call(*life.drift(name, number))
        else:
            await self.cluster.delete(obj)
        return what


async def _prepared(soak: Soak) -> Cluster:
    """The cluster as the process sees it: with a service account's token."""
    rbac, name = "rbac.authorization.k8s.io", {"name": _ACCOUNT}
    account = {"kind": "ServiceAccount", **name, "namespace": "default"}
    await soak.cluster.apply("", "v1", "serviceaccounts", "default", {"metadata": name})
    role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": name, "roleRef": role, "subjects": [account]}
    await soak.cluster.apply(rbac, "v1", "clusterrolebindings", None, binding)
    await soak.rotate()
    config = yaml.safe_load(soak.cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"tokenFile": str(soak.token)}
    file = soak.cluster.folder / "kubeconfig-by-token"
    file.write_text(yaml.safe_dump(config))
    return replace(soak.cluster, kubeconfig=file)


async def _soaked(minutes: float) -> tuple[str, bool]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster.started())
        endpoint = await stack.enter_async_context(AwsEndpoint())
        call = await stack.enter_async_context(ours(endpoint.url))
        soak = Soak(cluster, endpoint, call)
        seen = await _prepared(soak)
        flags = f"--reconcile-default-resync-seconds={_SWEEP_SECONDS}"
        running = await stack.enter_async_context(Controllers(seen, endpoint.url, endpoint.url, flags))
        await soak.run(running, minutes * 60)
        await endpoint.inject()

        async def all_synced() -> bool:
            return all(map(is_synced, await soak.objects()))

        async def all_gone() -> bool:
            return not await soak.objects()

        objects = len(await soak.objects())
        synced = await soak.comes_to(all_synced)
        for obj in await soak.objects():
            await cluster.delete(obj)
        gone = await soak.comes_to(all_gone)
        left = await soak.left()
        ended = await running.figures()
    return _report(soak, minutes, ended, {f"{objects} objects synced": synced, "then all deleted": gone,
                                          "AWS empty": not left})  # fmt: skip


def _report(soak: Soak, minutes: float, ended: Mapping[str, float], facts: Mapping[str, bool]) -> tuple[str, bool]:
    window = minutes * 60 / 12
    rows, found = [], []
    for number in range(12):
        inside = [figures for at, figures in soak.samples if number * window <= at < (number + 1) * window]
        found.append({**inside[-1], **{name: min(one[name] for one in inside) for name in _GROWTH}})
        rows.append([show((number + 1) * window / 60), *map(show, found[-1].values())])
    growth = {name: found[-1][name] - found[2][name] for name in _GROWTH}
    steady = all(value <= _GROWTH[name] for name, value in growth.items())
    lines = [
        "# Soak\n",
        f"By `python -m benchmarks.soak {show(minutes)}` on {machine('aiobotocore', 'moto')}, Kubernetes "
        f"{KUBERNETES_VERSION}, etcd {ETCD_VERSION}.\n",
        f"{__doc__.partition(chr(10))[2].strip()}\n",
        table(["what happened", "times"], [[what, times] for what, times in sorted(soak.done.items())]),
        "The least of memory, descriptors and tasks in each twelfth of the time, since work comes and goes; the others "
        "count from the start:\n",
        table(["minute", *found[0]], rows),
        table(["at the end", ""], [[what, "yes" if so else "**no**"] for what, so in facts.items()]),
        f"Without objects: {', '.join(f'{show(value)} {name}' for name, value in ended.items() if name in _GROWTH)}.\n",
        "From the third twelfth to the last: "
        + ", ".join(f"{value:+.1f} {name} (at most {_GROWTH[name]:+.0f})" for name, value in growth.items())
        + ".",
    ]
    return "\n".join(lines), steady and all(facts.values())


if __name__ == "__main__":
    os.environ |= CREDENTIALS
    text, well = asyncio.run(_soaked(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
    print(text)
    sys.exit(not well)

"""What does a call to AWS cost? CPU of ours, bare aiobotocore, and boto3 in threads, against the simulator over HTTP.

Each candidate in a fresh process, one call after the other; loopback without TLS, which adds some 100 µs to each.
"""

# ruff: noqa: PLC0415 (what an import costs is measured here)

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

from benchmarks._measure import CREDENTIALS, Cpu, Figures, child, compare, measure, rss

_CALLS = 300
_REGION = "us-east-1"
_NAME = "measured"
_OPERATIONS = (("sqs", "GetQueueAttributes"), ("s3", "GetBucketVersioning"))

Call = Callable[[str, str, dict[str, Any]], Awaitable[Any]]
"""Of a service, an operation with its input."""


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Call, None]:
    from ackpy.aws.call import AwsCaller
    from ackpy.aws.clients import Clients, ClientSettings, own_session
    from ackpy.aws.scope import Scope

    session = own_session("benchmark", _REGION)

    async def session_for(_: Scope) -> Any:
        return session

    caller = AwsCaller(Clients(ClientSettings(allow_unsafe_endpoints=True), session_for))
    scope = Scope("000000000000", "aws", _REGION, endpoint_url=url)
    try:
        yield lambda service, operation, params: caller.call(scope, service, operation, params)
    finally:
        await caller.aclose()


@asynccontextmanager
async def aiobotocore(url: str) -> AsyncGenerator[Call, None]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import AioSession
    from botocore import xform_name

    session, config = AioSession(), AioConfig(s3={"addressing_style": "path"})
    async with AsyncExitStack() as stack:
        made = {
            service: await stack.enter_async_context(
                session.create_client(service, region_name=_REGION, endpoint_url=url, config=config)
            )
            for service, _ in _OPERATIONS
        }
        yield lambda service, operation, params: getattr(made[service], xform_name(operation))(**params)


@asynccontextmanager
async def boto3_threads(url: str) -> AsyncGenerator[Call, None]:
    from botocore import xform_name
    from botocore.config import Config

    session, config = import_module("boto3").Session(), Config(s3={"addressing_style": "path"})
    made = {
        service: session.client(service, region_name=_REGION, endpoint_url=url, config=config)
        for service, _ in _OPERATIONS
    }
    yield lambda service, operation, params: asyncio.to_thread(getattr(made[service], xform_name(operation)), **params)
    for client in made.values():
        client.close()


CANDIDATES: dict[str, Callable[[str], Any]] = {
    "ackpy.aws": ours,
    "aiobotocore": aiobotocore,
    "boto3 in threads": boto3_threads,
}


def case(name: str, url: str) -> Figures:
    """One candidate in this process."""
    return asyncio.run(_measured(CANDIDATES[name], url))


async def _measured(candidate: Callable[[str], Any], url: str) -> Figures:
    figures: Figures = {}
    async with AsyncExitStack() as stack:
        with Cpu() as making:
            call: Call = await stack.enter_async_context(candidate(url))
            queue = (await call("sqs", "CreateQueue", {"QueueName": _NAME}))["QueueUrl"]
            await call("s3", "CreateBucket", {"Bucket": _NAME})
        figures["import and clients, ms"] = making.seconds * 1e3
        figures["RSS, MiB"] = rss()
        params = {"sqs": {"QueueUrl": queue, "AttributeNames": ["All"]}, "s3": {"Bucket": _NAME}}
        for service, operation in _OPERATIONS:
            await call(service, operation, params[service])
            with Cpu() as calling:
                for _ in range(_CALLS):
                    await call(service, operation, params[service])
            figures[f"{service} {operation}, µs"] = calling.seconds / _CALLS * 1e6
    return figures


@contextmanager
def simulator(*flags: str) -> Iterator[str]:
    """A simulated AWS in a process of its own; gives its URL."""
    command = [sys.executable, "-m", "ackpy.sandbox.simulator", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def report() -> str:
    """Measure all candidates."""
    os.environ |= CREDENTIALS
    with simulator() as url:
        results = measure("benchmarks.aws_client", "case", [*CANDIDATES], url)
    ratios = ("import and clients, ms", *(f"{service} {operation}, µs" for service, operation in _OPERATIONS))
    return f"{_CALLS} calls of each operation, one after the other.\n\n" + compare("client", results, ratios)


if __name__ == "__main__" and not child({"case": case}):
    print(report())

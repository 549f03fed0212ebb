"""/healthz, /readyz and /metrics of a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from ackpy.cli.flag_values import Address


class Answer(NamedTuple):
    """What a probe says."""

    good: bool
    text: str
    """Why, for people."""


@asynccontextmanager
async def serving(
    metrics: Address | None,
    health: Address | None,
    registry: CollectorRegistry,
    healthy: Callable[[], Answer],
    ready: Callable[[], Awaitable[Answer]],
) -> AsyncIterator[None]:
    """Serve the probes while inside.

    Args:
        metrics, health: where; None for not at all.
        registry: what /metrics shows.
        healthy: whether work goes on; if not, only a new start helps.
        ready: whether the process does what it is there for.

    Raises:
        OSError: an address is taken.
    """

    async def exposed(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def is_healthy(_: web.Request) -> web.Response:
        return _response(healthy())

    async def is_ready(_: web.Request) -> web.Response:
        return _response(await ready())

    async with AsyncExitStack() as stack:
        if metrics is not None:
            await _serve(stack, metrics, {"/metrics": exposed})
        if health is not None:
            await _serve(stack, health, {"/healthz": is_healthy, "/readyz": is_ready})
        yield


def _response(answer: Answer) -> web.Response:
    return web.Response(text=f"{answer.text}\n", status=200 if answer.good else 503)


async def _serve(stack: AsyncExitStack, where: Address, routes: Mapping[str, Handler]) -> None:
    app = web.Application()
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, where.host, where.port).start()

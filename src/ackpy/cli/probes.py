"""/healthz, /readyz and /metrics of a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from ackpy.cli.flag_values import Address


@asynccontextmanager
async def serving(
    metrics: Address | None, health: Address | None, registry: CollectorRegistry, ready: Callable[[], bool]
) -> AsyncIterator[None]:
    """Serve the probes while inside.

    Args:
        metrics, health: where; None for not at all.
        registry: what /metrics shows.
        ready: whether all objects are listed, so that work is under way.

    Raises:
        OSError: an address is taken.
    """

    async def exposed(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok")  # the event loop answers: that is what it says

    async def is_ready(_: web.Request) -> web.Response:
        return web.Response(text="ok") if ready() else web.Response(text="listing objects", status=503)

    async with AsyncExitStack() as stack:
        if metrics is not None:
            await _serve(stack, metrics, {"/metrics": exposed})
        if health is not None:
            await _serve(stack, health, {"/healthz": alive, "/readyz": is_ready})
        yield


async def _serve(stack: AsyncExitStack, where: Address, routes: Mapping[str, Handler]) -> None:
    app = web.Application()
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, where.host, where.port).start()

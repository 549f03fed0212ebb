"""Serve a WSGI application by aiohttp: kept connections, one thread. For the simulator's own server and its tests.

The application runs on the event loop: it should only compute, as a simulator does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from wsgiref.types import WSGIApplication, WSGIEnvironment

from aiohttp import web

_BODY_LIMIT = 64 * 1024 * 1024


@asynccontextmanager
async def serving(
    application: WSGIApplication, port: int = 0, host: str = "127.0.0.1", delay_seconds: float = 0.0
) -> AsyncIterator[str]:
    """Serve while the context is open; gives the URL. Port 0 takes a free one; a delay makes each answer later.

    Raises:
        OSError: if the address is taken.
    """

    async def handle(request: web.BaseRequest) -> web.Response:
        response = _respond(application, _environ(request, await request.read()))
        await asyncio.sleep(delay_seconds)
        return response

    server = web.Server(handle, access_log=None)
    runner = web.ServerRunner(server)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()


def _environ(request: web.BaseRequest, body: bytes) -> WSGIEnvironment:
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.rel_url.raw_query_string,
        "RAW_URI": request.raw_path,
        "SERVER_NAME": request.url.host or "",
        "SERVER_PORT": str(request.url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name.lower() not in {"content-type", "content-length", "transfer-encoding"}:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


def _respond(application: WSGIApplication, environ: WSGIEnvironment) -> web.Response:
    response = web.Response()
    body = bytearray()

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        code, _, phrase = status.partition(" ")
        response.set_status(int(code), phrase)
        response.headers.extend((name, value) for name, value in headers if name.lower() != "content-length")
        return body.extend

    body.extend(b"".join(application(environ, start_response)))
    response.body = bytes(body)
    return response

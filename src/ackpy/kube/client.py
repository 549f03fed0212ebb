"""`KubeApi` over HTTP: a thin layer on aiohttp and orjson.

Measured against the ready clients, this is less than half the CPU a patch and a watch event; what they would add
(caching, leader election, typed models) lives in this package in the form that ackpy needs, or isn't needed.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from ackpy.kube.api import (
    FIELD_MANAGER,
    ApiError,
    Object,
    Page,
    PatchType,
    Resource,
    Unauthorized,
    Unreachable,
    WatchEvent,
    error_from_status,
)
from ackpy.kube.config import ClusterConfig, ConfigError

# The API server gives up on a request after 60 s by itself.
_REQUEST = aiohttp.ClientTimeout(total=65, sock_connect=10)
_PROBE = aiohttp.ClientTimeout(total=2)
# How long after its own end a watch may still hold the connection, for a server that is slow to close it.
_WATCH_GRACE_SECONDS = 15
_JSON = "application/json"


class Client:
    """The real API server. Made by `connect`."""

    def __init__(self, config: ClusterConfig, session: aiohttp.ClientSession) -> None:
        self.config = config
        self._session = session

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """See KubeApi."""
        return await self._call("GET", resource.path(namespace, name))

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
    ) -> Page:
        """See KubeApi."""
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": limit,
            "continue": continue_token,
        }
        body = await self._call("GET", resource.path(namespace), query)
        items = body["items"] or []
        for item in items:  # the items of lists of built-in kinds don't say what they are
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
        return Page(items, body["metadata"]["resourceVersion"], body["metadata"].get("continue") or None)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
        field_selector: str | None = None,
        timeout_seconds: int = 300,
    ) -> AsyncGenerator[WatchEvent, None]:
        """See KubeApi."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": timeout_seconds,
        }
        timeout = aiohttp.ClientTimeout(total=timeout_seconds + _WATCH_GRACE_SECONDS, sock_connect=10)
        async with self._response("GET", resource.path(namespace), query, timeout=timeout) as response:
            rest = b""
            try:
                async for chunk in response.content.iter_any():  # readline() has a limit that a large object exceeds
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        event = orjson.loads(line)
                        if event["type"] == "ERROR":
                            raise error_from_status(event["object"], event["object"].get("code", 500))
                        yield WatchEvent(event["type"], event["object"])
            finally:
                # Left early: closing would begin a TLS goodbye that nobody waits for; it may outlive the event loop.
                if response.connection is not None and response.connection.transport is not None:
                    response.connection.transport.abort()

    async def create(
        self, resource: Resource, namespace: str | None, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        """See KubeApi."""
        return await self._call("POST", resource.path(namespace), {"fieldManager": field_manager}, body)

    async def replace(
        self, resource: Resource, namespace: str | None, name: str, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        """See KubeApi."""
        return await self._call("PUT", resource.path(namespace, name), {"fieldManager": field_manager}, body)

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        subresource: str | None = None,
        patch_type: PatchType = PatchType.MERGE,
        force: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Object:
        """See KubeApi."""
        query = {"fieldManager": field_manager, "force": "true" if force else None}
        return await self._call("PATCH", resource.path(namespace, name, subresource), query, body, patch_type)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """See KubeApi."""
        await self._call("DELETE", resource.path(namespace, name))

    async def answers(self) -> bool:
        """Whether the API server can be reached, whatever it says."""
        try:
            async with self._response("GET", "/version", timeout=_PROBE):
                pass
        except ApiError as error:
            return not isinstance(error, Unreachable)
        return True

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Object | None = None,
        content_type: str = _JSON,
    ) -> Object:
        async with self._response(method, path, query, body, content_type) as response:
            return cast("Object", orjson.loads(await response.read()))

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Object | None = None,
        content_type: str = _JSON,
        timeout: aiohttp.ClientTimeout = _REQUEST,  # noqa: ASYNC109 (aiohttp's own, which also covers the body)
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful response; everything else is raised as an ApiError."""
        text = f"{self.config.server}{path}"
        if query:
            text += "?" + urlencode({name: value for name, value in query.items() if value is not None})
        url = URL(text, encoded=True)
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        credentials = self.config.credentials
        try:
            while True:
                if authorization := await credentials.header():
                    headers["Authorization"] = authorization
                async with self._session.request(method, url, data=data, headers=headers, timeout=timeout) as response:
                    if response.status < 400:
                        yield response
                        return
                    refusal = await _refusal(response, f"{method} {path}")
                if not (isinstance(refusal, Unauthorized) and await credentials.renew(authorization)):
                    raise refusal
        except ConfigError as error:  # a token file or exec plugin that worked at the start may fail for a while
            raise Unauthorized(401, "Unauthorized", str(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise Unreachable(
                0,
                "Unreachable",
                f"no connection to the Kubernetes API of context {self.config.context} ({method} {path}): {why}",
            ) from error


async def _refusal(response: aiohttp.ClientResponse, request: str) -> Exception:
    """The error in a refusal; proxies and the API server's own filters may answer in plain text."""
    body = await response.read()
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body[:200].decode(errors="replace").strip()
        if response.status == 404:  # "page not found" is what a user would read
            text = "the server could not find the requested resource"
        status = {"reason": response.reason, "message": f"{request}: {response.status} {text}"}
    after = response.headers.get("Retry-After", "")
    return error_from_status(status, response.status, float(after) if after.isdigit() else None)


def _keepalive_socket(address: Any) -> socket.socket:  # aiohttp's AddrInfoType
    """A socket whose kernel notices a vanished peer within a minute: a silent watch can't notice by itself."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # macOS names only some
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


@asynccontextmanager
async def connect(config: ClusterConfig) -> AsyncIterator[Client]:
    """A client for this cluster, closed at the end. It doesn't call the server by itself."""
    connector = aiohttp.TCPConnector(
        limit=0,  # each watch holds a connection; the default pool would silently stop at 100
        ssl=config.tls if config.tls is not None else True,
        socket_factory=_keepalive_socket,
        keepalive_timeout=60,
    )
    headers = {"User-Agent": f"ackpy/{version('ackpy')}", "Accept": _JSON}
    async with aiohttp.ClientSession(connector=connector, headers=headers, proxy=config.proxy) as session:
        yield Client(config, session)
    await asyncio.sleep(0)  # aborted connections are closed in the next turn of the loop

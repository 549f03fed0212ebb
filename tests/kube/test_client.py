"""The HTTP client where the API contract doesn't reach: failures, credentials and odd streams."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from ackpy.kube import (
    ApiError,
    Client,
    Forbidden,
    Gone,
    NotFound,
    Resource,
    Retryable,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    connect,
    load,
)
from tests.kube.conftest import WIDGETS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(tmp_path: Path, handler: Handler, token: str = "t") -> AsyncIterator[Client]:
    """A client of an API server that answers everything with this handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    (tmp_path / "token").write_text(token)
    async with TestServer(app) as server:
        content = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": str(server.make_url("/prefix"))}}],
            "users": [{"name": "u", "user": {"tokenFile": "token"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
        async with connect(load(str(tmp_path / "kubeconfig"))) as client:
            yield client


@pytest.mark.parametrize(
    ("resource", "arguments", "path"),
    [
        (WIDGETS, (), "/apis/test.ackpy.dev/v1alpha1/widgets"),
        (WIDGETS, ("n", "a"), "/apis/test.ackpy.dev/v1alpha1/namespaces/n/widgets/a"),
        (WIDGETS, ("n", "a", "status"), "/apis/test.ackpy.dev/v1alpha1/namespaces/n/widgets/a/status"),
        (Resource("", "v1", "secrets", "Secret"), ("n",), "/api/v1/namespaces/n/secrets"),
        (
            Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
            ("n", "system:a/b"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2Fb",
        ),
    ],
)
def test_paths(resource: Resource, arguments: tuple[str, ...], path: str) -> None:
    assert resource.path(*arguments) == path


async def test_what_is_sent(tmp_path: Path) -> None:
    requests: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        requests.append(request)
        assert await request.json() == {"spec": {"size": 2}}
        return web.json_response({})

    async with served(tmp_path, handler) as api:
        await api.patch(WIDGETS, "n", "a", {"spec": {"size": 2}}, subresource="status", field_manager="m&m")

    (request,) = requests
    assert request.method == "PATCH"
    assert request.path == "/prefix/apis/test.ackpy.dev/v1alpha1/namespaces/n/widgets/a/status"
    assert dict(request.query) == {"fieldManager": "m&m"}
    assert request.content_type == "application/merge-patch+json"
    assert request.headers["User-Agent"].startswith("ackpy/")
    assert request.headers["Authorization"] == "Bearer t"


def refuse(code: int, text: str = "", **status: object) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        headers = {"Retry-After": "7"} if code in {429, 503} else {}
        if text:
            return web.Response(text=text, status=code, headers=headers)
        return web.json_response({"kind": "Status", "code": code, **status}, status=code, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("handler", "error", "message"),
    [
        (
            refuse(403, reason="Forbidden", message='cannot get "widgets"'),
            Forbidden,
            'cannot get "widgets". If .* RBAC',
        ),
        (refuse(404, "404 page not found"), NotFound, "could not find the requested resource"),
        (refuse(418, reason="Teapot", message="short and stout"), ApiError, "short and stout"),
        (refuse(429, "slow down"), TooManyRequests, "GET /apis/test.* 429 slow down"),
        (refuse(500, reason="InternalError", message="etcd"), Unreachable, "etcd"),
        (refuse(502, "<html>Bad Gateway"), Unreachable, "502 <html>Bad Gateway"),
    ],
)
async def test_refusals(tmp_path: Path, handler: Handler, error: type[ApiError], message: str) -> None:
    async with served(tmp_path, handler) as api:
        with pytest.raises(error, match=message):
            await api.get(WIDGETS, "n", "a")


@pytest.mark.parametrize(
    ("handler", "seconds"),
    [
        (refuse(429, "slow down"), 7),
        (refuse(503, "restarting"), 7),
        (refuse(500, reason="InternalError", details={"retryAfterSeconds": 3}), 3),
        (refuse(500, "failed"), None),
    ],
)
async def test_when_to_come_again(tmp_path: Path, handler: Handler, seconds: float | None) -> None:
    async with served(tmp_path, handler) as api:
        with pytest.raises(Retryable) as caught:
            await api.list(WIDGETS)
    assert caught.value.retry_after == seconds


async def test_a_lost_connection_is_retryable(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with served(tmp_path, handler) as api:
        with pytest.raises(Unreachable, match=r"no connection to the Kubernetes API of context c \(PATCH /apis"):
            await api.patch(WIDGETS, "n", "a", {})


async def test_a_rotated_token_is_read_again(tmp_path: Path) -> None:
    used: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        used.append(request.headers["Authorization"])
        if used[-1] == "Bearer two":
            return web.json_response({"spec": await request.json()})
        return web.json_response({"reason": "Unauthorized", "message": "Unauthorized"}, status=401)

    async with served(tmp_path, handler, token="one") as api:
        with pytest.raises(Unauthorized, match="Check the credentials"):
            await api.patch(WIDGETS, "n", "a", {"size": 1})
        (tmp_path / "token").write_text("two")
        assert await api.patch(WIDGETS, "n", "a", {"size": 1}) == {"spec": {"size": 1}}
        (tmp_path / "token").unlink()
        assert await api.patch(WIDGETS, "n", "a", {"size": 1}) == {"spec": {"size": 1}}
    assert used == ["Bearer one", "Bearer one", "Bearer two", "Bearer two"]


async def test_credentials_that_cannot_be_read_are_an_api_error(tmp_path: Path) -> None:
    async with served(tmp_path, refuse(200)) as api:
        (tmp_path / "token").unlink()
        with pytest.raises(Unauthorized, match=r"can't get credentials .*: Token file .* not found"):
            await api.get(WIDGETS, "n", "a")


def stream(*chunks: bytes) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        return response

    return handler


async def test_a_watch_of_large_and_torn_lines(tmp_path: Path) -> None:
    large = "x" * 2_000_000
    lines = b'{"type":"ADDED","object":{"a":"%s"}}\n{"type":"MODIFIED","object":{}}\n' % large.encode()
    async with served(tmp_path, stream(lines[:100], lines[100:-20], lines[-20:])) as api:
        events = [event async for event in api.watch(WIDGETS, resource_version="1")]
    assert events == [("ADDED", {"a": large}), ("MODIFIED", {})]


async def test_a_watch_that_ends_in_an_error(tmp_path: Path) -> None:
    error = b'{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old resource version"}}\n'
    async with served(tmp_path, stream(b'{"type":"ADDED","object":{}}\n', error)) as api:
        events = api.watch(WIDGETS, resource_version="1")
        assert await anext(events) == ("ADDED", {})
        with pytest.raises(Gone, match="too old resource version"):
            await anext(events)


async def test_more_watches_than_a_default_pool_holds(tmp_path: Path) -> None:
    everyone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type":"BOOKMARK","object":{}}\n')
        await everyone.wait()
        return response

    async with served(tmp_path, handler) as api:
        watches = [api.watch(WIDGETS, resource_version="1") for _ in range(120)]
        await asyncio.gather(*(anext(watch) for watch in watches))
        everyone.set()
        for watch in watches:
            assert [event async for event in watch] == []

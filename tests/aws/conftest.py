"""moto, a server with scripted answers, and callers for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web
from moto.server import ThreadedMotoServer

from ackpy.aws.call import AwsCaller, CallRecord
from ackpy.aws.clients import Clients, ClientSettings, own_session
from ackpy.aws.scope import Scope

SETTINGS = ClientSettings(timeout_seconds=10, allow_unsafe_endpoints=True)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Credentials for the simulation, and nothing of this machine's own."""
    nowhere = str(tmp_path_factory.getbasetemp() / "none")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", nowhere)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")


def clients_with(settings: ClientSettings = SETTINGS) -> Clients:
    session = own_session("1.2.3", "eu-west-1")

    async def session_for(_: Scope) -> object:
        return session

    return Clients(settings, session_for)


def scope_at(endpoint_url: str, region: str = "eu-west-1") -> Scope:
    return Scope(account="123456789012", partition="aws", region=region, endpoint_url=endpoint_url)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest_asyncio.fixture
async def caller(records: list[CallRecord]) -> AsyncIterator[AwsCaller]:
    caller = AwsCaller(clients_with(), hooks=(records.append,))
    yield caller
    await caller.aclose()


@dataclass
class Script:
    """A server that gives the answers in order (the last one again and again), and keeps the requests."""

    url: str = ""
    answers: list[web.Response | None] = field(default_factory=list)
    """None closes the connection without an answer."""
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """While it isn't set, no answer goes out."""

    def __post_init__(self) -> None:
        self.released.set()

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(web.Response(status=status, text=body, headers=named))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.text())
        await self.released.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def signers(script: Script) -> list[str]:
    """The access keys that the requests were signed with."""
    return [request.headers["Authorization"].split("Credential=")[1].split("/")[0] for request in script.requests]


@asynccontextmanager
async def _served() -> AsyncIterator[Script]:
    script = Script()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield script
    await runner.cleanup()


@pytest_asyncio.fixture
async def script() -> AsyncIterator[Script]:
    async with _served() as script:
        yield script


@pytest_asyncio.fixture
async def source() -> AsyncIterator[Script]:
    """Another one, that gives credentials."""
    async with _served() as source:
        yield source

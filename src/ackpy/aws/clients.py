"""AWS clients: made once for each service and scope, kept while they are used.

`AwsCaller` borrows a client for each call. JSON models, the slow part, are loaded in a thread; the client class itself
(2 to 15 ms, from loaded models) is built on the event loop, because botocore's session isn't safe in threads.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import botocore
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, NoCredentialsError, UnknownServiceError
from botocore.handlers import base64_encode_user_data
from botocore.model import OperationModel

from ackpy.aws.endpoints import check_endpoint_url, is_local
from ackpy.aws.scope import Scope

_COMMON_DATA = ("endpoints", "partitions", "sdk-default-configuration", "_retry")
_SERVICE_DATA = ("service-2", "endpoint-rule-set-1")
_CONNECT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What all clients share."""

    timeout_seconds: float = 60.0
    """Longest silence of AWS (`--http-client-timeout`)."""
    path_style: bool = False
    """S3: `HOST/BUCKET` instead of `BUCKET.HOST` (`--aws-endpoint-use-path-style`); hosts that are IP addresses or
    this machine always get it."""
    allow_unsafe_endpoints: bool = False
    """`--allow-unsafe-aws-endpoint-urls`"""
    max_connections: int = 100
    """Open connections of one client; more calls wait."""
    max_clients: int = 128
    """Clients kept; the one unused for longest is closed first."""


SessionFor = Callable[[Scope], Awaitable[AioSession]]
"""Gives the session whose credentials serve a scope: one for each role, all with one loader."""


def own_session(version: str, region: str) -> AioSession:
    """A session with the process's own identity: env, profile, IRSA, EKS Pod Identity, instance role.

    Args:
        version: of ackpy.
        region: whose STS gives credentials for a web identity or a profile's role; botocore doesn't know AWS_REGION.
    """
    session = AioSession()
    session.set_config_variable("region", region)
    # Given whole: botocore would put a longer one together anew for each call, for a tenth of the call's CPU.
    user_agent = f"aws-controllers-k8s/ackpy-{version} md/Botocore#{botocore.__version__}"
    session.set_default_client_config(AioConfig(user_agent=user_agent))
    # botocore encodes this one parameter by itself; a spec has it encoded already, as AWS wants it.
    session.unregister("before-parameter-build.ec2.RunInstances", base64_encode_user_data)
    return session


@dataclass(frozen=True, slots=True)
class Client:
    """aiobotocore's client, and what ackpy reads of the service's models."""

    api: Any
    paginators: Mapping[str, Mapping[str, Any]]
    """botocore's pagination rules by operation."""
    credentials: AioCredentials

    async def authorise(self) -> None:
        """Renew the credentials if it is time; a call would do it too, but let any error through.

        Raises:
            botocore.exceptions.BotoCoreError: their source is bad.
            botocore.exceptions.ClientError: STS refuses.
        """
        with _fetching(self.credentials.method):
            await self.credentials.get_frozen_credentials()

    @property
    def expires_at(self) -> datetime | None:
        """When the credentials expire unless they are renewed before; None if that isn't known, or never."""
        at: datetime | None = getattr(self.credentials, "_expiry_time", None)  # botocore tells nobody
        return at

    def operation(self, name: str) -> OperationModel:
        """The model of an operation."""
        model: OperationModel = self.api.meta.service_model.operation_model(name)
        return model


@dataclass(eq=False, slots=True)
class _Entry:
    client: asyncio.Task[Client]
    users: int = 0


class Clients:
    """The clients of the process, least recently used first out. Not for use by several event loops."""

    def __init__(self, settings: ClientSettings, session_for: SessionFor) -> None:
        self._settings = settings
        self._session_for = session_for
        self._entries: OrderedDict[tuple[str, Scope], _Entry] = OrderedDict()
        self._making = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def borrow(self, service: str, scope: Scope) -> AsyncIterator[Client]:
        """Lend the client of a service and scope; it isn't closed while it is lent.

        Raises:
            botocore.exceptions.BotoCoreError: the client can't be made.
            EndpointError: the endpoint URL isn't allowed.
        """
        key = (service, scope)
        entry = self._entries.get(key)
        if entry is None or _failed(entry.client):
            entry = self._entries[key] = _Entry(asyncio.create_task(self._make(service, scope)))
        self._entries.move_to_end(key)
        entry.users += 1
        try:
            yield await asyncio.shield(entry.client)  # others may wait for the same client
        finally:
            entry.users -= 1
            self._shrink()

    def expiries(self) -> Mapping[str | None, datetime]:
        """When the credentials of each role expire, as of their last renewal; None is the process's own identity."""
        found: dict[str | None, datetime] = {}
        for (_, scope), entry in self._entries.items():
            at = entry.client.result().expires_at if entry.client.done() and not _failed(entry.client) else None
            if at is not None:
                found[scope.role_arn] = max(at, found.get(scope.role_arn, at))
        return found

    async def aclose(self) -> None:
        """Close all clients. Calls under way fail."""
        for entry in self._entries.values():
            entry.client.cancel()
            self._discard(entry)
        self._entries.clear()
        await asyncio.gather(*self._closing)

    def _shrink(self) -> None:
        surplus = len(self._entries) - self._settings.max_clients
        idle = [key for key, entry in self._entries.items() if entry.users == 0][: max(0, surplus)]
        for key in idle:
            self._discard(self._entries.pop(key))

    def _discard(self, entry: _Entry) -> None:
        task = asyncio.create_task(_close(entry.client))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _make(self, service: str, scope: Scope) -> Client:
        config = self._config(scope)
        async with self._making:  # one at a time, so that each source of credentials is asked once
            with _fetching("their source"):
                session = await self._session_for(scope)
                credentials = await session.get_credentials()
            if credentials is None:
                raise NoCredentialsError  # a client made now would never get any
            paginators = await asyncio.to_thread(_load_models, session.get_component("data_loader"), service)
            context = session.create_client(
                service, region_name=scope.region, endpoint_url=scope.endpoint_url, config=config
            )
            api = await context.__aenter__()
        # An S3 request for a bucket of another region is refused, as in the contract, not silently sent there.
        api.meta.events.register("before-call.s3", _no_redirect)
        return Client(api, paginators, credentials)

    def _config(self, scope: Scope) -> AioConfig:
        settings = self._settings
        path_style = settings.path_style
        if scope.endpoint_url is not None:
            parts = check_endpoint_url(scope.endpoint_url, allow_unsafe=settings.allow_unsafe_endpoints)
            path_style = path_style or is_local(parts)
        return AioConfig(
            connect_timeout=min(_CONNECT_TIMEOUT_SECONDS, settings.timeout_seconds),
            read_timeout=settings.timeout_seconds,
            max_pool_connections=settings.max_connections,
            # One attempt: the limiter sees every throttle, and no write is sent twice unnoticed.
            retries={"mode": "standard", "total_max_attempts": 1},
            s3={
                "addressing_style": "path" if path_style else "virtual",  # "auto" means path at custom endpoints
                "disable_s3_express_session_auth": True,  # sessions are for objects, and only for these
            },
        )


@contextlib.contextmanager
def _fetching(source: str) -> Iterator[None]:
    """Name as such what botocore lets through of a bad source of credentials.

    A token's file that isn't there, a token that is no header, an answer that lacks a member or gives expired ones.
    """
    try:
        yield
    except BotoCoreError:  # some of them are OSErrors too
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CredentialRetrievalError(provider=source, error_msg=str(error)) from error


def _load_models(loader: Any, service: str) -> Mapping[str, Mapping[str, Any]]:
    """Fill the loader's cache with what making a client reads. Returns the pagination rules."""
    for name in _COMMON_DATA:
        loader.load_data(name)
    for name in _SERVICE_DATA:
        loader.load_service_model(service, name)
    try:
        rules: Mapping[str, Mapping[str, Any]] = loader.load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        return {}
    return rules


def _no_redirect(context: dict[str, Any], **_: object) -> None:
    context.setdefault("s3_redirect", {})["redirected"] = True


def _failed(task: asyncio.Task[Client]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _close(task: asyncio.Task[Client]) -> None:
    await asyncio.wait([task])
    if not _failed(task):
        await task.result().api.__aexit__(None, None, None)

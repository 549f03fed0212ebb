"""What `ackpy run` and `ackpy up` have in common: the controllers of one process, from flags to the last call."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import click
import structlog
from aiobotocore.session import AioSession

from ackpy.aws.call import AwsCaller
from ackpy.aws.clients import Clients, ClientSettings, own_session
from ackpy.aws.errors import AwsError
from ackpy.aws.identity import CallerIdentity, caller_identity
from ackpy.aws.limits import LimitKey
from ackpy.aws.metrics import AwsStanding
from ackpy.aws.sessions import Sessions, session_name
from ackpy.cli import probes
from ackpy.cli.choice import defined
from ackpy.cli.controllers import Controllers
from ackpy.cli.flags import Settings, check_kinds
from ackpy.cli.instruments import Instruments
from ackpy.controller.manager import Manager
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.options import Options
from ackpy.kinds.model import Kind
from ackpy.kube import Client, ConfigError, EventRecorder, Fenced, KubeApi, LeaderElector, LeaseLost

_log = structlog.get_logger(__name__)
_LAST_EVENTS_SECONDS = 3.0
_SERVICE_ACCOUNT_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def kinds_of(settings: Settings, services: str | None, definitions: Path | None) -> tuple[Kind, ...]:
    """The kinds that the flags ask for.

    Raises:
        click.UsageError: a flag names a service or kind that there isn't.
        click.ClickException: a definition is wrong.
    """
    kinds = defined(services, definitions)
    check_kinds(settings, {kind.name for kind in kinds})
    wanted = settings.reconcile_resources
    return tuple(kind for kind in kinds if not wanted or kind.name in wanted)


def caller(settings: Settings, session: AioSession | None, instruments: Instruments) -> AwsCaller:
    """What calls AWS for the process: as `session` says, or with the process's own identity, and roles from there."""
    sessions = Sessions(
        session or own_session(version("ackpy"), settings.aws_region),
        version("ackpy"),
        settings.aws_region,
        session_name(own_namespace()),
        settings.identity_endpoint_url,
        settings.http_client_timeout,
    )
    config = ClientSettings(
        timeout_seconds=settings.http_client_timeout,
        path_style=settings.aws_endpoint_use_path_style,
        allow_unsafe_endpoints=settings.allow_unsafe_aws_endpoint_urls,
    )
    aws = AwsCaller(Clients(config, sessions.of), hooks=instruments.hooks())
    instruments.registry.register(AwsStanding(aws))
    return aws


async def control(
    settings: Settings,
    kinds: tuple[Kind, ...],
    api: Client,
    aws: AwsCaller,
    identity: CallerIdentity,
    instruments: Instruments,
) -> None:
    """Run the controllers until cancelled, which lets what is under way come to its end.

    With leader election they run as long as the Leases are held.

    Raises:
        click.ClickException: a Lease was lost, or an address is taken.
    """
    events = EventRecorder(api)
    # Each service has a Lease of its own; without leader election one manager serves all.
    led = settings.enable_leader_election
    groups = (
        [(name, list(of)) for name, of in groupby(kinds, key=lambda kind: kind.group)] if led else [("", list(kinds))]
    )
    metrics = ControllerMetrics(instruments.registry)

    def read_rate(service: str, region: str) -> float:
        return aws.limits.of(LimitKey(identity.account, region, service, read=True)).rate

    electors = {name: _elector(settings, api, name) for name, _ in groups} if led else {}
    aws.may_write = lambda: not any(elector.overdue for elector in electors.values())

    def manager_of(name: str, kinds: list[Kind]) -> Manager:
        who = (identity.account, identity.partition)
        return Manager(
            kinds,
            Fenced(api, electors[name].check) if led else api,
            aws,
            events,
            options(settings),
            *who,
            read_rate=read_rate,
            metrics=metrics,
            around=instruments.around,
        )

    managers = {name: manager_of(name, of) for name, of in groups}
    controllers = Controllers(managers, electors, instruments.registry)
    clock = asyncio.get_running_loop().time
    try:
        async with AsyncExitStack() as stack, telling(events):
            await stack.enter_async_context(
                probes.serving(
                    settings.metrics_addr,
                    settings.healthz_addr,
                    instruments.registry,
                    lambda: controllers.healthy(clock() - aws.answered_at),
                    lambda: controllers.ready(api.answers),
                )
            )
            running = asyncio.create_task(controllers.run())
            try:
                await asyncio.shield(running)
            except asyncio.CancelledError:
                aws.stop_writing()
                controllers.stop()
                await running
                raise
    except* LeaseLost as lost:
        raise click.ClickException(f"stopped: {_first(lost)}") from None
    except* OSError as taken:
        raise click.ClickException(f"can't serve /metrics or /healthz: {_first(taken)}") from None


@asynccontextmanager
async def telling(events: EventRecorder) -> AsyncIterator[None]:
    """Write events while inside; those of the last moments too, unless the API server has no ear for them."""
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(events.run())
        try:
            yield
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(events.flush(), _LAST_EVENTS_SECONDS)
            writing.cancel()


def _elector(settings: Settings, api: KubeApi, group: str) -> LeaderElector:
    namespace = settings.leader_election_namespace or own_namespace()
    who = f"{os.environ.get('HOSTNAME') or socket.gethostname()}_{os.getpid()}"
    return LeaderElector(api, namespace, f"ack-{group}", who)


def own_namespace() -> str:
    """The namespace that the process runs in, by its service account; outside of a pod the contract's default."""
    try:
        with open(_SERVICE_ACCOUNT_NAMESPACE, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return system_namespace()


def system_namespace() -> str:
    """The namespace of the role ConfigMaps, as in the contract."""
    return os.environ.get("ACK_SYSTEM_NAMESPACE") or os.environ.get("K8S_NAMESPACE") or "ack-system"


def options(settings: Settings) -> Options:
    """The flags, as the controllers take them."""
    return Options(
        region=settings.aws_region,
        endpoint_url=settings.aws_endpoint_url or None,
        version=version("ackpy"),
        resync_seconds=settings.reconcile_default_resync_seconds,
        resync_by_kind=settings.reconcile_resource_resync_seconds,
        concurrency=settings.reconcile_default_max_concurrent_syncs,
        concurrency_by_kind=settings.reconcile_resource_max_concurrent_syncs,
        deletion_policy=settings.deletion_policy,
        tags=settings.resource_tags,
        cross_namespace=settings.enable_cross_namespace,
        namespaces=settings.watch_namespace,
        selector=settings.watch_selectors or None,
        field_exports=settings.enable_field_export_reconciler,
        carm=settings.enable_carm,
        feature_gates=frozenset(name for name, on in settings.feature_gates.items() if on),
        system_namespace=system_namespace(),
    )


async def identity_of(settings: Settings, aws: AwsCaller) -> CallerIdentity:
    """Who we are to AWS.

    Raises:
        click.ClickException: there are no usable credentials, or STS can't be reached; one plain line.
    """
    try:
        return await caller_identity(aws, settings.aws_region, settings.identity_endpoint_url)
    except AwsError as error:
        advice = f" {error.advice}" if error.advice else ""
        raise click.ClickException(f"AWS doesn't tell who we are: {error}.{advice}") from error


def until_stopped(main: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a command's coroutine until it ends, or SIGINT or SIGTERM cancels it; a second signal doesn't wait.

    Raises:
        click.ClickException: what went wrong, in one line.
    """

    async def stoppable() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, _stop, task)
        try:
            await main()
        except asyncio.CancelledError:
            _log.info("stopped")

    try:
        asyncio.run(stoppable())
    except* click.ClickException as group:
        raise _first(group) from None
    except* ConfigError as group:
        raise click.ClickException(str(_first(group))) from None


def _stop(task: asyncio.Task[None]) -> None:
    if task.cancelling():
        sys.exit(1)
    task.cancel()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that a group of groups holds first."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def first_of(*waits: Awaitable[None]) -> None:
    """Wait until one of several ends, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def labels(kinds: Iterable[Kind]) -> str:
    """The kinds in a sentence."""
    return ", ".join(kind.label for kind in kinds)

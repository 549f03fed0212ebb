"""`ackpy up`: the main job on an empty machine. A real Kubernetes API, a simulated AWS, CRDs and controllers."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click
from aiobotocore.session import AioSession

from ackpy.aws.clients import own_session
from ackpy.aws.identity import CallerIdentity
from ackpy.cli import logs, process
from ackpy.cli.choice import with_kinds
from ackpy.cli.crd_setup import ensure_crds
from ackpy.cli.flags import Settings, with_settings
from ackpy.cli.instruments import instruments
from ackpy.kinds.model import Kind
from ackpy.kube import ApiError, Client, connect, load

if TYPE_CHECKING:  # an installation may lack the sandbox (see _sandbox)
    from ackpy.sandbox.binaries import Binaries

_LOOPBACK = {
    "aws_region": "us-east-1",
    "metrics_addr": "127.0.0.1:0",
    "healthz_addr": "127.0.0.1:0",
    "enable_development_logging": "true",
    "reconcile_default_resync_seconds": "30",
    "allow_unsafe_aws_endpoint_urls": "true",
}
# A simulated AWS takes any credentials; the caller's own never go there.
_NO_SECRET = "ackpy"  # noqa: S105 - opens nothing

_SAMPLE = """\
kubectl apply -f - <<'EOF'
apiVersion: s3.services.k8s.aws/v1alpha1
kind: Bucket
metadata:
  name: ack-s3-bucket-hama
spec:
  name: ack-s3-bucket-hama
  versioning:
    status: Enabled
  website:
    indexDocument:
      suffix: index.html
    errorDocument:
      key: error.html
EOF
kubectl get bucket ack-s3-bucket-hama -o yaml
kubectl describe bucket ack-s3-bucket-hama"""


@click.command()
@click.option("--context", metavar="NAME", help="Use an existing cluster: a context of the kubeconfig.")
@click.option(
    "--aws",
    "aws_choice",
    type=click.Choice(["simulated", "real"]),
    default="simulated",
    show_default=True,
    help="real: AWS itself, with your own credentials.",
)
@with_kinds
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the cluster's data here between runs. By default nothing is kept.",
)
@click.option("--kubernetes-port", type=click.IntRange(0, 65535), default=0, help="By default a free one.")
@click.option("--aws-port", type=click.IntRange(0, 65535), default=0, help="By default a free one.")
@click.option("--apply-crds", is_flag=True, help="With --context: also replace CRDs that are there already.")
@click.option("--yes", is_flag=True, help="Don't ask before touching an existing cluster or a real account.")
@with_settings(_LOOPBACK)
def up(
    settings: Settings,
    context: str | None,
    aws_choice: str,
    services: str | None,
    definitions: Path | None,
    data: Path | None,
    kubernetes_port: int,
    aws_port: int,
    *,
    apply_crds: bool,
    yes: bool,
) -> None:
    """Start a Kubernetes API, a simulated AWS and all controllers on this machine."""
    logs.configure(settings.log_level, for_people=settings.enable_development_logging)
    kinds = process.kinds_of(settings, services, definitions)
    binaries = _binaries() if context is None else None
    real_aws = aws_choice == "real"
    wanted = _Wanted(settings, kinds, context, binaries, real_aws, data, kubernetes_port, aws_port, apply_crds, yes)
    process.until_stopped(lambda: _Up(wanted).run())


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line says."""

    settings: Settings
    kinds: tuple[Kind, ...]
    context: str | None
    binaries: Binaries | None
    real_aws: bool
    data: Path | None
    kubernetes_port: int
    aws_port: int
    apply_crds: bool
    yes: bool


class _Up:
    """One run. Everything that it starts is on the stack, and goes with it."""

    def __init__(self, wanted: _Wanted) -> None:
        self._wanted = wanted
        self._settings = wanted.settings
        self._stack = AsyncExitStack()
        self._deaths: list[Callable[[], Awaitable[Exception]]] = []
        self._exports: list[str] = []

    async def run(self) -> None:
        """Start, tell, and control until stopped or until a part dies.

        Raises:
            click.ClickException: something can't be started, or died.
        """
        async with self._stack:
            watching = await self._stack.enter_async_context(instruments())
            config = load(await self._cluster(), self._wanted.context)
            session = await self._aws()
            aws = process.caller(self._settings, session, watching)
            self._stack.push_async_callback(aws.aclose)
            api = await self._stack.enter_async_context(connect(config))
            identity = await process.identity_of(self._settings, aws)
            self._ask(config.context, config.server, identity)
            await self._crds(api)
            self._tell(config.server)
            control = process.control(self._settings, self._wanted.kinds, api, aws, identity, watching)
            await process.first_of(control, *map(_raise_when, self._deaths))

    async def _cluster(self) -> str | None:
        """The kubeconfig of a cluster of our own; None for the caller's, with --context."""
        binaries = self._wanted.binaries
        if binaries is None:
            return None
        sandbox = _sandbox()
        try:
            plane = sandbox.ControlPlane(binaries, self._wanted.data, port=self._wanted.kubernetes_port)
            await self._stack.enter_async_context(plane)
        except sandbox.ERRORS as error:
            raise click.ClickException(str(error)) from error
        self._deaths.append(plane.died)
        self._exports.append(f"export KUBECONFIG={plane.kubeconfig}")
        if binaries.kubectl is not None and binaries.kubectl.parent == binaries.etcd.parent:
            self._exports.append(f"alias kubectl={binaries.kubectl}")
        return str(plane.kubeconfig)

    async def _aws(self) -> AioSession | None:
        """A session for an AWS of our own; None for the caller's credentials, with --aws real."""
        if self._wanted.real_aws:
            return None
        sandbox = _sandbox()
        endpoint = sandbox.AwsEndpoint(self._wanted.aws_port)
        try:
            await self._stack.enter_async_context(endpoint)
        except sandbox.ERRORS as error:
            raise click.ClickException(str(error)) from error
        self._deaths.append(endpoint.died)
        self._settings = replace(self._settings, aws_endpoint_url=endpoint.url, aws_identity_endpoint_url="")
        self._exports += [
            f"export AWS_ENDPOINT_URL={endpoint.url}",
            f"export AWS_ACCESS_KEY_ID={_NO_SECRET} AWS_SECRET_ACCESS_KEY={_NO_SECRET}",
            f"export AWS_REGION={self._settings.aws_region}",
        ]
        session = own_session(version("ackpy"), self._settings.aws_region)
        session.set_credentials(_NO_SECRET, _NO_SECRET)
        return session

    def _ask(self, context: str, server: str, identity: CallerIdentity) -> None:
        """Name what isn't ours before touching it.

        Raises:
            click.Abort: the answer is no.
        """
        if self._wanted.yes or (self._wanted.context is None and not self._wanted.real_aws):
            return
        cluster = f"the cluster of context {context} ({server})" if self._wanted.context else "a new local cluster"
        account = (
            f"the AWS account {identity.account} as {identity.arn}" if self._wanted.real_aws else "a simulated AWS"
        )
        click.confirm(
            f"ackpy will control {process.labels(self._wanted.kinds)} in {cluster} with {account}. Go on?", abort=True
        )

    async def _crds(self, api: Client) -> None:
        theirs = self._wanted.context is not None
        try:
            left = await ensure_crds(api, self._wanted.kinds, replace=not theirs or self._wanted.apply_crds)
        except ApiError as error:
            raise click.ClickException(f"the CRDs can't be installed: {error}") from error
        if left:
            click.echo(f"Left as they are: {', '.join(left)}. To bring them up to date: --apply-crds")

    def _tell(self, server: str) -> None:
        """What to do next, on lines to copy."""
        kinds = process.labels(self._wanted.kinds)
        click.echo(f"\nackpy is up, and controls {kinds} at {server}. Stop it with Ctrl-C. In another terminal:\n")
        for line in (*self._exports, _SAMPLE):
            click.echo(line)
        click.echo()


async def _raise_when(died: Callable[[], Awaitable[Exception]]) -> None:
    raise click.ClickException(str(await died()))


def _binaries() -> Binaries:
    """The programs of a cluster of our own, built where they are missing: minutes that Ctrl-C and SIGTERM end.

    Raises:
        click.ClickException: they can't be had.
    """
    sandbox = _sandbox()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found: Binaries = sandbox.locate()
        return found
    except sandbox.ERRORS as error:
        raise click.ClickException(str(error)) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _sandbox() -> ModuleType:
    """The sandbox, which an installation without the extra `sandbox` (the controllers' image) doesn't have.

    Raises:
        click.ClickException: it isn't installed.
    """
    try:
        from ackpy.sandbox import embedded  # noqa: PLC0415 - only here may its packages be missing
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the local sandbox needs the package {error.name}: pip install 'ackpy[sandbox]', or give --context and "
            "--aws real"
        ) from error
    return embedded

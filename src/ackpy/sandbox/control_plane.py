"""A real Kubernetes API on loopback: etcd, kube-apiserver, and what needs no nodes of kube-controller-manager.

Started by `ackpy up` and by the tests. What it promises: inside `async with` the API is ready, namespaces can go
and owned objects are collected; afterwards nothing runs any more; and a part that ends by itself is told by `died`.
"""

import asyncio
import base64
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import yaml

from ackpy.sandbox import certificates
from ackpy.sandbox.binaries import Binaries
from ackpy.sandbox.instance import Instance
from ackpy.sandbox.process import Child, ChildError, free_port, port_is_free

_CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
)
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    # Received is written before the request is handled: whoever has the answer finds the line in the log.
    "omitStages": ["ResponseStarted", "ResponseComplete", "Panic"],
    "rules": [{"level": "Metadata"}],
}


class PortInUseError(Exception):
    """The port that was asked for is taken."""


class ControlPlane:
    """A control plane, for `async with`. Its attributes are valid inside."""

    url: str
    """Of the API server."""
    kubeconfig: Path
    """For a user who may do everything."""

    def __init__(
        self,
        binaries: Binaries,
        data: Path | None = None,
        *,
        port: int = 0,
        audit_log: Path | None = None,
        api_server_flags: Sequence[str] = (),
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            binaries: from `binaries.locate`.
            data: folder that keeps everything between runs; by default a temporary one, removed at the end.
            port: of the API server on 127.0.0.1; 0 means the one of the last run in `data`, else a free one.
            audit_log: file to which every request is appended as it comes in, one JSON event a line.
            api_server_flags: added after ours, so they win.
        """
        self._binaries = binaries
        self._keep = data
        self._port = port
        self.audit_log = audit_log
        self._api_server_flags = api_server_flags
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything.

        Raises:
            InUseError: a living instance has the data folder.
            PortInUseError: `port` is taken.
            ChildError: a program didn't start.
        """
        self._death: asyncio.Future[ChildError] = asyncio.get_running_loop().create_future()
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def died(self) -> ChildError:
        """Wait until a part ends by itself; the error says which, how, and shows the end of its log."""
        return await asyncio.shield(self._death)

    async def restart_api_server(self) -> None:
        """Stop kube-apiserver and start it again, on the same port and data."""
        await self._stop_api_server()
        await self._start_api_server()

    async def _start(self, stack: AsyncExitStack) -> None:
        if self._keep is None:
            self._data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ackpy-")))
        else:
            self._data = self._keep.absolute()
            self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._data / "logs").mkdir(exist_ok=True)
        self._instance = await stack.enter_async_context(Instance(self._data))
        self._choose_ports()
        self._certificates = certificates.ensure(self._data / "pki")
        self.url = f"https://127.0.0.1:{self._instance.ports['api']}"
        self.kubeconfig = self._write_kubeconfig("kubeconfig", self._certificates.admin)
        self._http = await stack.enter_async_context(aiohttp.ClientSession(connector=self._connector()))
        await self._start_etcd(stack)
        stack.push_async_callback(self._stop_api_server)
        await self._start_api_server()
        await self._start_controller_manager(stack)

    def _choose_ports(self) -> None:
        if self._port:
            if not port_is_free(self._port):
                raise PortInUseError(f"Port {self._port} on 127.0.0.1 is taken. Choose another one, or none.")
            self._instance.ports["api"] = self._port
        for use in ("api", "etcd", "etcd-peer"):
            port = self._instance.ports.get(use)
            if port is None or not port_is_free(port):
                self._instance.ports[use] = free_port()
        self._instance.save()

    def _write_kubeconfig(self, name: str, user: certificates.Pair) -> Path:
        def data(file: Path) -> str:
            return base64.b64encode(file.read_bytes()).decode()

        authority = data(self._certificates.authority.certificate)
        credentials = {"client-certificate-data": data(user.certificate), "client-key-data": data(user.key)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "ackpy", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "users": [{"name": "ackpy", "user": credentials}],
            "contexts": [{"name": "ackpy", "context": {"cluster": "ackpy", "user": "ackpy"}}],
            "current-context": "ackpy",
        }
        file = self._data / name
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        return file

    def _connector(self) -> aiohttp.TCPConnector:
        context = ssl.create_default_context(cafile=self._certificates.authority.certificate)
        context.load_cert_chain(self._certificates.admin.certificate, self._certificates.admin.key)
        return aiohttp.TCPConnector(ssl=context)

    async def _start_etcd(self, stack: AsyncExitStack) -> None:
        client = f"http://127.0.0.1:{self._instance.ports['etcd']}"
        peer = f"http://127.0.0.1:{self._instance.ports['etcd-peer']}"
        flags = [
            "--name=ackpy",
            f"--data-dir={self._data / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=ackpy={peer}",
            *(["--unsafe-no-fsync"] if self._keep is None else []),  # what is thrown away needn't be safe
        ]
        etcd = self._child("etcd", self._binaries.etcd, flags)
        await self._run(etcd, self._answers(f"{client}/health"))
        stack.push_async_callback(etcd.stop)

    async def _start_api_server(self) -> None:
        pki = self._certificates
        flags = [
            f"--etcd-servers=http://127.0.0.1:{self._instance.ports['etcd']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._instance.ports['api']}",
            f"--tls-cert-file={pki.server.certificate}",
            f"--tls-private-key-file={pki.server.key}",
            f"--client-ca-file={pki.authority.certificate}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki.service_account_key}",
            f"--service-account-signing-key-file={pki.service_account_key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount",  # no pods run here, so none needs a token
            "--endpoint-reconciler-type=none",  # it refuses a loopback address
            "--shutdown-watch-termination-grace-period=200ms",  # by default open watches hold up the end for a minute
            *(self._audit_flags(self.audit_log) if self.audit_log else []),
            *self._api_server_flags,
        ]
        self._api_server = self._child("kube-apiserver", self._binaries.kube_apiserver, flags)
        await self._run(self._api_server, self._answers(f"{self.url}/readyz"))

    async def _stop_api_server(self) -> None:
        await self._api_server.stop()

    def _audit_flags(self, log: Path) -> list[str]:
        policy = self._data / "audit-policy.yaml"
        policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
        return [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={log.absolute()}",
            "--audit-log-mode=blocking-strict",  # a request whose line can't be written isn't handled
            "--audit-log-format=json",
            "--audit-log-maxsize=0",  # one file, never rotated
        ]

    async def _start_controller_manager(self, stack: AsyncExitStack) -> None:
        pki = self._certificates
        flags = [
            f"--kubeconfig={self._write_kubeconfig('controller-manager.kubeconfig', pki.controller_manager)}",
            f"--controllers={','.join(_CONTROLLERS)}",
            f"--service-account-private-key-file={pki.service_account_key}",
            f"--root-ca-file={pki.authority.certificate}",
            "--secure-port=0",
            "--leader-elect=false",
        ]
        manager = self._child("kube-controller-manager", self._binaries.kube_controller_manager, flags)
        # Its first visible work: the default service account.
        await self._run(manager, self._answers(f"{self.url}/api/v1/namespaces/default/serviceaccounts/default"))
        stack.push_async_callback(manager.stop)

    def _child(self, name: str, program: Path, flags: Sequence[str]) -> Child:
        return Child(name, [program, *flags], self._data / "logs" / f"{name}.log", on_death=self._note_death)

    async def _run(self, child: Child, ready: Callable[[], Awaitable[bool]]) -> None:
        await child.start(ready)
        self._instance.record_child(child.name, child.pid)

    def _note_death(self, error: ChildError) -> None:
        if not self._death.done():
            self._death.set_result(error)

    def _answers(self, url: str) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            try:
                async with self._http.get(url) as response:
                    return response.status == 200
            except aiohttp.ClientConnectionError:
                return False

        return probe

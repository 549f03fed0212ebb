"""Leader election on a coordination.k8s.io Lease, compatible with the records of client-go.

Of several ackpy processes (or one and a Go controller that uses the same Lease) only the holder works. Clocks of
different machines are never compared: a Lease has expired when its record didn't change for its duration by our clock.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

import structlog

from ackpy.kube.api import AlreadyExists, ApiError, Conflict, KubeApi, NotFound, Object, Resource

LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")

_log = structlog.get_logger(__name__)


class LeaseLost(Exception):  # noqa: N818 (an outcome, as the field calls it)
    """The Lease couldn't be renewed in time, or somebody else took it."""


class LeaderElector:
    """Runs something while holding a Lease. The defaults, in seconds, are those of client-go."""

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        name: str,
        identity: str,
        *,
        duration: int = 15,
        renew_deadline: float = 10.0,
        retry_period: float = 2.0,
    ) -> None:
        """`identity` must differ between the processes: the pod's name, say."""
        self._api = api
        self._namespace, self._name, self._identity = namespace, name, identity
        self._duration, self._renew_deadline, self._retry_period = duration, renew_deadline, retry_period
        self._lease: Object | None = None  # as last seen
        self._seen_at = 0.0  # when it was first seen like this, on the loop's clock
        self._leading = False
        self._log = _log.bind(namespace=namespace, lease=name, identity=identity)

    @property
    def overdue(self) -> bool:
        """Whether others may hold the Lease by now, though the work goes on: the process was stopped for so long."""
        age = asyncio.get_running_loop().time() - self._seen_at
        return self._leading and age > self._duration - self._retry_period

    def check(self) -> None:
        """Before a write.

        Raises:
            LeaseLost: it is overdue.
        """
        if self.overdue:
            raise LeaseLost(f"lease {self._namespace}/{self._name} ran out while the process stood still")

    async def run(self, on_started: Callable[[], Coroutine[object, object, None]]) -> None:
        """Wait for the Lease, then run `on_started` until it ends; give the Lease back.

        Raises:
            LeaseLost: The Lease was lost; `on_started` has been cancelled and has ended.
        """
        while not await self._try():  # noqa: ASYNC110 (it polls the API server)
            await asyncio.sleep(self._retry_period)
        self._log.info("holding the lease")
        self._leading = True
        work, renewal = asyncio.create_task(on_started()), asyncio.create_task(self._renew())
        try:
            await asyncio.wait((work, renewal), return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost = renewal.done() or self.overdue
            for task in (work, renewal):
                task.cancel()
            await asyncio.wait((work, renewal))
            self._leading = False
            if not lost:
                await self._release()
        if renewal.done() and not renewal.cancelled():
            renewal.result()
        work.result()

    async def _renew(self) -> None:
        """Renew until it fails for too long, which raises LeaseLost."""
        while True:
            await asyncio.sleep(self._retry_period)
            try:
                async with asyncio.timeout(self._renew_deadline):
                    while not await self._try():
                        if self._holder() not in {"", self._identity}:
                            raise LeaseLost(f"lease {self._namespace}/{self._name} was taken by {self._holder()}")
                        await asyncio.sleep(self._retry_period)
            except TimeoutError:
                raise LeaseLost(
                    f"lease {self._namespace}/{self._name} was not renewed for {self._renew_deadline:g} seconds"
                ) from None

    async def _try(self) -> bool:
        """One attempt to take or renew the Lease; a refusal is logged and counts as failure."""
        try:
            if self._lease is None or self._holder() != self._identity:
                await self._read()
            if self._lease is None:
                body = {
                    "apiVersion": LEASES.api_version,
                    "kind": LEASES.kind,
                    "metadata": {"name": self._name, "namespace": self._namespace},
                    "spec": self._record(0),
                }
                self._see(await self._api.create(LEASES, self._namespace, body))
            elif self._is_free():
                await self._write(self._next_record())
            else:
                return False
            return True
        except (AlreadyExists, Conflict):
            self._lease = None  # somebody else wrote: look again
        except ApiError as error:
            self._log.warning("can't take or renew the lease", error=str(error))
        return False

    async def _read(self) -> None:
        try:
            self._see(await self._api.get(LEASES, self._namespace, self._name))
        except NotFound:
            self._lease = None

    async def _write(self, record: Object) -> None:
        """Guarded by the resourceVersion that the last seen Lease carries."""
        body = {**(self._lease or {}), "spec": record}
        self._see(await self._api.replace(LEASES, self._namespace, self._name, body))

    async def _release(self) -> None:
        """Let a successor start at once, as client-go does."""
        if self._lease is None:
            return
        record = self._next_record() | {"holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            async with asyncio.timeout(self._renew_deadline):
                await self._write(record)
        except (ApiError, TimeoutError) as error:
            self._log.warning("can't give the lease back, it expires by itself", error=str(error))

    def _see(self, lease: Object) -> None:
        if self._lease is None or self._lease.get("spec") != lease.get("spec"):
            self._seen_at = asyncio.get_running_loop().time()
        self._lease = lease

    def _spec(self) -> Object:
        return (self._lease or {}).get("spec") or {}

    def _holder(self) -> str:
        return self._spec().get("holderIdentity") or ""

    def _is_free(self) -> bool:
        if self._holder() in {"", self._identity}:
            return True
        age = asyncio.get_running_loop().time() - self._seen_at
        return bool(age >= self._spec().get("leaseDurationSeconds", self._duration))

    def _next_record(self) -> Object:
        spec = self._spec()
        transitions = spec.get("leaseTransitions") or 0
        if self._holder() == self._identity:
            return self._record(transitions) | {"acquireTime": spec["acquireTime"]}
        return self._record(transitions + 1)

    def _record(self, transitions: int) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # meta/v1 MicroTime
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._duration,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

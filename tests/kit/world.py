"""A whole world in process: an in-memory Kubernetes API, a simulated AWS and the engine between them, step by step.

Time is the world's own and moves only while something is waited for. A step is one reconcile of one object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from prometheus_client import CollectorRegistry

from ackpy.aws.scope import Scope
from ackpy.controller.desires import Desires
from ackpy.controller.metrics import ControllerMetrics
from ackpy.controller.next import Next
from ackpy.controller.objects import Objects, resource_of, trimmed
from ackpy.controller.observe import Observer
from ackpy.controller.options import LATE_SECONDS, RESYNC_SECONDS, WAIT_SECONDS, Options
from ackpy.controller.reconcile import Reconciler
from ackpy.controller.report import Recorder
from ackpy.controller.scopes import Scopes
from ackpy.controller.secrets import Secrets
from ackpy.controller.subject import Subject
from ackpy.controller.track import Track
from ackpy.crd.crd import definition
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import parse, with_value
from ackpy.kinds.registry import load
from ackpy.kube import NotFound, Object
from ackpy.plan.decide import Desired
from ackpy.sandbox.simulator import ManualClock, Simulator
from ackpy.wire.call import Observation
from tests.kit.aws import SimulatedAws, confirmed_at_once
from tests.kit.memory_api import MemoryApi
from tests.kit.samples import prepare

ACCOUNT, REGION = "123456789012", "us-east-1"
TAGS = {
    "services.k8s.aws/controller-version": "%CONTROLLER_SERVICE%-%CONTROLLER_VERSION%",
    "services.k8s.aws/namespace": "%K8S_NAMESPACE%",
}
_MOST_STEPS = 100


@dataclass
class Events:
    """Remembers what was told."""

    told: list[tuple[str, str, str]] = field(default_factory=list)

    def record(self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self.told.append((event_type, reason, message))


_SCHEMAS: dict[int, tuple[Kind, Object]] = {}  # by what the kind is in memory: who has its label may be another


def schema_of(kind: Kind) -> Object:
    """A kind's openAPIV3Schema, made once."""
    if id(kind) not in _SCHEMAS:
        _SCHEMAS[id(kind)] = kind, schema_in(definition(kind))
    return _SCHEMAS[id(kind)][1]


def schema_in(crd: Object) -> Object:
    """The openAPIV3Schema of a CustomResourceDefinition."""
    schema: Object = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


class World:
    """The three of them. `crds` are definitions by kind label; by default our own."""

    def __init__(
        self,
        kinds: tuple[Kind, ...] | None = None,
        crds: Mapping[str, Object] | None = None,
        api: MemoryApi | None = None,
        options: Options | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.simulator = Simulator(clock=self.clock)
        confirmed_at_once(self.simulator)
        self.aws = SimulatedAws(self.simulator)
        self.api = api or MemoryApi()
        self.neighbours: set[tuple[str, ...]] = set()
        self.events = Events()
        self.account = ACCOUNT
        self.options = options or Options(region=REGION, version="test", tags=TAGS)
        self.kinds = {kind.label: kind for kind in kinds or load()}
        for label, kind in self.kinds.items():
            self.api.register(resource_of(kind), schema=schema_in(crds[label]) if crds else schema_of(kind))
        self.restart()

    def restart(self) -> None:
        """A new process: everything that only memory held is gone."""
        recorder = Recorder(self.events, ControllerMetrics(CollectorRegistry()))
        self._tracks: dict[tuple[str, str, str], Track] = {}
        self.scopes = Scopes(self.account, "aws", REGION, None, lambda _: {}, lambda _: None)
        secrets = Secrets(self.api.get, cross_namespace=self.options.cross_namespace)
        self._reconcilers = {
            label: Reconciler(
                kind,
                self.api,
                self.aws,
                Objects(self.api, kind, lambda *_: None, self.now),
                self.scopes,
                self.options,
                recorder,
                Desires(kind, self.options, self.api.get, secrets),
                self.clock,
            )
            for label, kind in self.kinds.items()
        }

    def prepare(self, kind: Kind, sample: Object) -> None:
        """Make what a sample stands on."""
        before = set(self.slots())
        prepare(self.simulator, kind, sample)
        self.neighbours |= set(self.slots()) - before

    def slots(self) -> dict[tuple[str, ...], Any]:
        """Every resource that there is and stays, whole, whatever readers see yet, but for its history."""
        return {
            (*kind, *key): {
                name: part for name, part in slot.current.parts.items() if part is not None and name[0] != "_"
            }
            for kind, slots in self.simulator._world._slots.items()
            for key, slot in slots.items()
            if slot.current is not None and slot.current.ends is None
        }

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def scope(self, kind: Kind, obj: Object) -> Scope:
        return self.scopes.of(Subject(kind, obj))

    async def observe(self, kind: Kind, obj: Object) -> Observation:
        """All that an object's resource is in AWS, as the engine reads it."""
        desired = Desired(recalled(kind, obj), obj.get("status") or {})
        return await Observer(kind, self.aws, self.scope(kind, obj)).everything(desired)

    async def apply(self, manifest: Object, manager: str = "kubectl") -> Object:
        """Create or (merge-)change an object as a user does."""
        kind = self.kind_of(manifest)
        metadata = {"namespace": "default", **manifest["metadata"]}
        body = {**manifest, "metadata": metadata}
        where = (resource_of(kind), metadata["namespace"], metadata["name"])
        try:
            await self.api.get(*where)
        except NotFound:
            return await self.api.create(*where[:2], body, field_manager=manager)
        return await self.api.patch(*where, {"spec": body["spec"]}, field_manager=manager)

    async def delete(self, kind: Kind, name: str, namespace: str = "default") -> None:
        """Delete an object as a user does."""
        await self.api.delete(resource_of(kind), namespace, name)

    async def get(self, kind: Kind, name: str, namespace: str = "default") -> Object | None:
        try:
            return await self.api.get(resource_of(kind), namespace, name)
        except NotFound:
            return None

    async def step(self, kind: Kind, name: str, namespace: str = "default") -> Next:
        """One reconcile, as a worker does it."""
        obj = await self.get(kind, name, namespace)
        if obj is None:
            return Next.NEVER
        track = self._tracks.setdefault((kind.label, namespace, name), Track())
        return await self._reconcilers[kind.label].reconcile(Subject(kind, trimmed(kind, obj)), track)

    async def settle(self, kind: Kind, name: str, namespace: str = "default", pause: float = WAIT_SECONDS[1]) -> Next:
        """Step until there is nothing more to do; time passes where something is waited for.

        Raises:
            AssertionError: it goes on and on.
        """
        waits = {Next.WAIT: pause, Next.RETRY: pause, Next.LATE: LATE_SECONDS}
        for _ in range(_MOST_STEPS):
            then = await self.step(kind, name, namespace)
            if then not in waits:
                return then
            self.clock.advance(waits[then])
        raise AssertionError(f"{kind.label} {name} never comes to rest: {await self.get(kind, name)}")

    def sweep(self) -> None:
        """Let a sweep's period pass."""
        self.clock.advance(RESYNC_SECONDS)

    def kind_of(self, manifest: Object) -> Kind:
        group = manifest["apiVersion"].split("/")[0]
        return next(k for k in self.kinds.values() if k.group == group and k.name == manifest["kind"])


def recalled(kind: Kind, obj: Object) -> Object:
    """An object's spec with what names its resource and came by reference."""
    spec: Object = obj["spec"]
    for path, value in Subject(kind, obj).state.identity.items():
        spec = with_value(spec, parse(path), value)
    return spec


def condition(obj: Object, name: str) -> Object:
    """A condition of an object by type; empty if it has none."""
    return next((one for one in (obj.get("status") or {}).get("conditions") or () if one["type"] == name), {})

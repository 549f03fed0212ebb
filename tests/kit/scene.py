"""One sample in a world: what tests do to it, by user or by a stranger's hand, and what they see of it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ackpy.aws.errors import AwsError
from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.options import SETTLE_SECONDS
from ackpy.controller.subject import RESOURCE_UID, Subject, controller_tags
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Path, get
from ackpy.kube import Object, PatchType
from ackpy.plan import states, tags
from ackpy.plan.compare import Difference
from ackpy.plan.decide import Act, Desired, Gone, Memory, decide
from ackpy.plan.forms import calls_of
from ackpy.sandbox.simulator import Call as AwsCall
from ackpy.services import NORMALISE_DESIRED
from ackpy.wire.call import Call, Purpose
from tests.kit.memory_api import Write
from tests.kit.world import World, condition

# Status fields that count versions: AWS makes one more each time, and who died before it was seen, asks twice.
_COUNTED = {("lambda/LayerVersion", "versionNumber")}
_HEXADECIMAL = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{11,}")
_SHORTEST_MADE_UP = 12  # characters: shorter ids are numbers of versions
_ROUNDS = 40
_READS = ("Describe", "Get", "Head", "List")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Mark:
    """A moment: how much was told, called and written until then."""

    calls: int
    writes: int
    events: int


@dataclass
class Scene:
    """A world with one object in it."""

    kind: Kind
    manifest: Object
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.world.prepare(self.kind, self.manifest)

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def spec(self) -> dict[str, Any]:
        """The manifest's."""
        return dict(self.manifest["spec"])

    # The object

    async def make(self) -> Object:
        """Apply the manifest and let it settle."""
        await self.world.apply(self.manifest)
        await self.settle()
        return await self.obj()

    async def obj(self) -> Object:
        found = await self.world.get(self.kind, self.name)
        assert found is not None, f"{self.kind.label} {self.name} is gone"
        return found

    async def settle(self) -> Next:
        return await self.world.settle(self.kind, self.name)

    async def step(self) -> Next:
        return await self.world.step(self.kind, self.name)

    async def sweep(self, times: int = 1) -> None:
        """Let some sweeps pass."""
        for _ in range(times):
            self.world.sweep()
            await self.settle()

    async def patch(self, body: Object, manager: str = "kubectl") -> Object:
        """A merge patch by a user."""
        return await self.world.api.patch(resource_of(self.kind), "default", self.name, body, field_manager=manager)

    async def annotate(self, annotations: Mapping[str, str | None]) -> Object:
        return await self.patch({"metadata": {"annotations": dict(annotations)}})

    async def edit(self, spec: Mapping[str, Any]) -> None:
        """A user edits the object so that its spec is this one."""
        await self.patch({"spec": merge_patch((await self.obj())["spec"], spec)})

    async def apply_client_side(self, manifest: Object) -> Object:
        """`kubectl apply`: a merge patch of what changed since the last apply, which an annotation keeps."""
        stored = await self.world.get(self.kind, self.name)
        text = json.dumps(manifest)
        note = {"annotations": {**manifest["metadata"].get("annotations", {}), _LAST_APPLIED: text}}
        body = {**manifest, "metadata": {**manifest["metadata"], **note}}
        if stored is None:
            return await self.world.apply(body)
        last = json.loads(stored["metadata"].get("annotations", {}).get(_LAST_APPLIED, "{}"))
        gone = {name: None for name in last.get("spec", {}) if name not in manifest["spec"]}
        return await self.patch({"metadata": note, "spec": {**gone, **manifest["spec"]}})

    async def apply_server_side(self, manifest: Object) -> Object:
        """`kubectl apply --server-side`."""
        return await self.world.api.patch(
            resource_of(self.kind),
            "default",
            self.name,
            {**manifest, "metadata": {"namespace": "default", **manifest["metadata"]}},
            patch_type=PatchType.APPLY,
            field_manager="kubectl-apply",
        )

    async def delete(self) -> None:
        """A user deletes the object."""
        await self.world.delete(self.kind, self.name)

    # AWS, by hand

    async def hand(self, spec: Mapping[str, Any]) -> list[Call]:
        """Somebody changes the resource past Kubernetes, so that it is as a spec says.

        Raises:
            AwsError: AWS takes no such change.
        """
        obj, spec = await self.obj(), await self.wanted(spec)
        calls: list[Call] = []
        unsent = tuple(path for path in self.kind.unread if get(spec, path) not in (None, get(obj["spec"], path)))
        for _ in range(_ROUNDS if self.kind.states else 1):
            observed = await self.world.observe(self.kind, obj)
            desired = Desired(spec, observed.status, tags=self._tags(obj), unsent=unsent)
            decision = decide(self.kind, desired, observed, Memory())
            if not isinstance(decision, Act):
                break
            await self.send(decision.stage.calls)
            calls += decision.stage.calls
            unsent = ()
        return calls

    async def wanted(self, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """A spec as AWS is held to it."""
        normalise = NORMALISE_DESIRED.get(self.kind.label)
        return normalise(spec, self.world.scope(self.kind, await self.obj()).region) if normalise else spec

    async def hand_removal(self, names: Iterable[str]) -> list[Call]:
        """Somebody takes top-level fields away in AWS, whatever their nil rules are."""
        obj = await self.obj()
        observed = await self.world.observe(self.kind, obj)
        calls: list[Call] = []
        for part in reversed(self.kind.parts):
            found = [Difference((name,), None, observed.spec.get(name)) for name in names if name in part.fields]
            if found:
                rest = {name: value for name, value in obj["spec"].items() if name not in names}
                calls += calls_of(self.kind, part, rest, observed, found)
        await self.send(calls)
        return calls

    async def hand_deletion(self) -> None:
        """Somebody deletes the resource past Kubernetes."""
        obj = await self.obj()
        sent: list[tuple[Call, ...]] = []
        for turn in range(_ROUNDS):  # what AWS wants taken away goes first, and of versions each
            observed = await self.world.observe(self.kind, obj)
            decision = decide(self.kind, Desired(obj["spec"], observed.status, deleting=True), observed, Memory())
            calls = decision.stage.calls if isinstance(decision, Act) else ()
            assert turn or calls
            if isinstance(decision, Gone) or (calls in sent and not self.kind.states):
                return
            try:
                await self.send(calls)
            except AwsError as error:
                if not turn:
                    raise
                if error.code in self.kind.not_found:
                    return  # a list, or a late reader, still shows it
            sent.append(calls)
            if self.kind.states:
                self.world.clock.advance(1)
            elif isinstance(decision, Act) and decision.stage.purpose is not Purpose.DELETE:
                self.world.clock.advance(SETTLE_SECONDS)

    async def send(self, calls: Iterable[Call]) -> None:
        scope = self.world.scope(self.kind, await self.obj())
        for call in calls:
            await self.world.aws.call(scope, self.kind.service_of(call.operation), call.operation, call.params)
            await self.quiet()

    async def quiet(self) -> None:
        """Let time pass until AWS is done with what it was asked for."""
        for _ in range(_ROUNDS if self.kind.states else 0):
            if not states.busy(self.kind, await self.world.observe(self.kind, await self.obj())):
                return
            self.world.clock.advance(1)

    # What is seen

    def aws(self) -> dict[tuple[str, ...], Any]:
        """Every resource that there is but the sample's neighbours, whole, whatever readers see yet."""
        return {key: found for key, found in self.world.slots().items() if key not in self.world.neighbours}

    async def observed(self) -> Mapping[str, Any]:
        """The spec as AWS has it, seen through the kind's own reads, with the user's tags only."""
        obj = await self.obj()
        return tags.users(self.kind, (await self.world.observe(self.kind, obj)).spec, self._tags(obj))

    def _tags(self, obj: Object) -> dict[str, str]:
        """The controller's own."""
        options = self.world.options
        return controller_tags(Subject(self.kind, obj), options.tags, options.version)

    def mark(self) -> Mark:
        return Mark(len(self.world.simulator.calls), len(self.world.api.writes), len(self.world.events.told))

    def aws_calls(self, since: Mark) -> list[AwsCall]:
        return self.world.simulator.calls[since.calls :]

    def aws_writes(self, since: Mark) -> list[AwsCall]:
        """Calls that would change something, refused ones too."""
        return [call for call in self.aws_calls(since) if not call.operation.startswith(_READS)]

    def api_writes(self, since: Mark) -> list[Write]:
        return self.world.api.writes[since.writes :]

    def events(self, since: Mark) -> list[tuple[str, str]]:
        """(reason, message)."""
        return [(reason, message) for _, reason, message in self.world.events.told[since.events :]]

    async def condition(self, name: str) -> Object:
        return condition(await self.obj(), name)


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What makes the new object of the old one (RFC 7386)."""
    changed: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for name, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(name), dict):
            changed[name] = merge_patch(old[name], value)
        elif name not in old or value != old[name]:
            changed[name] = value
    return changed


def named(path: Path) -> str:
    """A path as events write it."""
    return "spec" + "".join(f"[{key}]" if key.isdigit() else f".{key}" for key in path)


def unmarked(value: Any) -> Any:
    """A value without the tag that tells whose a resource is: what another made, gets it with the next change."""
    if isinstance(value, dict):
        return {key: unmarked(inner) for key, inner in value.items() if key != RESOURCE_UID}
    return value


def counted(kind: Kind) -> set[str]:
    """The fields of a kind's status that only say how often AWS was asked."""
    return {name for label, name in _COUNTED if label == kind.label}


def uncounted(kind: Kind, obj: Object, value: Any) -> Any:
    """A value without the numbers that only say how often AWS was asked, of what an object's status tells."""
    return _without_names(value, [str(obj["status"][name]) for name in counted(kind)])


def alike(kind: Kind, obj: Object, value: Any) -> Any:
    """A value with what AWS names anew each time (an object's status has the names) made the same."""
    told = [str(get(obj, path)) for path in kind.identity if path[0] == "status"]
    ids = [str(obj["status"].get(name, "")) for name in sorted(kind.status.fields) if name.endswith("ID")]
    made = [*told, *(one for one in ids if len(one) >= _SHORTEST_MADE_UP), obj["metadata"]["uid"]]
    made += set(_HEXADECIMAL.findall(json.dumps(obj["status"]))) - set(_HEXADECIMAL.findall(json.dumps(obj["spec"])))
    return _without_names(uncounted(kind, obj, value), [re.split("[:/]", name)[-1] for name in made])


def _without_names(value: Any, names: list[str]) -> Any:
    if isinstance(value, dict):
        return {_without_names(key, names): _without_names(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_names(inner, names) for inner in value)
    for name in names if isinstance(value, str) else ():
        alone = len(name) < _SHORTEST_MADE_UP  # a version's name is a number
        value = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])" if alone else re.escape(name), "…", value)
    return value

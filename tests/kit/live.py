"""A real cluster and a simulated AWS, past the controllers: a user's kubectl, and a stranger's botocore.

`Live` is the pair; a `Thing` is one manifest in it. Reads of the cluster go through ackpy's client because it is
quick; writes never do, so that whatever the audit log says of ackpy was done by the controllers.
"""

import json
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from ackpy.aws.call import is_read
from ackpy.aws.errors import AwsError
from ackpy.aws.scope import Scope
from ackpy.controller.objects import resource_of
from ackpy.controller.observe import Observer
from ackpy.controller.subject import ACK, PAUSED, RECONCILE_AT, RESOURCE_UID
from ackpy.crd.crd import definition, shared
from ackpy.kinds.model import Kind, Part
from ackpy.kinds.paths import get, with_value
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Compare, Field
from ackpy.kube import Client, NotFound, Object, connect
from ackpy.kube import load as load_config
from ackpy.kube.events import EVENTS
from ackpy.plan import states, tags
from ackpy.plan.compare import differences
from ackpy.plan.decide import Act, Desired, Gone, Memory, Wait, creation, decide
from ackpy.sandbox import binaries
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from ackpy.services import NORMALISE_DESIRED
from ackpy.wire.call import Observation, Purpose
from tests.kit import values
from tests.kit.boto import Boto
from tests.kit.edits import Change
from tests.kit.publishing import publish
from tests.kit.samples import NAMED, samples
from tests.kit.waiting import eventually
from tests.kit.world import ACCOUNT, REGION, condition, recalled

_OWN_TAGS = dict.fromkeys((f"{ACK}/controller-version", f"{ACK}/namespace", RESOURCE_UID), "")
_ROUNDS = 20
_PATIENCE = 240
"""Seconds for one kubectl: what waits for an object that never goes must leave the test time to say so."""
_MANY = {"lambda/LayerVersion"}
"""Kinds whose resource has versions, each deleted by itself."""
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


@dataclass
class Live:
    """A cluster with ackpy's kinds, and an AWS."""

    plane: ControlPlane
    api: Client
    endpoint: AwsEndpoint
    boto: Boto

    @property
    def scope(self) -> Scope:
        """Where objects live that say nothing of it."""
        return _scope({"metadata": {}})

    def kubectl(self, *arguments: str, manifest: object = None) -> str:
        """Run kubectl, with a manifest as its standard input.

        Raises:
            AssertionError: it failed; with what it said.
        """
        done = self.try_kubectl(*arguments, manifest=manifest)
        if done.returncode != 0:
            namespaces = self.try_kubectl(
                "get", "namespaces", "--output=jsonpath={.items[*]['metadata.name','status']}"
            )
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}\nNamespaces: {namespaces.stdout}")
        return done.stdout

    def try_kubectl(self, *arguments: str, manifest: object = None) -> "subprocess.CompletedProcess[str]":
        program = binaries.locate().kubectl
        assert program is not None, "kubectl is neither on PATH nor in KUBEBUILDER_ASSETS"
        command = [str(program), f"--kubeconfig={self.plane.kubeconfig}", *arguments]
        typed = None if manifest is None else json.dumps(manifest)
        try:
            return subprocess.run(command, input=typed, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", f"it took more than {_PATIENCE} seconds")

    def install(self, crds: Iterable[Object]) -> None:
        """Install definitions in place of those that are there. Objects of theirs go."""
        wanted = {"apiVersion": "v1", "kind": "List", "items": list(crds)}
        self.kubectl("delete", "--ignore-not-found", "-f", "-", manifest=wanted)
        self.kubectl("create", "-f", "-", manifest=wanted)
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", "-", manifest=wanted)

    def let_go(self) -> None:
        """Take the finalizers off what failed tests left: nobody else would, and its definitions are to go."""
        kinds = ",".join(f"{kind.plural}.{kind.group}" for kind in load())
        left = json.loads(self.kubectl("get", kinds, "--all-namespaces", "--output=json"))
        if left["items"]:
            freed = [{**one, "metadata": {**one["metadata"], "finalizers": []}} for one in left["items"]]
            self.kubectl("replace", "-f", "-", manifest={**left, "items": freed})

    def run_flags(self, *more: str) -> list[str]:
        """Flags for an `ackpy run` that joins the two."""
        return [
            "run",
            f"--kubeconfig={self.plane.kubeconfig}",
            f"--aws-endpoint-url={self.endpoint.url}",
            "--allow-unsafe-aws-endpoint-urls",
            f"--aws-region={REGION}",
            "--metrics-addr=0",
            "--healthz-addr=0",
            *more,
        ]

    def things(self, namespace: str, prefix: str = "ack-") -> list["Thing"]:
        """All samples of all kinds, for a namespace; with another prefix they are resources of their own."""
        found = []
        for kind in load():
            for sample in samples(kind):
                manifest = json.loads(json.dumps(sample).replace("ack-", prefix))
                manifest["metadata"]["namespace"] = namespace
                found.append(Thing(self, kind.meant(manifest["spec"]), manifest))
        return found

    def alone(self, kind: Kind, namespace: str, prefix: str) -> "Thing":
        """One of a kind that refers to no other object."""
        own = [one for one in self.things(namespace, prefix) if one.kind is kind]
        return next(one for one in own if not any(get(one.spec, ref.ref[1:]) for ref in kind.references))

    def audit_size(self) -> int:
        assert self.plane.audit_log
        return self.plane.audit_log.stat().st_size

    def written_by_ackpy(self, since: int) -> list[tuple[str, str]]:
        """Verb and URL of each write of a controller that the API server received."""
        assert self.plane.audit_log
        with self.plane.audit_log.open("rb") as log:
            log.seek(since)
            entries = [orjson.loads(line) for line in log.read().splitlines()]
        return [
            (entry["verb"], entry["requestURI"])
            for entry in entries
            if entry["userAgent"].startswith("ackpy/") and entry["verb"] in _WRITES
        ]

    async def written_to_aws(self) -> list[str]:
        """The operations that aren't reads, since the guard's log was cleared."""
        return [one.operation for one in await self.endpoint.requests() if not is_read(one.operation)]


@asynccontextmanager
async def joined(
    plane: ControlPlane, endpoint: AwsEndpoint, namespace: str, crds: Iterable[Object]
) -> AsyncIterator[Live]:
    """The two with these definitions and a namespace, which goes at the end."""
    boto = Boto(endpoint.url)
    async with connect(load_config(str(plane.kubeconfig))) as api:
        live = Live(plane, api, endpoint, boto)
        live.install(crds)
        live.kubectl("create", "namespace", namespace)
        yield live
        live.let_go()
        live.kubectl("delete", "namespace", namespace)
    boto.close()


def our_crds() -> list[Object]:
    """All of ackpy's definitions."""
    return [*shared(), *map(definition, load())]


@dataclass(frozen=True)
class Thing:
    """One manifest, the object made of it, and its resource."""

    live: Live
    kind: Kind
    manifest: Object

    def __str__(self) -> str:
        return f"{self.kind.label} {self.name}"

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @property
    def spec(self) -> dict[str, Any]:
        """The manifest's."""
        return dict(self.manifest["spec"])

    def like(self, spec: Mapping[str, Any]) -> "Thing":
        """The same with another spec in its manifest."""
        return replace(self, manifest={**self.manifest, "spec": dict(spec)})

    # The object

    def apply(self, *options: str) -> None:
        self.live.kubectl("apply", *options, "-f", "-", manifest=self.manifest)

    def annotate(self, *annotations: str) -> None:
        self.live.kubectl("annotate", "--overwrite", "-f", "-", *annotations, manifest=self.manifest)

    def reconcile_now(self) -> None:
        self.annotate(f"{RECONCILE_AT}={time.time()}")

    def delete(self) -> None:
        self.live.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", manifest=self.manifest)

    async def find(self) -> Object | None:
        try:
            return await self.live.api.get(resource_of(self.kind), self.namespace, self.name)
        except NotFound:
            return None

    async def obj(self) -> Object:
        found = await self.find()
        assert found is not None, f"{self} is not there"
        return found

    async def condition(self, name: str) -> Object:
        return condition(await self.obj(), name)

    async def is_synced(self) -> bool:
        """Whether its present edition was brought to AWS."""
        obj = await self.obj()
        seen = (obj.get("status") or {}).get("observedGeneration", obj["metadata"]["generation"])
        return seen == obj["metadata"]["generation"] and all(
            condition(obj, name).get("status") == "True" for name in ("ACK.ResourceSynced", "Ready")
        )

    async def synced(self) -> Object:
        """Wait until it is, and as the manifest says."""

        async def arrived() -> bool:
            await self.helped()
            return await self.is_synced() and await self.is_as_the_manifest_says()

        try:
            await eventually(arrived)
        except TimeoutError:
            obj = await self.obj()
            raise AssertionError(f"{self}: {await self.wrong_in_aws()}, {obj.get('status')}") from None
        return await self.obj()

    async def helped(self) -> None:
        """What people do, and no object.

        They publish the versions that an alias names, confirm a subscription, help in other regions, and delete what
        stands on a resource that was deleted and made again under another name.
        """
        obj = await self.obj()
        await self._helped_elsewhere(obj)
        given = (obj.get("status") or {}).get("ackResourceMetadata", {}).get("arn", "")
        with suppress(AwsError):  # whatever isn't there yet is helped later
            if await publish(partial(self._by_hand, obj), self.kind, self.spec):
                self.reconcile_now()  # it may have waited for them so long that its next try is far off
            elif (obj.get("status") or {}).get("pendingConfirmation") == "true":
                topic, _, token = given.rpartition(":")
                await self._by_hand(obj, "ConfirmSubscription", {"TopicArn": topic, "Token": token})
            elif "must have DynamoDB Streams enabled" in condition(obj, "ACK.Terminal").get("message", ""):
                self.reconcile_now()  # its tables, other objects', may have them by now
            elif re.search(
                "can't be changed: the|can be set only when", condition(obj, "ACK.Terminal").get("message", "")
            ):
                await self.hand_deletion(obj)

    async def _helped_elsewhere(self, obj: Object) -> None:
        """Make in other regions what is called by a name that must be there too, as its sample says."""
        field, label, regions = NAMED.get(self.kind.label, ("", "", ()))
        for kind in load() if regions else ():
            for sample in samples(kind) if kind.label == label else ():
                name, called = kind.identity[0][1], self.spec[field]
                if sample["spec"][name].partition("-")[2] != called.partition("-")[2]:
                    continue  # whatever stands before the names of samples here
                (call,) = creation(kind, Desired({**sample["spec"], name: called})).calls
                for region in regions:
                    with suppress(AwsError):
                        scope = replace(_scope(obj), region=region)
                        await self.live.boto.call(scope, kind.service.aws_name, call.operation, call.params)

    async def quiet(self, obj: Object | None = None) -> None:
        """Wait until AWS is done with what it was asked for; of an object that may not be there any more."""

        async def done() -> bool:
            return not states.busy(self.kind, await self._observe(obj or await self.obj()))

        if self.kind.states:
            await eventually(done)

    async def _by_hand(self, obj: Object, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self.live.boto.call(_scope(obj), self.kind.service_of(operation), operation, params)

    async def gone(self, obj: Object) -> None:
        """Wait until neither the object, as it last was, nor its resource is there; the object must not go first."""

        async def is_gone() -> bool:
            return await self.find() is None

        await eventually(is_gone)
        assert not await self.exists(obj), f"the object of {self} went before the resource"

    async def told(self, *reasons: str) -> str:
        """The messages of its events of some reasons, in one."""
        page = await self.live.api.list(EVENTS, self.namespace)
        return "\n".join(
            event["message"]
            for event in page.items
            if event["involvedObject"]["name"] == self.name and event["reason"] in reasons
        )

    # The resource

    async def exists(self, obj: Object) -> bool:
        """Whether the resource of an object is there, which itself may not be any more."""
        return (await self._observe(obj)).exists

    async def observed(self) -> Mapping[str, Any]:
        """The spec as AWS has it, with the user's tags only; empty if there is no resource."""
        observation = await self._observe(await self.obj())
        return tags.users(self.kind, observation.spec, _OWN_TAGS) if observation.exists else {}

    async def is_as_the_manifest_says(self) -> bool:
        return not await self.wrong_in_aws()

    async def wrong_in_aws(self) -> list[str]:
        """The leaves of the manifest that AWS is held to, and hasn't, or has otherwise."""
        observed, wrong = await self.observed(), []
        if not observed:
            return ["everything"]
        spec = _held_to(self.kind, await self.obj(), self.spec)
        for leaf in values.leaves(self.kind.spec, spec):
            if leaf.node.rule.read and self.kind.part_of(leaf.path[0]):
                node = self.kind.spec.at(leaf.reported) or leaf.node
                name = leaf.path[0]
                there = {name: values.aligned(self.kind.spec.fields[name], spec[name], observed.get(name))}
                wanted, found = values.at(spec, leaf.reported), values.at(there, leaf.reported)
                unsaid = found is None and not any(differences(node, wanted, None))  # AWS doesn't show a default
                if not unsaid and not _same(node, wanted, found):
                    wrong.append(f"{'.'.join(leaf.path)}: {found!r}, not {wanted!r}")
        return wrong

    async def hand(self, spec: Mapping[str, Any]) -> bool:
        """Somebody changes the resource past Kubernetes so that it is as a spec says; False if it is already.

        Raises:
            AwsError: AWS takes no such change.
        """
        acted = False
        for _ in range(_ROUNDS if self._goes_in_steps else 1):
            if not await self._hand_once(spec):
                break
            acted = True
        return acted

    async def _hand_once(self, spec: Mapping[str, Any]) -> bool:
        obj = await self.obj()
        observed = await self._observe(obj)
        known = {**recalled(self.kind, obj), **observed.spec}
        for ref in self.kind.references:  # what it takes from another object stays
            if get(spec, ref.ref[1:]) is not None:
                spec = with_value(spec, ref.field[1:], get(known, ref.field[1:]))
        own = {key: value for key, value in tags.of(self.kind, observed.spec).items() if key in _OWN_TAGS}
        spec = _held_to(self.kind, obj, spec)
        decision = decide(self.kind, Desired(spec, observed.status, tags=own), observed, Memory())
        if not isinstance(decision, Act):
            return False
        for call in decision.stage.calls:
            await self._by_hand(obj, call.operation, call.params)
            await self.quiet()
        return True

    @property
    def _goes_in_steps(self) -> bool:
        return any(part.exclusive for part in self.kind.parts)

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """What AWS takes only in steps isn't put back before all of them are done."""
        if self._goes_in_steps:
            self.annotate(f"{PAUSED}=true")
        try:
            yield
        finally:
            if self._goes_in_steps:
                self.annotate(f"{PAUSED}-")

    async def change_one(self, changes: Iterable[Change]) -> tuple["Thing", Change] | None:
        """Somebody does the first change that AWS takes: the thing as it is then, and that change.

        None where no change makes a difference: what is changed already may have made the part meaningless.
        """
        refusals = []
        for change in changes:
            for candidate in change.candidates:
                try:
                    if await self.hand(candidate):
                        return self.like(candidate), change
                except AwsError as error:
                    refusals.append(f"{'.'.join(change.leaf.path)}: {error}")
        assert not refusals, f"{self}: AWS takes none of the changes: {refusals}"
        return None

    async def hand_deletion(self, obj: Object | None = None) -> None:
        """Somebody deletes the resource past Kubernetes: of an object, which itself may not be there any more.

        Nothing is done where it went with another that it stood on.
        """
        obj = obj or await self.obj()
        desired = Desired(recalled(self.kind, obj), deleting=True)
        while (observed := await self._observe(obj)).exists:  # what AWS wants taken away goes first
            decision = decide(self.kind, replace(desired, recorded=observed.status), observed, Memory())
            if isinstance(decision, Gone):
                return  # AWS still shows what is gone
            if isinstance(decision, Wait):
                await self.quiet(obj)
                continue
            assert isinstance(decision, Act), decision
            try:
                for call in decision.stage.calls:
                    await self._by_hand(obj, call.operation, call.params)
            except AwsError:
                if not states.busy(self.kind, await self._observe(obj)):
                    raise
                continue  # a controller was quicker with a change
            if decision.stage.purpose is Purpose.DELETE and self.kind.label not in _MANY:
                return

    async def _observe(self, obj: Object) -> Observation:
        desired = Desired(recalled(self.kind, obj), obj.get("status") or {})
        return await Observer(self.kind, self.live.boto, _scope(obj)).everything(desired)


def _held_to(kind: Kind, obj: Object, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a spec AWS is held to."""
    normalise = NORMALISE_DESIRED.get(kind.label)
    return normalise(spec, _scope(obj).region) if normalise else spec


def apply_all(things: Sequence[Thing], *options: str) -> None:
    """`kubectl apply` all at once: each process of kubectl asks the API server for all that it serves."""
    things[0].live.kubectl("apply", *options, "-f", "-", manifest=_list_of(things))


def delete_all(things: Sequence[Thing]) -> None:
    """Delete all at once, and wait for none."""
    things[0].live.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", manifest=_list_of(things))


def _list_of(things: Sequence[Thing]) -> Object:
    return {"apiVersion": "v1", "kind": "List", "items": [thing.manifest for thing in things]}


async def all_gone(things: Sequence[Thing]) -> None:
    """Delete all at once and wait for it."""
    objects = [await thing.obj() for thing in things]
    delete_all(things)
    for thing, obj in zip(things, objects, strict=True):
        await thing.gone(obj)


def set_parts(kind: Kind, spec: Mapping[str, Any]) -> list[Part]:
    """The parts of which a spec says something."""
    return [part for part in kind.parts if any(name in spec for name in part.fields)]


def _same(node: Field, wanted: Any, found: Any) -> bool:
    """Equal but for what AWS rewrites: the form of JSON documents, the order of lists, no value for an empty one."""
    if not wanted or not found:
        return bool(wanted) == bool(found)
    if node.rule.compare in {Compare.POLICY, Compare.DOCUMENT}:
        return bool(json.loads(wanted) == json.loads(found))
    if node.rule.compare is Compare.CASELESS:
        return bool(wanted.lower() == found.lower())
    if node.rule.key:
        return not any(differences(node, wanted, found))
    if isinstance(wanted, list):
        return sorted(map(json.dumps, wanted)) == sorted(map(json.dumps, found))
    return bool(wanted == found)


def _scope(obj: Object) -> Scope:
    region = (obj["metadata"].get("annotations") or {}).get(f"{ACK}/region") or REGION
    return Scope(account=ACCOUNT, partition="aws", region=region, endpoint_url=None)

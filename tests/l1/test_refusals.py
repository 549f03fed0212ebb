"""What is refused, by ackpy or by AWS: one cause, in the contract's words, and nothing else changes (law 8)."""

import asyncio
from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError

from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.subject import REGION, Subject
from ackpy.kinds.model import Kind, Part
from ackpy.kube import Object
from ackpy.sandbox.simulator import AwsFault
from ackpy.sandbox.simulator import Call as AwsCall
from tests.kit import edits, values
from tests.kit.contract import contract
from tests.kit.definitions import partly_served
from tests.kit.samples import made_up
from tests.kit.scene import Scene, named
from tests.kit.world import ACCOUNT, World, condition
from tests.l1 import laws
from tests.l1.params import ALL, each_sample

MESSAGES = contract("common")["messages"]


async def is_terminal(scene: Scene, message: str, reason: str | None = None) -> None:
    """The contract's Terminal, Ready and ResourceSynced, and kstatus's Stalled; the failing one first."""
    conditions = {one["type"]: one for one in (await scene.obj())["status"]["conditions"]}
    assert next(iter(conditions)) == "ACK.Terminal"
    terminal, ready, synced = conditions["ACK.Terminal"], conditions["Ready"], conditions["ACK.ResourceSynced"]
    assert (terminal["status"], terminal["message"], terminal.get("reason")) == ("True", message, reason)
    assert (ready["status"], ready["message"], ready["reason"]) == ("False", message, "ACK.Terminal")
    assert (synced["status"], synced["message"]) == ("False", MESSAGES["synced_false"])
    assert synced["reason"] == MESSAGES["errors"]["terminal"]
    assert conditions["Stalled"]["status"] == "True"
    assert "Reconciling" not in conditions


async def is_recoverable(scene: Scene, message: str) -> None:
    conditions = {one["type"]: one for one in (await scene.obj())["status"]["conditions"]}
    assert next(iter(conditions)) == "ACK.Recoverable"
    recoverable, ready, synced = (conditions[name] for name in ("ACK.Recoverable", "Ready", "ACK.ResourceSynced"))
    assert (recoverable["status"], recoverable["message"]) == ("True", message)
    assert (ready["status"], ready["message"], ready["reason"]) == ("False", message, "ACK.Recoverable")
    assert (synced["status"], synced["message"], synced["reason"]) == ("Unknown", MESSAGES["synced_unknown"], message)
    assert conditions["Reconciling"]["status"] == "True"
    assert "Stalled" not in conditions


def text(kind: Kind, operation: str, fault: AwsFault) -> str:
    """How the contract shows an error of AWS."""
    shapes = kind.operation_model(operation).error_shapes
    modelled = fault.code in {getattr(shape, "error_code", shape.name) for shape in shapes}
    return f"{fault.code}: {fault.message}" if modelled else f"api error {fault.code}: {fault.message}"


async def test_a_field_that_is_not_built_is_refused_by_name() -> None:
    kind = partly_served()
    (name,) = kind.unbuilt
    sample = next(sample for owner, sample in ALL if owner.label == kind.label)
    spec = {**sample["spec"], name: values.filled(kind.spec.fields[name])}
    scene = Scene(kind, {**sample, "spec": spec}, World((kind,)))
    await scene.world.apply(scene.manifest)
    assert await scene.step() is Next.SWEEP
    obj = await scene.obj()
    assert named((name,)) in condition(obj, "ACK.Terminal").get("message", "")
    await is_terminal(scene, condition(obj, "ACK.Terminal")["message"])
    assert scene.aws() == {}
    assert not Subject(kind, obj).managed


# Resources of somebody else


@each_sample(named=True)
async def test_a_resource_that_was_there_before_is_left_alone(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.annotate({"services.k8s.aws/deletion-policy": "retain"})
    await scene.delete()
    await scene.settle()
    before, since = scene.aws(), scene.mark()
    assert before
    await scene.world.apply(sample)
    assert await scene.settle() is Next.SWEEP
    await scene.sweep(2)
    await is_terminal(scene, MESSAGES["not_managed"]["message"], MESSAGES["not_managed"]["reason"])
    assert scene.aws() == before
    assert scene.aws_writes(since) == []
    assert not Subject(kind, await scene.obj()).managed
    await scene.delete()
    await scene.settle()
    assert await scene.world.get(kind, scene.name) is None
    assert scene.aws() == before


@each_sample(named=True)
async def test_two_objects_never_manage_one_resource(kind: Kind, sample: Object) -> None:
    """Both are created at the same moment, and reconciled at once."""
    await one_of_two_manages(Scene(kind, sample))


async def one_of_two_manages(scene: Scene) -> None:
    kind, name, world, spaces = scene.kind, scene.name, scene.world, ("default", "other")
    for space in spaces:
        await world.apply({**scene.manifest, "metadata": {**scene.manifest["metadata"], "namespace": space}})
    await asyncio.gather(*(world.step(kind, name, space) for space in spaces))
    await asyncio.gather(*(world.settle(kind, name, space) for space in spaces))
    first, second = [obj for space in spaces if (obj := await world.get(kind, name, space))]
    owner, other = (first, second) if Subject(kind, first).managed else (second, first)
    assert condition(owner, "ACK.ResourceSynced")["status"] == "True"
    assert condition(other, "ACK.Terminal").get("message") == MESSAGES["not_managed"]["message"]
    assert not Subject(kind, other).managed
    laws.is_one(scene)
    # The second gets it when the first has gone, and its resource with it.
    await world.delete(kind, name, owner["metadata"]["namespace"])
    await world.settle(kind, name, owner["metadata"]["namespace"])
    assert scene.aws() == {}
    await world.settle(kind, name, other["metadata"]["namespace"])
    now = await world.get(kind, name, other["metadata"]["namespace"])
    assert now is not None
    assert condition(now, "ACK.ResourceSynced")["status"] == "True"


@pytest.mark.parametrize(("kind", "sample"), [one for one in ALL if made_up(one[0])])
async def test_each_object_has_a_resource_of_its_own_where_aws_names_them(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.world.apply({**sample, "metadata": {**sample["metadata"], "namespace": "other"}})
    await scene.world.settle(kind, scene.name, "other")
    assert len(scene.aws()) == 2
    await scene.delete()
    await scene.settle()
    assert len(scene.aws()) == 1
    assert await scene.world.settle(kind, scene.name, "other") is Next.SWEEP


@each_sample()
async def test_of_two_objects_that_manage_one_resource_only_one_does(kind: Kind, sample: Object) -> None:
    """However it came to that (two processes, a restored backup), the second is told, and deletes nothing."""
    scene = Scene(kind, sample)
    obj, world = await scene.make(), scene.world
    copy = {**sample, "metadata": {**obj["metadata"], "namespace": "other", "resourceVersion": None}}
    await world.apply(copy)
    told = {"status": obj["status"]}
    await world.api.patch(resource_of(kind), "other", scene.name, told, subresource="status")
    world.restart()
    await scene.settle()
    before, since = scene.aws(), scene.mark()
    assert await world.settle(kind, scene.name, "other") is Next.SWEEP
    second = await world.get(kind, scene.name, "other")
    assert second is not None
    assert condition(second, "ACK.Terminal")["message"] == MESSAGES["not_managed"]["message"]
    await world.delete(kind, scene.name, "other")
    await world.settle(kind, scene.name, "other")
    assert await world.get(kind, scene.name, "other") is None
    assert scene.aws() == before
    assert scene.aws_writes(since) == []


# Errors of AWS


@each_sample(changes=True)
async def test_a_terminal_code_of_the_kind_is_terminal(kind: Kind, sample: Object) -> None:
    if not kind.terminal:
        pytest.skip("the contract knows no such code of this kind")
    scene = Scene(kind, sample)
    await scene.make()
    change = edits.sure(kind, scene.spec)
    part = kind.part_of(change.leaf.path[0])
    assert part is not None
    fault = AwsFault(kind.terminal[0], "it says why")
    refuse(scene, part, fault)
    before, since = scene.aws(), scene.mark()
    await scene.edit(change.candidates[0])
    assert await scene.step() is Next.SWEEP
    operation = scene.aws_writes(since)[0].operation
    await is_terminal(scene, text(kind, operation, fault))
    assert scene.aws() == before
    assert any(operation in message for _, message in scene.events(since))
    await scene.sweep()  # it is tried again, slowly
    assert scene.aws() != before


@each_sample(changes=True)
async def test_another_code_is_recoverable(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    change = edits.sure(kind, scene.spec)
    part = kind.part_of(change.leaf.path[0])
    assert part is not None
    fault = AwsFault("SomethingElse", "it says why", 400)
    refuse(scene, part, fault)
    since = scene.mark()
    await scene.edit(change.candidates[0])
    assert await scene.step() is Next.RETRY
    await is_recoverable(scene, text(kind, scene.aws_writes(since)[0].operation, fault))


def refuse(scene: Scene, part: Part, fault: AwsFault) -> None:
    """The next call that writes a part, or takes it away, is refused."""
    for binding in (part.put, part.remove):
        if binding is not None:
            scene.world.simulator.fail(scene.kind.service_of(binding.operation), binding.operation, fault)


def refusal(kind: Kind) -> str | None:
    """A code of the model that says, of a creation, that nothing was made; some operations have none."""
    codes = [
        getattr(shape, "error_code", shape.name) for shape in kind.operation_model(kind.create.operation).error_shapes
    ]
    sure = [
        code for code in codes if not any(word in code for word in ("Exist", "Already", "Conflict", "InUse", "Throttl"))
    ]
    return next(iter(sure), None)


REFUSED = [pytest.param(*one, id=one[1]["metadata"]["name"]) for one in ALL if refusal(one[0])]


@pytest.mark.parametrize(("kind", "sample"), REFUSED)
async def test_a_create_that_aws_refuses_leaves_no_finalizer(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    fault = AwsFault(refusal(kind) or "", "no")
    scene.world.simulator.fail(kind.service.aws_name, kind.create.operation, fault)
    await scene.world.apply(sample)
    await scene.step()
    obj = await scene.obj()
    assert not Subject(kind, obj).managed
    assert condition(obj, "Ready")["status"] == "False"
    await scene.settle()
    if condition(await scene.obj(), "ACK.Terminal"):
        await scene.sweep()
    await laws.is_synced(scene)
    assert Subject(kind, await scene.obj()).state.n == 1


@each_sample()
async def test_a_create_refused_in_unknown_words_keeps_the_finalizer(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    scene.world.simulator.fail(kind.service.aws_name, kind.create.operation, AwsFault("SomethingElse", "no", 400))
    await scene.world.apply(sample)
    await scene.step()
    assert Subject(kind, await scene.obj()).managed
    since = scene.mark()
    then = await scene.step()
    made = [call for call in scene.aws_calls(since) if call.operation == kind.create.operation]
    assert len(made) == 1, "AWS answered, so nothing can show up late: there is no pause"
    assert then is Next.SWEEP or kind.states
    await scene.settle()
    await laws.is_synced(scene)


BROKEN = AwsFault("InternalError", "We encountered an internal error.", 500)
CUT_OFF = ConnectionClosedError(endpoint_url="https://aws.example.com")


@pytest.mark.parametrize(
    ("error", "with_effect"),
    [(BROKEN, False), (BROKEN, True), (CUT_OFF, False), (CUT_OFF, True)],
    ids=["500-without-effect", "500-with-effect", "cut-off-without-effect", "cut-off-with-effect"],
)
@each_sample()
async def test_after_an_unknown_outcome_there_is_one_resource(
    kind: Kind, sample: Object, error: Exception, with_effect: bool
) -> None:
    """AWS fails, or the connection does: the finalizer stays, and the next attempt looks first."""
    scene = Scene(kind, sample)
    simulator = scene.world.simulator
    hooks: list[Callable[[AwsCall], None]] = simulator.after_call if with_effect else simulator.before_call

    def fail_once(call: AwsCall) -> None:
        if call.operation == kind.create.operation:
            hooks.remove(fail_once)
            raise error

    hooks.append(fail_once)
    await scene.world.apply(sample)
    await scene.step()
    assert Subject(kind, await scene.obj()).managed
    assert condition(await scene.obj(), "ACK.Recoverable")["status"] == "True"
    since = scene.mark()
    await scene.settle()
    await laws.is_synced(scene)
    laws.is_one(scene)
    creates = [call for call in scene.aws_calls(since) if call.operation == kind.create.operation]
    assert len(creates) == (0 if with_effect else 1)


# Places


@each_sample()
async def test_a_changed_region_is_refused(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    obj = await scene.make()
    region = obj["status"]["ackResourceMetadata"]["region"]
    await scene.annotate({REGION: "ap-south-1"})
    since = scene.mark()
    assert await scene.settle() is Next.SWEEP
    await is_terminal(scene, MESSAGES["errors"]["region_drift"] % (region, "ap-south-1"))
    assert scene.aws_calls(since) == []
    await scene.annotate({REGION: region})
    await scene.settle()
    await laws.is_synced(scene)


@each_sample()
async def test_another_account_is_refused(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    scene.world.account = "999988887777"
    scene.world.restart()
    since = scene.mark()
    assert await scene.settle() is Next.SWEEP
    await is_terminal(scene, MESSAGES["errors"]["account_drift"] % (ACCOUNT, "999988887777"))
    assert scene.aws_calls(since) == []


@each_sample()
async def test_an_unknown_deletion_policy_is_refused(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.annotate({"services.k8s.aws/deletion-policy": "keep"})
    before = scene.aws()
    await scene.delete()
    await scene.settle()
    assert "unrecognized deletion policy keep" in (await scene.condition("ACK.Terminal"))["message"]
    assert scene.aws() == before


# Conditions over time


@each_sample(changes=True)
async def test_transition_times_move_with_the_status_only(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    since = {one["type"]: one["lastTransitionTime"] for one in (await scene.obj())["status"]["conditions"]}
    change = edits.sure(kind, scene.spec)
    part = kind.part_of(change.leaf.path[0])
    assert part is not None
    scene.world.simulator.fail(
        kind.service_of(part.put.operation), part.put.operation, AwsFault("SomethingElse", "no", 400), 2
    )
    await scene.edit(change.candidates[0])
    times: list[dict[str, str]] = []
    for _ in range(3):
        scene.world.clock.advance(100)
        await scene.step()
        if len(times) == 2:
            await scene.settle()  # AWS may be busy with it for a while
        times.append({one["type"]: one["lastTransitionTime"] for one in (await scene.obj())["status"]["conditions"]})
    failed, again, done = times
    assert failed["Ready"] > since["Ready"]
    assert again == failed
    assert done["Ready"] > failed["Ready"]
    assert done["ACK.ResourceSynced"] > failed["ACK.ResourceSynced"]
    assert done.get("ACK.LateInitialized") == since.get("ACK.LateInitialized") or "ACK.LateInitialized" not in failed

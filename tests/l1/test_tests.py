"""The tests can fail: for each law, an engine that breaks it in one place is caught by the law's own assertion."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ackpy.aws.scope import Scope
from ackpy.controller import reconcile, scopes
from ackpy.controller.desires import Wish
from ackpy.controller.objects import Objects
from ackpy.controller.observe import Observer
from ackpy.controller.owners import Owners
from ackpy.controller.perform import Performed, perform
from ackpy.controller.subject import Subject
from ackpy.controller.track import Track
from ackpy.kinds.model import Kind
from ackpy.kube import Object
from ackpy.plan import decide as plan
from ackpy.plan import late, tags
from ackpy.plan.decide import Decision, Desired, Done, Gone, Memory, Stage
from ackpy.plan.outcome import conditions
from ackpy.sandbox.simulator import Lags
from ackpy.wire.call import Observation, Purpose
from tests.kit import edits
from tests.kit.scene import Scene
from tests.l1 import laws
from tests.l1 import test_breaker as breaker
from tests.l1 import test_crash as crash
from tests.l1 import test_laws as on_laws
from tests.l1 import test_refusals as refusals
from tests.l1.params import ALL, part_named

Patch = pytest.MonkeyPatch
Break = Callable[[Patch], None]
Check = Callable[[Kind, Object], Awaitable[None]]
LATE = Lags(created=crash.LATE, changed=crash.LATE, deleted=crash.LATE)

SAMPLES = {sample["metadata"]["name"]: (kind, sample) for kind, sample in ALL}
BUCKET, QUEUE, FULL = "ack-s3-bucket-hama", "ack-sqs-queue", "ack-sqs-queue-full"


# Engines that are broken in one place


def _deciding(change: Callable[[Kind, Desired, Observation, Memory], Decision]) -> Break:
    """An engine that decides otherwise; the hands of the tests still decide well."""
    return lambda patch: patch.setattr(reconcile, "decide", change)


def _blind_to_a_field(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    """Of each part it sees no difference in the first field that is set."""
    blind = {next((name for name in part.fields if name in desired.spec), "") for part in kind.parts}
    seen = {**observed.spec, **{name: desired.spec[name] for name in blind if name}}
    return plan.decide(kind, desired, replace(observed, spec=seen), memory)


def _content_with_existence(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    well = observed.exists and memory.managed and not desired.deleting
    return Done() if well else plan.decide(kind, desired, observed, memory)


def _lets_go_at_once(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    return Gone() if desired.deleting else plan.decide(kind, desired, observed, memory)


def _takes_what_it_finds(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    return plan.decide(kind, desired, observed, replace(memory, managed=True))


def _ignores_what_is_not_built(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    return plan.decide(replace(kind, unbuilt=()), desired, observed, memory)


def _controller_tags_are_drift(patch: Patch) -> None:
    patch.setattr(tags, "compared", lambda kind, spec, observed, controller: dict(spec))


def _transitions_always(patch: Patch) -> None:
    patch.setattr(reconcile, "conditions", lambda outcome, previous, now: conditions(outcome, (), now))


def _claims_after_creation(patch: Patch) -> None:
    claim = Objects.claim
    due: list[tuple[Objects, Subject]] = []

    async def later(objects: Objects, subject: Subject, *_: object) -> Subject:
        due.append((objects, subject))
        finalizers = [*subject.finalizers, subject.kind.finalizer]
        return Subject(subject.kind, {**subject.obj, "metadata": {**subject.obj["metadata"], "finalizers": finalizers}})

    async def perform_first(*args: Any) -> Performed:
        result = await perform(*args)
        while due:
            await claim(*due.pop(), {}, {})
        return result

    patch.setattr(Objects, "claim", later)
    patch.setattr(reconcile, "perform", perform_first)


def _releases_before_deletion(patch: Patch) -> None:
    act = reconcile._Run._act

    async def release_first(run: reconcile._Run, stage: Stage, observer: Observer, wish: Wish) -> Performed:
        if stage.purpose is Purpose.DELETE:
            run.subject = await run.env.objects.release(run.subject)
        return await act(run, stage, observer, wish)

    patch.setattr(reconcile._Run, "_act", release_first)


def _records_before_it_sees(patch: Patch) -> None:
    real = scopes.metadata

    def metadata(scope: Scope, subject: Subject, known: Any, observed: Observation | None) -> Any:
        return {"arn": "arn:aws:as:if:it:were", **real(scope, subject, known, observed)}

    patch.setattr(reconcile, "metadata", metadata)


def _late_values_are_the_users(patch: Patch) -> None:
    patch.setattr(late, "users_spec", lambda kind, obj, manager: dict(obj["spec"]))


def _user_values_are_late(patch: Patch) -> None:
    def users_spec(kind: Kind, obj: Object, manager: str) -> dict[str, Any]:
        return {name: value for name, value in obj["spec"].items() if name not in {path[0] for path in kind.late()}}

    patch.setattr(late, "users_spec", users_spec)


def _writes_the_form_of_aws(patch: Patch) -> None:
    patch.setattr(late, "missing", lambda kind, spec, observed: {**observed})


def _never_looks_at_everything(patch: Patch) -> None:
    patch.setattr(reconcile, "FULL_SWEEP", 10**9)


def _is_impatient(patch: Patch) -> None:
    patch.setattr(Track, "settling", lambda track, now: frozenset())


def _never_gives_up(patch: Patch) -> None:
    patch.setattr(Track, "fighting", property(lambda track: False))


def _has_no_table_of_owners(patch: Patch) -> None:
    patch.setattr(Owners, "take", lambda owners, name, uid: None)


def _forgets_what_it_began(patch: Patch) -> None:
    patch.setattr(Subject, "creating", lambda subject, now: False)


# What must catch them


async def _stays_calm(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    scene.world.sweep()
    await laws.stays_calm(scene)


async def _comes_back(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await laws.comes_back(scene)


async def _each_drift_is_corrected(kind: Kind, sample: Object) -> None:
    for change in edits.changes(kind, sample["spec"]):
        await on_laws.test_drift_of_each_leaf_is_corrected(kind, sample, change)


async def _is_gone(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)


async def _left_out_goes(kind: Kind, sample: Object) -> None:
    await laws.left_out_goes(Scene(kind, sample), part_named(kind, "website"), asked=False)


async def _creation_survives(kind: Kind, sample: Object) -> None:
    await crash.survives(kind, sample, crash.SCENARIOS["create"], Lags())


async def _deletion_survives(kind: Kind, sample: Object) -> None:
    await crash.survives(kind, sample, crash.SCENARIOS["delete"], Lags())


async def _leaves_no_orphan(kind: Kind, sample: Object) -> None:
    await crash.leaves_no_orphan(kind, sample, LATE)


async def _one_of_two(kind: Kind, sample: Object) -> None:
    await refusals.one_of_two_manages(Scene(kind, sample))


async def _late_is_never_sent(kind: Kind, sample: Object) -> None:
    await on_laws.test_a_late_initialised_value_is_never_sent(kind, sample)


async def _others_are_left_alone(kind: Kind, sample: Object) -> None:
    await refusals.test_a_resource_that_was_there_before_is_left_alone(kind, sample)


async def _unbuilt_is_refused(kind: Kind, sample: Object) -> None:
    await refusals.test_a_field_that_is_not_built_is_refused_by_name()


async def _applies_again(kind: Kind, sample: Object) -> None:
    await on_laws.test_applying_the_same_manifest_again_changes_nothing(kind, sample)


@dataclass(frozen=True)
class Case:
    law: str
    broken: Break
    sample: str
    caught_by: Check


CASES = [
    Case("1 convergence", _controller_tags_are_drift, FULL, _stays_calm),
    Case("2 calm", _transitions_always, QUEUE, _stays_calm),
    Case("3 round trip", _deciding(_content_with_existence), BUCKET, _comes_back),
    Case(
        "4 late values are never sent",
        _late_values_are_the_users,
        QUEUE,
        on_laws.test_a_late_initialised_value_is_never_sent,
    ),
    Case("4 user values are held", _user_values_are_late, QUEUE, _each_drift_is_corrected),
    Case("4 no quarrel with GitOps", _writes_the_form_of_aws, FULL, _applies_again),
    Case("4 what is left out goes", _never_looks_at_everything, BUCKET, _left_out_goes),
    Case("5 claim before creation", _claims_after_creation, BUCKET, _creation_survives),
    Case("5 nothing is orphaned", _forgets_what_it_began, QUEUE, _leaves_no_orphan),
    Case("5 recorded only when seen", _records_before_it_sees, QUEUE, _leaves_no_orphan),
    Case("5 never double", _has_no_table_of_owners, BUCKET, _one_of_two),
    Case(
        "5 nothing of others",
        _deciding(_takes_what_it_finds),
        BUCKET,
        refusals.test_a_resource_that_was_there_before_is_left_alone,
    ),
    Case("6 deletion", _deciding(_lets_go_at_once), BUCKET, _is_gone),
    Case("6 deletion before release", _releases_before_deletion, QUEUE, _deletion_survives),
    Case("8 refusal by name", _deciding(_ignores_what_is_not_built), BUCKET, _unbuilt_is_refused),
    Case("9 sensitivity", _deciding(_blind_to_a_field), BUCKET, _each_drift_is_corrected),
    Case("settle", _is_impatient, QUEUE, breaker.is_patient),
    Case("breaker", _never_gives_up, QUEUE, breaker.ends_in_an_advisory),
]


@pytest.mark.parametrize("case", CASES, ids=[case.law for case in CASES])
async def test_a_broken_engine_is_caught(case: Case, monkeypatch: Patch) -> None:
    kind, sample = SAMPLES[case.sample]
    await case.caught_by(kind, sample)
    case.broken(monkeypatch)
    with pytest.raises(AssertionError):
        await case.caught_by(kind, sample)

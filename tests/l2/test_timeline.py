"""All samples of all kinds at once, on real parts. Each test finds the objects synced, and leaves them so."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from functools import partial

import pytest
import pytest_asyncio

from ackpy.aws.errors import AwsError, Meaning
from ackpy.controller.subject import RECONCILE_AT, RECONCILED_AT, RESYNC_SECONDS, Subject
from ackpy.kinds.registry import load
from ackpy.plan.compare import differences
from tests.kit import edits
from tests.kit.edits import Change
from tests.kit.live import Live, Thing, all_gone, apply_all, set_parts
from tests.kit.program import SECRET
from tests.kit.samples import depth
from tests.kit.scene import named
from tests.kit.waiting import eventually
from tests.kit.world import ACCOUNT, REGION
from tests.l2.conftest import NAMESPACE

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def things(live: Live) -> AsyncIterator[list[Thing]]:
    things = live.things(NAMESPACE)
    await all_synced(things)
    yield things
    await all_gone(things)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changed(things: list[Thing]) -> list[tuple[Thing, list[Change]]]:
    """The samples with something else in each part, as AWS has it now; and what was changed by hand."""
    done = []
    for thing in things:
        with thing.left_alone():
            done.append(await change_every_part(thing))
    return done


async def all_synced(things: list[Thing]) -> None:
    apply_all(things)
    for thing in things:
        await thing.synced()


async def change_every_part(thing: Thing) -> tuple[Thing, list[Change]]:
    """By hand, in AWS."""
    done: list[Change] = []
    parts = set_parts(thing.kind, thing.spec)
    stood_on = {name for part in parts for name in part.after}  # AWS may keep these as they are
    for part in (one for one in parts if one.name not in stood_on):
        all_changes = (one for one in edits.changes(thing.kind, thing.spec) if one.leaf.path[0] in part.fields)
        changes = [one for one in all_changes if one.leaf.node.rule.read]
        if not changes:
            continue
        changed = await thing.change_one(changes)
        assert changed or done, f"{thing}: nothing changes {part.name}"
        if changed:
            thing, change = changed
            done.append(change)
    return thing, done


async def test_conditions_and_metadata(things: list[Thing]) -> None:
    for thing in things:
        status = (await thing.obj())["status"]
        metadata = status["ackResourceMetadata"]
        region = thing.manifest["metadata"].get("annotations", {}).get("services.k8s.aws/region", REGION)
        assert metadata["arn"].startswith("arn:aws:")
        assert (metadata["ownerAccountID"], metadata["region"]) == (ACCOUNT, region)
        await eventually(partial(has_told_of_creation, thing))  # events come when they can


async def has_told_of_creation(thing: Thing) -> bool:
    return f"{thing.kind.name} " in await thing.told("Created")


async def test_aws_has_each_leaf_of_the_manifests(things: list[Thing]) -> None:
    for thing in things:
        assert await thing.wrong_in_aws() == [], str(thing)


async def test_calm(live: Live, things: list[Thing]) -> None:
    await swept(live, things, 1)
    since = live.audit_size()
    await swept(live, things, 2)
    assert await live.written_to_aws() == []
    assert live.written_by_ackpy(since) == []


async def swept(live: Live, things: list[Thing], times: int, operations: Collection[str] = ()) -> None:
    """Wait until each resource was read so often, counted where the requests arrive.

    By default that is with all of its reads, and so with those of what the manifests leave out, which are seldom.
    """
    await live.endpoint.clear_requests()
    wanted = operations or {part.read.binding.operation for one in things for part in one.kind.parts if part.read}
    each = max(Counter(thing.kind.label for thing in things).values())

    async def done() -> bool:
        seen = Counter(one.operation for one in await live.endpoint.requests())
        return all(seen[operation] >= times * each for operation in wanted)

    await eventually(done)


def is_told(change: Change, told: str) -> bool:
    """Whether an event names what was changed; what one side has nothing of is named as a whole."""
    path = change.leaf.reported
    names = (re.escape(named(path[:depth])) for depth in range(1, len(path) + 1))
    return bool(re.search(rf"({'|'.join(names)})([:,]|$)", told, re.MULTILINE))


async def test_drift_of_every_part_is_corrected(changed: list[tuple[Thing, list[Change]]], things: list[Thing]) -> None:
    for thing, (_, changes) in zip(things, changed, strict=True):
        await thing.synced()
        # So soon after our own write AWS may only be late to show it: that is told as an update.
        told = await thing.told("DriftCorrected", "Updated")
        for change in changes:
            assert is_told(change, told), str(thing)


async def test_an_edit_of_every_part_arrives(changed: list[tuple[Thing, list[Change]]], things: list[Thing]) -> None:
    await all_synced([thing for thing, _ in changed])
    for thing, changes in changed:
        told = await thing.told("Updated")
        for change in changes:
            assert is_told(change, told), str(thing)
    await all_synced(things)


async def test_what_is_taken_out_of_the_manifests_goes(things: list[Thing]) -> None:
    before = [await thing.observed() for thing in things]
    await all_synced([thing.like(edits.stripped(thing.kind, thing.spec)) for thing in things])
    for thing in things:
        for part in set_parts(thing.kind, thing.spec):
            for name in edits.removable(thing.kind, part, thing.spec):
                await eventually(partial(has_gone, thing, name))  # the contract's CRDs keep no observedGeneration
    await all_synced(things)
    for thing, was in zip(things, before, strict=True):
        assert not [*differences(thing.kind.spec, was, await thing.observed())], str(thing)


async def has_gone(thing: Thing, name: str) -> bool:
    found = (await thing.observed()).get(name)
    return bool(found != thing.spec[name] or found == thing.kind.spec.fields[name].rule.default)


async def test_what_was_deleted_by_hand_is_made_again(things: list[Thing]) -> None:
    gone: list[Thing] = []
    for thing in sorted(things, key=lambda thing: -depth(thing.manifest)):
        await deleted_by_hand(thing, gone)
        gone.append(thing)
    for thing in things:
        obj = await thing.synced()
        assert Subject(thing.kind, obj).state.n >= 2  # more where what it stands on came later


async def deleted_by_hand(thing: Thing, gone: list[Thing]) -> None:
    """Delete a resource, whatever stands on it and was made again meanwhile."""
    for _ in range(3):
        try:
            return await thing.hand_deletion()
        except AwsError as error:
            if error.meaning is not Meaning.CONFLICT:
                raise
        for other in gone:
            with suppress(AwsError):  # it may stand on yet others; the next round shows
                await other.hand_deletion()
    raise AssertionError(f"{thing} can't be deleted by hand")


@pytest.mark.parametrize("options", [(), ("--server-side",)], ids=["client", "server"])
async def test_applying_again_changes_nothing(live: Live, things: list[Thing], options: tuple[str, ...]) -> None:
    before = [(await thing.obj())["metadata"]["generation"] for thing in things]
    apply_all(things, *options)
    assert [(await thing.obj())["metadata"]["generation"] for thing in things] == before
    since = live.audit_size()
    await swept(live, things, 1)
    assert await live.written_to_aws() == []
    assert live.written_by_ackpy(since) == []


async def test_an_object_s_own_period_and_reconcile_now(live: Live, things: list[Thing]) -> None:
    *others, slow = things
    slow.annotate(f"{RESYNC_SECONDS}=86400", f"{RECONCILE_AT}=before")
    await acknowledged(slow, "before")
    await swept(live, others, 2, reads_of(others[0]))  # one that was due before may still come
    changed, _ = await change_every_part(slow)
    await swept(live, others, 2, reads_of(others[0]))
    assert not await changed.wrong_in_aws(), "it was swept in spite of its annotation"
    slow.annotate(f"{RECONCILE_AT}=now")
    await acknowledged(slow, "now")
    assert not await slow.wrong_in_aws()
    slow.annotate(f"{RESYNC_SECONDS}-", f"{RECONCILE_AT}-")
    await swept(live, things, 2, reads_of(slow))


def reads_of(thing: Thing) -> set[str]:
    """What each sweep asks for it."""
    return {part.read.binding.operation for part in set_parts(thing.kind, thing.spec) if part.read}


async def acknowledged(thing: Thing, text: str) -> None:
    async def done() -> bool:
        annotations = (await thing.obj())["metadata"]["annotations"]
        return bool(annotations.get(RECONCILED_AT) == text)

    await eventually(done)


@pytest.mark.usefixtures("things")
async def test_no_secret_is_told(live: Live) -> None:
    """Law 7, of the one secret that all kinds share: what AWS is called with. `Program.stop` looks into the log."""
    kinds = ",".join(f"{kind.plural}.{kind.group}" for kind in load())
    told = live.kubectl("get", f"{kinds},events", "--all-namespaces", "--output=json")
    assert NAMESPACE in told
    assert SECRET not in told


async def test_deletion(live: Live) -> None:
    others, since = live.things(NAMESPACE, prefix="goes-"), live.audit_size()
    await live.endpoint.clear_requests()
    await all_synced(others)
    # What the count of the calm stands on: writes are seen.
    assert {other.kind.create.operation for other in others} <= set(await live.written_to_aws())
    assert all(any(other.name in url for _, url in live.written_by_ackpy(since)) for other in others)
    await all_gone(others)


async def test_a_deleted_namespace_takes_its_resources_along(live: Live) -> None:
    live.kubectl("create", "namespace", "goes")
    others = live.things("goes", prefix="with-")
    await all_synced(others)
    objects = [await thing.obj() for thing in others]
    live.kubectl("delete", "namespace", "goes")
    for thing, obj in zip(others, objects, strict=True):
        assert await thing.find() is None
        assert not await thing.exists(obj)

"""The API server goes and comes back, AWS throttles, the process is asked to end, and another one stands by."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from ackpy.kinds.registry import load
from ackpy.kube.lease import LEASES
from ackpy.sandbox.guard_api import Fault
from tests.kit import edits
from tests.kit.live import Live, all_gone, apply_all
from tests.kit.program import CREDENTIALS, ackpy
from tests.kit.waiting import eventually
from tests.l3.conftest import FOUR, NAMESPACE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_restart_of_the_api_server(live: Live, tmp_path: Path) -> None:
    things = [live.alone(kind, NAMESPACE, "through-") for kind in FOUR]
    with ackpy(tmp_path, *live.run_flags("--reconcile-default-resync-seconds=1"), environment=CREDENTIALS):
        apply_all(things)
        for thing in things:
            await thing.synced()
        changes = [edits.sure(thing.kind, thing.spec) for thing in things]
        done = [await thing.change_one([change]) for change, thing in zip(changes, things, strict=True)]
        edited = [changed[0] if changed else thing for changed, thing in zip(done, things, strict=True)]
        await live.plane.restart_api_server()
        apply_all(edited)
        for thing in edited:
            await thing.synced()
        await all_gone(things)


async def test_throttling(live: Live, tmp_path: Path) -> None:
    things = [live.alone(kind, NAMESPACE, "slow-") for kind in FOUR]
    await live.endpoint.inject(
        *(Fault(kind.create.operation, 2, 400, "ThrottlingException", "Rate exceeded") for kind in FOUR)
    )
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        for thing in things:
            thing.apply()
        for thing in things:
            obj = await thing.synced()
            thing.delete()
            await thing.gone(obj)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_when_asked(live: Live, tmp_path: Path, number: signal.Signals) -> None:
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS) as program:
        await program.says("all objects are listed")
        program.signal(number)
        assert await program.ended() == 0
        assert '"event": "stopped"' in program.stderr


async def test_what_is_under_way_comes_to_its_end(live: Live, tmp_path: Path) -> None:
    """Asked to end before AWS has answered: its answers are waited for and recorded, and nothing is begun."""
    flags = live.run_flags("--enable-leader-election", f"--leader-election-namespace={NAMESPACE}")
    things = [live.alone(kind, NAMESPACE, "last-") for kind in FOUR]
    late = live.alone(FOUR[0], NAMESPACE, "late-")
    creations = Counter(kind.create.operation for kind in FOUR)

    async def made() -> Counter[str]:
        requests = await live.endpoint.requests()
        return Counter(one.operation for one in requests if one.operation in creations and one.status < 300)

    async def are_made() -> bool:
        return await made() == creations

    await live.endpoint.clear_requests()
    with ackpy(tmp_path, *flags, environment=CREDENTIALS) as program:
        await live.endpoint.hold(*creations)
        apply_all(things)
        await eventually(are_made)
        program.signal(signal.SIGTERM)
        late.apply()
        await asyncio.sleep(3)  # a renewal of the Leases, and time enough to begin something
        written = set(await live.written_to_aws())
        await live.endpoint.hold()
        assert await program.ended() == 0
        assert "abandoned" not in program.stderr
        assert set(await live.written_to_aws()) == written == set(creations)
    leases = (await live.api.list(LEASES, NAMESPACE)).items
    assert {lease["spec"]["holderIdentity"] for lease in leases} == {""}
    for thing in things:
        obj = await thing.obj()
        assert obj["status"]["ackResourceMetadata"]["arn"], f"{thing} has its resource on record"
    assert "finalizers" not in (await late.obj())["metadata"], "not begun"
    late.delete()
    with ackpy(tmp_path, *flags, environment=CREDENTIALS):
        for thing in things:
            await thing.synced()
        assert await are_made(), "exactly one of each"
        await all_gone(things)


async def test_another_process_takes_over(live: Live, tmp_path: Path) -> None:
    """The leader is stopped when AWS made what it asked for and it hasn't heard so; resumed, it does no harm."""
    flags = live.run_flags("--enable-leader-election", f"--leader-election-namespace={NAMESPACE}")
    things = [live.alone(kind, NAMESPACE, "led-") for kind in FOUR]
    names = {f"ack-{kind.group}" for kind in load()}

    async def holder() -> str:
        """The process that holds all Leases; empty while there is no such."""
        leases = {one["metadata"]["name"]: one["spec"] for one in (await live.api.list(LEASES, NAMESPACE)).items}
        holders = {lease["holderIdentity"] for lease in leases.values()}
        return holders.pop() if leases.keys() == names and len(holders) == 1 else ""

    async def is_held_by(pid: int) -> bool:
        return (await holder()).endswith(f"_{pid}")

    creations = Counter(kind.create.operation for kind in FOUR)

    async def made() -> Counter[str]:
        requests = await live.endpoint.requests()
        return Counter(one.operation for one in requests if one.operation in creations and one.status < 300)

    async def are_made() -> bool:
        return await made() == creations

    await live.endpoint.clear_requests()

    with ackpy(tmp_path, *flags, environment=CREDENTIALS) as first:
        await eventually(lambda: is_held_by(first.pid))
        with ackpy(tmp_path, *flags, environment=CREDENTIALS) as second:
            await live.endpoint.hold(*creations)
            apply_all(things)
            await eventually(are_made)
            first.signal(signal.SIGSTOP)
            await live.endpoint.hold()
            await eventually(lambda: is_held_by(second.pid))
            objects = [await thing.synced() for thing in things]
            first.signal(signal.SIGCONT)
            assert await first.ended() == 1
            noticed = f"was taken by {await holder()}", "ran out while the process stood still"
            assert any(one in first.stderr for one in noticed)
            assert [(await thing.synced())["status"] for thing in things] == [obj["status"] for obj in objects]
            assert await are_made(), "exactly one of each"
            await all_gone(things)
        assert await holder() == ""
        with ackpy(tmp_path, *flags, environment=CREDENTIALS) as third:
            await eventually(lambda: is_held_by(third.pid))

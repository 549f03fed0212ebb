"""SIGKILL between AWS's doing and its answer: the next process ends in the same state, with exactly one resource."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ackpy.kinds.model import Kind
from tests.kit import edits
from tests.kit.live import Live
from tests.kit.program import CREDENTIALS, ackpy
from tests.kit.waiting import eventually
from tests.l3.conftest import FOUR, NAMESPACE

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("kind", FOUR, ids=lambda kind: kind.label),
]


@asynccontextmanager
async def killed_in(live: Live, operation: str, folder: Path) -> AsyncIterator[None]:
    """What the body asks for is begun by a process that is killed before it gets the answer to an operation."""
    await live.endpoint.clear_requests()

    async def done() -> bool:
        return operation in {one.operation for one in await live.endpoint.requests() if one.status < 300}

    with ackpy(folder, *live.run_flags(), environment=CREDENTIALS) as program:
        await live.endpoint.hold(operation)
        yield
        await eventually(done)
        program.kill()
    await live.endpoint.hold()


async def test_in_creation(live: Live, kind: Kind, tmp_path: Path) -> None:
    thing = live.alone(kind, NAMESPACE, "killed-")
    async with killed_in(live, kind.create.operation, tmp_path):
        thing.apply()
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        obj = await thing.synced()
        created = [one for one in await live.endpoint.requests() if one.operation == kind.create.operation]
        assert len(created) == 1
        thing.delete()
        await thing.gone(obj)


async def test_in_an_edit(live: Live, kind: Kind, tmp_path: Path) -> None:
    thing = live.alone(kind, NAMESPACE, "killed-")
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        thing.apply()
        await thing.synced()
    change = edits.sure(kind, thing.spec)
    part = kind.part_of(change.leaf.path[0])
    assert part
    edited = thing.like(change.candidates[0])
    async with killed_in(live, part.put.operation, tmp_path):
        edited.apply()
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        obj = await edited.synced()
        thing.delete()
        await thing.gone(obj)


async def test_in_deletion(live: Live, kind: Kind, tmp_path: Path) -> None:
    thing = live.alone(kind, NAMESPACE, "killed-")
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        thing.apply()
        obj = await thing.synced()
    async with killed_in(live, kind.delete.operation, tmp_path):
        thing.delete()
    assert (await thing.obj())["metadata"]["finalizers"] == [kind.finalizer]
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        await thing.gone(obj)

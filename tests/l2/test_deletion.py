"""Deletion by the namespace, and the way out of an account that is gone: the commands of docs/deletion.md."""

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from ackpy.aws.errors import AwsError, Meaning
from ackpy.kinds.registry import load, services
from ackpy.kube import Object
from ackpy.sandbox.guard_api import Fault
from tests.kit.live import Live, Thing, apply_all
from tests.kit.waiting import eventually
from tests.l2.conftest import under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]
_DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest_asyncio.fixture(loop_scope="session")
async def namespace(live: Live) -> AsyncIterator[str]:
    live.kubectl("create", "namespace", "team-blue")
    yield "team-blue"
    await live.endpoint.inject()
    live.kubectl("delete", "namespace", "team-blue", "--ignore-not-found", "--timeout=120s")


async def made(live: Live, namespace: str) -> list[tuple[Thing, Object]]:
    """All samples in a namespace, each with its object."""
    things = live.things(namespace, prefix="blue-")
    apply_all(things)
    return [(thing, await thing.synced()) for thing in things]


async def test_a_deleted_namespace_empties(live: Live, namespace: str) -> None:
    found = await made(live, namespace)
    assert {thing.kind.label for thing, _ in found} == {kind.label for kind in load()}
    live.kubectl("delete", "namespace", namespace, "--timeout=120s")
    assert namespace not in live.kubectl("get", "namespaces")
    for thing, obj in found:
        await thing.gone(obj)


async def test_an_account_that_is_gone_lets_go(live: Live, namespace: str) -> None:
    found = await made(live, namespace)
    used = [name for kind in load() for name in (kind.exists.binding.operation, kind.delete.operation)]
    await live.endpoint.inject(*(Fault(name, 10**6, 403, "InvalidClientTokenId", "closed") for name in used))
    live.kubectl("delete", "namespace", namespace, "--wait=false")
    for thing, _ in found:
        await eventually(partial(refused, thing))
    commands = re.findall(r"^kubectl (annotate namespace .*)$", (_DOCS / "deletion.md").read_text(), re.MULTILINE)
    assert {command.partition(".services")[0].rpartition(" ")[2] for command in commands} == {*services()}
    for command in commands:
        live.kubectl(*command.split())
    live.kubectl("wait", "--for=delete", f"namespace/{namespace}", "--timeout=120s")
    await live.endpoint.inject()
    for thing, obj in found:
        assert await thing.exists(obj), "nobody could have deleted it"
    while found:  # some stand on others
        left = [(thing, obj) for thing, obj in found if not await deleted_by_hand(thing, obj)]
        assert len(left) < len(found)
        found = left


async def deleted_by_hand(thing: Thing, obj: Object) -> bool:
    """Whether nothing is in its way."""
    try:
        await thing.hand_deletion(obj)
    except AwsError as error:
        if error.meaning is not Meaning.CONFLICT:
            raise
        return False
    else:
        return True


async def refused(thing: Thing) -> bool:
    return "InvalidClientTokenId" in (await thing.condition("ACK.Recoverable")).get("message", "")

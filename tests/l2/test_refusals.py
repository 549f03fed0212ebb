"""What can't be is refused in plain words and changes nothing; what fails in passing is tried again."""

from typing import Any

import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.sandbox.guard_api import Fault
from tests.kit import edits, values
from tests.kit.contract import contract
from tests.kit.live import Live, Thing, all_gone, apply_all, delete_all
from tests.kit.waiting import eventually
from tests.kit.world import ACCOUNT, REGION
from tests.l2.conftest import NAMESPACE, under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]


def plain(live: Live, kind: Kind) -> Thing:
    """The first sample of a kind, as a resource of its own, with only what can't be left out."""
    thing = next(one for one in live.things(NAMESPACE, prefix="odd-") if one.kind is kind)
    return thing.like(edits.stripped(kind, thing.spec))


async def is_terminal(thing: Thing, said: str) -> None:
    """It ends in the contract's three conditions."""

    async def refused() -> bool:
        return bool((await thing.condition("ACK.Terminal")).get("status") == "True")

    await eventually(refused)
    terminal, synced, ready = [await thing.condition(c) for c in ("ACK.Terminal", "ACK.ResourceSynced", "Ready")]
    messages = contract("common")["messages"]
    assert said in terminal["message"]
    assert (synced["status"], synced["message"]) == ("False", messages["synced_false"])
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "ACK.Terminal", terminal["message"])
    assert (await thing.obj())["status"]["conditions"][0] == terminal


async def test_an_edit_of_an_immutable_field_is_refused(live: Live) -> None:
    things = live.things(NAMESPACE, prefix="odd-")
    apply_all(things)
    for thing in things:
        obj = await thing.synced()
        for leaf in values.leaves(thing.kind.spec, thing.spec):
            if thing.kind.spec.fields[leaf.path[0]].immutable:
                other = values.replaced(thing.spec, leaf.path, values.another(leaf, values.at(thing.spec, leaf.path)))
                refused = live.try_kubectl("apply", "-f", "-", manifest=thing.like(other).manifest)
                assert refused.returncode != 0, f"{thing}: {leaf.path}"
                assert contract("common")["messages"]["immutable_field"] in refused.stderr
        assert (await thing.obj())["metadata"]["generation"] == obj["metadata"]["generation"]
    await all_gone(things)


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        ("s3/Bucket", {"versioning": {"status": "Perhaps"}}, "MalformedXML"),
        (
            "sqs/Queue",
            {"redrivePolicy": f'{{"deadLetterTargetArn": "arn:aws:sqs:{REGION}:{ACCOUNT}:no", "maxReceiveCount": 5}}'},
            "InvalidParameterValue",
        ),
    ],
)
async def test_what_aws_refuses_is_terminal(live: Live, kind: str, wrong: dict[str, Any], said: str) -> None:
    thing = plain(live, next(one for one in load() if one.label == kind))
    bad = thing.like({**thing.spec, **wrong})
    bad.apply()
    await is_terminal(bad, said)
    thing.apply()
    obj = await thing.synced()
    thing.delete()
    await thing.gone(obj)


async def test_a_name_that_aws_refuses(live: Live) -> None:
    bucket = plain(live, next(one for one in load() if one.label == "s3/Bucket"))
    bad = bucket.like({"name": "A_B"})
    bad.apply()

    async def told() -> bool:
        return "InvalidBucketName" in (await bad.condition("Ready")).get("message", "")

    await eventually(told)
    obj = await bad.obj()
    bad.delete()
    await bad.gone(obj)


async def test_trouble_of_aws_passes(live: Live) -> None:
    things = live.things(NAMESPACE, prefix="odd-")
    await live.endpoint.inject(*troubled(things, [kind.create.operation for kind in load()]))
    apply_all(things)
    objects = [await thing.synced() for thing in things]
    await live.endpoint.inject()
    await live.endpoint.inject(*troubled(things, [kind.delete.operation for kind in load()]))
    delete_all(things)
    await eventually(lambda: none_found(things))
    await live.endpoint.inject()
    for thing, obj in zip(things, objects, strict=True):
        await thing.gone(obj)


def troubled(things: list[Thing], writes: list[str]) -> list[Fault]:
    """Each write fails once, and each read so often that repeating it at once doesn't help."""
    reads = {thing.kind.exists.binding.operation for thing in things}
    return [*(Fault(name) for name in writes), *(Fault(name, 4, 500, "InternalError") for name in reads)]


async def none_found(things: list[Thing]) -> bool:
    return not any([await thing.find() for thing in things])

"""Roles by IAMRoleSelector, and what selectors themselves tell."""

import asyncio
from typing import Any

import pytest

from ackpy.controller.role_sources import SELECTORS
from ackpy.controller.subject import DELETION_POLICY
from ackpy.kube import ApiError, Conflict, Forbidden, Object, Resource, Unreachable
from tests.kit.house import House
from tests.kit.memory_api import NAMESPACES, MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.world import ACCOUNT, condition
from tests.l1.roles import A_MOMENT, MESSAGES, OTHER, SAMPLE, SELECTING, THIRD, accounts, role, selecting, shown


async def write_selector(house: House, name: str, spec: dict[str, Any]) -> Object:
    return await house.api.create(SELECTORS, None, {"metadata": {"name": name}, "spec": spec})


@virtual_time
async def test_a_selector_gives_the_role() -> None:
    house = selecting()
    await house.namespace()
    await write_selector(house, "elsewhere", {"arn": role(THIRD), "namespaceSelector": {"names": ["elsewhere"]}})
    stored = await write_selector(house, "here", {"arn": role(OTHER), "resourceTypeSelector": [{"kind": "Bucket"}]})
    async with house.managed():
        await house.create(SAMPLE)
        obj = await house.synced(SAMPLE)
        one = condition(obj, "ACK.IAMRoleSelected")
        words = MESSAGES["iam_role_selected"]
        assert (one["status"], one["reason"]) == ("True", words["reason"])
        assert one["message"] == words["message"] % (role(OTHER), "here", stored["metadata"]["resourceVersion"])
        writes = len(house.api.writes)
        await asyncio.sleep(2 * 600)
        assert len(house.api.writes) == writes
    assert accounts(house) == {OTHER}
    async with house.managed():
        await asyncio.sleep(A_MOMENT)
    assert len(house.api.writes) == writes, "a restart changes nothing"


@virtual_time
async def test_selectors_that_conflict_are_named_until_one_goes() -> None:
    house = selecting()
    await house.namespace()
    for name in ("b", "a"):
        await write_selector(house, name, {"arn": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        obj = await shown(house)
        text = "more than one IAMRoleSelector matches: a, b. Change them so that one does."
        assert obj["status"]["conditions"][0]["type"] == "ACK.Recoverable"
        assert condition(obj, "ACK.Recoverable")["message"] == text
        one = condition(obj, "ACK.IAMRoleSelected")
        assert (one["status"], one["message"]) == ("False", text)
        assert house.simulator.calls == []
        await house.api.delete(SELECTORS, None, "b")
        obj = await shown(house)
        assert condition(obj, "ACK.ResourceSynced")["status"] == "True"
        assert condition(obj, "ACK.Recoverable") == {}
    assert accounts(house) == {OTHER}


async def told(house: House, name: str) -> Object:
    """What a selector says of a conflict, a moment later."""
    await asyncio.sleep(A_MOMENT)
    return condition(await house.api.get(SELECTORS, None, name), "s3.services.k8s.aws/Conflict")


def told_writes(house: House) -> int:
    return sum(write.resource == SELECTORS and write.subresource == "status" for write in house.api.writes)


@virtual_time
async def test_selectors_tell_of_their_conflict_themselves() -> None:
    house = selecting()
    await house.namespace()
    await write_selector(house, "any", {"arn": role(OTHER)})
    await write_selector(house, "blue", {"arn": role(THIRD), "resourceLabelSelector": {"matchLabels": {"c": "blue"}}})
    await write_selector(house, "red", {"arn": role(THIRD), "resourceLabelSelector": {"matchLabels": {"c": "red"}}})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        assert await told(house, "any") == {}
        assert told_writes(house) == 0, "where nothing conflicts, nothing is written"
        await house.edit(SAMPLE, {"metadata": {"labels": {"c": "blue"}}})
        for name, other in (("any", "blue"), ("blue", "any")):
            one = await told(house, name)
            assert (one["status"], one["reason"]) == ("True", "SeveralSelectorsMatch")
            assert one["message"] == (
                f"the same objects are matched by {other}, for example s3/Bucket default/{SAMPLE['metadata']['name']}: "
                "nothing is done for them. Change the selectors so that one matches."
            )
        assert await told(house, "red") == {}
        await asyncio.sleep(3600)
        assert told_writes(house) == 2, "once each"
    async with house.managed():
        assert await told(house, "any") != {}
        assert told_writes(house) == 2, "a restart says nothing new"
        await house.edit(SAMPLE, {"metadata": {"labels": {"c": None}}})
        assert await told(house, "any") == await told(house, "blue") == {}
        assert told_writes(house) == 4
        await house.edit(SAMPLE, {"metadata": {"labels": {"c": "red"}}})
        assert (await told(house, "red"))["message"].startswith("the same objects are matched by any")
    await house.edit(SAMPLE, {"metadata": {"labels": {"c": None}, "finalizers": None}})
    await house.delete(SAMPLE)
    async with house.managed():
        assert await told(house, "red") == {}, "it was over while nobody looked"


@pytest.mark.parametrize("change", ["object", "selector", "namespace"])
@virtual_time
async def test_a_conflict_ends_with_any_of_its_sides(change: str) -> None:
    house = selecting()
    await house.namespace()
    gold = {"names": [], "labelSelector": {"matchLabels": {"tier": "gold"}}}
    await write_selector(house, "any", {"arn": role(OTHER)})
    await write_selector(house, "gold", {"arn": role(OTHER), "namespaceSelector": gold})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"labels": {"tier": "gold"}}})
        assert await told(house, "any") != {}
        if change == "object":
            await house.edit(SAMPLE, {"metadata": {"annotations": {DELETION_POLICY: "retain"}}})
            await house.delete(SAMPLE)
        elif change == "selector":
            narrower = {"spec": {"namespaceSelector": {"names": ["elsewhere"]}}}
            await house.api.patch(SELECTORS, None, "gold", narrower)
        else:
            await house.api.patch(NAMESPACES, None, "default", {"metadata": {"labels": {"tier": None}}})
        assert await told(house, "any") == await told(house, "gold") == {}
        if change != "object":
            await house.synced(SAMPLE)


@virtual_time
async def test_what_another_process_tells_stays() -> None:
    """One that looks at other namespaces sees conflicts of its own."""
    house = selecting()
    await house.namespace()
    await write_selector(house, "any", {"arn": role(OTHER)})
    theirs = {"type": "s3.services.k8s.aws/Conflict", "status": "True", "message": "in another namespace"}
    async with house.managed():
        assert await told(house, "any") == {}
        await house.api.patch(SELECTORS, None, "any", {"status": {"conditions": [theirs]}}, subresource="status")
        await house.create(SAMPLE)
        assert await told(house, "any") == theirs


class Refusing(MemoryApi):
    """Statuses of selectors can't be written at first."""

    def __init__(self, *errors: ApiError) -> None:
        super().__init__()
        self.errors = list(errors)

    async def patch(self, resource: Resource, *args: Any, **options: Any) -> Object:
        if resource == SELECTORS and self.errors:
            raise self.errors.pop()
        return await super().patch(resource, *args, **options)


@virtual_time
async def test_selectors_are_told_when_the_api_server_is_back() -> None:
    away, changed = Unreachable(503, "ServiceUnavailable", "away"), Conflict(409, "Conflict", "it changed")
    house = House(options=SELECTING, api=Refusing(away, changed))
    house.api.register(SELECTORS)
    await house.namespace()
    for name in ("a", "b"):
        await write_selector(house, name, {"arn": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await asyncio.sleep(A_MOMENT)
        assert await told(house, "a") != {}
        assert await told(house, "b") != {}


@virtual_time
async def test_without_a_right_to_their_status_all_else_goes_on() -> None:
    house = House(options=SELECTING, api=Refusing(*[Forbidden(403, "Forbidden", "no right")] * 100))
    house.api.register(SELECTORS)
    await house.namespace()
    for name in ("a", "b"):
        await write_selector(house, name, {"arn": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        assert await told(house, "a") == {}
        await house.api.delete(SELECTORS, None, "b")
        await house.synced(SAMPLE)


@virtual_time
async def test_labels_of_the_namespace_choose() -> None:
    house = selecting()
    await house.namespace()
    by_label = {"names": [], "labelSelector": {"matchLabels": {"tier": "gold"}}}
    await write_selector(house, "gold", {"arn": role(OTHER), "namespaceSelector": by_label})
    await write_selector(house, "invalid", {"arn": "nonsense"})
    await house.api.patch(NAMESPACES, None, "default", {"metadata": {"labels": {"tier": "gold"}}})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        assert accounts(house) == {OTHER}
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"labels": {"tier": None}}})
        message = condition(await shown(house), "ACK.Terminal")["message"]
        assert message == MESSAGES["errors"]["account_drift"] % (OTHER, ACCOUNT)


@virtual_time
async def test_nothing_is_done_until_the_selectors_are_known() -> None:
    """Their CRD isn't there: whose role would it be?"""
    house = House(options=SELECTING)
    await house.namespace()
    async with house.managed():
        await house.create(SAMPLE)
        obj = await shown(house)
        assert condition(obj, "ACK.ResourceSynced")["message"] == MESSAGES["iam_role_unavailable"]
        assert house.simulator.calls == []
        house.api.register(SELECTORS)
        await house.synced(SAMPLE)
    assert accounts(house) == {ACCOUNT}

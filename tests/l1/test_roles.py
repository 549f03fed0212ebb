"""Roles by account, team and selector, by a manager between the in-memory API and the simulator."""

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ackpy.controller.options import NAMESPACE_SECONDS, ROLE_SECONDS, Options
from ackpy.controller.role_sources import ACCOUNT_MAP, SELECTORS, TEAM_MAP
from ackpy.controller.subject import ADOPTION_POLICY, DEFAULT_REGION, DELETION_POLICY
from ackpy.kube import Forbidden, Object, Page, Resource
from ackpy.plan.roles import OWNER_ACCOUNT, TEAM
from tests.kit.contract import contract
from tests.kit.house import House
from tests.kit.memory_api import CONFIG_MAPS, NAMESPACES, MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.world import ACCOUNT, REGION, condition
from tests.l1.params import ALL

OTHER, THIRD = "222222222222", "333333333333"
MESSAGES = contract("common")["messages"]
OPTIONS = Options(region=REGION, version="test")
SELECTING = replace(OPTIONS, carm=False, feature_gates=frozenset({"IAMRoleSelector"}))
SAMPLE = next(sample for kind, sample in ALL if kind.label == "s3/Bucket" and "annotations" not in sample["metadata"])
A_MOMENT = 2.0


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    """The manager freezes what it has loaded; the tests of a session share their process."""
    yield
    gc.unfreeze()


def role(account: str, name: str = "ackpy") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


async def write_map(house: House, name: str, **roles: str) -> None:
    data = {key.removeprefix("_"): value for key, value in roles.items()}
    body = {"metadata": {"name": name, "namespace": "ack-system"}, "data": data}
    await house.api.create(CONFIG_MAPS, "ack-system", body)


async def write_selector(house: House, name: str, spec: dict[str, Any]) -> Object:
    return await house.api.create(SELECTORS, None, {"metadata": {"name": name}, "spec": spec})


def selecting(options: Options = SELECTING) -> House:
    house = House(options=options)
    house.api.register(SELECTORS)
    return house


def accounts(house: House) -> set[str]:
    """The accounts that were called."""
    return {call.account for call in house.simulator.calls}


async def shown(house: House) -> Object:
    """The object, a moment later."""
    await asyncio.sleep(A_MOMENT)
    obj = await house.get(SAMPLE)
    assert obj is not None
    return obj


async def is_refused(house: House, says: str) -> None:
    obj = await shown(house)
    assert says in condition(obj, "ACK.Terminal")["message"]
    assert condition(obj, "ACK.ResourceSynced")["status"] == "False"
    assert house.simulator.calls == []
    assert not obj["metadata"].get("finalizers")


@virtual_time
async def test_a_resource_is_made_in_the_namespace_s_account() -> None:
    house = House()
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        obj = await house.synced(SAMPLE)
        assert accounts(house) == {OTHER}
        assert obj["status"]["ackResourceMetadata"]["ownerAccountID"] == OTHER
        there = house.simulator.call("s3", "ListBuckets", {}, account=OTHER)["Buckets"]
        assert [bucket["Name"] for bucket in there] == [SAMPLE["spec"]["name"]]
        assert house.simulator.call("s3", "ListBuckets", {}, account=ACCOUNT)["Buckets"] == []
        await house.delete(SAMPLE)
        await asyncio.sleep(A_MOMENT)
        assert await house.get(SAMPLE) is None
    assert house.resources() == 0


@pytest.mark.parametrize("options", [OPTIONS, replace(OPTIONS, namespaces=("default", "other"))])
@virtual_time
async def test_what_the_namespace_said_a_moment_ago_counts(options: Options) -> None:
    """The watch of namespaces lags behind, or isn't there."""
    house = House(options=options)
    await house.namespace()
    await house.namespace("other")
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed() as manager:
        await asyncio.sleep(A_MOMENT)
        manager._namespaces._informer._apply = lambda *_: None  # type: ignore[method-assign]  # the lag
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": {OWNER_ACCOUNT: OTHER}}})
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
    assert accounts(house) == {OTHER}


@virtual_time
async def test_a_missing_role_is_told_and_waited_for() -> None:
    house = House()
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    async with house.managed():
        await house.create(SAMPLE)
        obj = await shown(house)
        for name in ("ACK.ResourceSynced", "Ready"):
            one = condition(obj, name)
            assert (one["status"], one["message"]) == ("False", MESSAGES["iam_role_unavailable"])
            assert one["reason"] == f"the ConfigMap ack-system/{ACCOUNT_MAP} isn't there, or can't be read"
        assert condition(obj, "ACK.Terminal") == {}
        assert "ackResourceMetadata" not in obj["status"]
        writes = len(house.api.writes)
        await asyncio.sleep(3 * ROLE_SECONDS)
        assert len(house.api.writes) == writes
        assert house.simulator.calls == []
        await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
        obj = await shown(house)
        assert condition(obj, "ACK.ResourceSynced")["status"] == "True", "it wakes when the role comes"
    assert accounts(house) == {OTHER}


@virtual_time
async def test_an_object_without_a_role_can_be_let_go() -> None:
    house = House()
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        await house.api.delete(CONFIG_MAPS, "ack-system", ACCOUNT_MAP)
        await asyncio.sleep(A_MOMENT)
        await house.delete(SAMPLE)
        assert (await shown(house))["metadata"]["finalizers"]
        await house.edit(SAMPLE, {"metadata": {"annotations": {DELETION_POLICY: "retain"}}})
        await asyncio.sleep(A_MOMENT)
        assert await house.get(SAMPLE) is None
    assert house.resources() == 1


@virtual_time
async def test_a_changed_map_takes_effect_at_once() -> None:
    house = House()
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": "nonsense"})
    async with house.managed():
        await house.create(SAMPLE)
        await is_refused(house, f"ack-system/{ACCOUNT_MAP} says 'nonsense'")
        await house.api.patch(CONFIG_MAPS, "ack-system", ACCOUNT_MAP, {"data": {OTHER: role(OTHER)}})
        assert condition(await shown(house), "ACK.ResourceSynced")["status"] == "True"


@pytest.mark.parametrize(
    ("gates", "account"), [({"TeamLevelCARM"}, THIRD), (set(), OTHER), ({"ServiceLevelCARM"}, OTHER)]
)
@virtual_time
async def test_gates(gates: set[str], account: str) -> None:
    house = House(options=replace(OPTIONS, feature_gates=frozenset(gates)))
    await house.namespace(**{OWNER_ACCOUNT: OTHER, TEAM: "blue"})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER), f"s3.{OTHER}": role(OTHER, "s3")})
    await write_map(house, TEAM_MAP, blue=role(THIRD))
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
    assert accounts(house) == {account}
    assert house.aws.roles == {role(OTHER, "s3") if "ServiceLevelCARM" in gates else role(account)}


@pytest.mark.parametrize(
    "options", [replace(OPTIONS, carm=False), replace(OPTIONS, namespaces=("default",)), SELECTING]
)
@virtual_time
async def test_nothing_is_made_in_our_account_for_another_s_namespace(options: Options) -> None:
    house = selecting(options)
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await is_refused(house, f"the namespace default belongs to account {OTHER}")


@virtual_time
async def test_a_resource_does_not_move_to_another_account() -> None:
    house = House()
    await house.namespace()
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        calls = len(house.simulator.calls)
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": {OWNER_ACCOUNT: OTHER}}})
        obj = await shown(house)
        assert condition(obj, "ACK.Terminal")["message"] == MESSAGES["errors"]["account_drift"] % (ACCOUNT, OTHER)
        assert obj["status"]["ackResourceMetadata"]["ownerAccountID"] == ACCOUNT
    assert len(house.simulator.calls) == calls


@virtual_time
async def test_a_resource_stays_when_its_namespace_says_nothing_any_more() -> None:
    house = House()
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": {OWNER_ACCOUNT: None}}})
        assert condition(await shown(house), "ACK.ResourceSynced")["status"] == "True"
    assert accounts(house) == {OTHER}


@virtual_time
async def test_what_was_never_made_may_go_elsewhere() -> None:
    house = House()
    await house.namespace()
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE, annotations={ADOPTION_POLICY: "adopt"})
        assert (await shown(house))["status"]["ackResourceMetadata"]["ownerAccountID"] == ACCOUNT
        await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": {OWNER_ACCOUNT: OTHER}}})
        await house.edit(SAMPLE, {"metadata": {"annotations": {ADOPTION_POLICY: None}}})
        await house.synced(SAMPLE)
    made = [call.account for call in house.simulator.calls if call.operation == "CreateBucket"]
    assert made == [OTHER]


class Reserved(MemoryApi):
    """There is no right to one resource."""

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self.reserved = resource

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        self._check(resource)
        return await super().get(resource, namespace, name)

    async def list(self, resource: Resource, *args: Any, **options: Any) -> Page:
        self._check(resource)
        return await super().list(resource, *args, **options)

    def _check(self, resource: Resource) -> None:
        if resource == self.reserved:
            raise Forbidden(403, "Forbidden", f"{resource.plural} is forbidden")


@virtual_time
async def test_without_a_right_to_the_maps_all_else_goes_on() -> None:
    house = House(api=Reserved(CONFIG_MAPS))
    await house.namespace()
    await house.namespace("theirs", **{OWNER_ACCOUNT: OTHER})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        await house.create(SAMPLE, "theirs")
        await asyncio.sleep(A_MOMENT)
        obj = await house.get(SAMPLE, "theirs")
        assert obj is not None
        assert condition(obj, "ACK.ResourceSynced")["message"] == MESSAGES["iam_role_unavailable"]
    assert accounts(house) == {ACCOUNT}


# IAMRoleSelector


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


# --watch-namespace


@virtual_time
async def test_named_namespaces_say_the_same() -> None:
    house = House(options=replace(OPTIONS, namespaces=("default", "later")))
    await house.namespace(**{OWNER_ACCOUNT: OTHER, DEFAULT_REGION: "eu-central-1"})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        assert {(call.account, call.region) for call in house.simulator.calls} == {(OTHER, "eu-central-1")}
        await house.delete(SAMPLE)
        await asyncio.sleep(A_MOMENT)
        await house.create(SAMPLE, "later")
        await asyncio.sleep(A_MOMENT)
        calls = len(house.simulator.calls)
        await house.namespace("later", **{DEFAULT_REGION: "eu-west-1"})
        await asyncio.sleep(2 * NAMESPACE_SECONDS)
        await house.synced(SAMPLE, "later")
    assert {(call.account, call.region) for call in house.simulator.calls[calls:]} == {(ACCOUNT, "eu-west-1")}


@virtual_time
async def test_a_namespace_that_may_not_be_read_says_nothing() -> None:
    house = House(options=replace(OPTIONS, namespaces=("default",)), api=Reserved(NAMESPACES))
    await house.namespace(**{DEFAULT_REGION: "eu-central-1"})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
    assert {call.region for call in house.simulator.calls} == {REGION}

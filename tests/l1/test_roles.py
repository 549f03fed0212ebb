"""Roles by account and team, by a manager between the in-memory API and the simulator."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ackpy.controller.options import NAMESPACE_SECONDS, ROLE_SECONDS, Options
from ackpy.controller.role_sources import ACCOUNT_MAP, TEAM_MAP
from ackpy.controller.subject import ADOPTION_POLICY, DEFAULT_REGION, DELETION_POLICY
from ackpy.kube import Forbidden, Object, Page, Resource
from ackpy.plan.roles import EXTERNAL_ID, OWNER_ACCOUNT, ROLE_CHAIN, SESSION_TAGS, TEAM, Terms
from tests.kit.house import House
from tests.kit.memory_api import CONFIG_MAPS, NAMESPACES, MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.world import ACCOUNT, REGION, condition
from tests.l1.roles import (
    A_MOMENT,
    MESSAGES,
    OPTIONS,
    OTHER,
    SAMPLE,
    SELECTING,
    THIRD,
    accounts,
    role,
    selecting,
    shown,
)


async def write_map(house: House, name: str, **roles: str) -> None:
    data = {key.removeprefix("_"): value for key, value in roles.items()}
    body = {"metadata": {"name": name, "namespace": "ack-system"}, "data": data}
    await house.api.create(CONFIG_MAPS, "ack-system", body)


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


@virtual_time
async def test_a_role_is_assumed_as_its_map_says() -> None:
    house, hub = House(), role(THIRD, "hub")
    await house.namespace(**{OWNER_ACCOUNT: OTHER})
    await write_map(house, ACCOUNT_MAP, **{f"_{OTHER}": role(OTHER)})

    async def says(**annotations: str) -> None:
        await house.api.patch(CONFIG_MAPS, "ack-system", ACCOUNT_MAP, {"metadata": {"annotations": annotations}})

    await says(**{SESSION_TAGS: "team={namespace}", ROLE_CHAIN: hub, EXTERNAL_ID: "x"})
    async with house.managed():
        await house.create(SAMPLE)
        await house.synced(SAMPLE)
        assert house.aws.terms == {Terms("x", (("team", "default"),), (hub,))}
        await says(**{SESSION_TAGS: "team"})
        assert f"{SESSION_TAGS} has 'team': write" in condition(await shown(house), "ACK.Terminal")["message"]


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

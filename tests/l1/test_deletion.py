"""Objects whose account is gone: the way out that docs/deletion.md gives, without a call to AWS."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.controller.subject import DELETION_POLICY
from ackpy.kinds.model import Kind
from ackpy.kube import Object
from tests.kit.house import House
from tests.kit.memory_api import NAMESPACES
from tests.kit.scene import Scene
from tests.kit.virtual_time import virtual_time
from tests.kit.world import condition
from tests.l1.params import each_sample
from tests.l1.roles import A_MOMENT, OTHER

REFUSED = "The security token included in the request is invalid."


@dataclass
class ClosedAccount:
    """AWS, where nobody is let in any more."""

    calls: list[str] = field(default_factory=list)

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        raise AwsError(service, operation, "InvalidClientTokenId", REFUSED, Meaning.CREDENTIALS, status=403)

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call(scope, service, operation, params)


@pytest.mark.parametrize("by", ["object", "namespace"])
@each_sample()
@virtual_time
async def test_an_abandoned_object_can_be_let_go(kind: Kind, sample: Object, by: str) -> None:
    house = House()
    await house.namespace()
    async with house.managed():
        await house.create(sample)
        await house.synced(sample)
    made = house.resources()
    closed = house.aws = ClosedAccount()  # type: ignore[assignment]  # another Caller
    async with house.managed():
        await house.delete(sample)
        await asyncio.sleep(600)
        obj = await house.get(sample)
        assert obj is not None
        assert kind.finalizer in obj["metadata"]["finalizers"]
        assert condition(obj, "ACK.Recoverable")["message"] == REFUSED
        assert f"{DELETION_POLICY}=retain lets the object go" in house.events.told[-1][2]
        calls = len(closed.calls)
        if by == "object":
            await house.edit(sample, {"metadata": {"annotations": {DELETION_POLICY: "retain"}}})
        else:
            says = {f"{kind.service.alias}.services.k8s.aws/deletion-policy": "retain"}
            await house.api.patch(NAMESPACES, None, "default", {"metadata": {"annotations": says}})
        await asyncio.sleep(A_MOMENT)
        assert await house.get(sample) is None
    assert len(closed.calls) == calls
    assert house.resources() == made


@each_sample()
async def test_a_controller_of_another_account_lets_go(kind: Kind, sample: Object) -> None:
    scene = Scene(kind, sample)
    await scene.make()
    scene.world.account = OTHER
    scene.world.restart()
    since = scene.mark()
    await scene.delete()
    await scene.settle()
    assert "Resource already exists in account" in (await scene.condition("ACK.Terminal"))["message"]
    await scene.annotate({DELETION_POLICY: "retain"})
    await scene.settle()
    assert await scene.world.get(kind, scene.name) is None
    assert scene.aws_calls(since) == []
    assert scene.aws() != {}

"""An AWS that admits few calls: all converges, little is refused, and what a user does now is done now."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest

from ackpy.aws.call import ADMISSIONS, AwsCaller, CallRecord, Hook
from ackpy.aws.clients import Clients
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.kube import Object
from ackpy.sandbox.simulator import AwsFault
from ackpy.sandbox.simulator import Call as AwsCall
from tests.kit.aws import SimulatedClients
from tests.kit.house import House, clock, variants
from tests.kit.virtual_time import virtual_time
from tests.kit.world import ACCOUNT, REGION
from tests.l1.params import ALL

ADMITTED = 10.0
"""Calls a second."""
OBJECTS = 500
LEARNT_SECONDS = 60.0
AT_ONCE_SECONDS = 2.0
ANSWER_SECONDS = 0.02


@dataclass
class Gate:
    """What AWS admits: a second's worth at once, and then evenly."""

    tokens: float = ADMITTED
    at: float = 0.0

    def __call__(self, _call: AwsCall) -> None:
        now = clock()
        self.tokens, self.at = min(ADMITTED, self.tokens + ADMITTED * (now - self.at)), now
        if self.tokens < 1:
            raise AwsFault("ThrottlingException", "Rate exceeded")
        self.tokens -= 1


def limited(house: House, admits: Callable[[AwsCall], None], hooks: tuple[Hook, ...] = ()) -> AwsCaller:
    """The real caller, of the house's AWS."""
    house.simulator.before_call.append(admits)
    return AwsCaller(cast("Clients", SimulatedClients(house.simulator, ANSWER_SECONDS)), hooks=hooks)


@virtual_time
async def test_five_hundred_objects_converge_where_ten_calls_a_second_are_admitted() -> None:
    house, records = House(), list[tuple[float, CallRecord]]()
    await house.namespace()
    sample = next(sample for _, sample in ALL if sample["metadata"]["name"] == "ack-sqs-queue")
    objects = variants(sample, OBJECTS)
    aws = limited(house, Gate(), hooks=(lambda record: records.append((clock(), record)),))
    async with house.managed(aws):
        begin, first = clock(), objects[0]
        for one in objects:
            await house.create(one)
        await house.synced(first)
        took = []
        for seconds in range(100, 110):  # while the others are made
            await asyncio.sleep(LEARNT_SECONDS / 5)
            took.append(await edited(house, first, str(seconds)))
        assert len(resources(house)) < OBJECTS
        for one in objects:
            await house.synced(one)
        took.append(await edited(house, first, "90"))
    assert len(resources(house)) == OBJECTS
    learnt = [record for at, record in records if at > begin + LEARNT_SECONDS]
    throttled = [one for one in learnt if one.error and one.error.meaning is Meaning.THROTTLED]
    assert len(throttled) <= len(learnt) / 20
    assert max(took) <= AT_ONCE_SECONDS


def resources(house: House) -> list[AwsCall]:
    return [call for call in house.simulator.calls if call.operation == "CreateQueue" and call.answer]


async def edited(house: House, sample: Object, value: str) -> float:
    """Seconds until a user's edit is in AWS."""
    begin, before = clock(), len(house.simulator.calls)
    await house.edit(sample, {"spec": {"visibilityTimeout": value}})
    async with asyncio.timeout(600):
        while not any(  # noqa: ASYNC110 (AWS is asked)
            call.answer is not None and call.params.get("Attributes", {}).get("VisibilityTimeout") == value
            for call in house.simulator.calls[before:]
        ):
            await asyncio.sleep(0.01)
    return clock() - begin


@virtual_time
async def test_who_is_never_admitted_is_told_so() -> None:
    house, records = House(), list[CallRecord]()
    await house.namespace()

    def closed(_call: AwsCall) -> None:
        raise AwsFault("ThrottlingException", "Rate exceeded")

    aws = limited(house, closed, hooks=(records.append,))
    scope = Scope(ACCOUNT, "aws", REGION)
    with pytest.raises(AwsError, match="Rate exceeded"):
        await aws.call(scope, "sqs", "CreateQueue", {"QueueName": "q"})
    assert len(records) == ADMISSIONS

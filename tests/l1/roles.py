"""What the tests of roles and of selectors share."""

import asyncio
from dataclasses import replace

from ackpy.controller.options import Options
from ackpy.controller.role_sources import SELECTORS
from ackpy.kube import Object
from tests.kit.contract import contract
from tests.kit.house import House
from tests.kit.world import REGION
from tests.l1.params import ALL

OTHER, THIRD = "222222222222", "333333333333"
MESSAGES = contract("common")["messages"]
OPTIONS = Options(region=REGION, version="test")
SELECTING = replace(OPTIONS, carm=False, feature_gates=frozenset({"IAMRoleSelector"}))
SAMPLE = next(sample for kind, sample in ALL if kind.label == "s3/Bucket" and "annotations" not in sample["metadata"])
A_MOMENT = 2.0


def role(account: str, name: str = "ackpy") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


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

"""The same scenarios through each door: in process, over HTTP by botocore, and moto where it does as AWS does."""

from __future__ import annotations

import asyncio

import pytest
from moto import mock_aws

from ackpy.sandbox.simulator import ManualClock, Simulator
from ackpy.sandbox.simulator.bridge import serving
from ackpy.sandbox.simulator.server import Front
from tests.simulator.autoscaling_scenarios import AUTOSCALING
from tests.simulator.doors import by_botocore, in_process
from tests.simulator.dynamodb_scenarios import DYNAMODB
from tests.simulator.ecr_scenarios import ECR
from tests.simulator.kms_scenarios import KMS
from tests.simulator.lambda_scenarios import LAMBDA
from tests.simulator.s3_access_scenarios import S3_ACCESS
from tests.simulator.s3_scenarios import S3
from tests.simulator.scenarios import Scenario, run
from tests.simulator.sns_scenarios import SNS
from tests.simulator.sqs_scenarios import SQS
from tests.simulator.stepfunctions_scenarios import STEPFUNCTIONS

ALL = [*AUTOSCALING, *DYNAMODB, *ECR, *KMS, *LAMBDA, *S3, *S3_ACCESS, *SNS, *SQS, *STEPFUNCTIONS]
MOTO = [scenario for scenario in ALL if not scenario.not_moto]
NOT_MOTO = [scenario for scenario in ALL if scenario.not_moto]


def _named(scenario: Scenario) -> str:
    return f"{scenario.service} {scenario.name}"


@pytest.mark.parametrize("scenario", ALL, ids=_named)
def test_in_process(scenario: Scenario) -> None:
    clock = ManualClock()
    run(scenario, in_process(Simulator(clock=clock)), clock.advance)


async def test_over_http() -> None:
    for scenario in ALL:
        clock = ManualClock()
        async with serving(Front(Simulator(clock=clock))) as url:
            await asyncio.to_thread(run, scenario, by_botocore(url), clock.advance)


@pytest.mark.parametrize("scenario", MOTO, ids=_named)
def test_moto_agrees(scenario: Scenario) -> None:
    with mock_aws():
        run(scenario, by_botocore())


@pytest.mark.parametrize("scenario", NOT_MOTO, ids=_named)
def test_moto_still_differs(scenario: Scenario) -> None:
    """A scenario that moto has learnt loses its reason."""
    with mock_aws(), pytest.raises((AssertionError, NotImplementedError)):
        run(scenario, by_botocore())

"""The doors to AWS that scenarios go through."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID

from ackpy.sandbox.simulator import AwsFault, Simulator
from tests.simulator.scenarios import CallAws, Params, Refused

# moto has this account only, and queues' URLs name it.
ACCOUNT: str = DEFAULT_ACCOUNT_ID


def in_process(simulator: Simulator, account: str = ACCOUNT) -> CallAws:
    def call(service: str, operation: str, params: Params) -> Params:
        try:
            return simulator.call(service, operation, params, account=account)
        except AwsFault as fault:
            # A HEAD has no body, so clients can't see more than the status.
            raise Refused(str(fault.status) if operation.startswith("Head") else fault.code) from fault

    return call


def by_botocore(url: str | None = None, account: str = ACCOUNT) -> CallAws:
    session = botocore.session.get_session()
    session.set_credentials(account, "secret")
    # The server judges the input, not the client; and no retry hides what it said.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    clients: dict[str, Any] = {
        service: session.create_client(service, region_name="us-east-1", endpoint_url=url, config=config)
        for service in (
            "application-autoscaling",
            "dynamodb",
            "ecr",
            "kms",
            "lambda",
            "s3",
            "sns",
            "sqs",
            "stepfunctions",
        )
    }

    def call(service: str, operation: str, params: Params) -> Params:
        client = clients[service]
        try:
            answer: Params = client._make_api_call(operation, params)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"]) from error
        del answer["ResponseMetadata"]
        return answer

    return call

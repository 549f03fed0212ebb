"""What Step Functions does with activities and state machines."""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

_ARN = "arn:aws:states:us-east-1:123456789012:"
MACHINE = f"{_ARN}stateMachine:m"
ACTIVITY = f"{_ARN}activity:a"
_DEFINITION = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
_OTHER = json.dumps({"StartAt": "T", "States": {"T": {"Type": "Succeed"}}})
_ROLE = "arn:aws:iam::123456789012:role/r"
_MADE: Params = {"name": "m", "definition": _DEFINITION, "roleArn": _ROLE}


def machine(operation: str, answer: Params | None = None, *, code: str = "", **params: Any) -> Step:
    return Step(operation, {"stateMachineArn": MACHINE, **params}, answer, code=code)


def alias(operation: str, answer: Params | None = None, *, code: str = "", **params: Any) -> Step:
    return Step(operation, {"stateMachineAliasArn": f"{MACHINE}:live", **params}, answer, code=code)


def routes(version: int) -> Params:
    return {"routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:{version}", "weight": 100}]}


def states(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a state machine named m, made first."""
    made = Step("CreateStateMachine", _MADE, {"stateMachineArn": MACHINE})
    return Scenario(name, "stepfunctions", (made, *steps), not_moto)


STEPFUNCTIONS = [
    Scenario(
        "an activity comes and goes",
        "stepfunctions",
        (
            Step("CreateActivity", {"name": "a", "tags": [{"key": "k", "value": "v"}]}, {"activityArn": ACTIVITY}),
            Step("CreateActivity", {"name": "a"}, {"activityArn": ACTIVITY}),
            Step("DescribeActivity", {"activityArn": ACTIVITY}, {"name": "a"}),
            Step("ListTagsForResource", {"resourceArn": ACTIVITY}, {"tags": [{"key": "k", "value": "v"}]}),
            Step("ListActivities", {}, {"activities": [{"activityArn": ACTIVITY}]}),
            Step("DeleteActivity", {"activityArn": ACTIVITY}),
            Step("DescribeActivity", {"activityArn": ACTIVITY}, code="ActivityDoesNotExist"),
            Step("DeleteActivity", {"activityArn": ACTIVITY}),
            Step("CreateActivity", {"name": "a b"}, code="InvalidName"),
        ),
        not_moto="moto refuses to make an activity twice",
    ),
    states(
        "a state machine is updated by members and deleted",
        machine("UpdateStateMachine", definition=_OTHER),
        machine("DescribeStateMachine", {"definition": _OTHER, "roleArn": _ROLE, "type": "STANDARD"}),
        Step("TagResource", {"resourceArn": MACHINE, "tags": [{"key": "k", "value": "v"}]}),
        Step("ListTagsForResource", {"resourceArn": MACHINE}, {"tags": [{"key": "k", "value": "v"}]}),
        machine("DeleteStateMachine"),
        machine("DescribeStateMachine", code="StateMachineDoesNotExist"),
        machine("DeleteStateMachine"),
    ),
    states(
        "made twice",
        Step("CreateStateMachine", {**_MADE, "roleArn": _ROLE + "2"}, {"stateMachineArn": MACHINE}),
        Step("CreateStateMachine", {**_MADE, "definition": _OTHER}, code="StateMachineAlreadyExists"),
        Step("CreateStateMachine", {**_MADE, "definition": "{}"}, code="InvalidDefinition"),
        Step("DescribeStateMachine", {"stateMachineArn": "m"}, code="InvalidArn"),
        not_moto="moto takes a definition without states",
    ),
    states(
        "an alias points to versions",
        machine("PublishStateMachineVersion", {"stateMachineVersionArn": f"{MACHINE}:1"}),
        machine("UpdateStateMachine", {"stateMachineVersionArn": f"{MACHINE}:2"}, definition=_OTHER, publish=True),
        Step("CreateStateMachineAlias", {"name": "live", **routes(3)}, code="ResourceNotFound"),
        Step("CreateStateMachineAlias", {"name": "live", **routes(1)}, {"stateMachineAliasArn": f"{MACHINE}:live"}),
        Step("DeleteStateMachineVersion", {"stateMachineVersionArn": f"{MACHINE}:1"}, code="ConflictException"),
        alias("UpdateStateMachineAlias", description="d", **routes(2)),
        alias("DescribeStateMachineAlias", {"name": "live", "description": "d", **routes(2)}),
        machine("ListStateMachineAliases", {"stateMachineAliases": [{"stateMachineAliasArn": f"{MACHINE}:live"}]}),
        machine("DeleteStateMachine"),
        alias("DescribeStateMachineAlias", code="ResourceNotFound"),
        not_moto="moto has neither versions nor aliases",
    ),
]

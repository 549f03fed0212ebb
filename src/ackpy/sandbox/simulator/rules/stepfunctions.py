"""What Step Functions does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html,
https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html
"""

from __future__ import annotations

import json
import re

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.verbs import list_resources
from ackpy.sandbox.simulator.world import Resource

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_ALIAS_NAME = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}")


def create_activity(request: Request) -> None:
    """Some characters can't be in a name."""
    _check_name(request)


def create_state_machine(request: Request) -> None:
    """A definition has a start and states; a new machine may have a first version at once."""
    _check_name(request)
    _check_definition(request)
    if request.params.get("publish") and not request.slot.current:
        key = f"{request.key}:1"
        made = Resource(key, request.account, request.region, request.now, request.now)
        request.other("StateMachineVersion", key).write(made, request.lags.created, request.now)
        request.answer["stateMachineVersionArn"] = f"{_arn(request, key)}"


def update_state_machine(request: Request) -> None:
    """A definition has a start and states; what is updated may become a version."""
    if "definition" in request.params:
        _check_definition(request)
    if request.params.get("publish"):
        key = _next_version(request, request.key)
        made = Resource(key, request.account, request.region, request.now, request.now)
        request.other("StateMachineVersion", key).write(made, request.lags.created, request.now)
        request.answer["stateMachineVersionArn"] = _arn(request, key)


def publish_version(request: Request) -> None:
    """Versions are counted."""
    machine = request.service.kinds["StateMachine"].named(request.params)
    if request.other("StateMachine", machine).current is None:
        raise request.fault("StateMachineDoesNotExist")
    request.named = _next_version(request, machine)


def create_alias(request: Request) -> None:
    """An alias belongs to the machine whose versions it points to."""
    if not _ALIAS_NAME.fullmatch(request.params["name"]):
        raise request.fault("ValidationException")
    request.named = f"{_routed_machine(request)}:{request.params['name']}"


def update_alias(request: Request) -> None:
    """An alias stays with its machine."""
    if "routingConfiguration" in request.params and _routed_machine(request) != request.key.partition(":")[0]:
        raise request.fault("ValidationException")


def list_aliases(request: Request) -> Answer | None:
    """Of a version, those that point to it."""
    version = request.params["stateMachineArn"]
    machine, _, number = version.rpartition(":")
    if not number.isdecimal():
        return None
    request.params["stateMachineArn"] = machine
    answer = list_resources(request)
    pointing = [
        _arn(request, alias.key)
        for alias in request.world.look("stepfunctions", "StateMachineAlias", request.now)
        if version in json.dumps(alias.parts["alias"])
    ]
    listed = answer["stateMachineAliases"]
    return {**answer, "stateMachineAliases": [one for one in listed if one["stateMachineAliasArn"] in pointing]}


def delete_version(request: Request) -> None:
    """A version that an alias points to stays."""
    for alias in request.world.look("stepfunctions", "StateMachineAlias", request.now):
        record = alias.parts["alias"]
        if request.params["stateMachineVersionArn"] in json.dumps(record):
            raise request.fault("ConflictException")


def _routed_machine(request: Request) -> str:
    """The one machine whose versions are routed to."""
    routes = request.params["routingConfiguration"]
    kind = request.service.kinds["StateMachineVersion"]
    keys = [kind.named({"stateMachineVersionArn": route["stateMachineVersionArn"]}) for route in routes]
    if sum(route["weight"] for route in routes) != 100 or len({key.partition(":")[0] for key in keys}) != 1:
        raise request.fault("ValidationException")
    if any(request.other("StateMachineVersion", key).current is None for key in keys):
        raise request.fault("ResourceNotFound")
    return keys[0].partition(":")[0]


def _next_version(request: Request, machine: str) -> str:
    """A number isn't given twice, but by a machine of the same name that was made later."""
    made, number = request.other("StateMachine", machine).current, 1
    while (slot := request.other("StateMachineVersion", f"{machine}:{number}")).current or (
        made and slot.deleted is not None and slot.deleted > made.created
    ):
        number += 1
    return f"{machine}:{number}"


def _check_name(request: Request) -> None:
    if not _NAME.fullmatch(request.key):
        raise request.fault("InvalidName")


def _check_definition(request: Request) -> None:
    try:
        definition = json.loads(request.params["definition"])
    except ValueError as error:
        raise request.fault("InvalidDefinition") from error
    if not isinstance(definition, dict) or not definition.get("StartAt") or not definition.get("States"):
        raise request.fault("InvalidDefinition")


def _arn(request: Request, key: str) -> str:
    return f"arn:aws:states:{request.region}:{request.account}:stateMachine:{key}"

"""What Lambda does with event source mappings. Called through `RULES`.

Source: https://docs.aws.amazon.com/lambda/latest/api/ (each operation's page) and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import uuid
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.lambda_names import arn, name, refuse, well_formed
from ackpy.sandbox.simulator.world import Resource, instant

_MAKING_SECONDS = 2.0
_CHANGING_SECONDS = 1.0
_DELETING_SECONDS = 2.0
_STREAMS = ("kinesis", "dynamodb")
_KAFKA = ("kafka", "self-managed")
_CREATED_ONLY = (
    "EventSourceArn", "Queues", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp", "Topics",
)  # fmt: skip
_SETTINGS = (
    "AmazonManagedKafkaEventSourceConfig", "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig",
    "FilterCriteria", "FunctionResponseTypes", "LoggingConfig", "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "ScalingConfig",
    "SelfManagedKafkaEventSourceConfig", "SourceAccessConfigurations", "TumblingWindowInSeconds",
)  # fmt: skip
_STREAM_DEFAULTS = {
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def create_mapping(request: Request) -> None:
    """A source and a function are mapped once; what isn't said depends on the source."""
    well_formed(request)
    params = request.params
    function = _function(request)
    source = _source(params)
    if (source == "self-managed") is not ("SelfManagedEventSource" in params):
        raise refuse(request, "Exactly one of EventSourceArn and SelfManagedEventSource is needed")
    if source in {*_STREAMS, *_KAFKA} and "StartingPosition" not in params:
        raise refuse(request, "StartingPosition is not valid for this event source: it is needed")
    if source not in {*_STREAMS, *_KAFKA} and "StartingPosition" in params:
        raise refuse(request, "StartingPosition is not valid for this event source")
    for there in request.world.there("lambda", "EventSourceMapping"):
        kept: Any = there.parts["mapping"]
        mine = (there.account, there.region) == (request.account, request.region)
        if mine and kept["function"] == function and _named(params) == _named(kept):
            message = f"An event source mapping already exists. Please update or delete the one with UUID {there.key}"
            raise request.fault("ResourceConflictException", message)
    request.named = str(uuid.UUID(int=request.random.getrandbits(128), version=4))
    fixed = {member: deepcopy(params[member]) for member in _CREATED_ONLY if member in params}
    mapping = _changed(request, {**fixed, **_defaults(source), "function": function, "enabled": True}, source)
    request.initial["mapping"] = mapping
    made = Resource(request.named, request.account, request.region, request.now, request.now, {"mapping": mapping})
    request.answer |= _mapping(request, made)


def get_mapping(request: Request) -> Answer:
    """A mapping, and what it is about."""
    return _mapping(request, request.there)


def update_mapping(request: Request) -> Answer:
    """One that is busy can't be changed."""
    well_formed(request)
    _idle(request)
    there: Any = request.there.parts["mapping"]
    if "FunctionName" in request.params:
        there = {**there, "function": _function(request)}
    mapping = _changed(request, there, _source(there))
    busy = request.now + _CHANGING_SECONDS
    parts = {**request.there.parts, "mapping": mapping}
    made = replace(request.there, parts=parts, modified=request.now, busy=busy)
    request.slot.write(made, request.lags.changed, request.now)
    return _mapping(request, made)


def delete_mapping(request: Request) -> Answer:
    """A mapping goes after some seconds, in which it is shown."""
    _idle(request)
    made = replace(request.there, ends=request.now + _DELETING_SECONDS)
    request.slot.write(made, request.lags.deleted, request.now)
    return _mapping(request, made)


def list_mappings(request: Request) -> Answer:
    """Those of a function, or of a source."""
    source, function = request.params.get("EventSourceArn"), name(request.params.get("FunctionName", ""))
    found = [
        _mapping(request, one)
        for one in request.world.look("lambda", "EventSourceMapping", request.now)
        if (one.account, one.region) == (request.account, request.region)
    ]
    return {
        "EventSourceMappings": [
            one
            for one in found
            if source in {None, one.get("EventSourceArn")} and function in {"", name(one["FunctionArn"])}
        ]
    }


def _function(request: Request) -> str:
    given = request.params["FunctionName"]
    function = name(given)
    if request.other("Function", function).current is None:
        raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function)}")
    return function


def _source(params: Answer) -> str:
    """The service that a source is of."""
    return str(params.get("EventSourceArn", "::self-managed")).split(":")[2]


def _named(mapping: Answer) -> list[object]:
    return [mapping.get(member) for member in ("EventSourceArn", "SelfManagedEventSource", "Topics", "Queues")]


def _defaults(source: str) -> Answer:
    batch = {"BatchSize": 10 if source == "sqs" else 100, "MaximumBatchingWindowInSeconds": 0}
    return {**batch, **(deepcopy(_STREAM_DEFAULTS) if source in _STREAMS else {})}


def _changed(request: Request, there: Answer, source: str) -> Answer:
    """A mapping with what the input has; what is empty there is taken away."""
    given = {member: deepcopy(request.params[member]) for member in _SETTINGS if member in request.params}
    result: Answer = {**there, **given, "enabled": request.params.get("Enabled", there["enabled"])}
    if not (result.get("FilterCriteria") or {}).get("Filters"):
        result.pop("FilterCriteria", None)
    for member in ("ScalingConfig", "FunctionResponseTypes", "SourceAccessConfigurations"):
        if not result.get(member):
            result.pop(member, None)
    if source in _STREAMS:
        result["DestinationConfig"] = {"OnFailure": {}, **(result.get("DestinationConfig") or {})}
    elif not any((result.get("DestinationConfig") or {}).values()):
        result.pop("DestinationConfig", None)
    alien = {"ParallelizationFactor", "BisectBatchOnFunctionError", "TumblingWindowInSeconds"} & given.keys()
    if alien and source not in _STREAMS:
        raise refuse(request, f"Unsupported parameter for this event source: {', '.join(sorted(alien))}")
    if "ScalingConfig" in result and source != "sqs":
        raise refuse(request, "ScalingConfig is for queues only")
    kafka = "SelfManaged" if source == "self-managed" else "AmazonManaged"
    if source in _KAFKA:
        config = f"{kafka}KafkaEventSourceConfig"
        made_up = str(uuid.uuid5(uuid.NAMESPACE_URL, str(_named(there))))
        group = (there.get(config) or {}).get("ConsumerGroupId", made_up)
        result[config] = {"ConsumerGroupId": group, **(result.get(config) or {})}
        if config in there and result[config]["ConsumerGroupId"] != group:
            raise refuse(request, "The consumer group of an event source mapping can't be changed.")
    return result


def _idle(request: Request) -> None:
    there = request.there
    if there.ends is not None or request.now < max(there.created + _MAKING_SECONDS, there.busy):
        raise request.fault("ResourceInUseException")


def _mapping(request: Request, found: Resource) -> Answer:
    kept: Any = deepcopy(found.parts["mapping"])
    enabled, function = kept.pop("enabled"), kept.pop("function")
    state = "Enabled" if enabled else "Disabled"
    if found.ends is not None:
        state = "Deleting"
    elif request.now < found.created + _MAKING_SECONDS:
        state = "Creating"
    elif request.now < found.busy:
        state = "Updating"
    return {
        **kept,
        "EventSourceMappingArn": f"arn:aws:lambda:{found.region}:{found.account}:event-source-mapping:{found.key}",
        "FunctionArn": arn(request, function),
        "LastModified": instant(found.modified),
        "LastProcessingResult": "No records processed",
        "State": state,
        "StateTransitionReason": "USER_INITIATED",
        "UUID": found.key,
    }


RULES = {
    "CreateEventSourceMapping": create_mapping,
    "DeleteEventSourceMapping": delete_mapping,
    "GetEventSourceMapping": get_mapping,
    "ListEventSourceMappings": list_mappings,
    "UpdateEventSourceMapping": update_mapping,
}

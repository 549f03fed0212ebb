"""What Application Auto Scaling does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/ (each operation's page) and
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, instant

_INVALID = "ValidationException"
_SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
# The services that Auto Scaling scales with a role of their own, by the last word of its name; the rest need one.
_LINKED = {
    "appstream": "AppStreamFleet",
    "cassandra": "CassandraTable",
    "comprehend": "ComprehendEndpoint",
    "custom-resource": "CustomResource",
    "dynamodb": "DynamoDBTable",
    "ec2": "EC2SpotFleetRequest",
    "ecs": "ECSService",
    "elasticache": "ElastiCacheRG",
    "kafka": "KafkaCluster",
    "lambda": "LambdaConcurrency",
    "neptune": "NeptuneCluster",
    "rds": "RDSCluster",
    "sagemaker": "SageMakerEndpoint",
    "workspaces": "WorkSpacesPool",
}
_CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
}
_LABELLED = "ALBRequestCountPerTarget"


def register(request: Request) -> Answer | None:
    """A target is registered, or changed in what is given."""
    params, there = request.params, request.slot.current
    namespace = params["ServiceNamespace"]
    if params["ScalableDimension"].split(":")[0] != namespace:
        raise request.fault(
            _INVALID, f"Unsupported service namespace, resource type or scalable dimension: {namespace}"
        )
    old: Any = there.parts["target"] if there else {}
    given = {name: params[name] for name in ("MinCapacity", "MaxCapacity", "RoleARN") if name in params}
    target = {**old, **given}
    for name in ("MinCapacity", "MaxCapacity"):
        if name not in target:
            raise request.fault(_INVALID, f"{name} is required to register a scalable target")
    if not 0 <= target["MinCapacity"] <= target["MaxCapacity"]:
        raise request.fault(_INVALID, "Maximum capacity cannot be less than minimum capacity, nor that less than 0")
    if namespace in _LINKED:
        path = f"aws-service-role/{namespace}.application-autoscaling.amazonaws.com"
        name = f"AWSServiceRoleForApplicationAutoScaling_{_LINKED[namespace]}"
        target["RoleARN"] = f"arn:aws:iam::{request.account}:role/{path}/{name}"
    elif "RoleARN" not in target:
        raise request.fault(_INVALID, "Role ARN is required for this service namespace")
    if "SuspendedState" in params or not there:
        target["SuspendedState"] = {**dict.fromkeys(_SUSPENDED, False), **params.get("SuspendedState", {})}
    target["ScalableTargetARN"] = old.get("ScalableTargetARN") or (
        f"arn:aws:application-autoscaling:{request.region}:{request.account}:scalable-target/{_some(request, 44)}"
    )
    _write(request, "target", target)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def describe_targets(request: Request) -> Answer:
    """The targets of a namespace: those that are named, or all."""
    wanted = request.params.get("ResourceIds")
    found = [
        {**target, **named, "CreationTime": instant(resource.created)}
        for resource, named, target in _of_namespace(request, "ScalableTarget", "target")
        if not wanted or named["ResourceId"] in wanted
    ]
    return {"ScalableTargets": found}


def put_policy(request: Request) -> Answer:
    """A policy is put, or changed in what is given."""
    params, there = request.params, request.slot.current
    target = "|".join(params[name] for name in request.service.kinds["ScalableTarget"].compound)
    if request.other("ScalableTarget", target).current is None:
        message = f"No scalable target registered for service namespace: {params['ServiceNamespace']}"
        raise request.fault("ObjectNotFoundException", f"{message}, resource ID: {params['ResourceId']}")
    old: Any = there.parts["policy"] if there else {}
    kind = params.get("PolicyType") or old.get("PolicyType", "StepScaling")
    member = _CONFIGURATIONS.get(kind, "")
    other = next(name for name in _CONFIGURATIONS.values() if name != member)
    if not member or other in params:
        raise request.fault(_INVALID, f"The configuration doesn't go with the policy type {kind}")
    if not (configuration := params.get(member) or old.get(member)):
        raise request.fault(_INVALID, f"{member} is required for the policy type {kind}")
    check = _check_steps if kind == "StepScaling" else _check_tracking
    check(request, configuration)
    policy: Answer = {"PolicyType": kind, member: configuration}
    policy["PolicyARN"] = old.get("PolicyARN") or _policy_arn(request)
    policy["Alarms"] = [] if kind == "StepScaling" else _alarms(request, policy["PolicyARN"])
    _write(request, "policy", policy)
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def describe_policies(request: Request) -> Answer:
    """The policies of a namespace: those that are named, of the resource that is named, or all."""
    params = request.params
    found = [
        {**policy, **named, "CreationTime": instant(resource.created)}
        for resource, named, policy in _of_namespace(request, "ScalingPolicy", "policy")
        if named["ResourceId"] == params.get("ResourceId", named["ResourceId"])
        and (not params.get("PolicyNames") or named["PolicyName"] in params["PolicyNames"])
    ]
    return {"ScalingPolicies": found}


def _of_namespace(request: Request, kind: str, part: str) -> Iterator[tuple[Resource, Answer, Any]]:
    """What readers see of a kind in a namespace, and of a dimension if one is given: with its names, and its record."""
    for resource in request.world.look(request.service.name, kind, request.now):
        names = request.service.kinds[kind].compound
        named = dict(zip(names, resource.key.split("|", len(names) - 1), strict=True))
        if (
            (resource.account, resource.region) == (request.account, request.region)
            and named["ServiceNamespace"] == request.params["ServiceNamespace"]
            and named["ScalableDimension"] == request.params.get("ScalableDimension", named["ScalableDimension"])
        ):
            yield resource, named, resource.parts[part]


def _write(request: Request, part: str, record: Answer) -> None:
    """Make the resource, or change it."""
    there, now = request.slot.current, request.now
    if there:
        changed = replace(there, parts={part: record}, modified=now)
        request.slot.write(changed, request.lags.changed, now)
    else:
        made = Resource(request.key, request.account, request.region, now, now, {part: record})
        request.slot.write(made, request.lags.created, now)


def _check_steps(request: Request, configuration: Mapping[str, Any]) -> None:
    """Steps neither overlap nor leave gaps, and at most one is open at either end."""
    steps = configuration.get("StepAdjustments")
    if not steps or "AdjustmentType" not in configuration:
        raise request.fault(_INVALID, "AdjustmentType and StepAdjustments are required")
    relative = configuration["AdjustmentType"] == "PercentChangeInCapacity"
    if "MinAdjustmentMagnitude" in configuration and not relative:
        raise request.fault(_INVALID, "MinAdjustmentMagnitude goes with PercentChangeInCapacity only")
    bounds = sorted(
        (step.get("MetricIntervalLowerBound", -inf), step.get("MetricIntervalUpperBound", inf)) for step in steps
    )
    if any(low >= high for low, high in bounds):
        raise request.fault(_INVALID, "The lower bound of a step must be less than its upper bound")
    if any(one[1] != following[0] for one, following in pairwise(bounds)):
        raise request.fault(_INVALID, "The step adjustments have gaps, or overlap")


def _check_tracking(request: Request, configuration: Mapping[str, Any]) -> None:
    """One metric is tracked."""
    predefined = configuration.get("PredefinedMetricSpecification")
    if bool(predefined) == bool(configuration.get("CustomizedMetricSpecification")):
        raise request.fault(_INVALID, "Exactly one of a predefined and a customized metric must be given")
    if predefined:
        kind, namespace = predefined["PredefinedMetricType"], request.params["ServiceNamespace"]
        if kind.startswith("ECS") and namespace != "ecs":
            raise request.fault(_INVALID, f"The metric {kind} isn't one of the namespace {namespace}")
        if (kind == _LABELLED) != ("ResourceLabel" in predefined):
            raise request.fault(_INVALID, f"A resource label goes with {_LABELLED}, and only with it")


def _policy_arn(request: Request) -> str:
    params = request.params
    place = f"resource/{params['ServiceNamespace']}/{params['ResourceId']}:policyName/{params['PolicyName']}"
    return f"arn:aws:autoscaling:{request.region}:{request.account}:scalingPolicy:{_some(request, 128)}:{place}"


def _alarms(request: Request, arn: str) -> list[Answer]:
    """The two alarms that AWS makes to track a target; their ids are the policy's own here, so they come back."""
    named = f"TargetTracking-{request.params['ResourceId']}"
    names = [f"{named}-Alarm{end}-{uuid5(NAMESPACE_URL, arn + end)}" for end in ("High", "Low")]
    place = f"arn:aws:cloudwatch:{request.region}:{request.account}:alarm:"
    return [{"AlarmName": name, "AlarmARN": place + name} for name in names]


def _some(request: Request, bits: int) -> str:
    return f"{request.random.getrandbits(bits):0{bits // 4}x}"


RULES: Mapping[str, Callable[[Request], Answer | None]] = {
    "DescribeScalableTargets": describe_targets,
    "DescribeScalingPolicies": describe_policies,
    "PutScalingPolicy": put_policy,
    "RegisterScalableTarget": register,
}

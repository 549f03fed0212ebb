"""What Application Auto Scaling does, as steps.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/ (each operation's page).
"""

from __future__ import annotations

from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

NAMED: Params = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/default/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
_CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
_TRACKING = {"TargetValue": 75.0, "PredefinedMetricSpecification": _CPU}
_STEPS = [
    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 15.0, "ScalingAdjustment": 10},
    {"MetricIntervalLowerBound": 15.0, "ScalingAdjustment": 25},
]
_STEP = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": _STEPS}


def target(operation: str, answer: Params | None = None, *, code: str = "", **params: Any) -> Step:
    return Step(operation, {**NAMED, **params}, answer, code=code)


def policy(operation: str, answer: Params | None = None, *, code: str = "", **params: Any) -> Step:
    return Step(operation, {**NAMED, "PolicyName": "p", **params}, answer, code=code)


def targets(*shown: Params) -> Step:
    asked = {"ServiceNamespace": "ecs", "ResourceIds": ["service/default/web"]}
    return Step("DescribeScalableTargets", asked, {"ScalableTargets": list(shown)})


def policies(*shown: Params, **more: Any) -> Step:
    asked = {"ServiceNamespace": "ecs", "PolicyNames": ["p"], **more}
    return Step("DescribeScalingPolicies", asked, {"ScalingPolicies": list(shown)})


REGISTERED = target("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)

AUTOSCALING = [
    Scenario(
        "a target is registered, changed in what is given, and goes",
        "application-autoscaling",
        (
            targets(),
            REGISTERED,
            target("RegisterScalableTarget", MaxCapacity=8),
            targets({**NAMED, "MinCapacity": 1, "MaxCapacity": 8}),
            target("DeregisterScalableTarget"),
            targets(),
            target("DeregisterScalableTarget", code="ObjectNotFoundException"),
        ),
        not_moto="moto asks whether the service is there",
    ),
    Scenario(
        "what a target needs",
        "application-autoscaling",
        (
            target("RegisterScalableTarget", MinCapacity=1, code="ValidationException"),
            target("RegisterScalableTarget", MinCapacity=3, MaxCapacity=2, code="ValidationException"),
            target(
                "RegisterScalableTarget",
                ServiceNamespace="rds",
                MinCapacity=1,
                MaxCapacity=2,
                code="ValidationException",
            ),
            target(
                "RegisterScalableTarget",
                ServiceNamespace="elasticmapreduce",
                MinCapacity=1,
                MaxCapacity=2,
                ScalableDimension="elasticmapreduce:instancegroup:InstanceCount",
                code="ValidationException",
            ),
        ),
        not_moto="moto takes any capacities",
    ),
    Scenario(
        "a service has a role of its own, and nothing is suspended",
        "application-autoscaling",
        (
            target(
                "RegisterScalableTarget",
                MinCapacity=1,
                MaxCapacity=4,
                RoleARN="arn:aws:iam::123456789012:role/r",
                SuspendedState={"ScheduledScalingSuspended": True},
            ),
            targets(
                {
                    "RoleARN": "arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling."
                    "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
                    "SuspendedState": {
                        "DynamicScalingInSuspended": False,
                        "DynamicScalingOutSuspended": False,
                        "ScheduledScalingSuspended": True,
                    },
                }
            ),
        ),
        not_moto="moto answers the role that was given",
    ),
    Scenario(
        "a policy stands on its target, and goes with it",
        "application-autoscaling",
        (
            policy(
                "PutScalingPolicy",
                PolicyType="TargetTrackingScaling",
                code="ObjectNotFoundException",
                TargetTrackingScalingPolicyConfiguration=_TRACKING,
            ),
            REGISTERED,
            policy(
                "PutScalingPolicy",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=_TRACKING,
            ),
            policies({**NAMED, "PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": _TRACKING}),
            policies(ResourceId="service/default/other"),
            policy("PutScalingPolicy", TargetTrackingScalingPolicyConfiguration={**_TRACKING, "TargetValue": 50.0}),
            policies(
                {
                    "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0},
                }
            ),
            policy("DeleteScalingPolicy"),
            policy("DeleteScalingPolicy", code="ObjectNotFoundException"),
            policy("PutScalingPolicy", PolicyType="StepScaling", StepScalingPolicyConfiguration=_STEP),
            target("DeregisterScalableTarget"),
            policies(),
        ),
        not_moto="moto puts policies on nothing",
    ),
    Scenario(
        "what a policy needs",
        "application-autoscaling",
        (
            REGISTERED,
            policy(
                "PutScalingPolicy",
                PolicyType="StepScaling",
                code="ValidationException",
                TargetTrackingScalingPolicyConfiguration=_TRACKING,
            ),
            policy("PutScalingPolicy", PolicyType="StepScaling", code="ValidationException"),
            policy(
                "PutScalingPolicy",
                PolicyType="StepScaling",
                code="ValidationException",
                StepScalingPolicyConfiguration={**_STEP, "MinAdjustmentMagnitude": 1},
            ),
            policy(
                "PutScalingPolicy",
                PolicyType="StepScaling",
                code="ValidationException",
                StepScalingPolicyConfiguration={**_STEP, "StepAdjustments": [_STEPS[0], _STEPS[0]]},
            ),
            policy(
                "PutScalingPolicy",
                PolicyType="TargetTrackingScaling",
                code="ValidationException",
                TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0},
            ),
            policy(
                "PutScalingPolicy",
                PolicyType="TargetTrackingScaling",
                code="ValidationException",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"},
                },
            ),
        ),
        not_moto="moto takes any configuration",
    ),
]

"""Application Auto Scaling: one call makes and changes."""

import pytest

from tests.kit.asked import asked

TARGET, POLICY = asked("applicationautoscaling/ScalableTarget"), asked("applicationautoscaling/ScalingPolicy")
NAMED = {"serviceNamespace": "ecs", "resourceID": "service/a/b", "scalableDimension": "ecs:service:DesiredCount"}


def test_a_target_is_registered_once_more_to_change_it() -> None:
    """Contract, applicationautoscaling/ScalableTarget, behaviour 0: create and update are one call."""
    spec = {**NAMED, "minCapacity": 1, "maxCapacity": 5}
    assert TARGET.operations(spec) == ["RegisterScalableTarget"]
    assert TARGET.operations(spec, {**spec, "maxCapacity": 2}) == ["RegisterScalableTarget"]
    assert TARGET.operations(spec, spec, deleting=True) == ["DeregisterScalableTarget"]


@pytest.mark.parametrize("there", [True, False])
def test_what_a_target_leaves_open_is_as_aws_has_it(there: bool) -> None:
    """Contract, applicationautoscaling/ScalableTarget, behaviour 0: unset members of suspendedState."""
    suspended = {"dynamicScalingInSuspended": True}
    others = {"dynamicScalingOutSuspended": there, "scheduledScalingSuspended": there}
    spec = {**NAMED, "suspendedState": suspended}
    assert TARGET.sent(spec, {**spec, "suspendedState": {**suspended, **others}}) == []
    assert TARGET.sent(NAMED, {**spec, "suspendedState": others}) == []
    assert TARGET.sent(spec, {**spec, "suspendedState": {**others, "dynamicScalingInSuspended": False}}) == [
        ("RegisterScalableTarget", {"SuspendedState": {"DynamicScalingInSuspended": True}})
    ]


def test_a_policy_is_put_to_make_and_to_change_it() -> None:
    """Contract, applicationautoscaling/ScalingPolicy, behaviour 0: create and update are one call."""
    spec = {**NAMED, "policyName": "p", "policyType": "TargetTrackingScaling"}
    target = {"targetTrackingScalingPolicyConfiguration": {"targetValue": 50.0}}
    assert POLICY.operations({**spec, **target}) == ["PutScalingPolicy"]
    assert POLICY.operations({**spec, **target}, spec) == ["PutScalingPolicy"]
    assert POLICY.operations(spec, spec, deleting=True) == ["DeleteScalingPolicy"]


@pytest.mark.parametrize("kind", [TARGET, POLICY], ids=["target", "policy"])
def test_the_time_of_the_last_change_is_not_made_up(kind: object) -> None:
    """Contract, applicationautoscaling, behaviours 0: status.lastModifiedTime is the controller's own clock there."""
    assert isinstance(kind, type(TARGET))
    told = {link.field for link in (*kind.kind.exists.binding.outputs, *kind.kind.create.outputs)}
    assert ("status", "creationTime") in told
    assert ("status", "lastModifiedTime") not in told

"""Lambda: functions that are busy after each change, what belongs to a qualifier, versions that never change."""

import re
from typing import Any

import orjson
import pytest

from ackpy.plan.decide import Act, Gone, Refuse, Wait
from ackpy.services import NORMALISE_DESIRED
from ackpy.wire.convert import ValueRefusedError
from tests.kit.asked import Sent, asked

FUNCTION, ALIAS, VERSION = asked("lambda/Function"), asked("lambda/Alias"), asked("lambda/Version")
MAPPING, SIGNING = asked("lambda/EventSourceMapping"), asked("lambda/CodeSigningConfig")
LAYER, URL = asked("lambda/LayerVersion"), asked("lambda/FunctionURLConfig")
NAMED = {"functionName": "f", "name": "live", "functionVersion": "1"}
FIRST = {"name": "f", "role": "r"}
READY = {"state": "Active", "lastUpdateStatus": "Successful"}
INVOKE: dict[str, Any] = {"functionEventInvokeConfig": {"maximumRetryAttempts": 1}}
WARM: dict[str, Any] = {"provisionedConcurrencyConfig": {"provisionedConcurrentExecutions": 2}}


def permission(**more: str) -> dict[str, str]:
    return {"statementID": "s", "action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com", **more}


@pytest.mark.parametrize(
    ("principal", "condition", "shown"),
    [
        ({"Service": "s3.amazonaws.com"}, {"ArnLike": {"AWS:SourceArn": "arn:b"}}, {"sourceARN": "arn:b"}),
        ({"AWS": "s3.amazonaws.com"}, {"StringEquals": {"AWS:SourceAccount": "1"}}, {"sourceAccount": "1"}),
        ("s3.amazonaws.com", {"StringEquals": {"lambda:EventSourceToken": "t"}}, {"eventSourceToken": "t"}),
        ({"AWS": "s3.amazonaws.com"}, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, {"principalOrgID": "o-1"}),
        ({"AWS": "s3.amazonaws.com"}, {}, {}),
    ],
)
def test_a_statement_is_the_permission_that_made_it(principal: Any, condition: Any, shown: dict[str, str]) -> None:
    """Contract, lambda/Alias, behaviour 0: the principal is a service's, else AWS's; conditions by their keys."""
    statement = {"Sid": "s", "Action": "lambda:InvokeFunction", "Principal": principal, "Condition": condition}
    spec, _ = ALIAS.shown("GetPolicy", {"Policy": orjson.dumps({"Statement": [statement]}).decode()})
    assert spec["permissions"] == [permission(**shown)]


def test_a_changed_permission_is_removed_and_added_again() -> None:
    """Contract, lambda/Alias, behaviour 1: by statementID, removals first, on the alias; no UpdateAlias."""
    one, gone, new = permission(sourceARN="arn:new"), permission(statementID="gone"), permission(statementID="new")
    there = {"functionVersion": "1", "permissions": [permission(sourceARN="arn:old"), gone]}
    remove, on = "RemovePermission", {"Qualifier": "live"}
    sent = [
        (operation, params["StatementId"])
        for operation, params in ALIAS.sent({**NAMED, "permissions": [one, new]}, there)
    ]
    assert sorted(sent[:2]) == [(remove, "gone"), (remove, "s")]
    assert sorted(sent[2:]) == [("AddPermission", "new"), ("AddPermission", "s")]
    decision = ALIAS.decision({**NAMED, "permissions": []}, {"functionVersion": "1", "permissions": [gone]})
    assert isinstance(decision, Act)
    assert decision.stage.calls[0].params == {"FunctionName": "f", "StatementId": "gone", **on}


@pytest.mark.parametrize(
    ("field", "spec", "there", "operation"),
    [
        ("functionEventInvokeConfig", INVOKE, {}, "PutFunctionEventInvokeConfig"),
        ("functionEventInvokeConfig", {}, INVOKE, "DeleteFunctionEventInvokeConfig"),
        ("provisionedConcurrencyConfig", WARM, {}, "PutProvisionedConcurrencyConfig"),
        ("provisionedConcurrencyConfig", {}, WARM, "DeleteProvisionedConcurrencyConfig"),
    ],
)
def test_what_belongs_to_a_qualifier_is_put_and_deleted(
    field: str, spec: dict[str, Any], there: dict[str, Any], operation: str
) -> None:
    """Contract, lambda/Alias and lambda/Version, behaviours 1: that, and no update of anything else."""
    assert spec.get(field) or there.get(field)
    version = VERSION.decision({"functionName": "f", **spec}, there, status={**READY, "version": "7"})
    alias = ALIAS.decision({**NAMED, **spec}, {"functionVersion": "1", **there})
    for decision, qualifier in ((version, "7"), (alias, "live")):
        assert isinstance(decision, Act)
        (call,) = decision.stage.calls
        assert (call.operation, call.params["Qualifier"]) == (operation, qualifier)


def test_an_alias_itself_is_updated_only_where_it_differs() -> None:
    """Contract, lambda/Alias, behaviour 1."""
    decision = ALIAS.decision({**NAMED, "functionVersion": "2"}, {"functionVersion": "1"})
    assert isinstance(decision, Act)
    assert [call.operation for call in decision.stage.calls] == ["UpdateAlias"]
    assert ALIAS.sent(NAMED, {"functionVersion": "1"}) == []


def test_tags_of_a_signing_configuration_are_not_its_settings() -> None:
    """Contract, lambda/CodeSigningConfig, behaviour 0."""
    publishers = {"allowedPublishers": {"signingProfileVersionARNs": ["arn:p"]}}
    assert SIGNING.sent({**publishers, "tags": {"a": "1"}}, {**publishers, "tags": {"b": "2"}}) == [
        ("UntagResource", {"TagKeys": ["b"]}),
        ("TagResource", {"Tags": {"a": "1"}}),
    ]
    (update,) = SIGNING.sent({**publishers, "description": "new"}, {**publishers, "description": "old"})
    assert update[0] == "UpdateCodeSigningConfig"
    assert update[1]["Description"] == "new"


ENABLED = {"state": "Enabled"}
FILTERS: list[dict[str, str]] = [{"pattern": "a"}, {"pattern": "b"}]


def test_tags_of_a_mapping_are_not_its_settings() -> None:
    """Contract, lambda/EventSourceMapping, behaviour 0: stop if only tags differ."""
    assert MAPPING.sent({"tags": {"a": "1"}}, {"tags": {"b": "2"}}, status=ENABLED) == [
        ("UntagResource", {"TagKeys": ["b"]}),
        ("TagResource", {"Tags": {"a": "1"}}),
    ]


def test_filters_have_an_order_and_are_removed_by_none() -> None:
    """Contract, lambda/EventSourceMapping, behaviour 0."""
    spec, turned = ({"filterCriteria": {"filters": filters}} for filters in (FILTERS, FILTERS[::-1]))
    update = "UpdateEventSourceMapping"
    assert MAPPING.sent(spec, spec, status=ENABLED) == []
    assert MAPPING.sent(spec, turned, status=ENABLED) == [
        (update, {"FilterCriteria": {"Filters": [{"Pattern": "a"}, {"Pattern": "b"}]}})
    ]
    assert MAPPING.sent({}, spec, status=ENABLED) == [(update, {"FilterCriteria": {"Filters": []}})]


def test_a_function_is_read_from_all_of_the_answer() -> None:
    """Contract, lambda/Function, behaviour 0: layers, image, tags and concurrency stand in places of their own."""
    spec, status = FUNCTION.shown(
        "GetFunction",
        {
            "Configuration": {"Layers": [{"Arn": "arn:l:1", "CodeSize": 5}], "PackageType": "Image"},
            "Code": {"ImageUri": "uri"},
            "Tags": {"a": "1"},
            "Concurrency": {"ReservedConcurrentExecutions": 3},
        },
    )
    assert spec == {
        "layers": ["arn:l:1"],
        "packageType": "Image",
        "code": {"imageURI": "uri"},
        "tags": {"a": "1"},
        "reservedConcurrentExecutions": 3,
    }
    assert status["layerStatuses"] == [{"arn": "arn:l:1", "codeSize": 5}]


def test_empty_destinations_say_nothing() -> None:
    """Contract, lambda/Function, behaviour 0: AWS shows them where none were given."""
    empty: dict[str, Any] = {"OnSuccess": {}, "OnFailure": {}}
    spec, _ = FUNCTION.shown("GetFunctionEventInvokeConfig", {"MaximumRetryAttempts": 1, "DestinationConfig": empty})
    assert FUNCTION.sent({**FIRST, **INVOKE}, {"role": "r", **spec}, status=READY) == []


def test_an_image_is_not_signed() -> None:
    """Contract, lambda/Function, behaviour 0: a code signing configuration for one is terminal."""
    signed, normalise = {**FIRST, "codeSigningConfigARN": "arn:c"}, NORMALISE_DESIRED["lambda/Function"]
    with pytest.raises(ValueRefusedError, match=re.escape("spec.codeSigningConfigARN")):
        normalise({**signed, "packageType": "Image"}, "us-east-1")
    for spec in (signed, {**signed, "packageType": "Zip"}, {**FIRST, "packageType": "Image"}):
        assert normalise(spec, "us-east-1") == spec


def test_what_creation_does_not_take_follows() -> None:
    """Contract, lambda/Function, behaviour 1: an empty signing configuration isn't sent; the rest by the update."""
    spec = {**FIRST, "code": {"imageURI": "u"}, "codeSigningConfigARN": "", "reservedConcurrentExecutions": 3, **INVOKE}
    created = FUNCTION.created(spec)
    assert "CodeSigningConfigArn" not in created
    assert FUNCTION.created({**spec, "codeSigningConfigARN": "arn:c"})["CodeSigningConfigArn"] == "arn:c"
    assert FUNCTION.operations(spec) == ["CreateFunction", "PutFunctionConcurrency", "PutFunctionEventInvokeConfig"]


@pytest.mark.parametrize(
    "busy",
    [{"state": "Pending"}, {"lastUpdateStatus": "InProgress"}, {"state": "Active", "lastUpdateStatus": "InProgress"}],
)
def test_a_busy_function_is_waited_for(busy: dict[str, str]) -> None:
    """Contract, lambda/Function, behaviour 2."""
    spec = {**FIRST, "description": "new", "tags": {"a": "1"}}
    assert isinstance(FUNCTION.decision(spec, {"role": "r"}, status={**READY, **busy}), Wait)


@pytest.mark.parametrize(
    ("spec", "there", "sent"),
    [
        ({"tags": {"a": "new", "c": "3"}}, {"tags": {"a": "old", "b": "2"}},
         [("UntagResource", {"TagKeys": ["b"]}), ("TagResource", {"Tags": {"a": "new", "c": "3"}})]),
        ({"reservedConcurrentExecutions": 3}, {},
         [("PutFunctionConcurrency", {"ReservedConcurrentExecutions": 3})]),
        ({}, {"reservedConcurrentExecutions": 3}, [("DeleteFunctionConcurrency", {})]),
        (INVOKE, {}, [("PutFunctionEventInvokeConfig", {"MaximumRetryAttempts": 1})]),
        ({}, INVOKE, [("DeleteFunctionEventInvokeConfig", {})]),
        ({"codeSigningConfigARN": "arn:c"}, {},
         [("PutFunctionCodeSigningConfig", {"CodeSigningConfigArn": "arn:c"})]),
        ({}, {"codeSigningConfigARN": "arn:c"}, [("DeleteFunctionCodeSigningConfig", {})]),
        ({"codeSigningConfigARN": ""}, {"codeSigningConfigARN": "arn:c"}, [("DeleteFunctionCodeSigningConfig", {})]),
        ({"timeout": 9}, {"timeout": 3, "memorySize": 256},
         [("UpdateFunctionConfiguration", {"Timeout": 9, "MemorySize": 128})]),
        ({}, {"description": "d", "layers": ["l"], "environment": {"variables": {"a": "b"}}},
         [("UpdateFunctionConfiguration", {"Description": "", "Layers": [], "Environment": {"Variables": {}}})]),
        ({"code": {"imageURI": "new"}}, {"code": {"imageURI": "old"}}, [("UpdateFunctionCode", {"ImageUri": "new"})]),
        ({"code": {"s3Bucket": "b", "s3Key": "k"}, "architectures": ["arm64"]}, {"architectures": ["x86_64"]},
         [("UpdateFunctionCode", {"S3Bucket": "b", "S3Key": "k", "Architectures": ["arm64"]})]),
    ],
)  # fmt: skip
def test_each_part_of_a_function_has_its_call(spec: dict[str, Any], there: dict[str, Any], sent: Sent) -> None:
    """Contract, lambda/Function, behaviours 2 and 3: only what differs; what was removed is sent empty."""
    assert FUNCTION.sent({**FIRST, **spec}, {"role": "r", **there}, status=READY) == sent


def test_code_and_configuration_never_change_at_once() -> None:
    """Contract, lambda/Function, behaviour 2: each makes the function busy; the code goes first."""
    spec = {**FIRST, "description": "new", "code": {"imageURI": "new"}, "tags": {"a": "1"}}
    there = {"role": "r", "description": "old", "code": {"imageURI": "old"}}
    first = [operation for operation, _ in FUNCTION.sent(spec, there, status=READY)]
    assert first == ["TagResource", "UpdateFunctionCode"]
    assert FUNCTION.operations(spec, there) == [*first, "UpdateFunctionConfiguration"]


def test_tenants_stay_as_they_are() -> None:
    """Contract, lambda/Function, behaviour 2: a change of tenancyConfig is terminal."""
    tenancy, other = ({"tenancyConfig": {"tenantIsolationMode": mode}} for mode in ("PER_TENANT", "OTHER"))
    for there in ({}, other):
        decision = FUNCTION.decision({**FIRST, **tenancy}, {"role": "r", **there}, status=READY)
        assert isinstance(decision, Refuse)
        assert decision.message.startswith("spec.tenancyConfig")


def test_a_function_that_goes_is_waited_for() -> None:
    """Contract, lambda/Function, behaviour 4: while Deleting, and until it isn't found."""
    assert isinstance(FUNCTION.decision(FIRST, {}, status={"state": "Deleting"}, deleting=True), Wait)
    assert FUNCTION.sent(FIRST, {}, status=READY, deleting=True) == [("DeleteFunction", {})]
    assert isinstance(FUNCTION.decision(FIRST, None, deleting=True), Gone)


def test_a_url_is_made_changed_and_deleted_by_its_own_calls() -> None:
    """Contract, lambda/FunctionURLConfig, behaviour 0: no tags."""
    spec = {"functionName": "f", "authType": "NONE"}
    assert URL.operations(spec) == ["CreateFunctionUrlConfig"]
    assert URL.operations(spec, {"authType": "AWS_IAM"}) == ["UpdateFunctionUrlConfig"]
    assert URL.operations(spec, spec, deleting=True) == ["DeleteFunctionUrlConfig"]
    assert URL.kind.tags is None


def test_any_difference_of_a_layer_is_a_new_version() -> None:
    """Contract, lambda/LayerVersion, behaviour 0: what AWS shows of it; of the content, what the manifest says."""
    content = {"content": {"s3Bucket": "b", "s3Key": "k"}}
    spec = {"layerName": "l", "description": "new", **content}
    publish = {"Description": "new", "Content": {"S3Bucket": "b", "S3Key": "k"}}
    assert LAYER.sent(spec, {"description": "old"}) == [("PublishLayerVersion", publish)]
    assert LAYER.sent(spec, {"description": "new"}) == []
    _, status = LAYER.shown("ListLayerVersions", {"Version": 4})
    assert status == {"versionNumber": 4}


def test_a_version_is_put_right_only_beside_its_code() -> None:
    """Contract, lambda/Version, behaviour 1: it is deleted by its qualifier, and waited for while Pending."""
    status = {**READY, "version": "7"}
    assert {part.name for part in VERSION.kind.parts} - {"creation"} == {
        "functionEventInvokeConfig",
        "provisionedConcurrencyConfig",
    }
    pending = VERSION.decision({"functionName": "f", **WARM}, {}, status={**status, "state": "Pending"})
    assert isinstance(pending, Wait)
    deletion = VERSION.decision({"functionName": "f"}, {}, status=status, deleting=True)
    assert isinstance(deletion, Act)
    (call,) = deletion.stage.calls
    assert (call.operation, call.params) == ("DeleteFunction", {"FunctionName": "f", "Qualifier": "7"})


def test_a_version_gets_what_belongs_to_it_after_it_is_published() -> None:
    """Contract, lambda/Version, behaviour 0."""
    first, *rest = VERSION.operations({"functionName": "f", **INVOKE, **WARM})
    assert first == "PublishVersion"
    assert sorted(rest) == ["PutFunctionEventInvokeConfig", "PutProvisionedConcurrencyConfig"]

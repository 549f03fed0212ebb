"""One test for each row of docs/deviations.md about a kind."""

from typing import Any

import orjson
import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from ackpy.plan.adopt import filling, identified_by
from ackpy.plan.decide import NOT_MANAGED, Act, Desired, Done, Gone, Memory, Refuse, creation, decide
from ackpy.plan.outcome import Outcome, conditions
from ackpy.services.dynamodb import table
from ackpy.wire.call import Call, Observation
from tests.kit.asked import asked
from tests.kit.oracle import Node

KINDS = {kind.label: kind for kind in load()}
BUCKET, QUEUE, TOPIC = KINDS["s3/Bucket"], KINDS["sqs/Queue"], KINDS["sns/Topic"]
ARN = {"ackResourceMetadata": {"arn": "arn:aws:sns:us-east-1:123456789012:t"}}
URL = {"queueURL": "https://sqs.example/queue"}


def calls(spec: Node, observed: Node) -> tuple[Call, ...]:
    """What is sent to make one spec of what was observed."""
    kind = QUEUE if "queueName" in spec else BUCKET
    status = URL if kind is QUEUE else {}
    decision = decide(kind, Desired(spec, status), Observation(True, observed, status), Memory())
    if isinstance(decision, Done):
        return ()
    assert isinstance(decision, Act)
    return decision.stage.calls


def test_block_of_public_access_stays_where_unset() -> None:
    assert calls({"name": "b"}, {"publicAccessBlock": {"blockPublicACLs": True, "blockPublicPolicy": True}}) == ()


def test_ownership_controls_stay_when_removed() -> None:
    assert calls({"name": "b"}, {"ownershipControls": {"rules": [{"objectOwnership": "BucketOwnerPreferred"}]}}) == ()


def test_an_acl_waits_for_what_allows_it() -> None:
    acl = {"acl": "public-read", "grantRead": 'id="abc"'}
    (made,) = creation(BUCKET, Desired({"name": "b", "objectOwnership": "ObjectWriter", **acl})).calls
    assert made.params == {"Bucket": "b", "ObjectOwnership": "ObjectWriter"}
    allows = {
        "ownershipControls": {"rules": [{"objectOwnership": "ObjectWriter"}]},
        "publicAccessBlock": {"blockPublicPolicy": True},
    }
    sent = calls({"name": "b", "acl": "public-read", **allows}, {"publicAccessBlock": {"blockPublicACLs": True}})
    assert [call.operation for call in sent] == ["PutBucketOwnershipControls", "PutPublicAccessBlock", "PutBucketAcl"]


def test_a_grant_that_is_left_out_goes() -> None:
    grants = {"grantRead": 'id="abc"', "grantWrite": 'id="abc"'}
    (call,) = calls({"name": "b", "grantRead": 'id="abc"'}, grants)
    assert call.params == {"Bucket": "b", "GrantRead": 'id="abc"'}
    (call,) = calls({"name": "b"}, grants)
    assert call.params == {"Bucket": "b", "ACL": "private"}


def test_website_that_only_redirects_is_written() -> None:
    website = {"redirectAllRequestsTo": {"hostName": "www.example.com"}}
    (call,) = calls({"name": "b", "website": website}, {})
    assert call.operation == "PutBucketWebsite"
    assert call.params["WebsiteConfiguration"] == {"RedirectAllRequestsTo": {"HostName": "www.example.com"}}


@pytest.mark.parametrize("field", ["policy", "redrivePolicy", "redriveAllowPolicy", "kmsMasterKeyID"])
def test_removed_attribute_is_emptied(field: str) -> None:
    (call,) = calls({"queueName": "q"}, {field: orjson.dumps({"a": 1}).decode()})
    assert list(call.params["Attributes"].values()) == [""]


@pytest.mark.parametrize(
    ("field", "value", "default"),
    [
        ("contentBasedDeduplication", "true", "false"),
        ("deduplicationScope", "messageGroup", "queue"),
        ("fifoThroughputLimit", "perMessageGroupId", "perQueue"),
        ("kmsDataKeyReusePeriodSeconds", "600", "300"),
    ],
)
def test_removed_attribute_becomes_the_default(field: str, value: str, default: str) -> None:
    (call,) = calls({"queueName": "q"}, {field: value})
    assert list(call.params["Attributes"].values()) == [default]
    assert calls({"queueName": "q"}, {field: default}) == ()


def test_fifo_is_settled_at_creation() -> None:
    observed = Observation(True, {"fifoQueue": "true"}, URL)
    decision = decide(QUEUE, Desired({"queueName": "q"}, URL), observed, Memory())
    assert isinstance(decision, Refuse)
    assert decision.message.startswith("spec.fifoQueue can be set only when the Queue is created")


def test_only_changed_attributes_are_sent() -> None:
    (call,) = calls(
        {"queueName": "q", "delaySeconds": "5", "visibilityTimeout": "30"},
        {"delaySeconds": "0", "visibilityTimeout": "30", "maximumMessageSize": "262144"},
    )
    assert call.params["Attributes"] == {"DelaySeconds": "5"}


def test_existing_queue_is_not_taken_over() -> None:
    assert QUEUE.find
    assert QUEUE.find.binding.operation == "GetQueueUrl"
    found = Observation(True, {}, URL)
    assert decide(QUEUE, Desired({"queueName": "q"}, URL), found, Memory(managed=False)) == NOT_MANAGED


def test_adoption_adds_absent_keys_only() -> None:
    observed = {"queueName": "q", "delaySeconds": "0", "policy": "{}", "tags": {"a": "aws", "b": "aws"}}
    spec = {"queueName": "q", "delaySeconds": "5", "tags": {"a": "mine"}}
    assert filling(QUEUE, spec, observed, {}) == {"policy": "{}", "tags": {"b": "aws"}}


def sent(
    kind: Kind, spec: Node, observed: Node, status: Node = ARN, *, deleting: bool = False
) -> list[tuple[str, Node]]:
    """The operations, and what they are called with beside the ARN."""
    decision = decide(kind, Desired(spec, status, deleting), Observation(True, observed, status), Memory())
    calls = decision.stage.calls if isinstance(decision, Act) else ()
    return [(call.operation, {k: v for k, v in call.params.items() if not k.endswith("Arn")}) for call in calls]


def test_an_endpoint_is_deleted_with_its_object() -> None:
    kind, status = KINDS["sns/PlatformEndpoint"], {"endpointARN": "arn:e"}
    decision = decide(kind, Desired({}, status, deleting=True), Observation(True, {}, status), Memory())
    assert isinstance(decision, Act)
    assert [(call.operation, call.params) for call in decision.stage.calls] == [
        ("DeleteEndpoint", {"EndpointArn": "arn:e"})
    ]


@pytest.mark.parametrize("kind", ["Alias", "Grant", "Key"])
def test_a_key_is_missing_by_the_code_that_kms_has(kind: str) -> None:
    assert "NotFoundException" in KINDS[f"kms/{kind}"].not_found


def test_an_endpoint_is_adopted_by_its_arn() -> None:
    found = identified_by(KINDS["sns/PlatformEndpoint"], '{"arn": "arn:e"}', {"spec": {}, "status": {}})
    assert found["status"] == {"endpointARN": "arn:e"}


def test_feedback_of_a_topic_can_be_changed() -> None:
    rate = "lambdaSuccessFeedbackSampleRate"
    attribute = {"AttributeName": "LambdaSuccessFeedbackSampleRate"}
    assert sent(TOPIC, {"name": "t", rate: "5"}, {"name": "t", rate: "9"}) == [
        ("SetTopicAttributes", {**attribute, "AttributeValue": "5"})
    ]
    assert sent(TOPIC, {"name": "t"}, {"name": "t", rate: "9"}) == [("SetTopicAttributes", attribute)]


def test_protection_of_a_topic_is_put_and_taken_away() -> None:
    policy = {"dataProtectionPolicy": '{"Name": "p"}'}
    put = "PutDataProtectionPolicy"
    assert sent(TOPIC, {"name": "t", **policy}, {"name": "t"}) == [(put, {"DataProtectionPolicy": '{"Name": "p"}'})]
    assert sent(TOPIC, {"name": "t"}, {"name": "t", **policy}) == [(put, {"DataProtectionPolicy": ""})]


def test_a_changed_tag_is_not_removed() -> None:
    spec, there = ({"name": "t", "tags": [{"key": "team", "value": value}]} for value in ("new", "old"))
    assert sent(TOPIC, spec, there) == [("TagResource", {"Tags": [{"Key": "team", "Value": "new"}]})]


def test_a_filter_is_removed_by_an_empty_one() -> None:
    attribute = {"AttributeName": "FilterPolicy", "AttributeValue": "{}"}
    there = {"filterPolicy": '{"a": ["b"]}'}
    assert sent(KINDS["sns/Subscription"], {}, there) == [("SetSubscriptionAttributes", attribute)]
    assert sent(KINDS["sns/Subscription"], {}, {"filterPolicy": "{}"}) == []


def test_an_unconfirmed_subscription_holds_no_object() -> None:
    kind, status = KINDS["sns/Subscription"], {**ARN, "pendingConfirmation": "true"}
    decision = decide(kind, Desired({}, status, deleting=True), Observation(True, {}, status), Memory())
    assert isinstance(decision, Gone)
    assert sent(kind, {}, {}, {**ARN, "pendingConfirmation": "false"}, deleting=True) == [("Unsubscribe", {})]


def test_what_no_call_takes_away_stays() -> None:
    rule = {"ecrRepositoryPrefix": "p", "upstreamRegistryURL": "public.ecr.aws"}
    there = {**rule, "credentialARN": "arn:s", "customRoleARN": "arn:r"}
    assert sent(KINDS["ecr/PullThroughCacheRule"], rule, there) == []


def test_encryption_of_a_repository_is_settled_at_creation() -> None:
    spec, there = ({"name": "r", "encryptionConfiguration": {"encryptionType": kind}} for kind in ("KMS", "AES256"))
    decision = decide(KINDS["ecr/Repository"], Desired(spec, ARN), Observation(True, there, ARN), Memory())
    assert isinstance(decision, Refuse)
    assert decision.message.startswith("spec.encryptionConfiguration.encryptionType can be set only when")


def test_a_key_has_several_names() -> None:
    arn = "arn:aws:kms:us-east-1:123456789012:key/1-2"
    there = {"name": "r", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": arn}}
    for name in (arn, "1-2", "alias/mine", "arn:aws:kms:us-east-1:123456789012:alias/mine"):
        spec = {"name": "r", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": name}}
        assert sent(KINDS["ecr/Repository"], spec, there) == []
    spec = {"name": "r", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "3-4"}}
    decision = decide(KINDS["ecr/Repository"], Desired(spec, ARN), Observation(True, there, ARN), Memory())
    assert isinstance(decision, Refuse)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customRoleARN", "arn:r"),
        ("description", "d"),
        ("lifecyclePolicy", '{"rules": []}'),
        ("repositoryPolicy", '{"Version": "2012-10-17", "Statement": []}'),
        ("resourceTags", [{"key": "k", "value": "v"}]),
    ],
)
def test_a_member_of_a_template_is_removed_by_an_empty_value(field: str, value: Any) -> None:
    kind = KINDS["ecr/RepositoryCreationTemplate"]
    spec = {"prefix": "p", "appliedFor": ["REPLICATION"]}
    status = {"ackResourceMetadata": {"arn": "arn:t"}}
    decision = decide(kind, Desired(spec, status), Observation(True, {**spec, field: value}, status), Memory())
    assert isinstance(decision, Act)
    (call,) = decision.stage.calls
    assert call.operation == "UpdateRepositoryCreationTemplate"
    assert call.params == {**spec, kind.spec.fields[field].aws: [] if isinstance(value, list) else ""}


SCALED = {"serviceNamespace": "ecs", "resourceID": "service/a/b", "scalableDimension": "ecs:service:DesiredCount"}


def test_what_a_target_or_policy_always_has_stays() -> None:
    there = {**SCALED, "minCapacity": 1, "maxCapacity": 2}
    assert sent(KINDS["applicationautoscaling/ScalableTarget"], SCALED, there) == []
    policy = {**SCALED, "policyName": "p"}
    steps: Node = {"policyType": "StepScaling", "stepScalingPolicyConfiguration": {"adjustmentType": "ExactCapacity"}}
    tracking: Node = {"targetTrackingScalingPolicyConfiguration": {"targetValue": 5}}
    for seen in (steps, tracking):
        assert sent(KINDS["applicationautoscaling/ScalingPolicy"], policy, {**policy, **seen}) == []


def test_a_role_that_aws_makes_for_a_service_is_taken_for_any() -> None:
    kind = KINDS["applicationautoscaling/ScalableTarget"]
    spec = {**SCALED, "roleARN": "arn:aws:iam::123456789012:role/mine"}
    made = "arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRole"
    assert sent(kind, spec, {**spec, "roleARN": made}) == []
    assert len(sent(kind, spec, {**spec, "roleARN": "arn:aws:iam::123456789012:role/other"})) == 1


TABLE = KINDS["dynamodb/Table"]
INDEX = {
    "indexName": "i",
    "keySchema": [{"attributeName": "a", "keyType": "HASH"}],
    "projection": {"projectionType": "ALL"},
}


def test_a_backup_is_made_once() -> None:
    kind = KINDS["dynamodb/Backup"]
    assert kind.find
    assert kind.find.binding.operation == "ListBackups"
    found = Observation(True, {}, ARN)
    assert (
        decide(kind, Desired({"backupName": "b", "tableName": "t"}, ARN), found, Memory(managed=False)) == NOT_MANAGED
    )


def test_replicas_of_a_global_table_come_and_go() -> None:
    spec, there = ({"replicationGroup": [{"regionName": one}]} for one in ("eu-west-1", "us-east-1"))
    kind = KINDS["dynamodb/GlobalTable"]
    both = {"replicationGroup": [*spec["replicationGroup"], *there["replicationGroup"]]}
    assert sent(kind, spec, both) == [
        ("UpdateGlobalTable", {"ReplicaUpdates": [{"Delete": {"RegionName": "us-east-1"}}]})
    ]
    assert sent(kind, spec, there) == [
        ("UpdateGlobalTable", {"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]})
    ]


def test_a_protected_table_keeps_its_replicas() -> None:
    there = {"deletionProtectionEnabled": True, "tableReplicas": [{"regionName": "eu-west-1"}]}
    for spec in ({}, {"deletionProtectionEnabled": True}):
        decision = decide(TABLE, Desired(spec, ARN, deleting=True), Observation(True, there, ARN), Memory())
        assert isinstance(decision, Refuse)
        assert "spec.deletionProtectionEnabled to false" in decision.message
    unprotected = {"tableName": "t", "deletionProtectionEnabled": False}
    assert sent(TABLE, unprotected, there, deleting=True) == [
        ("UpdateTable", {"TableName": "t", "DeletionProtectionEnabled": False})
    ]
    assert sent(TABLE, unprotected, {**there, "deletionProtectionEnabled": False}, deleting=True) == [
        ("UpdateTable", {"TableName": "t", "ReplicaUpdates": [{"Delete": {"RegionName": "eu-west-1"}}]})
    ]


def test_throughput_of_a_table_stays_when_removed() -> None:
    assert sent(TABLE, {}, {"provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}}) == []


def test_limits_of_a_table_are_taken_away() -> None:
    spec, limits = {"billingMode": "PAY_PER_REQUEST"}, {"onDemandThroughput": {"maxReadRequestUnits": 5}}
    unlimited = {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}
    assert sent(TABLE, spec, {**spec, **limits}) == [("UpdateTable", {"OnDemandThroughput": unlimited})]
    assert sent(TABLE, spec, {**spec, "onDemandThroughput": {"maxReadRequestUnits": -1}}) == []


@pytest.mark.parametrize(
    "other", [{"projection": {"projectionType": "KEYS_ONLY"}}, {"keySchema": [{"attributeName": "b"}]}]
)
def test_an_index_is_what_its_keys_are(other: Node) -> None:
    spec, there = {"globalSecondaryIndexes": [INDEX]}, {"globalSecondaryIndexes": [{**INDEX, **other}]}
    decision = decide(TABLE, Desired(spec, ARN), Observation(True, there, ARN), Memory())
    assert isinstance(decision, Refuse)
    assert decision.message.startswith(f"spec.globalSecondaryIndexes[0].{next(iter(other))}")
    assert "take spec.globalSecondaryIndexes[0] out and, once that is done, put it in again" in decision.message


def test_definitions_that_no_key_has_are_left_out() -> None:
    one, other = ({"attributeName": name, "attributeType": "S"} for name in "ab")
    key = [{"attributeName": "b", "keyType": "HASH"}]
    spec = {"attributeDefinitions": [one, other], "keySchema": key, "globalSecondaryIndexes": [INDEX]}
    assert table.normalised(spec, "us-east-1")["attributeDefinitions"] == [one, other]
    without = {name: value for name, value in spec.items() if name != "globalSecondaryIndexes"}
    assert table.normalised(without, "us-east-1")["attributeDefinitions"] == [other]


def test_what_is_off_says_no_more() -> None:
    off = {
        "timeToLive": {"enabled": False, "attributeName": "t"},
        "streamSpecification": {"streamEnabled": False, "streamViewType": "NEW_IMAGE"},
        "sseSpecification": {"enabled": False, "sseType": "KMS"},
    }
    assert table.normalised({"tableName": "t", **off}, "us-east-1") == {"tableName": "t"}


def test_throughput_is_no_matter_where_requests_are_paid() -> None:
    units = {"provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}}
    spec = {"billingMode": "PAY_PER_REQUEST", **units, "globalSecondaryIndexes": [{**INDEX, **units}]}
    assert table.normalised(spec, "us-east-1") == {"billingMode": "PAY_PER_REQUEST", "globalSecondaryIndexes": [INDEX]}
    limits = {"onDemandThroughput": {"maxReadRequestUnits": 5}}
    assert table.normalised({**limits, **units}, "us-east-1") == units


def test_code_is_sent_when_what_the_manifest_says_of_it_changes() -> None:
    kind = KINDS["lambda/Function"]
    spec = {"name": "f", "role": "r", "code": {"s3Bucket": "b", "s3Key": "k", "sha256": "wrong"}}
    assert {("code", name) for name in ("s3Bucket", "s3Key", "sha256", "zipFile")} <= set(kind.unread)
    there = Observation(True, {"role": "r"}, {"state": "Active", "lastUpdateStatus": "Successful"})
    assert isinstance(decide(kind, Desired(spec, there.status), there, Memory()), Done)
    decision = decide(kind, Desired(spec, there.status, unsent=(("code", "sha256"),)), there, Memory())
    assert isinstance(decision, Act)
    (call,) = decision.stage.calls
    assert call.operation == "UpdateFunctionCode"
    assert call.params == {"FunctionName": "f", "S3Bucket": "b", "S3Key": "k"}


def test_a_layer_that_was_there_is_not_taken_over() -> None:
    kind = KINDS["lambda/LayerVersion"]
    there = Observation(True, {}, {"versionNumber": 3})
    assert decide(kind, Desired({"layerName": "l"}), there, Memory(managed=False)) is NOT_MANAGED


def test_the_registry_of_any_cluster_may_be_referred_to() -> None:
    fields = {one.field[1] for one in KINDS["lambda/EventSourceMapping"].references}
    assert {"amazonManagedKafkaEventSourceConfig", "selfManagedKafkaEventSourceConfig"} <= fields


@pytest.mark.parametrize("field", ["amazonManagedKafkaEventSourceConfig", "selfManagedKafkaEventSourceConfig"])
def test_a_consumer_group_is_settled_at_creation(field: str) -> None:
    kind, observed = KINDS["lambda/EventSourceMapping"], Observation(True, {field: {"consumerGroupID": "g"}}, ARN)
    decision = decide(kind, Desired({field: {"consumerGroupID": "h"}}), observed, Memory())
    assert isinstance(decision, Refuse)
    assert decision.message.startswith(f"spec.{field}.consumerGroupID can't be changed")
    assert decision.message.endswith("Set it back, or delete the object and make it again.")
    unset = {field: {"schemaRegistryConfig": {"eventRecordFormat": "JSON"}}}
    assert isinstance(decide(kind, Desired(unset), observed, Memory()), Act)


def test_a_lock_is_asked_for_at_creation() -> None:
    locked = {"name": "b", "objectLockEnabledForBucket": True, "versioning": {"status": "Enabled"}}
    assert calls(locked, {"versioning": {"status": "Enabled"}}) == ()
    (call,) = creation(BUCKET, Desired(locked)).calls
    assert call.params["ObjectLockEnabledForBucket"] is True


def test_a_terminal_table_is_not_synced() -> None:
    archiving = Observation(True, {}, {"tableStatus": "ARCHIVING"})
    decision = decide(TABLE, Desired({"tableName": "t"}), archiving, Memory())
    assert isinstance(decision, Refuse)
    shown = {one["type"]: one["status"] for one in conditions(Outcome(terminal=decision.message), (), "now")}
    assert (shown["ACK.Terminal"], shown["ACK.ResourceSynced"]) == ("True", "False")


@pytest.mark.parametrize(("state", "wanted"), [("ENABLING", "ENABLE"), ("DISABLING", "DISABLE")])
def test_insights_hold_nothing_up(state: str, wanted: str) -> None:
    spec, _ = asked("dynamodb/Table").shown("DescribeContributorInsights", {"ContributorInsightsStatus": state})
    assert spec == {"contributorInsights": wanted}
    other = {"tableName": "t", "contributorInsights": wanted, "tableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert [operation for operation, _ in sent(TABLE, other, {**spec})] == ["UpdateTable"]


def test_other_content_is_another_version() -> None:
    layer, spec = asked("lambda/LayerVersion"), {"layerName": "l", "content": {"s3Bucket": "b", "s3Key": "new"}}
    assert layer.sent(spec, {}) == []
    assert [operation for operation, _ in layer.sent(spec, {}, unsent=(("content",),))] == ["PublishLayerVersion"]


def test_how_a_page_is_reached_is_compared() -> None:
    spec, there = (
        {"permissions": [{"statementID": "s", "action": "a", "principal": "*", "functionURLAuthType": one}]}
        for one in ("NONE", "AWS_IAM")
    )
    calls = asked("lambda/Alias").sent(
        {"functionName": "f", "name": "n", "functionVersion": "1", **spec}, {"functionVersion": "1", **there}
    )
    assert [operation for operation, _ in calls] == ["RemovePermission", "AddPermission"]

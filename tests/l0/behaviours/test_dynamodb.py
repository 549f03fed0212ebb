"""DynamoDB: a table that takes one change at a time, and is waited for in between."""

from typing import Any

import pytest

from ackpy.plan.decide import Act, Done, Refuse, Wait
from tests.kit.asked import Sent, asked

TABLE, BACKUP, GLOBAL = (asked(f"dynamodb/{name}") for name in ("Table", "Backup", "GlobalTable"))
NAMED = {"tableName": "t"}
ACTIVE = {"tableStatus": "ACTIVE"}
UNITS, AWS_UNITS = {"readCapacityUnits": 5, "writeCapacityUnits": 5}, {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
ONE_UNIT = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
ON_DEMAND = {"billingMode": "PAY_PER_REQUEST"}
KEYS = [{"attributeName": "a", "keyType": "HASH"}, {"attributeName": "b", "keyType": "RANGE"}]
INDEX: dict[str, Any] = {"indexName": "i", "keySchema": KEYS, "projection": {"projectionType": "ALL"}}
POLICY = '{"Version": "2012-10-17", "Statement": []}'


def named(table: dict[str, Any]) -> dict[str, Any]:
    return {**NAMED, **table}


def shown(member: str, value: Any) -> Any:
    """The spec and the status that DescribeTable tells by one member."""
    return TABLE.shown("DescribeTable", {"Table": {member: value}})


def test_a_backup_is_waited_for() -> None:
    """Contract, dynamodb/Backup, behaviour 0: while CREATING; nothing of it changes."""
    spec = {"backupName": "b", "tableName": "t"}
    for deleting in (False, True):
        assert isinstance(BACKUP.decision(spec, spec, status={"backupStatus": "CREATING"}, deleting=deleting), Wait)
    assert isinstance(BACKUP.decision(spec, spec, status={"backupStatus": "AVAILABLE"}), Done)
    assert [part.name for part in BACKUP.kind.parts if part.name != "creation"] == []
    assert isinstance(BACKUP.decision({**spec, "tableName": "other"}, spec), Refuse)
    assert BACKUP.kind.identity == (("status", "ackResourceMetadata", "arn"),)


def test_a_global_table_goes_with_all_its_regions() -> None:
    """Contract, dynamodb/GlobalTable, behaviour 0: its deletion is an update; it has no tags."""
    group = {"replicationGroup": [{"regionName": one} for one in ("eu-west-1", "us-east-1")]}
    spec = {"globalTableName": "g", **group}
    deleted = [{"Delete": {"RegionName": one}} for one in ("eu-west-1", "us-east-1")]
    assert GLOBAL.sent(spec, group, deleting=True) == [("UpdateGlobalTable", {"ReplicaUpdates": deleted})]
    assert GLOBAL.kind.tags is None


@pytest.mark.parametrize(
    ("operation", "answer", "spec"),
    [
        ("DescribeTable", {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"}},
         {"sseSpecification": {"enabled": True, "sseType": "KMS", "kmsMasterKeyID": "arn:k"}}),
        ("DescribeTable", {"SSEDescription": {"Status": "DISABLED"}}, {"sseSpecification": {"enabled": False}}),
        ("DescribeTable", {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}, ON_DEMAND),
        ("DescribeTable", {"TableClassSummary": {"TableClass": "STANDARD"}}, {"tableClass": "STANDARD"}),
        ("DescribeTable", {"Replicas": [{"RegionName": "r"}]}, {"tableReplicas": [{"regionName": "r"}]}),
        ("DescribeContributorInsights", {"ContributorInsightsStatus": "ENABLED"}, {"contributorInsights": "ENABLE"}),
        ("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLING", "AttributeName": "e"}},
         {"timeToLive": {"enabled": True, "attributeName": "e"}}),
        ("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "e"}},
         {"timeToLive": {"enabled": True, "attributeName": "e"}}),
        ("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}},
         {"timeToLive": {"enabled": False}}),
        ("DescribeContinuousBackups",
         {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}},
         {"continuousBackups": {"pointInTimeRecoveryEnabled": True}}),
        ("GetResourcePolicy", {"Policy": POLICY}, {"resourcePolicy": POLICY}),
    ],
)  # fmt: skip
def test_what_aws_shows_of_a_table_is_read_as_the_manifest_says_it(
    operation: str, answer: dict[str, Any], spec: dict[str, Any]
) -> None:
    """Contract, dynamodb/Table, behaviour 0: AWS's words, and where each thing stands."""
    whole = {"Table": answer} if operation == "DescribeTable" else answer
    assert TABLE.shown(operation, whole)[0] == spec


def test_indexes_and_replicas_are_shown_twice() -> None:
    """Contract, dynamodb/Table, behaviour 0: descriptions of indexes stand in the status, too."""
    _, status = shown("GlobalSecondaryIndexes", [{"IndexName": "i", "IndexStatus": "ACTIVE"}])
    assert status == {"globalSecondaryIndexesDescriptions": [{"indexName": "i", "indexStatus": "ACTIVE"}]}
    _, status = shown("Replicas", [{"RegionName": "r", "ReplicaStatus": "ACTIVE"}])
    assert status == {"replicas": [{"regionName": "r", "replicaStatus": "ACTIVE"}]}


def test_what_creation_does_not_take_follows() -> None:
    """Contract, dynamodb/Table, behaviour 1: each by the update."""
    spec = {
        **NAMED,
        "timeToLive": {"enabled": True, "attributeName": "e"},
        "contributorInsights": "ENABLE",
        "continuousBackups": {"pointInTimeRecoveryEnabled": True},
        "tableReplicas": [{"regionName": "r"}],
    }
    first, *rest = TABLE.operations(spec)
    assert first == "CreateTable"
    assert sorted(rest) == ["UpdateContinuousBackups", "UpdateContributorInsights", "UpdateTable", "UpdateTimeToLive"]


TAGS, CLASS = {"tags": [{"key": "a", "value": "1"}]}, {"tableClass": "STANDARD_INFREQUENT_ACCESS"}
WITH_INDEX = {"globalSecondaryIndexesDescriptions": [{"indexName": "i", "indexStatus": "CREATING"}]}
WITH_REPLICA = {"replicas": [{"regionName": "r", "replicaStatus": "UPDATING"}]}


@pytest.mark.parametrize(
    ("status", "operations"),
    [
        ({"tableStatus": "CREATING"}, []),
        ({"tableStatus": "DELETING"}, []),
        ({"tableStatus": "UPDATING"}, ["PutResourcePolicy", "TagResource"]),
        ({**ACTIVE, **WITH_INDEX}, ["PutResourcePolicy", "TagResource"]),
        ({**ACTIVE, **WITH_REPLICA}, ["PutResourcePolicy", "TagResource"]),
        (ACTIVE, ["PutResourcePolicy", "TagResource", "UpdateTable", "UpdateTimeToLive"]),
    ],
)
def test_what_is_written_depends_on_the_state(status: dict[str, Any], operations: list[str]) -> None:
    """Contract, dynamodb/Table, behaviours 0 and 2: tags and policy while it is busy; none as it comes or goes."""
    spec = {**NAMED, **TAGS, **CLASS, "resourcePolicy": POLICY, "timeToLive": {"enabled": True, "attributeName": "e"}}
    decision = TABLE.decision(spec, {}, status=status)
    assert isinstance(decision, Act if operations else Wait)
    assert sorted(operation for operation, _ in TABLE.sent(spec, {}, status=status)) == operations
    assert isinstance(TABLE.decision(NAMED, {}, status=status), Done if status == ACTIVE else Wait)


def test_a_table_in_the_archives_is_terminal() -> None:
    """Contract, dynamodb/Table, behaviour 2: ARCHIVING."""
    assert isinstance(TABLE.decision(NAMED, {}, status={"tableStatus": "ARCHIVING"}), Refuse)


def test_a_removed_policy_is_deleted() -> None:
    """Contract, dynamodb/Table, behaviour 2."""
    assert TABLE.sent(NAMED, {"resourcePolicy": POLICY}) == [("DeleteResourcePolicy", {})]


@pytest.mark.parametrize(
    ("spec", "there", "sent"),
    [
        ({}, {"timeToLive": {"enabled": True, "attributeName": "e"}},
         [("UpdateTimeToLive", {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "e"}})]),
        ({"sseSpecification": {"enabled": True, "sseType": "KMS"}}, {},
         [("UpdateTable", {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}})]),
        ({**ON_DEMAND}, {}, [("UpdateTable", {"BillingMode": "PAY_PER_REQUEST"})]),
        ({"provisionedThroughput": UNITS, "globalSecondaryIndexes": [INDEX]},
         {**ON_DEMAND, "globalSecondaryIndexes": [INDEX]},
         [("UpdateTable", {
             "BillingMode": "PROVISIONED", "ProvisionedThroughput": AWS_UNITS,
             "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "i", "ProvisionedThroughput": ONE_UNIT}}],
         })]),
        ({"tableClass": "STANDARD_INFREQUENT_ACCESS", "deletionProtectionEnabled": True}, {},
         [("UpdateTable", {"TableClass": "STANDARD_INFREQUENT_ACCESS", "DeletionProtectionEnabled": True})]),
        ({"continuousBackups": {"pointInTimeRecoveryEnabled": True}}, {},
         [("UpdateContinuousBackups", {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}})]),
        ({"contributorInsights": "DISABLE"}, {"contributorInsights": "ENABLE"},
         [("UpdateContributorInsights", {"ContributorInsightsAction": "DISABLE"})]),
        ({"streamSpecification": {"streamEnabled": True, "streamViewType": "NEW_IMAGE"}}, {},
         [("UpdateTable", {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}})]),
        ({"provisionedThroughput": UNITS}, {"provisionedThroughput": {**UNITS, "readCapacityUnits": 1}},
         [("UpdateTable", {"ProvisionedThroughput": AWS_UNITS})]),
        ({**ON_DEMAND, "onDemandThroughput": {"maxReadRequestUnits": 9}}, ON_DEMAND,
         [("UpdateTable", {"OnDemandThroughput": {"MaxReadRequestUnits": 9}})]),
    ],
)  # fmt: skip
def test_each_setting_of_a_table_has_its_call(spec: dict[str, Any], there: dict[str, Any], sent: Sent) -> None:
    """Contract, dynamodb/Table, behaviours 3 and 4."""
    assert TABLE.sent(named(spec), there, status=ACTIVE) == sent


def test_one_update_of_a_table_goes_at_a_time() -> None:
    """Contract, dynamodb/Table, behaviour 3: removed indexes, encryption, billing, class, stream, limits, replicas."""
    spec = {
        **NAMED,
        **ON_DEMAND,
        **CLASS,
        "sseSpecification": {"enabled": True},
        "streamSpecification": {"streamEnabled": True, "streamViewType": "NEW_IMAGE"},
        "onDemandThroughput": {"maxReadRequestUnits": 9},
        "globalSecondaryIndexes": [{**INDEX, "indexName": "new"}],
        "tableReplicas": [{"regionName": "r"}],
    }
    there: Any = {"globalSecondaryIndexes": [INDEX]}
    members: list[str] = []
    for name in (
        "globalSecondaryIndexes", "sseSpecification", "billingMode", "tableClass", "streamSpecification",
        "onDemandThroughput", "globalSecondaryIndexes", "tableReplicas",
    ):  # fmt: skip
        ((operation, params),) = TABLE.sent(spec, there, status=ACTIVE)
        assert operation == "UpdateTable"
        members += [member for member in params if member not in {"AttributeDefinitions", "ProvisionedThroughput"}]
        removes = name == "globalSecondaryIndexes" and "new" not in str(params)
        there = {**there, name: [] if removes else spec[name]}
    assert members == [
        "GlobalSecondaryIndexUpdates", "SSESpecification", "BillingMode", "TableClass", "StreamSpecification",
        "OnDemandThroughput", "GlobalSecondaryIndexUpdates", "ReplicaUpdates",
    ]  # fmt: skip
    assert TABLE.sent(spec, there, status=ACTIVE) == []


def test_what_is_off_already_is_taken_for_done() -> None:
    """Contract, dynamodb/Table, behaviour 3: "TimeToLive is already disabled" is no error."""
    (part,) = (part for part in TABLE.kind.parts if part.name == "timeToLive")
    assert any(text in "TimeToLive is already disabled" for text in part.already)


def updates(spec: dict[str, Any], there: dict[str, Any], member: str) -> list[Any]:
    return [update for _, params in TABLE.sent(named(spec), there, status=ACTIVE) for update in params[member]]


def test_an_index_is_removed_then_changed_then_made() -> None:
    """Contract, dynamodb/Table, behaviour 4: one a pass, with the definitions; one unit where none are given."""
    definitions = [{"attributeName": name, "attributeType": "S"} for name in "ab"]
    changed = {**INDEX, "provisionedThroughput": UNITS}
    spec = {"attributeDefinitions": definitions, "globalSecondaryIndexes": [changed, {**INDEX, "indexName": "new"}]}
    at_one = {**INDEX, "provisionedThroughput": {"readCapacityUnits": 1, "writeCapacityUnits": 1}}
    for there, update in (
        ([at_one, {**INDEX, "indexName": "old"}], {"Delete": {"IndexName": "old"}}),
        ([at_one], {"Update": {"IndexName": "i", "ProvisionedThroughput": AWS_UNITS}}),
    ):
        assert updates(spec, {"globalSecondaryIndexes": there}, "GlobalSecondaryIndexUpdates") == [update]
    ((_, made),) = TABLE.sent(named(spec), {"globalSecondaryIndexes": [changed]}, status=ACTIVE)
    assert made["AttributeDefinitions"] == [{"AttributeName": name, "AttributeType": "S"} for name in "ab"]
    ((update, created),) = made["GlobalSecondaryIndexUpdates"][0].items()
    assert (update, created["IndexName"], created["ProvisionedThroughput"]) == ("Create", "new", ONE_UNIT)


def test_replicas_go_one_a_pass_and_before_their_stream() -> None:
    """Contract, dynamodb/Table, behaviour 4; AWS keeps the stream on while there are replicas."""
    one, other = ({"tableReplicas": [{"regionName": name}]} for name in ("new", "old"))
    both = {"tableReplicas": [*other["tableReplicas"], *one["tableReplicas"]]}
    stream = {"streamSpecification": {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}}
    assert updates(one, both, "ReplicaUpdates") == [{"Delete": {"RegionName": "old"}}]
    assert updates(both, other, "ReplicaUpdates") == [{"Create": {"RegionName": "new"}}]
    assert updates(one, other, "ReplicaUpdates") == [{"Delete": {"RegionName": "old"}}]
    assert updates({}, {**other, **stream}, "ReplicaUpdates") == [{"Delete": {"RegionName": "old"}}]
    ((_, params),) = TABLE.sent({**NAMED, **stream, **one}, {}, status=ACTIVE)
    assert params["StreamSpecification"]["StreamEnabled"] is True


@pytest.mark.parametrize(
    ("spec", "there"),
    [
        ({"keySchema": KEYS}, {"keySchema": KEYS[::-1]}),
        ({"globalSecondaryIndexes": [{**INDEX, "indexName": one} for one in "ij"], **ON_DEMAND},
         {"globalSecondaryIndexes": [{**INDEX, "indexName": "j"}, {**INDEX, "keySchema": KEYS[::-1]}], **ON_DEMAND}),
        ({"localSecondaryIndexes": [INDEX, {**INDEX, "indexName": "j"}]},
         {"localSecondaryIndexes": [{**INDEX, "indexName": "j"}, INDEX]}),
        ({"tableReplicas": [{"regionName": "a"}, {"regionName": "b"}]},
         {"tableReplicas": [{"regionName": "b"}, {"regionName": "a"}]}),
        ({"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]},
         {"tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]}),
        ({}, {"billingMode": "PROVISIONED"}),
        ({"billingMode": "PROVISIONED"}, {}),
        ({}, {"tableClass": "STANDARD"}),
        (ON_DEMAND, {**ON_DEMAND, "provisionedThroughput": UNITS}),
        ({**ON_DEMAND, "globalSecondaryIndexes": [INDEX]},
         {**ON_DEMAND, "globalSecondaryIndexes": [
             {**INDEX, "provisionedThroughput": {"readCapacityUnits": 0, "writeCapacityUnits": 0}}]}),
        ({}, {"deletionProtectionEnabled": False}),
        ({}, {"timeToLive": {"enabled": False}}),
        ({}, {"continuousBackups": {"pointInTimeRecoveryEnabled": False}}),
        ({"sseSpecification": {"enabled": False}}, {}),
        ({}, {"sseSpecification": {"enabled": False}}),
        ({"sseSpecification": {"enabled": True, "sseType": "KMS"}},
         {"sseSpecification": {"enabled": True, "sseType": "KMS", "kmsMasterKeyID": "arn:k"}}),
        ({}, {"contributorInsights": "ENABLE"}),
        ({"resourcePolicy": POLICY}, {"resourcePolicy": '{"Statement":[],"Version":"2012-10-17"}'}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_no_difference(spec: dict[str, Any], there: dict[str, Any]) -> None:
    """Contract, dynamodb/Table, behaviour 5."""
    assert isinstance(TABLE.decision(named(spec), there, status=ACTIVE), Done)


def test_the_order_of_definitions_says_nothing() -> None:
    """Contract, dynamodb/Table, behaviour 5: attributeDefinitions as a set by name."""
    first, second = ({"attributeName": name, "attributeType": "S"} for name in "ab")
    spec = {"attributeDefinitions": [first, second], "keySchema": KEYS}
    assert TABLE.sent(named(spec), {**spec, "attributeDefinitions": [second, first]}, status=ACTIVE) == []


@pytest.mark.parametrize("state", ["DELETING", "UPDATING", "CREATING"])
def test_a_deletion_waits_for_what_the_table_is_about(state: str) -> None:
    """Contract, dynamodb/Table, behaviour 6."""
    assert isinstance(TABLE.decision(NAMED, {}, status={"tableStatus": state}, deleting=True), Wait)


def test_replicas_go_before_their_table_one_a_pass() -> None:
    """Contract, dynamodb/Table, behaviour 6."""
    there = {"tableReplicas": [{"regionName": "a"}, {"regionName": "b"}]}
    first = TABLE.decision(NAMED, there, status=ACTIVE, deleting=True)
    assert isinstance(first, Act)
    (call,) = first.stage.calls
    assert call.params["ReplicaUpdates"] == [{"Delete": {"RegionName": "a"}}]
    assert TABLE.sent(NAMED, {}, status=ACTIVE, deleting=True) == [("DeleteTable", {})]

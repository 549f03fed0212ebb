"""What DynamoDB does with tables, backups and global tables."""

from __future__ import annotations

from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step, Wait

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
UNITS: Params = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
KEY: Params = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
BY_DAY: Params = {
    "IndexName": "by-day",
    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
DAY: Params = {"AttributeDefinitions": [{"AttributeName": "day", "AttributeType": "S"}]}
ON_DEMAND: Params = {"BillingMode": "PAY_PER_REQUEST"}
STREAM: Params = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
WRONG: tuple[Params, ...] = (
    UNITS,
    {"AttributeDefinitions": []},
    {"AttributeDefinitions": [*KEY["AttributeDefinitions"], *DAY["AttributeDefinitions"]]},
    {"KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}]},
    {"GlobalSecondaryIndexes": [BY_DAY]},
    {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
    {"StreamSpecification": {"StreamEnabled": True}},
    {"BillingMode": "PROVISIONED"},
    {"ResourcePolicy": "{"},
)
WAIT = Wait()


def table(operation: str, answer: Params | None = None, *, code: str = "", lacks: str = "", **params: Any) -> Step:
    return Step(operation, {"TableName": "orders", **params}, answer, lacks, code)


def described(**members: Any) -> Step:
    return table("DescribeTable", {"Table": members})


def updated(*, code: str = "", **params: Any) -> Step:
    return table("UpdateTable", code=code, **params)


def index(what: str, given: Params, *, code: str = "", **params: Any) -> Step:
    return updated(code=code, GlobalSecondaryIndexUpdates=[{what: given}], **params)


def replica(what: str, region: str = "eu-west-1", *, code: str = "", **more: Any) -> Step:
    return updated(code=code, ReplicaUpdates=[{what: {"RegionName": region, **more}}])


def tables(name: str, made: Params, *steps: Step | Wait, not_moto: str = "") -> Scenario:
    """A scenario on a table named orders, made first and ready."""
    return Scenario(name, "dynamodb", (table("CreateTable", **{**KEY, **made}), WAIT, *steps), not_moto)


DYNAMODB = [
    Scenario(
        "a table comes and goes by states",
        "dynamodb",
        (
            table("CreateTable", {"TableDescription": {"TableStatus": "CREATING"}}, **KEY, **UNITS),
            table("CreateTable", code="ResourceInUseException", **KEY, **UNITS),
            table("DeleteTable", code="ResourceInUseException"),
            Step(
                "TagResource", {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]}, code="ResourceInUseException"
            ),
            WAIT,
            described(TableStatus="ACTIVE", TableArn=ARN, **UNITS),
            updated(TableClass="STANDARD_INFREQUENT_ACCESS"),
            described(TableStatus="UPDATING"),
            updated(TableClass="STANDARD", code="ResourceInUseException"),
            table("DeleteTable", code="ResourceInUseException"),
            WAIT,
            table("DeleteTable", {"TableDescription": {"TableStatus": "DELETING"}}),
            described(TableStatus="DELETING"),
            WAIT,
            table("DescribeTable", code="ResourceNotFoundException"),
        ),
        not_moto="moto's tables are ready at once",
    ),
    tables(
        "wrong tables are refused",
        ON_DEMAND,
        *(
            Step("CreateTable", {"TableName": "other", **KEY, **ON_DEMAND, **wrong}, code="ValidationException")
            for wrong in WRONG
        ),
        not_moto="moto takes a table that says twice what is off",
    ),
    tables(
        "indexes are made and removed one at a time",
        UNITS,
        index("Create", BY_DAY, code="ValidationException"),
        index("Create", {**BY_DAY, **UNITS}, code="ValidationException"),
        index("Create", {**BY_DAY, **UNITS}, **DAY),
        described(TableStatus="UPDATING", GlobalSecondaryIndexes=[{"IndexStatus": "CREATING"}]),
        WAIT,
        WAIT,
        described(GlobalSecondaryIndexes=[{"IndexName": "by-day", "IndexStatus": "ACTIVE"}]),
        index("Update", {"IndexName": "by-day", **UNITS}, code="ValidationException"),
        index("Update", {"IndexName": "none", **UNITS}, code="ResourceNotFoundException"),
        index("Create", {**BY_DAY, **UNITS}, code="ValidationException"),
        index("Delete", {"IndexName": "by-day"}),
        WAIT,
        index("Delete", {"IndexName": "by-day"}, code="LimitExceededException"),
        WAIT,
        described(GlobalSecondaryIndexes=None, AttributeDefinitions=KEY["AttributeDefinitions"]),
        not_moto="moto's indexes are ready at once",
    ),
    tables(
        "the way to pay changes for table and indexes at once",
        {**ON_DEMAND, "OnDemandThroughput": {"MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 9}},
        described(BillingModeSummary=ON_DEMAND, ProvisionedThroughput={"ReadCapacityUnits": 0}),
        updated(**UNITS, code="ValidationException"),
        index("Create", BY_DAY, **DAY),
        WAIT,
        WAIT,
        updated(BillingMode="PROVISIONED", **UNITS, code="ValidationException"),
        index("Update", {"IndexName": "by-day", **UNITS}, BillingMode="PROVISIONED", **UNITS),
        WAIT,
        described(GlobalSecondaryIndexes=[UNITS], OnDemandThroughput=None, **UNITS),
        updated(**UNITS, code="ValidationException"),
        not_moto="moto forgets the limits",
    ),
    tables(
        "a protected table stays",
        {**ON_DEMAND, "DeletionProtectionEnabled": True},
        table("DeleteTable", code="ValidationException"),
        updated(DeletionProtectionEnabled=False),
        WAIT,
        table("DeleteTable"),
    ),
    tables(
        "replicas are fed by a stream, and hold the table",
        ON_DEMAND,
        replica("Create", code="ValidationException"),
        updated(**STREAM),
        WAIT,
        updated(**STREAM, code="ValidationException"),
        replica("Create", "us-east-1", code="ValidationException"),
        replica("Create", TableClassOverride="STANDARD"),
        described(Replicas=[{"ReplicaStatus": "CREATING"}]),
        WAIT,
        WAIT,
        described(Replicas=[{"RegionName": "eu-west-1", "ReplicaTableClassSummary": {"TableClass": "STANDARD"}}]),
        updated(StreamSpecification={"StreamEnabled": False}, code="ValidationException"),
        table("DeleteTable", code="ValidationException"),
        replica("Delete"),
        WAIT,
        WAIT,
        described(Replicas=None),
        not_moto="moto doesn't show replicas",
    ),
    tables(
        "what is switched on and off",
        ON_DEMAND,
        table("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}),
        table(
            "UpdateTimeToLive",
            TimeToLiveSpecification={"Enabled": False, "AttributeName": "t"},
            code="ValidationException",
        ),
        table("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"}),
        table("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLING", "AttributeName": "t"}}),
        WAIT,
        table(
            "UpdateTimeToLive",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "u"},
            code="ValidationException",
        ),
        table("UpdateContributorInsights", ContributorInsightsAction="ENABLE"),
        WAIT,
        table("DescribeContributorInsights", {"ContributorInsightsStatus": "ENABLED"}),
        table("UpdateContinuousBackups", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}),
        table(
            "DescribeContinuousBackups",
            {
                "ContinuousBackupsDescription": {
                    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}
                }
            },
        ),
        updated(SSESpecification={"Enabled": True, "KMSMasterKeyId": "1234"}),
        WAIT,
        described(SSEDescription={"KMSMasterKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234"}),
        updated(SSESpecification={"Enabled": True, "KMSMasterKeyId": "1234"}, code="ValidationException"),
        Step("GetResourcePolicy", {"ResourceArn": ARN}, code="PolicyNotFoundException"),
        not_moto="moto has no insights",
    ),
    tables(
        "a backup outlives its table",
        ON_DEMAND,
        Step("CreateBackup", {"TableName": "none", "BackupName": "one"}, code="TableNotFoundException"),
        table("CreateBackup", {"BackupDetails": {"BackupStatus": "CREATING"}}, BackupName="one"),
        WAIT,
        table("DeleteTable"),
        WAIT,
        table("ListBackups", {"BackupSummaries": [{"BackupName": "one", "BackupStatus": "AVAILABLE"}]}),
        Step("DescribeBackup", {"BackupArn": f"{ARN}/backup/00000000000000-00000000"}, code="BackupNotFoundException"),
        not_moto="moto's backups are there at once",
    ),
    tables(
        "a global table is where its tables are",
        {**ON_DEMAND, **STREAM},
        Step(
            "CreateGlobalTable",
            {
                "GlobalTableName": "orders",
                "ReplicationGroup": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}],
            },
            code="TableNotFoundException",
        ),
        Step(
            "CreateGlobalTable",
            {"GlobalTableName": "orders", "ReplicationGroup": [{"RegionName": "us-east-1"}]},
            {"GlobalTableDescription": {"GlobalTableStatus": "CREATING"}},
        ),
        WAIT,
        Step(
            "UpdateGlobalTable",
            {"GlobalTableName": "orders", "ReplicaUpdates": [{"Delete": {"RegionName": "us-east-1"}}]},
            {"GlobalTableDescription": {"GlobalTableStatus": "DELETING"}},
        ),
        WAIT,
        Step("DescribeGlobalTable", {"GlobalTableName": "orders"}, code="GlobalTableNotFoundException"),
        not_moto="moto has no global tables of the old kind",
    ),
]

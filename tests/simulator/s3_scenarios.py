"""What S3 does with buckets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step


def s3(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a bucket named here, made first."""
    return Scenario(name, "s3", (Step("CreateBucket", {"Bucket": "here"}), *steps), not_moto)


def here(operation: str, answer: Params | None = None, *, code: str = "", lacks: str = "", **params: Any) -> Step:
    return Step(operation, {"Bucket": "here", **params}, answer, lacks, code)


def round_trip(name: str, member: str, value: Params, absent: str) -> Scenario:
    """Absent, put, read back whole, removed, absent again."""
    gone, given = here(f"GetBucket{name}", code=absent), {"Bucket": "here", member: value}
    put, read = Step(f"PutBucket{name}", given), here(f"GetBucket{name}", value)
    return s3(f"{name} round trip", gone, put, read, here(f"DeleteBucket{name}"), gone)


def children(name: str, value: Params) -> Scenario:
    """Children with ids: put two, list and read them, remove one."""
    one, two = {**value, "Id": "one"}, {**value, "Id": "two"}
    member, operation = f"{name}Configuration", f"Bucket{name}Configuration"
    absent = "NoSuchConfiguration"

    def put(name: str, child: Params) -> Step:
        return Step(f"Put{operation}", {"Bucket": "here", "Id": name, member: child})

    return s3(
        f"{name} configurations",
        here(f"List{operation}s", {"IsTruncated": False}, lacks=f"{member}List"),
        put("two", two),
        put("one", one),
        here(f"List{operation}s", {f"{member}List": [one, two]}),
        here(f"Get{operation}", {member: one}, Id="one"),
        replace(put("other", one), code="InvalidArgument"),
        here(f"Delete{operation}", Id="one"),
        here(f"Delete{operation}", code=absent, Id="one"),
        here(f"Get{operation}", code=absent, Id="one"),
        here(f"List{operation}s", {f"{member}List": [two]}),
        here("HeadBucket"),
        not_moto="moto lacks these operations, or errs on their absence",
    )


_LIFECYCLE_RULE = {
    "ID": "old",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 1024, "Tags": [{"Key": "a", "Value": "b"}]}},
    "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
    "Expiration": {"Days": 365},
}
_INVENTORY = {
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::there", "Format": "CSV"}},
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "OptionalFields": ["Size"],
    "Schedule": {"Frequency": "Daily"},
}
_REPLICATION = {
    "Role": "arn:aws:iam::000000000000:role/replicate",
    "Rules": [
        {
            "ID": "all",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": "a"},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::there"},
        }
    ],
}
_VERSIONED = here("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})

S3 = [
    s3(
        "a new bucket has AWS's defaults",
        here(
            "GetBucketEncryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [
                        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
                    ]
                }
            },
        ),
        here(
            "GetPublicAccessBlock",
            {
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                }
            },
        ),
        here(
            "GetBucketOwnershipControls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
        ),
        here("GetBucketVersioning", lacks="Status"),
        here("GetBucketAccelerateConfiguration", lacks="Status"),
        here("GetBucketRequestPayment", {"Payer": "BucketOwner"}),
        here("GetBucketAbac", {"AbacStatus": {"Status": "Disabled"}}),
        here("GetBucketLogging", lacks="LoggingEnabled"),
        here("GetBucketNotificationConfiguration", lacks="QueueConfigurations"),
        here("HeadBucket", {"BucketRegion": "us-east-1"}),
        not_moto="moto's new bucket has no encryption, block or ownership",
    ),
    Scenario(
        "no bucket",
        "s3",
        (
            here("DeleteBucket", code="NoSuchBucket"),
            here("GetBucketPolicy", code="NoSuchBucket"),
            here("GetBucketTagging", code="NoSuchBucket"),
            here("PutBucketTagging", code="NoSuchBucket", Tagging={"TagSet": []}),
            here("GetBucketVersioning", code="NoSuchBucket"),
            here("DeleteBucketCors", code="NoSuchBucket"),
        ),
    ),
    s3(
        "deleted",
        here("DeleteBucket"),
        here("HeadBucket", code="404"),
        Step("ListBuckets", {}, {"Buckets": []}),
    ),
    s3("made twice by its owner", here("CreateBucket", {"Location": "/here"})),
    Scenario(
        "names",
        "s3",
        (
            Step("CreateBucket", {"Bucket": "Upper"}, code="InvalidBucketName"),
            Step("CreateBucket", {"Bucket": "a..b"}, code="InvalidBucketName"),
            Step("CreateBucket", {"Bucket": "-ab"}, code="InvalidBucketName"),
        ),
        not_moto="moto is laxer about names",
    ),
    Scenario(
        "places",
        "s3",
        (
            here(
                "CreateBucket",
                {"Location": "http://here.s3.amazonaws.com/"},
                CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
            ),
            here("GetBucketLocation", {"LocationConstraint": "eu-west-1"}),
        ),
        not_moto="moto gives every bucket the same kind of location",
    ),
    Scenario(
        "no such place",
        "s3",
        (
            here(
                "CreateBucket",
                code="InvalidLocationConstraint",
                CreateBucketConfiguration={"LocationConstraint": "mars-1"},
            ),
        ),
        not_moto="moto takes any place",
    ),
    Scenario(
        "a bucket with tags and object lock",
        "s3",
        (
            here(
                "CreateBucket",
                ObjectLockEnabledForBucket=True,
                CreateBucketConfiguration={"Tags": [{"Key": "team", "Value": "a"}]},
            ),
            here("GetBucketTagging", {"TagSet": [{"Key": "team", "Value": "a"}]}),
            here("GetObjectLockConfiguration", {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}),
            here("GetBucketVersioning", {"Status": "Enabled"}),
            here("PutBucketVersioning", code="InvalidBucketState", VersioningConfiguration={"Status": "Suspended"}),
        ),
        not_moto="moto suspends versioning under object lock",
    ),
    Scenario(
        "pages of buckets",
        "s3",
        (
            *(Step("CreateBucket", {"Bucket": name}) for name in ("logs-c", "logs-a", "data", "logs-b")),
            Step("ListBuckets", {"Prefix": "logs-"}, {"Buckets": [{"Name": f"logs-{end}"} for end in "abc"]}),
            Step("ListBuckets", {"Prefix": "logs-", "MaxBuckets": 3}, lacks="ContinuationToken"),
            Step("ListBuckets", {"BucketRegion": "eu-west-1"}, {"Buckets": []}),
        ),
        not_moto="moto lists in the order of creation",
    ),
    round_trip(
        "Cors",
        "CORSConfiguration",
        {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 30}]},
        "NoSuchCORSConfiguration",
    ),
    round_trip(
        "Website",
        "WebsiteConfiguration",
        {"IndexDocument": {"Suffix": "i.html"}, "ErrorDocument": {"Key": "e.html"}},
        "NoSuchWebsiteConfiguration",
    ),
    s3(
        "lifecycle",
        here("GetBucketLifecycleConfiguration", code="NoSuchLifecycleConfiguration"),
        here("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": [_LIFECYCLE_RULE]}),
        here(
            "GetBucketLifecycleConfiguration",
            {"Rules": [_LIFECYCLE_RULE], "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"},
        ),
        here("DeleteBucketLifecycle"),
        here("GetBucketLifecycleConfiguration", code="NoSuchLifecycleConfiguration"),
        not_moto="moto drops ObjectSizeGreaterThan",
    ),
    round_trip(
        "Tagging",
        "Tagging",
        {"TagSet": [{"Key": "team", "Value": "a"}]},
        "NoSuchTagSet",
    ),
    s3(
        "encryption goes back to AWS's own",
        here(
            "PutBucketEncryption",
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]
            },
        ),
        here(
            "GetBucketEncryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [
                        {
                            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
                            "BucketKeyEnabled": False,
                        }
                    ]
                }
            },
        ),
        here("DeleteBucketEncryption"),
        here(
            "GetBucketEncryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                }
            },
        ),
        not_moto="moto has no encryption after the removal",
    ),
    s3(
        "replication needs versions, and keeps them",
        here("GetBucketReplication", code="ReplicationConfigurationNotFoundError"),
        here("PutBucketReplication", code="InvalidRequest", ReplicationConfiguration=_REPLICATION),
        _VERSIONED,
        here("PutBucketReplication", ReplicationConfiguration=_REPLICATION),
        here("GetBucketReplication", {"ReplicationConfiguration": _REPLICATION}),
        here("PutBucketVersioning", code="InvalidBucketState", VersioningConfiguration={"Status": "Suspended"}),
        here("DeleteBucketReplication"),
        here("PutBucketVersioning", VersioningConfiguration={"Status": "Suspended"}),
        here("GetBucketVersioning", {"Status": "Suspended"}),
        not_moto="moto drops the filter's prefix and suspends versions under replication",
    ),
    s3(
        "object lock needs versions",
        here("GetObjectLockConfiguration", code="ObjectLockConfigurationNotFoundError"),
        here(
            "PutObjectLockConfiguration",
            code="InvalidBucketState",
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"},
        ),
        _VERSIONED,
        here("PutObjectLockConfiguration", code="MalformedXML", ObjectLockConfiguration={}),
        here(
            "PutObjectLockConfiguration",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
            },
        ),
        here(
            "GetObjectLockConfiguration",
            {"ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}},
        ),
    ),
    s3(
        "logging, acceleration, payment and ABAC are only put",
        here(
            "PutBucketLogging", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "there", "TargetPrefix": "p"}}
        ),
        here("GetBucketLogging", {"LoggingEnabled": {"TargetBucket": "there", "TargetPrefix": "p"}}),
        here("PutBucketLogging", BucketLoggingStatus={}),
        here("GetBucketLogging", lacks="LoggingEnabled"),
        here("PutBucketAccelerateConfiguration", AccelerateConfiguration={"Status": "Enabled"}),
        here("GetBucketAccelerateConfiguration", {"Status": "Enabled"}),
        here("PutBucketRequestPayment", RequestPaymentConfiguration={"Payer": "Requester"}),
        here("GetBucketRequestPayment", {"Payer": "Requester"}),
        here("PutBucketAbac", AbacStatus={"Status": "Enabled"}),
        here("GetBucketAbac", {"AbacStatus": {"Status": "Enabled"}}),
        not_moto="moto wants the log's bucket, and lacks payment and ABAC",
    ),
    s3(
        "notification",
        here(
            "PutBucketNotificationConfiguration",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"Id": "n", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}
                ],
                "EventBridgeConfiguration": {},
            },
        ),
        here(
            "GetBucketNotificationConfiguration",
            {
                "QueueConfigurations": [
                    {"Id": "n", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}
                ],
                "EventBridgeConfiguration": {},
            },
        ),
        here("PutBucketNotificationConfiguration", NotificationConfiguration={}),
        here("GetBucketNotificationConfiguration", lacks="QueueConfigurations"),
        not_moto="moto doesn't return EventBridgeConfiguration",
    ),
    s3(
        "AWS's own tags and doubles are refused",
        here("PutBucketTagging", code="InvalidTag", Tagging={"TagSet": [{"Key": "aws:a", "Value": ""}]}),
        here(
            "PutBucketTagging",
            code="InvalidTag",
            Tagging={"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
        ),
        here("PutBucketTagging", Tagging={"TagSet": []}),
        here("GetBucketTagging", code="NoSuchTagSet"),
    ),
    s3(
        "values that no enum has",
        here("PutBucketVersioning", code="MalformedXML", VersioningConfiguration={"Status": "Off"}),
        here("PutBucketAcl", code="InvalidArgument", ACL="everybody"),
        here(
            "PutBucketLifecycleConfiguration", code="MalformedXML", LifecycleConfiguration={"Rules": [{"Status": "On"}]}
        ),
        not_moto="moto takes them",
    ),
    children("Analytics", {"StorageClassAnalysis": {}, "Filter": {"Prefix": "p"}}),
    children("Metrics", {"Filter": {"Prefix": "p"}}),
    children("Inventory", _INVENTORY),
    children(
        "IntelligentTiering",
        {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
]

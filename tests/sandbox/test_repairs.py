"""The simulated AWS behaves as AWS does where plain moto doesn't: one test for each repair."""

import json
import uuid
from typing import Any

import pytest

from ackpy.sandbox.repairs import REPAIRS
from tests.sandbox.conftest import Clients
from tests.sandbox.test_guard import code_and_status, refusal

WHERE = {"LocationConstraint": "eu-west-1"}
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
PRIVATE = PUBLIC | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"{uuid.uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=WHERE)
    return name


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName=f"{uuid.uuid4()}")["QueueUrl"])


def attributes(sqs: Any, queue: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names or ["All"]).get(
        "Attributes", {}
    )
    return found


def test_a_new_bucket_is_closed_and_encrypted(s3: Any, bucket: str) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(block, True)
    assert len(block) == 4
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    assert code_and_status(refusal(s3, "GetBucketTagging", Bucket=bucket)) == ("NoSuchTagSet", 404)


def test_a_bucket_takes_its_tags_and_ownership_at_creation(s3: Any) -> None:
    name, tags = f"{uuid.uuid4()}", [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=WHERE | {"Tags": tags}, ObjectOwnership="ObjectWriter")
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags
    (rule,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "ObjectWriter"}


def test_creating_a_bucket_again_changes_nothing(clients: Clients) -> None:
    s3, name = clients("s3", "us-east-1"), f"{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    s3.create_bucket(Bucket=name)
    assert refusal(s3, "GetPublicAccessBlock", Bucket=name).response["Error"]["Code"] == (
        "NoSuchPublicAccessBlockConfiguration"
    )


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "ab"])
def test_a_bucket_name_has_rules(s3: Any, name: str) -> None:
    error = refusal(s3, "CreateBucket", Bucket=name, CreateBucketConfiguration=WHERE)
    assert code_and_status(error) == ("InvalidBucketName", 400)


def test_buckets_are_listed_in_order_and_pages(s3: Any) -> None:
    prefix = f"{uuid.uuid4().hex}-"
    for letter in "cab":
        s3.create_bucket(Bucket=prefix + letter, CreateBucketConfiguration=WHERE)
    first = s3.list_buckets(Prefix=prefix, MaxBuckets=2)
    assert [bucket["Name"] for bucket in first["Buckets"]] == [f"{prefix}a", f"{prefix}b"]
    assert first["Prefix"] == prefix
    rest = s3.list_buckets(Prefix=prefix, MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
    assert [bucket["Name"] for bucket in rest["Buckets"]] == [f"{prefix}c"]
    assert "ContinuationToken" not in rest


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "On"}}),
        ("PutBucketOwnershipControls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "Mine"}]}}),
        (
            "PutBucketEncryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "ROT13"}}]
                }
            },
        ),
        ("PutBucketWebsite", {"WebsiteConfiguration": {"RedirectAllRequestsTo": {"HostName": "a", "Protocol": "ftp"}}}),
    ],
)
def test_values_that_no_enumeration_has_are_refused(
    s3: Any, bucket: str, operation: str, params: dict[str, Any]
) -> None:
    assert code_and_status(refusal(s3, operation, Bucket=bucket, **params)) == ("MalformedXML", 400)


def test_good_values_are_kept(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    encryption = {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a"},
                "BucketKeyEnabled": True,
            }
        ]
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == encryption
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"HostName": "b", "Protocol": "https"}},
            {"Redirect": {"ReplaceKeyWith": "c"}},
        ],
    }
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=website)
    found = s3.get_bucket_website(Bucket=bucket)
    assert {name: found[name] for name in website} == website
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == controls


def test_a_bucket_policy_is_json(s3: Any, bucket: str) -> None:
    assert code_and_status(refusal(s3, "PutBucketPolicy", Bucket=bucket, Policy="no")) == ("MalformedPolicy", 400)


def test_a_public_policy_needs_an_open_bucket(s3: Any, bucket: str) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(PRIVATE))
    error = refusal(s3, "PutBucketPolicy", Bucket=bucket, Policy=policy(PUBLIC))
    assert code_and_status(error) == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(PUBLIC))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == [PUBLIC]


def test_a_missing_bucket_stays_missing_in_a_repair(s3: Any) -> None:
    assert code_and_status(refusal(s3, "GetBucketEncryption", Bucket="no-such-bucket")) == ("NoSuchBucket", 404)


@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"])
def test_an_empty_value_removes_a_queue_attribute(sqs: Any, queue: str, name: str) -> None:
    arn = attributes(sqs, queue)["QueueArn"]
    value = {
        "Policy": policy(PUBLIC),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}),
        "RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"}),
        "KmsMasterKeyId": "alias/a",
    }[name]
    assert name not in attributes(sqs, queue)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
    assert attributes(sqs, queue)[name] == value
    assert attributes(sqs, queue, name) == {name: value}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "3"})
    assert attributes(sqs, queue)[name] == value
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: ""})
    assert name not in attributes(sqs, queue)
    assert attributes(sqs, queue, name) == {}
    assert attributes(sqs, queue)["DelaySeconds"] == "3"


def test_a_queue_has_the_attributes_it_was_created_with(sqs: Any) -> None:
    name, allow = f"{uuid.uuid4()}", json.dumps({"redrivePermission": "denyAll"})
    queue = sqs.create_queue(QueueName=name, Attributes={"RedriveAllowPolicy": allow})["QueueUrl"]
    assert attributes(sqs, queue)["RedriveAllowPolicy"] == allow
    assert sqs.create_queue(QueueName=name, Attributes={"RedriveAllowPolicy": allow})["QueueUrl"] == queue
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == queue
    other = json.dumps({"redrivePermission": "allowAll"})
    error = refusal(sqs, "CreateQueue", QueueName=name, Attributes={"RedriveAllowPolicy": other})
    assert code_and_status(error) == ("QueueAlreadyExists", 400)
    sqs.delete_queue(QueueUrl=queue)
    sqs.create_queue(QueueName=name)
    assert "RedriveAllowPolicy" not in attributes(sqs, queue)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("DelaySeconds", "soon"),
        ("DelaySeconds", ""),
        ("KmsDataKeyReusePeriodSeconds", "59"),
        ("MaximumMessageSize", "1023"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "43201"),
        ("Policy", "no"),
        ("RedrivePolicy", "no"),
        ("RedriveAllowPolicy", "[]"),
    ],
)
def test_a_wrong_value_of_a_queue_attribute_is_refused(sqs: Any, queue: str, name: str, value: str) -> None:
    before = attributes(sqs, queue)
    for operation, params in (("SetQueueAttributes", {"QueueUrl": queue}), ("CreateQueue", {"QueueName": "another"})):
        error = refusal(sqs, operation, **params, Attributes={name: value})
        assert code_and_status(error) == ("InvalidAttributeValue", 400)
        assert error.response["Error"]["Message"] == f"Invalid value for the parameter {name}."
    assert attributes(sqs, queue) == before


def test_a_queue_has_one_kind_of_encryption(sqs: Any, queue: str) -> None:
    assert attributes(sqs, queue)["SqsManagedSseEnabled"] == "true"
    both = {"KmsMasterKeyId": "alias/a", "SqsManagedSseEnabled": "true"}
    error = refusal(sqs, "SetQueueAttributes", QueueUrl=queue, Attributes=both)
    assert code_and_status(error) == ("InvalidAttributeValue", 400)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/a"})
    assert attributes(sqs, queue)["SqsManagedSseEnabled"] == "false"


def test_a_missing_dead_letter_queue_is_a_wrong_value(sqs: Any, queue: str) -> None:
    arn = attributes(sqs, queue)["QueueArn"] + "-not-there"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    error = refusal(sqs, "SetQueueAttributes", QueueUrl=queue, Attributes={"RedrivePolicy": redrive})
    assert code_and_status(error) == ("InvalidParameterValue", 400)


def test_a_missing_queue_stays_missing_in_a_repair(sqs: Any, queue: str) -> None:
    missing = f"{queue}-not-there"
    for operation, params in (
        ("GetQueueAttributes", {"AttributeNames": ["All"]}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
    ):
        error = refusal(sqs, operation, QueueUrl=missing, **params)
        assert code_and_status(error) == ("AWS.SimpleQueueService.NonExistentQueue", 400)


def test_every_repair_names_an_operation(clients: Clients) -> None:
    for service, operation in REPAIRS:
        assert operation in clients(service).meta.service_model.operation_names

"""S3: nearly every field of a bucket is a sub-resource with calls of its own."""

from typing import Any

import pytest

from ackpy.plan.decide import Act
from tests.kit.asked import Sent, asked

BUCKET = asked("s3/Bucket")
NAMED = {"name": "b"}
POLICY = '{"Version": "2012-10-17", "Statement": []}'
REPLICATION = {"replication": {"role": "arn:r", "rules": [{"destination": {"bucket": "arn:b"}, "status": "Enabled"}]}}
ENABLED, SUSPENDED = ({"versioning": {"status": status}} for status in ("Enabled", "Suspended"))
ENCRYPTION = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]}
OPEN = {"blockPublicACLs": False, "blockPublicPolicy": False, "ignorePublicACLs": False, "restrictPublicBuckets": False}
# What each part may be, in the order in which the contract writes them.
PARTS: dict[str, Any] = {
    "abac": {"status": "Enabled"},
    "accelerate": {"status": "Enabled"},
    "analytics": [{"id": "a", "storageClassAnalysis": {}}],
    "cors": {"corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]},
    "encryption": ENCRYPTION,
    "intelligentTiering": [{"id": "a", "status": "Enabled"}],
    "inventory": [{"id": "a", "isEnabled": True}],
    "lifecycle": {"rules": [{"id": "a", "status": "Enabled"}]},
    "logging": {"loggingEnabled": {"targetBucket": "logs", "targetPrefix": "b/"}},
    "metrics": [{"id": "a"}],
    "notification": {"topicConfigurations": [{"id": "a", "topicARN": "arn:t", "events": ["s3:ObjectCreated:*"]}]},
    "ownershipControls": {"rules": [{"objectOwnership": "ObjectWriter"}]},
    "publicAccessBlock": {"blockPublicPolicy": True},
    "policy": POLICY,
    "requestPayment": {"payer": "Requester"},
    "tagging": {"tagSet": [{"key": "a", "value": "1"}]},
    "website": {"indexDocument": {"suffix": "index.html"}},
    **ENABLED,
    **REPLICATION,
    "objectLockConfiguration": {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
}
LISTS = ("analytics", "intelligentTiering", "inventory", "metrics")


def test_each_part_is_written_in_its_turn() -> None:
    """Contract, s3/Bucket, behaviours 0 and 3: publicAccessBlock before policy, versioning before replication."""
    assert [part.name for part in BUCKET.kind.parts if part.name in PARTS] == [*PARTS]
    decision = BUCKET.decision({**NAMED, **PARTS}, {})
    assert isinstance(decision, Act)
    assert [call.parts for call in decision.stage.calls] == [(name,) for name in PARTS]


@pytest.mark.parametrize("name", PARTS)
def test_one_part_that_differs_is_one_call(name: str) -> None:
    """Contract, s3, behaviour 0; s3/Bucket, behaviour 3: nothing else is written."""
    (call,) = BUCKET.sent({**NAMED, **PARTS}, {other: value for other, value in PARTS.items() if other != name})
    assert call[0].startswith("Put")


def test_parts_follow_the_creation() -> None:
    """Contract, s3/Bucket, behaviour 2: CreateBucket takes the tags, and none of the other parts."""
    spec = {**NAMED, **ENABLED, **{name: PARTS[name] for name in ("tagging", "cors", "policy")}}
    assert BUCKET.created(spec) == {
        "Bucket": "b",
        "CreateBucketConfiguration": {"Tags": [{"Key": "a", "Value": "1"}]},
    }
    assert BUCKET.operations(spec) == ["CreateBucket", "PutBucketCors", "PutBucketPolicy", "PutBucketVersioning"]


def test_replication_comes_after_versioning_and_goes_before_it() -> None:
    """Contract, s3/Bucket, behaviour 3."""
    on, off = {**NAMED, **ENABLED, **REPLICATION}, {**NAMED, **SUSPENDED}
    assert BUCKET.operations(on, off) == ["PutBucketVersioning", "PutBucketReplication"]
    assert BUCKET.operations(off, on) == ["DeleteBucketReplication", "PutBucketVersioning"]
    assert BUCKET.operations(NAMED, on) == ["DeleteBucketReplication", "PutBucketVersioning"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("cors", ("DeleteBucketCors", {})),
        ("encryption", ("DeleteBucketEncryption", {})),
        ("lifecycle", ("DeleteBucketLifecycle", {})),
        ("policy", ("DeleteBucketPolicy", {})),
        ("replication", ("DeleteBucketReplication", {})),
        ("tagging", ("DeleteBucketTagging", {})),
        ("website", ("DeleteBucketWebsite", {})),
        ("accelerate", ("PutBucketAccelerateConfiguration", {"AccelerateConfiguration": {"Status": "Suspended"}})),
        ("requestPayment", ("PutBucketRequestPayment", {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}})),
        ("versioning", ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Suspended"}})),
        ("logging", ("PutBucketLogging", {"BucketLoggingStatus": {}})),
        ("notification", ("PutBucketNotificationConfiguration", {"NotificationConfiguration": {}})),
    ],
)
def test_a_part_that_was_removed_is_deleted_or_written_as_none(name: str, sent: tuple[str, Any]) -> None:
    """Contract, s3/Bucket, behaviours 4 and 7: where the field is unset, and where it is empty."""
    assert BUCKET.sent(NAMED, {name: PARTS[name]}) == [sent]
    empty = (
        "" if isinstance(PARTS[name], str) else {key: [] for key, one in PARTS[name].items() if isinstance(one, list)}
    )
    assert BUCKET.sent({**NAMED, name: empty}, {name: PARTS[name]}) == [sent]


def test_a_block_that_blocks_nothing_is_no_block() -> None:
    """Contract, s3/Bucket, behaviours 4 and 7: publicAccessBlock, all false."""
    sent = BUCKET.sent({**NAMED, "publicAccessBlock": OPEN}, {"publicAccessBlock": PARTS["publicAccessBlock"]})
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert sent == [("PutPublicAccessBlock", {"PublicAccessBlockConfiguration": dict.fromkeys(names, False)})]
    assert BUCKET.sent({**NAMED, "publicAccessBlock": OPEN}, {}) == []
    assert BUCKET.sent(NAMED, {"publicAccessBlock": OPEN}) == []


@pytest.mark.parametrize("spec", [{}, {"abac": {}}])
def test_abac_without_a_status_sends_nothing(spec: dict[str, Any]) -> None:
    """Contract, s3/Bucket, behaviour 4."""
    assert BUCKET.sent({**NAMED, **spec}, {"abac": {"status": "Enabled"}}) == []


def test_a_policy_does_not_shut_its_author_in() -> None:
    """Contract, s3/Bucket, behaviour 4: ConfirmRemoveSelfBucketAccess is false."""
    sent: Sent = BUCKET.sent({**NAMED, "policy": POLICY}, {})
    assert sent == [("PutBucketPolicy", {"Policy": POLICY, "ConfirmRemoveSelfBucketAccess": False})]


@pytest.mark.parametrize("name", LISTS)
def test_configurations_with_ids_are_written_one_by_one(name: str) -> None:
    """Contract, s3/Bucket, behaviour 5: removed, changed and new ones, by id."""
    ((one,), member) = (PARTS[name], "status" if name == "intelligentTiering" else "filter")
    changed = {**one, member: "Disabled" if member == "status" else {"prefix": "p"}}
    spec = {**NAMED, name: [changed, {**one, "id": "kept"}, {**one, "id": "new"}]}
    there = {name: [{**one, "id": "kept"}, one, {**one, "id": "gone"}]}
    sent = [(operation.partition("Bucket")[0], params["Id"]) for operation, params in BUCKET.sent(spec, there)]
    assert sent == [("Delete", "gone"), ("Put", "a"), ("Put", "new")]


@pytest.mark.parametrize(
    "there",
    [
        {"accelerate": {"status": "Suspended"}},
        {"versioning": {"status": "Suspended"}},
        {"requestPayment": {"payer": "BucketOwner"}},
        {"publicAccessBlock": OPEN},
    ],
)
def test_what_aws_shows_of_nothing_is_no_difference(there: dict[str, Any]) -> None:
    """Contract, s3/Bucket, behaviour 7."""
    assert BUCKET.sent(NAMED, there) == []
    (name,) = there
    assert BUCKET.sent({**NAMED, **there}, {}) == [], name


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetBucketVersioning", {}),
        ("GetBucketVersioning", {"Status": ""}),
        ("GetBucketLogging", {}),
        ("GetBucketNotificationConfiguration", {}),
        ("GetBucketNotificationConfiguration", {"TopicConfigurations": [], "EventBridgeConfiguration": {}}),
    ],
)
def test_an_empty_answer_shows_nothing(operation: str, answer: dict[str, Any]) -> None:
    """Contract, s3/Bucket, behaviour 1."""
    shown, _ = BUCKET.shown(operation, answer)
    assert BUCKET.sent(NAMED, shown) == []


def test_a_bucket_is_deleted_as_it_is() -> None:
    """Contract, s3/Bucket, behaviour 8: nothing is emptied."""
    assert BUCKET.operations(NAMED, PARTS, deleting=True) == ["DeleteBucket"]


def test_the_arn_is_made_of_the_name() -> None:
    """Contract, s3/Bucket, behaviour 0: always in the partition aws."""
    assert BUCKET.kind.arn == "arn:aws:s3:::{spec.name}"

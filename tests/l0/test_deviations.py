"""One test for each row of docs/deviations.md about a kind."""

import orjson
import pytest

from ackpy.kinds.registry import load
from ackpy.plan.adopt import filling
from ackpy.plan.decide import NOT_MANAGED, Act, Desired, Done, Memory, Refuse, decide
from ackpy.wire.call import Call, Observation
from tests.kit.oracle import Node

BUCKET, QUEUE = (next(kind for kind in load() if kind.label == label) for label in ("s3/Bucket", "sqs/Queue"))
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

"""What data can't say, kind by kind."""

import orjson
import pytest

from ackpy.kinds.registry import load
from ackpy.services import DECODE_OBSERVED, IDENTITY, NORMALISE_DESIRED
from tests.kit.oracle import Node

LOCATED = {"createBucketConfiguration": {"locationConstraint": "eu-west-1"}}


def test_every_hook_belongs_to_a_kind() -> None:
    assert {*NORMALISE_DESIRED, *DECODE_OBSERVED, *IDENTITY} <= {kind.label for kind in load()}


def test_a_subscription_that_hides_its_arn_is_not_found() -> None:
    """SNS API, Subscribe: asked for again, it answers the ARN of the one that there is."""
    hidden, shown = ({"SubscriptionArn": arn} for arn in ("PendingConfirmation", "arn:aws:sns:us-east-1:1:t:x"))
    listed = {"Subscriptions": [hidden, shown]}
    decoded = DECODE_OBSERVED["sns/Subscription"]
    assert decoded("ListSubscriptionsByTopic", listed, {}) == {"Subscriptions": [shown]}
    assert decoded("GetSubscriptionAttributes", {"Attributes": {}}, {}) == {"Attributes": {}}


@pytest.mark.parametrize(
    ("suffix", "role", "meant"),
    [
        (None, "AWSServiceRoleForAutoScaling", True),
        (None, "AWSServiceRoleForAutoScaling_fleet", False),
        ("fleet", "AWSServiceRoleForAutoScaling_fleet", True),
        ("fleet", "AWSServiceRoleForAutoScaling", False),
    ],
)
def test_a_linked_role_is_told_by_its_service_and_suffix(suffix: str | None, role: str, meant: bool) -> None:
    spec = {"awsServiceName": "autoscaling.amazonaws.com", "customSuffix": suffix}
    is_meant = IDENTITY["iam/ServiceLinkedRole"]
    assert is_meant(spec, {"RoleName": role, "Path": "/aws-service-role/autoscaling.amazonaws.com/"}) is meant
    assert not is_meant(spec, {"RoleName": role, "Path": "/aws-service-role/lex.amazonaws.com/"})


def test_a_provider_has_the_url_that_it_was_made_with() -> None:
    decoded = DECODE_OBSERVED["iam/OpenIDConnectProvider"]
    assert decoded("GetOpenIDConnectProvider", {"Url": "example.com/a"}, {}) == {"Url": "https://example.com/a"}
    assert decoded("ListOpenIDConnectProviders", {"Url": "example.com/a"}, {}) == {"Url": "example.com/a"}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"objectLockEnabledForBucket": True}, {"status": "Enabled"}),
        ({"objectLockConfiguration": {"rule": {"defaultRetention": {"days": 1}}}}, {"status": "Enabled"}),
        ({"objectLockEnabledForBucket": True, "versioning": {"status": "Suspended"}}, {"status": "Suspended"}),
        ({"objectLockEnabledForBucket": False}, None),
    ],
)
def test_locked_objects_have_versions_unless_the_spec_says_otherwise(spec: Node, wanted: Node | None) -> None:
    assert NORMALISE_DESIRED["s3/Bucket"](spec, "us-east-1").get("versioning") == wanted


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"name": "b-an"}, "account-regional"),
        ({"name": "b-an", "namespace": "global"}, "global"),
        ({"name": "b"}, None),
    ],
)
def test_a_name_tells_its_namespace(spec: Node, wanted: str | None) -> None:
    assert NORMALISE_DESIRED["s3/Bucket"](spec, "us-east-1").get("namespace") == wanted


@pytest.mark.parametrize(
    ("spec", "region", "wanted"),
    [
        ({"name": "b"}, "us-east-1", {"name": "b"}),
        ({"name": "b"}, "eu-west-1", {"name": "b", **LOCATED}),
        ({"name": "b", **LOCATED}, "us-east-1", {"name": "b", **LOCATED}),
        ({"name": "b", **LOCATED}, "eu-west-2", {"name": "b", **LOCATED}),
    ],
)
def test_bucket_is_made_where_its_region_says(spec: Node, region: str, wanted: Node) -> None:
    """Contract, Bucket, behaviour, Create: a locationConstraint is set outside us-east-1 where there is none."""
    assert NORMALISE_DESIRED["s3/Bucket"](spec, region) == wanted


def test_a_policy_is_read_as_the_permissions_that_made_it() -> None:
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f:live",
        "Condition": {
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
            "StringEquals": {"AWS:SourceAccount": "1", "lambda:FunctionUrlAuthType": "NONE"},
        },
    }
    policy = orjson.dumps({"Statement": [statement, {**statement, "Sid": None}]}).decode()
    assert DECODE_OBSERVED["lambda/Alias"]("GetPolicy", {"Policy": policy}, {})["Policy"] == [
        {
            "StatementId": "s",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::b",
            "SourceAccount": "1",
            "FunctionUrlAuthType": "NONE",
        }
    ]
    assert DECODE_OBSERVED["lambda/Alias"]("GetAlias", {"Name": "live"}, {}) == {"Name": "live"}


def test_the_version_is_meant_that_publishing_would_answer() -> None:
    latest, old, new = (
        {"Version": number, "CodeSha256": code, "Timeout": 3, "RevisionId": number}
        for number, code in (("$LATEST", "b"), ("9", "a"), ("10", "b"))
    )
    found = DECODE_OBSERVED["lambda/Version"]
    assert found("ListVersionsByFunction", {"Versions": [latest, old, new]}, {})["Versions"] == [new]
    assert found("ListVersionsByFunction", {"Versions": [latest, old]}, {})["Versions"] == []
    assert found("ListVersionsByFunction", {"Versions": [latest]}, {})["Versions"] == []
    assert found("GetFunctionConfiguration", new, {}) == new


@pytest.mark.parametrize("given", ["f", "arn:aws:lambda:us-east-1:123456789012:function:f", "123456789012:function:f"])
def test_a_function_is_named_by_its_name(given: str) -> None:
    for label in ("lambda/Alias", "lambda/FunctionURLConfig", "lambda/Version"):
        assert NORMALISE_DESIRED[label]({"functionName": given}, "us-east-1") == {"functionName": "f"}

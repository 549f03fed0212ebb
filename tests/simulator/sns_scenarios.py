"""What SNS does with topics, subscriptions and mobile push."""

from __future__ import annotations

from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
APP = "arn:aws:sns:us-east-1:123456789012:app/GCM/a"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


def topic(
    operation: str, answer: Params | None = None, *, name: str = "TopicArn", code: str = "", **params: Any
) -> Step:
    return Step(operation, {name: TOPIC, **params}, answer, code=code)


def sns(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a topic named t, made first."""
    return Scenario(name, "sns", (Step("CreateTopic", {"Name": "t"}, {"TopicArn": TOPIC}), *steps), not_moto)


def setting(name: str, value: str, code: str = "") -> Step:
    return topic("SetTopicAttributes", code=code, AttributeName=name, AttributeValue=value)


SNS = [
    sns(
        "a topic comes and goes",
        topic("GetTopicAttributes", {"Attributes": {"TopicArn": TOPIC, "Owner": "123456789012", "DisplayName": ""}}),
        Step("ListTopics", {}, {"Topics": [{"TopicArn": TOPIC}]}),
        setting("DisplayName", "T"),
        topic("GetTopicAttributes", {"Attributes": {"DisplayName": "T", "SubscriptionsConfirmed": "0"}}),
        topic("DeleteTopic"),
        topic("GetTopicAttributes", code="NotFound"),
        topic("ListTagsForResource", name="ResourceArn", code="ResourceNotFound"),
    ),
    sns(
        "a topic is deleted twice",
        topic("DeleteTopic"),
        topic("DeleteTopic"),
    ),
    sns(
        "wrong attributes are refused, and an absent value removes",
        setting("Colour", "red", "InvalidParameter"),
        setting("Policy", "{", "InvalidParameter"),
        setting("KmsMasterKeyId", "alias/aws/sns"),
        topic("GetTopicAttributes", {"Attributes": {"KmsMasterKeyId": "alias/aws/sns"}}),
        topic("SetTopicAttributes", AttributeName="KmsMasterKeyId"),
        topic("GetTopicAttributes", {"Attributes": {"KmsMasterKeyId": None}}),
        not_moto="moto takes any attribute",
    ),
    sns(
        "made twice",
        Step("CreateTopic", {"Name": "t"}, {"TopicArn": TOPIC}),
        Step("CreateTopic", {"Name": "t", "Attributes": {"DisplayName": "T"}}, code="InvalidParameter"),
        Step("CreateTopic", {"Name": "t", "Tags": [{"Key": "a", "Value": "1"}]}, code="InvalidParameter"),
        Step("CreateTopic", {"Name": "t.fifo"}, code="InvalidParameter"),
        Step("CreateTopic", {"Name": "t.fifo", "Attributes": {"FifoTopic": "true"}}, {"TopicArn": TOPIC + ".fifo"}),
        not_moto="moto answers the topic whatever comes along",
    ),
    sns(
        "tags",
        topic("TagResource", name="ResourceArn", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]),
        topic("UntagResource", name="ResourceArn", TagKeys=["b"]),
        topic("ListTagsForResource", {"Tags": [{"Key": "a", "Value": "1"}]}, name="ResourceArn"),
    ),
    sns(
        "what must be confirmed is pending, and can't be cancelled",
        topic("Subscribe", {"SubscriptionArn": "pending confirmation"}, Protocol="email", Endpoint="a@example.com"),
        topic("Subscribe", Protocol="sqs", Endpoint=QUEUE),
        topic("GetTopicAttributes", {"Attributes": {"SubscriptionsPending": "1", "SubscriptionsConfirmed": "1"}}),
        topic("DeleteTopic"),
        topic("ListSubscriptionsByTopic", code="NotFound"),
        not_moto="moto confirms by itself",
    ),
    Scenario(
        "an application keeps its secrets",
        "sns",
        (
            Step(
                "CreatePlatformApplication",
                {"Name": "a", "Platform": "GCM", "Attributes": {"PlatformCredential": "secret"}},
                {"PlatformApplicationArn": APP},
            ),
            Step(
                "GetPlatformApplicationAttributes",
                {"PlatformApplicationArn": APP},
                {"Attributes": {"Enabled": "true", "PlatformCredential": None}},
            ),
            Step("CreatePlatformEndpoint", {"PlatformApplicationArn": APP, "Token": "x"}),
            Step("CreatePlatformEndpoint", {"PlatformApplicationArn": APP, "Token": "x"}),
            Step(
                "CreatePlatformEndpoint",
                {"PlatformApplicationArn": APP, "Token": "x", "CustomUserData": "other"},
                code="InvalidParameter",
            ),
            Step("DeletePlatformApplication", {"PlatformApplicationArn": APP}),
            Step("DeletePlatformApplication", {"PlatformApplicationArn": APP}),
            Step("ListEndpointsByPlatformApplication", {"PlatformApplicationArn": APP}, code="NotFound"),
        ),
        not_moto="moto shows the credential",
    ),
]

"""SNS: maps of attributes, written whole or one a call."""

import pytest

from tests.kit.asked import asked

TOPIC, SUBSCRIPTION = asked("sns/Topic"), asked("sns/Subscription")
APPLICATION, ENDPOINT = asked("sns/PlatformApplication"), asked("sns/PlatformEndpoint")


def test_topics_and_subscriptions_take_one_attribute_a_call() -> None:
    """Contract, sns, behaviour 0."""
    assert TOPIC.sent({"name": "t", "displayName": "new", "kmsMasterKeyID": "k"}, {"name": "t"}) == [
        ("SetTopicAttributes", {"AttributeName": "DisplayName", "AttributeValue": "new"}),
        ("SetTopicAttributes", {"AttributeName": "KmsMasterKeyId", "AttributeValue": "k"}),
    ]
    raw, role = {"rawMessageDelivery": "true"}, {"subscriptionRoleARN": "arn:r"}
    assert SUBSCRIPTION.sent({**raw, **role}, {"rawMessageDelivery": "false"}) == [
        ("SetSubscriptionAttributes", {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}),
        ("SetSubscriptionAttributes", {"AttributeName": "SubscriptionRoleArn", "AttributeValue": "arn:r"}),
    ]


def test_applications_and_endpoints_take_a_map() -> None:
    """Contract, sns, behaviour 0; sns/PlatformApplication and sns/PlatformEndpoint, behaviours 0."""
    spec = {"successFeedbackSampleRate": "5", "eventDeliveryFailure": "arn:t"}
    attributes = {"SuccessFeedbackSampleRate": "5", "EventDeliveryFailure": "arn:t"}
    assert APPLICATION.sent(spec, {}) == [("SetPlatformApplicationAttributes", {"Attributes": attributes})]
    assert ENDPOINT.sent({"customUserData": "u", "enabled": "false"}, {"enabled": "true"}) == [
        ("SetEndpointAttributes", {"Attributes": {"CustomUserData": "u", "Enabled": "false"}})
    ]


def test_a_subscription_is_asked_for_with_its_arn() -> None:
    """Contract, sns/Subscription, behaviour 0: ReturnSubscriptionArn."""
    sent = SUBSCRIPTION.created({"topicARN": "arn:t", "protocol": "sqs", "endpoint": "arn:q"})
    assert sent == {"TopicArn": "arn:t", "Protocol": "sqs", "Endpoint": "arn:q", "ReturnSubscriptionArn": True}


def test_what_a_subscription_is_about_stands_in_its_attributes() -> None:
    """Contract, sns/Subscription, behaviour 0: protocol, endpoint and topic are filled from what is read."""
    attributes = {"Protocol": "sqs", "Endpoint": "arn:q", "TopicArn": "arn:t"}
    spec, _ = SUBSCRIPTION.shown("GetSubscriptionAttributes", {"Attributes": attributes})
    assert spec == {"protocol": "sqs", "endpoint": "arn:q", "topicARN": "arn:t"}


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("deliveryPolicy", "DeliveryPolicy"),
        ("redrivePolicy", "RedrivePolicy"),
        ("subscriptionRoleARN", "SubscriptionRoleArn"),
    ],
)
def test_an_attribute_that_was_removed_is_sent_without_a_value(field: str, attribute: str) -> None:
    """Contract, sns/Subscription, behaviour 1: a removed field sends no value."""
    assert SUBSCRIPTION.sent({}, {field: '{"a": 1}'}) == [("SetSubscriptionAttributes", {"AttributeName": attribute})]


@pytest.mark.parametrize("raw", ["true", "false"])
def test_unset_raw_delivery_is_no_difference(raw: str) -> None:
    """Contract, sns/Subscription, behaviour 1: rawMessageDelivery nil."""
    assert SUBSCRIPTION.sent({}, {"rawMessageDelivery": raw}) == []


def test_tags_alone_change_no_attribute() -> None:
    """Contract, sns/Topic, behaviour 1: tags are written by their own calls, and nothing else is then."""
    spec, there = ({"name": "t", "tags": [{"key": key, "value": "v"}]} for key in ("new", "old"))
    assert TOPIC.sent(spec, there) == [
        ("UntagResource", {"TagKeys": ["old"]}),
        ("TagResource", {"Tags": [{"Key": "new", "Value": "v"}]}),
    ]


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("deliveryPolicy", "DeliveryPolicy"),
        ("displayName", "DisplayName"),
        ("policy", "Policy"),
        ("tracingConfig", "TracingConfig"),
        ("kmsMasterKeyID", "KmsMasterKeyId"),
        ("signatureVersion", "SignatureVersion"),
        ("contentBasedDeduplication", "ContentBasedDeduplication"),
        ("fifoThroughputScope", "FifoThroughputScope"),
    ],
)
def test_each_attribute_of_a_topic_is_written_by_its_name(field: str, attribute: str) -> None:
    """Contract, sns/Topic, behaviour 1."""
    assert TOPIC.sent({"name": "t", field: '"new"'}, {"name": "t"}) == [
        ("SetTopicAttributes", {"AttributeName": attribute, "AttributeValue": '"new"'})
    ]


def test_whether_a_topic_is_fifo_is_settled_at_creation() -> None:
    """Contract, sns/Topic, behaviour 1: FifoTopic is create-only."""
    assert TOPIC.created({"name": "t.fifo", "fifoTopic": "true"})["Attributes"] == {"FifoTopic": "true"}
    assert TOPIC.sent({"name": "t.fifo", "fifoTopic": "true"}, {"name": "t.fifo"}) == []

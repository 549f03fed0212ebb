"""What SQS does with queues."""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/"
_DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
_REDRIVE = json.dumps({"maxReceiveCount": 5, "deadLetterTargetArn": _DEAD})
_ALL: Params = {"AttributeNames": ["All"]}


def queue(
    operation: str, answer: Params | None = None, *, name: str = "q", code: str = "", lacks: str = "", **params: Any
) -> Step:
    return Step(operation, {"QueueUrl": URL + name, **params}, answer, lacks, code)


def sqs(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a queue named q, made first."""
    return Scenario(name, "sqs", (Step("CreateQueue", {"QueueName": "q"}), *steps), not_moto)


SQS = [
    sqs(
        "a new queue has AWS's defaults",
        queue(
            "GetQueueAttributes",
            {
                "Attributes": {
                    "DelaySeconds": "0",
                    "MaximumMessageSize": "1048576",
                    "MessageRetentionPeriod": "345600",
                    "ReceiveMessageWaitTimeSeconds": "0",
                    "VisibilityTimeout": "30",
                    "SqsManagedSseEnabled": "true",
                    "QueueArn": "arn:aws:sqs:us-east-1:123456789012:q",
                }
            },
            **_ALL,
        ),
        queue("GetQueueAttributes", lacks="Attributes"),
        queue("ListQueueTags", lacks="Tags"),
        not_moto="moto's account, and its smaller default for messages",
    ),
    Scenario(
        "no queue",
        "sqs",
        (
            queue("GetQueueAttributes", code="AWS.SimpleQueueService.NonExistentQueue", **_ALL),
            queue(
                "SetQueueAttributes", code="AWS.SimpleQueueService.NonExistentQueue", Attributes={"DelaySeconds": "1"}
            ),
            queue("DeleteQueue", code="AWS.SimpleQueueService.NonExistentQueue"),
            queue("ListQueueTags", code="AWS.SimpleQueueService.NonExistentQueue"),
            queue("TagQueue", code="AWS.SimpleQueueService.NonExistentQueue", Tags={"a": "b"}),
        ),
    ),
    sqs(
        "found by name, listed by prefix",
        Step("GetQueueUrl", {"QueueName": "q"}, {"QueueUrl": URL + "q"}),
        Step("GetQueueUrl", {"QueueName": "x"}, code="AWS.SimpleQueueService.NonExistentQueue"),
        Step("CreateQueue", {"QueueName": "other"}),
        Step("ListQueues", {}, {"QueueUrls": [URL + "other", URL + "q"]}),
        Step("ListQueues", {"QueueNamePrefix": "o"}, {"QueueUrls": [URL + "other"]}),
        Step("ListQueues", {"QueueNamePrefix": "z"}, lacks="QueueUrls"),
        not_moto="moto's account and its order",
    ),
    sqs(
        "attributes are merged; an empty text removes",
        queue("SetQueueAttributes", Attributes={"DelaySeconds": "5", "RedrivePolicy": _REDRIVE}),
        queue(
            "GetQueueAttributes",
            {
                "Attributes": {
                    "DelaySeconds": "5",
                    "VisibilityTimeout": "30",
                    "RedrivePolicy": f'{{"deadLetterTargetArn":"{_DEAD}","maxReceiveCount":5}}',
                }
            },
            **_ALL,
        ),
        queue(
            "SetQueueAttributes",
            Attributes={"RedrivePolicy": "", "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
        ),
        queue("GetQueueAttributes", lacks="Attributes", AttributeNames=["RedrivePolicy"]),
        queue(
            "GetQueueAttributes",
            {"Attributes": {"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'}},
            AttributeNames=["RedriveAllowPolicy"],
        ),
        not_moto="moto doesn't return RedriveAllowPolicy and wants the dead letters' queue",
    ),
    sqs(
        "wrong attributes change nothing",
        queue("SetQueueAttributes", code="InvalidAttributeName", Attributes={"Colour": "red"}),
        queue("SetQueueAttributes", code="InvalidAttributeName", Attributes={"QueueArn": "arn"}),
        queue("SetQueueAttributes", code="InvalidAttributeName", Attributes={"FifoQueue": "true"}),
        queue("SetQueueAttributes", code="InvalidAttributeName", Attributes={"DeduplicationScope": "queue"}),
        queue("SetQueueAttributes", code="InvalidAttributeValue", Attributes={"DelaySeconds": "901"}),
        queue("SetQueueAttributes", code="InvalidAttributeValue", Attributes={"DelaySeconds": "soon"}),
        queue("SetQueueAttributes", code="InvalidAttributeValue", Attributes={"VisibilityTimeout": "9", "Policy": "{"}),
        queue("GetQueueAttributes", {"Attributes": {"DelaySeconds": "0", "VisibilityTimeout": "30"}}, **_ALL),
        queue("GetQueueAttributes", code="InvalidAttributeName", AttributeNames=["Colour"]),
        not_moto="moto takes most of them",
    ),
    sqs(
        "one kind of encryption at a time",
        queue("SetQueueAttributes", Attributes={"KmsMasterKeyId": "alias/aws/sqs"}),
        queue(
            "GetQueueAttributes",
            {"Attributes": {"SqsManagedSseEnabled": "false", "KmsDataKeyReusePeriodSeconds": "300"}},
            **_ALL,
        ),
        queue("SetQueueAttributes", Attributes={"SqsManagedSseEnabled": "true"}),
        queue("GetQueueAttributes", lacks="Attributes", AttributeNames=["KmsMasterKeyId"]),
        not_moto="moto keeps both",
    ),
    sqs(
        "made twice",
        Step("CreateQueue", {"QueueName": "q"}, {"QueueUrl": URL + "q"}),
        Step("CreateQueue", {"QueueName": "q", "Attributes": {"VisibilityTimeout": "30"}}, {"QueueUrl": URL + "q"}),
        Step("CreateQueue", {"QueueName": "q", "Attributes": {"VisibilityTimeout": "31"}}, code="QueueAlreadyExists"),
    ),
    Scenario(
        "FIFO",
        "sqs",
        (
            Step("CreateQueue", {"QueueName": "q", "Attributes": {"FifoQueue": "true"}}, code="InvalidParameterValue"),
            Step("CreateQueue", {"QueueName": "q.fifo"}, code="InvalidParameterValue"),
            Step("CreateQueue", {"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}}),
            queue(
                "GetQueueAttributes",
                {
                    "Attributes": {
                        "FifoQueue": "true",
                        "ContentBasedDeduplication": "false",
                        "DeduplicationScope": "queue",
                        "FifoThroughputLimit": "perQueue",
                    }
                },
                name="q.fifo",
                **_ALL,
            ),
            queue(
                "SetQueueAttributes",
                code="InvalidAttributeValue",
                name="q.fifo",
                Attributes={"FifoThroughputLimit": "perMessageGroupId"},
            ),
        ),
        not_moto="moto takes any throughput",
    ),
    sqs(
        "tags",
        queue("TagQueue", Tags={"a": "1", "b": ""}),
        queue("TagQueue", Tags={"a": "2"}),
        queue("ListQueueTags", {"Tags": {"a": "2", "b": ""}}),
        queue("UntagQueue", TagKeys=["b", "c"]),
        queue("ListQueueTags", {"Tags": {"a": "2"}}),
        queue("TagQueue", code="InvalidParameterValue", Tags={"aws:x": "1"}),
        not_moto="moto takes AWS's own prefix",
    ),
    Scenario(
        "made with tags",
        "sqs",
        (
            Step("CreateQueue", {"QueueName": "q", "tags": {"a": "1"}}),
            queue("ListQueueTags", {"Tags": {"a": "1"}}),
            queue("DeleteQueue"),
            Step("ListQueues", {}, lacks="QueueUrls"),
        ),
    ),
]

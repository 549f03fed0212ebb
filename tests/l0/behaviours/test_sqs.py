"""SQS: one map of attributes."""

from tests.kit.asked import asked

QUEUE = asked("sqs/Queue")


def test_attributes_are_texts_in_one_map() -> None:
    """Contract, sqs, behaviour 0; sqs/Queue, behaviour 0."""
    spec = {"queueName": "q", "delaySeconds": "5", "policy": '{"a": 1}'}
    attributes = {"DelaySeconds": "5", "Policy": '{"a": 1}'}
    assert QUEUE.created(spec)["Attributes"] == attributes
    shown, _ = QUEUE.shown("GetQueueAttributes", {"Attributes": attributes})
    assert shown == {name: value for name, value in spec.items() if name != "queueName"}


def test_tags_alone_change_no_attribute() -> None:
    """Contract, sqs/Queue, behaviours 0 and 1: tags are a map, written by key, and nothing else is then."""
    spec, there = {"queueName": "q", "tags": {"a": "new", "c": "c"}}, {"tags": {"a": "old", "b": "b"}}
    assert QUEUE.sent(spec, there) == [
        ("UntagQueue", {"TagKeys": ["b"]}),
        ("TagQueue", {"Tags": {"a": "new", "c": "c"}}),
    ]


def test_attributes_that_changed_go_in_one_call() -> None:
    """Contract, sqs/Queue, behaviour 1: one SetQueueAttributes; none where nothing differs."""
    there = {"delaySeconds": "0", "visibilityTimeout": "30"}
    spec = {"queueName": "q", "delaySeconds": "5", "visibilityTimeout": "60"}
    attributes = {"DelaySeconds": "5", "VisibilityTimeout": "60"}
    assert QUEUE.sent(spec, there) == [("SetQueueAttributes", {"Attributes": attributes})]
    assert QUEUE.sent(spec, spec) == []

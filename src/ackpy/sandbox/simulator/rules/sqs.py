"""What SQS does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ackpy.sandbox.simulator.request import Answer, Request, render

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_NAME = re.compile(r"(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo")
_FIFO_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
_NAME_IS_BLOCKED = 60.0  # seconds after a deletion


def create_queue(request: Request) -> Answer | None:
    """A name can be given again: right after a deletion not at all, and while it is there only with its attributes."""
    attributes: dict[str, str] = request.params.get("Attributes", {})
    fifo = attributes.get("FifoQueue") == "true"
    if not (_FIFO_NAME if fifo else _NAME).fullmatch(request.key):
        kind, ending = ("FIFO", ", must end with .fifo suffix") if fifo else ("standard", "")
        raise request.fault(
            "InvalidParameterValue",
            f"The name of a {kind} queue can only include alphanumeric characters, hyphens, or underscores{ending}"
            " and be 1 to 80 in length.",
        )
    _check(request, attributes, {}, fifo=fifo)
    _check_tags(request, request.params.get("tags", {}))
    if there := request.slot.current:
        stored = there.parts["attributes"]
        if not isinstance(stored, Mapping) or any(stored.get(name, "") != value for name, value in attributes.items()):
            raise request.fault("QueueNameExists")
        answer: Answer = render(request.action.kind.create.answer, request.view(there))
        return answer
    deleted = request.slot.deleted
    if deleted is not None and request.now - deleted < _NAME_IS_BLOCKED:
        raise request.fault("QueueDeletedRecently")
    if fifo:
        attributes.update({name: value for name, value in _FIFO_DEFAULTS.items() if name not in attributes})
    _settle_encryption(attributes, {})
    return None


def set_attributes(request: Request) -> None:
    """What a queue is, it stays; one kind of encryption at a time."""
    attributes, stored = request.params["Attributes"], request.part("attributes")
    if "FifoQueue" in attributes and attributes["FifoQueue"] != stored.get("FifoQueue"):
        raise request.fault("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    _check(request, attributes, stored, fifo="FifoQueue" in stored)
    _settle_encryption(attributes, stored)


def tag_queue(request: Request) -> None:
    """No tag is AWS's own, and there are at most 50."""
    _check_tags(request, {**(request.part("tags") or {}), **request.params["Tags"]})


def _check(request: Request, given: Mapping[str, str], stored: Mapping[str, str], *, fifo: bool) -> None:
    """What attributes mean together."""
    for name in _FIFO_DEFAULTS:
        if name in given and not fifo:
            message = f"You can specify the {name} only when FifoQueue is set to true."
            raise request.fault("InvalidAttributeName", message)
    if given.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        message = "You can use one type of server-side encryption (SSE) at one time."
        raise request.fault("InvalidAttributeValue", message)
    together = {**stored, **given}
    by_group = together.get("FifoThroughputLimit") == "perMessageGroupId"
    if by_group and together.get("DeduplicationScope") != "messageGroup":
        message = "The perMessageGroupId value is allowed only when DeduplicationScope is messageGroup."
        raise request.fault("InvalidAttributeValue", message)


def _check_tags(request: Request, tags: Mapping[str, str]) -> None:
    if len(tags) > 50:
        raise request.fault("InvalidParameterValue", f"Too many tags added for queue {request.key}.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise request.fault("InvalidParameterValue", "aws: is reserved for AWS use. You can't use it in tag keys.")


def _settle_encryption(attributes: dict[str, str], stored: Mapping[str, str]) -> None:
    """A key of KMS switches SQS's own off, and has a reuse period; SQS's own switches the key off."""
    if attributes.get("KmsMasterKeyId"):
        attributes["SqsManagedSseEnabled"] = "false"
        if "KmsDataKeyReusePeriodSeconds" not in {**stored, **attributes}:
            attributes["KmsDataKeyReusePeriodSeconds"] = "300"
    elif attributes.get("SqsManagedSseEnabled") == "true":
        attributes["KmsMasterKeyId"] = ""

"""Counters of AWS calls, under the contract's names; a hook of `AwsCaller`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from ackpy.aws.call import CallRecord

OpType = Callable[[str, str], str]
"""(service, operation) → the contract's class of the operation: READ_ONE, UPDATE, …"""

_OP_TYPES = (  # the usual class by the operation's verb; anything else changes something
    ("CREATE", ("Create", "Allocate", "Run", "Import", "Copy", "Restore", "Subscribe")),
    ("DELETE", ("Delete", "Terminate", "Release", "Deregister", "Unsubscribe", "Cancel")),
    ("GET_ATTRIBUTES", ("GetQueueAttributes", "GetTopicAttributes")),
    ("READ_MANY", ("List",)),
    ("READ_ONE", ("Describe", "Get", "Head")),
    ("START", ("Start",)),
    ("STOP", ("Stop",)),
)


def usual_op_type(service: str, operation: str) -> str:  # noqa: ARG001 - the protocol's arguments
    """The class of an operation by its verb; the kinds know better where they differ."""
    return next((name for name, verbs in _OP_TYPES if operation.startswith(verbs)), "UPDATE")


class CallMetrics:
    """Counts calls and failures."""

    def __init__(self, registry: CollectorRegistry, op_type: OpType = usual_op_type) -> None:
        self._op_type = op_type
        self._calls = Counter(
            "ack_outbound_api_requests_total", "Calls to AWS.", ["service", "op_type", "op_id"], registry=registry
        )
        self._errors = Counter(
            "ack_outbound_api_requests_error_total",
            "Failed calls to AWS. status_code: 0 not modelled, 1 fault of AWS, 2 fault of the caller, -1 no answer.",
            ["service", "op_id", "status_code"],
            registry=registry,
        )

    def __call__(self, record: CallRecord) -> None:
        """Count one call."""
        service, operation = record.service, record.operation
        self._calls.labels(service, self._op_type(service, operation), operation).inc()
        if record.error is not None:
            self._errors.labels(service, operation, int(record.error.fault)).inc()

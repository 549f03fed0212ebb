"""What is told Prometheus of AWS: its calls, by a hook of `AwsCaller`; its limits and our credentials, when asked."""

import math
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ackpy.aws.call import AwsCaller, CallRecord

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


_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class CallMetrics:
    """Counts calls and failures; the counters have the contract's names."""

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

        self._seconds = Histogram(
            "ackpy_aws_call_seconds",
            "Duration of calls to AWS, without the wait for their turn.",
            ["service", "operation", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )

    def __call__(self, record: CallRecord) -> None:
        """Count one call."""
        service, operation = record.service, record.operation
        outcome = "ok" if record.error is None else record.error.meaning
        self._seconds.labels(service, operation, outcome).observe(record.seconds)
        self._calls.labels(service, self._op_type(service, operation), operation).inc()
        if record.error is not None:
            self._errors.labels(service, operation, int(record.error.fault)).inc()


class AwsStanding(Collector):
    """How things stand with AWS, read when Prometheus asks."""

    def __init__(self, aws: AwsCaller) -> None:
        self._aws = aws

    def collect(self) -> Iterator[Metric]:
        """Throttles and what was learnt from them, and when credentials expire."""
        budget = ["account", "region", "service", "access"]
        throttles = CounterMetricFamily("ackpy_aws_throttles", "Calls that AWS throttled.", labels=budget)
        rates = GaugeMetricFamily(
            "ackpy_aws_rate_limit", "Calls a second that are sent at most, after AWS throttled.", labels=budget
        )
        for key, limit in self._aws.limits.all().items():
            values = [key.account, key.region, key.service, "read" if key.read else "write"]
            throttles.add_metric(values, limit.throttles)
            if limit.rate < math.inf:
                rates.add_metric(values, limit.rate)
        expiries = GaugeMetricFamily(
            "ackpy_aws_credentials_expiry_timestamp_seconds",
            "When the credentials of a role expire, unless its next call renews them before.",
            labels=["role"],
        )
        for role, at in self._aws.clients.expiries().items():
            expiries.add_metric([role or "own"], at.timestamp())
        yield from (throttles, rates, expiries)

"""OpenTelemetry: a span for each reconcile, and in it one for each call to AWS. Loaded only where it is configured.

The SDK reads the standard variables (OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, …).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Self

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, format_trace_id

from ackpy.aws.call import CallRecord
from ackpy.controller.kind_controller import Reconcile
from ackpy.controller.next import Next
from ackpy.controller.subject import Subject
from ackpy.controller.track import Track


@dataclass(frozen=True, slots=True)
class Tracing:
    """Makes spans, and hands them to the exporter's thread."""

    provider: TracerProvider
    tracer: Tracer

    @classmethod
    def started(cls) -> Self:
        """As the environment says."""
        own = Resource({"service.name": "ackpy", "service.version": version("ackpy")})
        provider = TracerProvider(resource=Resource.create().merge(own).merge(OTELResourceDetector().detect()))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider, provider.get_tracer("ackpy", version("ackpy")))

    def shutdown(self) -> None:
        """Send what there is. It blocks."""
        self.provider.shutdown()

    def around(self, reconcile: Reconcile) -> Reconcile:
        """The same with a span, whose id the log tells too."""

        async def traced(subject: Subject, track: Track) -> Next:
            attributes = {
                "ackpy.kind": subject.kind.label,
                "k8s.namespace.name": subject.namespace,
                "ackpy.object": subject.name,
            }
            with (
                self.tracer.start_as_current_span(f"reconcile {subject.kind.label}", attributes=attributes) as span,
                structlog.contextvars.bound_contextvars(trace_id=format_trace_id(span.get_span_context().trace_id)),
            ):
                then = await reconcile(subject, track)
                span.set_attribute("ackpy.outcome", then)
                return then

        return traced

    def call(self, record: CallRecord) -> None:
        """A span for a call to AWS that has ended; a hook of `AwsCaller`."""
        ended = time.time_ns()
        span = self.tracer.start_span(
            f"{record.service}/{record.operation}",
            kind=SpanKind.CLIENT,
            start_time=ended - int(record.seconds * 1e9),
            attributes={
                "rpc.system": "aws-api",
                "rpc.service": record.service,
                "rpc.method": record.operation,
                "cloud.region": record.scope.region,
                "cloud.account.id": record.scope.account,
            },
        )
        if record.request_id:
            span.set_attribute("aws.request_id", record.request_id)
        if record.error is not None:
            span.set_attribute("error.type", record.error.code)
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

"""What watches a process: its metrics always, and its traces where OpenTelemetry is configured."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics

from ackpy.aws.call import Hook
from ackpy.aws.metrics import CallMetrics
from ackpy.cli import logs
from ackpy.controller.kind_controller import Around

if TYPE_CHECKING:
    from ackpy.cli.tracing import Tracing

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Instruments:
    """A process has one of these.

    Attributes:
        registry: what /metrics shows.
        tracing: makes spans; None where that isn't configured, and then it costs nothing.
    """

    registry: CollectorRegistry
    tracing: Tracing | None = None

    def hooks(self) -> tuple[Hook, ...]:
        """What sees each call to AWS."""
        traced = (self.tracing.call,) if self.tracing else ()
        return (CallMetrics(self.registry), logs.log_call, *traced)

    @property
    def around(self) -> Around:
        """What is put around each reconcile."""
        return self.tracing.around if self.tracing else lambda reconcile: reconcile


@asynccontextmanager
async def instruments() -> AsyncIterator[Instruments]:
    """The instruments while inside; the last spans go out at the end."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # a third more series, which nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    tasks = Gauge("ackpy_event_loop_tasks", "Tasks of the event loop.", registry=registry)
    tasks.set_function(lambda: len(asyncio.all_tasks()))
    tracing = _tracing() if traces_are_wanted(os.environ) else None
    try:
        yield Instruments(registry, tracing)
    finally:
        if tracing:
            await asyncio.to_thread(tracing.shutdown)


def traces_are_wanted(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables ask for traces: by an exporter, or by an endpoint for one."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if exporter := environment.get("OTEL_TRACES_EXPORTER"):
        return exporter != "none"
    return any(environment.get(f"OTEL_EXPORTER_OTLP_{name}ENDPOINT") for name in ("", "TRACES_"))


def _tracing() -> Tracing | None:
    try:
        from ackpy.cli.tracing import Tracing  # noqa: PLC0415 - an extra, which costs memory where nobody wants it
    except ImportError as missing:
        _log.warning("no traces: install ackpy with the extra 'tracing'", error=str(missing))
        return None
    return Tracing.started()

"""What the controllers tell Prometheus: each reconcile, each wait in the queue, drift, and how things stand.

Counters and histograms are kept as things happen; how things stand is read when Prometheus asks, so that it costs
nothing in between. Labels are kinds and words of ours, never the names of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ackpy.kube.workqueue import Priority

_RECONCILE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_WAIT_SECONDS = (0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the objects of one kind stand now.

    Attributes:
        kind: its label, as `s3/Bucket`.
        waiting: objects in the queue by priority.
        outcomes: objects by the outcome of their last reconcile.
        oldest_seconds: how long ago the resource was last seen that wasn't seen for longest.
    """

    kind: str
    waiting: Mapping[int, int]
    outcomes: Mapping[str, int]
    oldest_seconds: float


class ControllerMetrics(Collector):
    """The metrics of all controllers of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them, under their names."""
        self._sources: list[Callable[[], Iterable[Standing]]] = []
        self._reconciles = Histogram(
            "ackpy_reconcile_seconds",
            "Duration of reconciles.",
            ["kind", "outcome"],
            buckets=_RECONCILE_SECONDS,
            registry=registry,
        )
        self._waits = Histogram(
            "ackpy_queue_wait_seconds",
            "Time between an object's turn and its being taken up.",
            ["kind", "priority"],
            buckets=_WAIT_SECONDS,
            registry=registry,
        )
        self._found = Counter(
            "ackpy_drift_found_total",
            "Looks at AWS that found something changed past the manifest.",
            ["kind"],
            registry=registry,
        )
        self._corrected = Counter(
            "ackpy_drift_corrected_total", "Times that AWS took what puts drift right.", ["kind"], registry=registry
        )
        self._sweep_periods = Gauge(
            "ackpy_sweep_period_seconds", "Time between two looks at a synced object.", ["kind"], registry=registry
        )
        registry.register(self)

    def reconciled(self, kind: str, outcome: str, seconds: float) -> None:
        """A reconcile took so long."""
        self._reconciles.labels(kind, outcome).observe(seconds)

    def waited(self, kind: str, priority: int, seconds: float) -> None:
        """An object was taken up, so long after its turn had come."""
        self._waits.labels(kind, _word(priority)).observe(seconds)

    def drift(self, kind: str, *, corrected: bool) -> None:
        """Drift was found, and AWS took its correction or not."""
        self._found.labels(kind).inc()
        self._corrected.labels(kind).inc(int(corrected))  # by none, too: a rule takes one from the other

    def sweeps_every(self, kind: str, seconds: float) -> None:
        """The sweep's period of a kind, as it is now."""
        self._sweep_periods.labels(kind).set(seconds)

    def watch(self, source: Callable[[], Iterable[Standing]]) -> None:
        """Ask this too how things stand."""
        self._sources.append(source)

    def collect(self) -> Iterator[Metric]:
        """How things stand, for Prometheus."""
        depth = GaugeMetricFamily("ackpy_queue_depth", "Objects whose turn has come.", labels=["kind", "priority"])
        objects = GaugeMetricFamily(
            "ackpy_objects", "Objects by the outcome of their last reconcile.", labels=["kind", "outcome"]
        )
        oldest = GaugeMetricFamily(
            "ackpy_oldest_observation_seconds",
            "Age of the last look at the resource that wasn't looked at for longest.",
            labels=["kind"],
        )
        for standing in (standing for source in self._sources for standing in source()):
            for priority in Priority:
                depth.add_metric([standing.kind, _word(priority)], standing.waiting.get(priority, 0))
            for outcome, number in standing.outcomes.items():
                objects.add_metric([standing.kind, outcome], number)
            oldest.add_metric([standing.kind], standing.oldest_seconds)
        yield from (depth, objects, oldest)


def _word(priority: int) -> str:
    return Priority(priority).name.lower()

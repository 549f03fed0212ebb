"""When traces are made, and that nothing is loaded for them otherwise."""

import subprocess
import sys
from collections.abc import Mapping

import pytest
import structlog

from ackpy.cli.instruments import instruments, traces_are_wanted


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "ackpy"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318/v1/metrics"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_wanted(environment: Mapping[str, str], wanted: bool) -> None:
    assert traces_are_wanted(environment) is wanted


def test_opentelemetry_is_not_loaded_for_nothing() -> None:
    program = "import sys, ackpy.cli.run, ackpy.cli.process; print([name for name in sys.modules if 'opentel' in name])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_without_the_extra_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.delitem(sys.modules, "ackpy.cli.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with structlog.testing.capture_logs() as told:
        async with instruments() as watching:
            assert watching.tracing is None
    assert [one["event"] for one in told] == ["no traces: install ackpy with the extra 'tracing'"]

"""What operators see of a real process: metrics, probes, log and traces; what alerts and dashboard ask for is there."""

import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from ackpy.aws.errors import Meaning
from ackpy.controller.kind_controller import TERMINAL
from ackpy.controller.next import Next
from ackpy.crd.crd import definition
from ackpy.kinds.registry import load
from ackpy.kube import Priority
from ackpy.sandbox.guard_api import Fault
from ackpy.sandbox.process import free_port
from tests.cli.test_run import forwarded
from tests.kit import edits, promql
from tests.kit.contract import contract
from tests.kit.live import Live, Thing
from tests.kit.program import CREDENTIALS, SECRET, ackpy
from tests.kit.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMESPACE = "cli"
TOPICS = next(kind for kind in load() if kind.label == "sns/Topic")
WORDS = {
    "outcome": {*Next, TERMINAL, "new", *Meaning, "ok"},
    "priority": {one.name.lower() for one in Priority},
    "access": {"read", "write"},
}
"""All values of these labels."""
EXPIRES_AT = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)


@asynccontextmanager
async def served(handler: Any) -> AsyncIterator[str]:
    """A server on loopback that answers everything by one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def passing_credentials(_: web.Request) -> web.Response:
    """What EKS Pod Identity answers."""
    return web.json_response(
        {
            "AccessKeyId": "test",
            "SecretAccessKey": SECRET,
            "Token": "token",
            "Expiration": EXPIRES_AT.isoformat().replace("+00:00", "Z"),
        }
    )


@dataclass
class Watched:
    """Where a process shows what it does."""

    metrics: int = field(default_factory=free_port)
    health: int = field(default_factory=free_port)

    def flags(self) -> list[str]:
        return [f"--metrics-addr=127.0.0.1:{self.metrics}", f"--healthz-addr=127.0.0.1:{self.health}"]

    async def families(self) -> dict[str, Metric]:
        _, page = await got(f"http://127.0.0.1:{self.metrics}/metrics")
        return {family.name: family for family in text_string_to_metric_families(page)}

    async def probe(self, name: str) -> tuple[int, str]:
        return await got(f"http://127.0.0.1:{self.health}/{name}")

    async def says(self, name: str, status: int, text: str) -> None:
        """Wait until a probe says something."""

        async def said() -> bool:
            try:
                answer = await self.probe(name)
            except aiohttp.ClientError:
                return False
            return answer[0] == status and text in answer[1]

        await eventually(said)


async def got(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


def value(families: dict[str, Metric], name: str, sample: str = "", **labels: str) -> float:
    """The sum of the samples of a metric that have these labels."""
    return sum(
        one.value
        for one in families[name].samples
        if one.name == name + sample and labels.items() <= one.labels.items()
    )


def topic(live: Live, prefix: str) -> Thing:
    return live.alone(TOPICS, NAMESPACE, prefix)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lived(live: Live, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Metric], list[dict[str, Any]]]:
    """The metrics and the log of a process that was throttled, failed once, and put drift right."""
    watched, thing = Watched(), topic(live, "watched-")
    flags = (
        *watched.flags(),
        "--log-level=debug",
        "--enable-leader-election",
        f"--leader-election-namespace={NAMESPACE}",
    )
    await live.endpoint.inject(
        Fault("CreateTopic", 1, 400, "ThrottlingException", "Rate exceeded"),
        Fault("CreateTopic", 1, 500, "InternalError", "try again"),
    )
    async with served(passing_credentials) as source:
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": source}
        with ackpy(tmp_path_factory.mktemp("lived"), *live.run_flags(*flags), environment=environment) as program:
            thing.apply()
            await thing.synced()
            assert await thing.change_one([edits.sure(TOPICS, thing.spec)])
            thing.reconcile_now()

            async def is_corrected() -> bool:
                return bool(await thing.told("DriftCorrected"))

            await eventually(is_corrected)
            await thing.synced()
            families = await watched.families()
            obj = await thing.obj()
            thing.delete()
            await thing.gone(obj)
        return families, [json.loads(line) for line in program.stderr.splitlines() if line.startswith("{")]


Lived = tuple[dict[str, Metric], list[dict[str, Any]]]


async def test_metrics_tell_what_happened(lived: Lived) -> None:
    families, _ = lived
    kind = {"kind": "sns/Topic"}
    assert value(families, "ackpy_drift_found", "_total", **kind) == 1
    assert value(families, "ackpy_drift_corrected", "_total", **kind) == 1
    assert value(families, "ackpy_aws_throttles", "_total", service="sns", access="write") == 1
    assert value(families, "ackpy_aws_rate_limit", service="sns", access="write") > 0
    created = {"service": "sns", "operation": "CreateTopic"}
    assert value(families, "ackpy_aws_call_seconds", "_count", **created, outcome="throttled") == 1
    assert value(families, "ackpy_aws_call_seconds", "_count", **created, outcome="ok") == 1
    assert value(families, "ackpy_reconcile_seconds", "_count", **kind, outcome="failed") >= 1
    assert value(families, "ackpy_reconcile_seconds", "_count", **kind, outcome="settled") >= 2
    assert value(families, "ackpy_queue_wait_seconds", "_count", **kind, priority="edit") >= 1
    assert value(families, "ackpy_objects", **kind) == value(families, "ackpy_objects", **kind, outcome="settled") == 1
    assert 0 <= value(families, "ackpy_oldest_observation_seconds", **kind) < 30
    assert value(families, "ackpy_sweep_period_seconds", **kind) >= 600
    assert value(families, "ackpy_leader", lease="sns.services.k8s.aws") == 1
    assert value(families, "ackpy_aws_credentials_expiry_timestamp_seconds", role="own") == EXPIRES_AT.timestamp()


async def test_the_contracts_metrics(lived: Lived) -> None:
    families, _ = lived
    there = promql.printed(families.values())
    for name, rule in contract("common")["metrics"].items():
        assert there[name] == set(rule["labels"])


async def test_labels_name_no_objects(lived: Lived) -> None:
    families, _ = lived
    told = {value for one in families.values() for sample in one.samples for value in sample.labels.values()}
    assert not [value for value in told if "watched-" in value]


async def test_the_log_has_fields(lived: Lived) -> None:
    _, lines = lived
    where = {"kind": "sns/Topic", "object": f"{NAMESPACE}/watched-sns-topic-full"}
    calls = [line for line in lines if line["event"] == "AWS call" and line["operation"] == "CreateTopic"]
    assert [line["outcome"] for line in calls] == ["ThrottlingException", "InternalError", "ok"]
    assert all(line["request_id"] and where.items() <= line.items() for line in calls)
    failed = next(line for line in lines if line.get("reason") == "AWSCallFailed")
    assert where.items() <= failed.items()
    assert failed["operation"] == "CreateTopic"
    assert failed["request_id"]
    created = next(line for line in lines if line.get("reason") == "Created")
    assert where.items() <= created.items()


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(resources.files("ackpy.install").joinpath("rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    board = json.loads(resources.files("ackpy.install").joinpath("dashboard.json").read_text())
    return list(board["panels"])


def expressions() -> list[str]:
    """All that alerts and dashboard ask Prometheus, with Grafana's variables filled in."""
    shown = [target["expr"].replace("$__rate_interval", "5m") for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + shown


async def test_alerts_and_dashboard_speak_of_what_there_is(lived: Lived) -> None:
    families, _ = lived
    assert not [name for name, family in families.items() if not family.samples], "each metric has a value to look at"
    there = promql.printed(families.values())
    assert {
        expression: wrong for expression in expressions() if (wrong := promql.wrong(expression, there, WORDS))
    } == {}


async def test_every_metric_is_shown_and_explained(lived: Lived) -> None:
    families, _ = lived
    page = (Path(__file__).parents[2] / "docs" / "operation.md").read_text()
    asked = " ".join(expressions())
    for name, family in families.items():
        ours = name.startswith(("ackpy_", "ack_"))
        whole = name + ("_total" if family.type == "counter" else "")
        assert not ours or whole in asked, f"{whole} is on no panel"
        assert not ours or f"`{whole}`" in page, f"{whole} isn't in docs/operation.md"
    for rule in alerts():
        assert f"`{rule['alert']}`" in page, "what to do at an alert is told"


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("rate(ackpy_reconcile_second_count[5m])", "no metric ackpy_reconcile_second_count"),
        ("rate(ackpy_reconcile_seconds[5m])", "no metric ackpy_reconcile_seconds"),
        ('ackpy_objects{kinds="x"}', "ackpy_objects has no label kinds"),
        ('ackpy_objects{outcome=~"failed|broken"}', "outcome is never broken"),
        ("sum by (region) (ackpy_objects)", "nothing below has the label region"),
        ("absent(ackpy_objects) or 1 + max(ackpy_nothing)", "no metric ackpy_nothing"),
    ],
)
async def test_what_is_wrong_in_an_expression_is_found(lived: Lived, expression: str, complaint: str) -> None:
    """A test of the tests."""
    families, _ = lived
    assert promql.wrong(expression, promql.printed(families.values()), WORDS) == [complaint]


async def test_a_standby_says_so(live: Live, tmp_path: Path) -> None:
    leader, standby = Watched(), Watched()
    led = ("--services=sns", "--enable-leader-election", f"--leader-election-namespace={NAMESPACE}")
    with ackpy(tmp_path, *live.run_flags(*led, *leader.flags()), environment=CREDENTIALS):
        await leader.says("readyz", 200, "sns.services.k8s.aws: at work")
        with ackpy(tmp_path, *live.run_flags(*led, *standby.flags()), environment=CREDENTIALS):
            await standby.says("readyz", 200, "sns.services.k8s.aws: standing by")
            assert await standby.probe("healthz") == (200, "ok\n")
            assert value(await standby.families(), "ackpy_leader", lease="sns.services.k8s.aws") == 0
            assert value(await leader.families(), "ackpy_leader", lease="sns.services.k8s.aws") == 1


async def test_ready_means_that_the_api_server_answers(live: Live, tmp_path: Path) -> None:
    port, watched = free_port(), Watched()
    config = yaml.safe_load(live.plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    flags = live.run_flags("--services=sns", f"--kubeconfig={kubeconfig}", *watched.flags())
    with ackpy(tmp_path, *flags, environment=CREDENTIALS) as program:
        await watched.says("readyz", 503, "the Kubernetes API doesn't answer")
        async with forwarded(port, int(live.plane.url.rpartition(":")[2])):
            await watched.says("readyz", 200, "at work")
            assert await watched.probe("healthz") == (200, "ok\n")
            program.signal(signal.SIGTERM)
            assert await program.ended() == 0


async def test_not_ready_before_all_is_listed_nor_while_it_ends(live: Live, tmp_path: Path) -> None:
    watched, thing = Watched(), topic(live, "ending-")
    flags = live.run_flags("--services=sns", *watched.flags())
    live.kubectl("delete", "crd", "topics.sns.services.k8s.aws")
    try:
        with ackpy(tmp_path, *flags, environment=CREDENTIALS) as program:
            await watched.says("readyz", 503, "listing sns/Topic")
            live.install([definition(TOPICS)])
            await watched.says("readyz", 200, "at work")
            await live.endpoint.clear_requests()
            await live.endpoint.hold(TOPICS.create.operation)
            thing.apply()

            async def is_made() -> bool:
                return TOPICS.create.operation in {one.operation for one in await live.endpoint.requests()}

            await eventually(is_made)
            program.signal(signal.SIGTERM)
            await watched.says("readyz", 503, "stopping")
            assert await watched.probe("healthz") == (200, "ok\n")
            await live.endpoint.hold()
            assert await program.ended() == 0
    finally:
        await live.endpoint.hold()
    with ackpy(tmp_path, *flags, environment=CREDENTIALS):
        obj = await thing.synced()
        thing.delete()
        await thing.gone(obj)


async def test_traces(live: Live, tmp_path: Path) -> None:
    spans: list[Span] = []
    names: set[str] = set()

    async def collect(request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            names.update(one.value.string_value for one in resource.resource.attributes if one.key == "service.name")
            spans.extend(span for scope in resource.scope_spans for span in scope.spans)
        return web.Response()

    thing = topic(live, "traced-")
    async with served(collect) as collector:
        environment = {
            **CREDENTIALS,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        with ackpy(tmp_path, *live.run_flags("--services=sns"), environment=environment) as program:
            thing.apply()
            obj = await thing.synced()
            thing.delete()
            await thing.gone(obj)
            program.signal(signal.SIGTERM)
            assert await program.ended() == 0, "the last spans go out at the end"
    assert names == {"ackpy"}
    create = next(span for span in spans if span.name == "sns/CreateTopic")
    around = next(span for span in spans if span.span_id == create.parent_span_id)
    assert around.name == "reconcile sns/Topic"
    assert around.start_time_unix_nano <= create.start_time_unix_nano < create.end_time_unix_nano
    assert create.end_time_unix_nano <= around.end_time_unix_nano
    told = {one.key: one.value.string_value for one in (*around.attributes, *create.attributes)}
    assert told["ackpy.object"] == thing.name
    assert told["ackpy.outcome"] == "settled"
    assert told["aws.request_id"]
    created = next(line for line in map(json.loads, program.stderr.splitlines()) if line.get("reason") == "Created")
    assert created["trace_id"] == around.trace_id.hex()

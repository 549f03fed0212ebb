"""From flags to the controllers' options, and to AWS under a role."""

from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from ackpy.aws.scope import Scope
from ackpy.cli import process
from ackpy.cli.instruments import Instruments
from tests.cli.test_flags import parsed
from tests.kit.live import Live
from tests.kit.program import CREDENTIALS
from tests.kit.world import REGION

ROLE = "arn:aws:iam::222222222222:role/ackpy"


def test_gates_and_maps_reach_the_controllers() -> None:
    default = process.options(parsed())
    assert default.field_exports
    assert not process.options(parsed("--enable-field-export-reconciler=false")).field_exports
    assert default.carm
    assert default.feature_gates == {"ResourceAdoption", "ReadOnlyResources"}
    assert not default.selecting_roles
    selecting = process.options(parsed("--enable-carm=false", "--feature-gates=IAMRoleSelector=true"))
    assert not selecting.carm
    assert selecting.selecting_roles


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "ack-system"),
        ({"K8S_NAMESPACE": "aws"}, "aws"),
        ({"K8S_NAMESPACE": "aws", "ACK_SYSTEM_NAMESPACE": "roles"}, "roles"),
    ],
)
def test_where_the_maps_are(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], expected: str) -> None:
    for name in ("K8S_NAMESPACE", "ACK_SYSTEM_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert process.options(parsed()).system_namespace == expected


@pytest.mark.asyncio(loop_scope="session")
async def test_a_role_is_assumed_at_the_endpoint_of_the_flag(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings = parsed(f"--aws-identity-endpoint-url={live.endpoint.url}", "--allow-unsafe-aws-endpoint-urls")
    aws = process.caller(settings, None, Instruments(CollectorRegistry()))
    scope = Scope("222222222222", "aws", REGION, role_arn=ROLE, endpoint_url=live.endpoint.url)
    identity = await aws.call(scope, "sts", "GetCallerIdentity", {})
    await aws.aclose()
    assert identity["Arn"] == "arn:aws:sts::222222222222:assumed-role/ackpy/ackpy-ack-system"

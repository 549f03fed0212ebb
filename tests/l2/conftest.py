"""One real control plane, a simulated AWS and `ackpy run` between them; all of it once under each set of CRDs."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ackpy.kinds.registry import load
from ackpy.kube import Object
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.contract import contract
from tests.kit.contract_crds import contract_crd
from tests.kit.live import Live, joined, our_crds
from tests.kit.program import CREDENTIALS, ackpy

NAMESPACE = "l2"


def contract_crds() -> list[Object]:
    """What an existing installation of the Go original has."""
    common = contract("common")
    return [
        *(contract_crd(common, kind) for kind in common["kinds"]),
        *(contract_crd(contract(kind.service.alias), kind.name) for kind in load()),
    ]


under_our_crds = pytest.mark.parametrize("live", [our_crds], indirect=True, scope="package")
"""For what the definitions make no difference to."""


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=[our_crds, contract_crds])
async def live(
    request: pytest.FixtureRequest,
    control_plane: ControlPlane,
    aws_endpoint: AwsEndpoint,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Live]:
    """The two, with controllers that sweep all the time."""
    async with joined(control_plane, aws_endpoint, NAMESPACE, request.param()) as live:
        flags = live.run_flags("--reconcile-default-resync-seconds=1")
        with ackpy(tmp_path_factory.mktemp("run"), *flags, environment=CREDENTIALS):
            yield live

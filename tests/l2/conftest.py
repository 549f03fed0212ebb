"""One real control plane, a simulated AWS and `ackpy run` between them; all of it once under each set of CRDs."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ackpy.crd.crd import definition, shared
from ackpy.kinds.registry import load
from ackpy.kube import Object, connect
from ackpy.kube import load as load_config
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.contract import contract
from tests.kit.contract_crds import contract_crd
from tests.kit.live import Boto, Live
from tests.kit.program import CREDENTIALS, ackpy

NAMESPACE = "l2"


def ours() -> list[Object]:
    return [*shared(), *map(definition, load())]


def of_the_contract() -> list[Object]:
    """What an existing installation of the Go original has."""
    common = contract("common")
    return [
        *(contract_crd(common, kind) for kind in common["kinds"]),
        *(contract_crd(contract(kind.service.alias), kind.name) for kind in load()),
    ]


under_our_crds = pytest.mark.parametrize("live", [ours], indirect=True, scope="package")
"""For what the definitions make no difference to."""


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=[ours, of_the_contract])
async def live(
    request: pytest.FixtureRequest,
    control_plane: ControlPlane,
    aws_endpoint: AwsEndpoint,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Live]:
    """The two, with controllers that sweep all the time."""
    boto = Boto(aws_endpoint.url)
    async with connect(load_config(str(control_plane.kubeconfig))) as api:
        live = Live(control_plane, api, aws_endpoint, boto)
        live.install(request.param())
        live.kubectl("create", "namespace", NAMESPACE)
        flags = live.run_flags("--reconcile-default-resync-seconds=1")
        with ackpy(tmp_path_factory.mktemp("run"), *flags, environment=CREDENTIALS):
            yield live
            live.kubectl("delete", "namespace", NAMESPACE)
    boto.close()

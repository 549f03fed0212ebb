"""A real control plane and a simulated AWS; each test runs its own controllers."""

from collections.abc import AsyncIterator

import pytest_asyncio

from ackpy.crd.crd import definition, shared
from ackpy.kinds.registry import load
from ackpy.kube import connect
from ackpy.kube import load as load_config
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.live import Boto, Live

NAMESPACE = "l3"


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(control_plane: ControlPlane, aws_endpoint: AwsEndpoint) -> AsyncIterator[Live]:
    boto = Boto(aws_endpoint.url)
    async with connect(load_config(str(control_plane.kubeconfig))) as api:
        live = Live(control_plane, api, aws_endpoint, boto)
        live.install([*shared(), *map(definition, load())])
        live.kubectl("create", "namespace", NAMESPACE)
        yield live
        live.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    boto.close()

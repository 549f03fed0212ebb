from collections.abc import AsyncIterator

import pytest_asyncio

from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.live import Live, joined, our_crds


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(control_plane: ControlPlane, aws_endpoint: AwsEndpoint) -> AsyncIterator[Live]:
    async with joined(control_plane, aws_endpoint, "cli", our_crds()) as live:
        yield live

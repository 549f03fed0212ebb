"""A real control plane and a simulated AWS; each test runs its own controllers."""

from collections.abc import AsyncIterator

import pytest_asyncio

from ackpy.kinds.registry import load
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.live import Live, joined, our_crds

NAMESPACE = "l3"
# L1 tries all kinds; here it is about processes, whatever they serve: sub-resources, one map, attributes, one call for
# everything. Each stands on nothing else.
FOUR = [kind for kind in load() if kind.label in {"s3/Bucket", "sqs/Queue", "sns/Topic", "sfn/StateMachine"}]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(control_plane: ControlPlane, aws_endpoint: AwsEndpoint) -> AsyncIterator[Live]:
    async with joined(control_plane, aws_endpoint, NAMESPACE, our_crds()) as live:
        yield live

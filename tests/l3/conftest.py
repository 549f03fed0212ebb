"""A real control plane and a simulated AWS; each test runs its own controllers."""

from collections.abc import AsyncIterator

import pytest_asyncio

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import get
from ackpy.kinds.registry import load
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from tests.kit.live import Live, Thing, joined, our_crds

NAMESPACE = "l3"
# L1 tries all kinds; here it is about processes, whatever they serve: sub-resources, one map, attributes, one call for
# everything. Each stands on nothing else.
FOUR = [kind for kind in load() if kind.label in {"s3/Bucket", "sqs/Queue", "sns/Topic", "sfn/StateMachine"}]


def alone(live: Live, kind: Kind, prefix: str) -> Thing:
    """One of a kind that refers to no other object."""
    own = [one for one in live.things(NAMESPACE, prefix=prefix) if one.kind is kind]
    return next(one for one in own if not any(get(one.spec, ref.ref[1:]) for ref in kind.references))


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(control_plane: ControlPlane, aws_endpoint: AwsEndpoint) -> AsyncIterator[Live]:
    async with joined(control_plane, aws_endpoint, NAMESPACE, our_crds()) as live:
        yield live

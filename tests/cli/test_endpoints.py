"""AWS endpoints of the user's own: by flag and by namespace; unencrypted ones only when that is allowed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ackpy.controller.subject import ENDPOINT_URL
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from tests.kit.boto import Boto
from tests.kit.live import Live, Thing
from tests.kit.program import CREDENTIALS, ackpy
from tests.kit.waiting import eventually
from tests.kit.world import REGION

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAMESPACE = "elsewhere"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def elsewhere(live: Live) -> AsyncIterator[AwsEndpoint]:
    """Another AWS, for one namespace."""
    async with AwsEndpoint() as endpoint:
        live.kubectl("create", "namespace", NAMESPACE)
        live.kubectl("annotate", "namespace", NAMESPACE, f"{ENDPOINT_URL}={endpoint.url}")
        yield endpoint
        live.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def queue(live: Live, namespace: str) -> Thing:
    prefix = f"endpoint-{namespace}-"
    return next(one for one in live.things(namespace, prefix=prefix) if one.kind.label == "sqs/Queue")


def queues(url: str) -> list[str]:
    boto = Boto(url)
    found = boto.client("sqs").list_queues(QueueNamePrefix="endpoint-").get("QueueUrls", [])
    boto.close()
    return [url.rpartition("/")[2] for url in found]


async def test_a_namespace_has_an_endpoint_of_its_own(live: Live, elsewhere: AwsEndpoint, tmp_path: Path) -> None:
    here, there = queue(live, "cli"), queue(live, NAMESPACE)
    with ackpy(tmp_path, *live.run_flags(), environment=CREDENTIALS):
        there.apply()
        await eventually(there.is_synced)
        assert queues(elsewhere.url) == [there.spec["queueName"]]
        here.apply()
        await here.synced()
        assert queues(live.endpoint.url) == [here.spec["queueName"]]
        for thing in (here, there):
            obj = await thing.obj()
            thing.delete()
            await thing.gone(obj)
    assert queues(elsewhere.url) == queues(live.endpoint.url) == []


async def test_an_unencrypted_one_is_refused_unless_allowed(live: Live, elsewhere: AwsEndpoint, tmp_path: Path) -> None:
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": live.endpoint.url}
    thing = queue(live, NAMESPACE)
    flags = (f"--kubeconfig={live.plane.kubeconfig}", f"--aws-region={REGION}", "--metrics-addr=0", "--healthz-addr=0")
    with ackpy(tmp_path, "run", *flags, environment=environment):
        thing.apply()

        async def refused() -> bool:
            return bool((await thing.condition("ACK.Terminal")).get("status") == "True")

        await eventually(refused)
        message = (await thing.condition("ACK.Terminal"))["message"]
        assert message == f"{elsewhere.url} is not encrypted: use https, or set --allow-unsafe-aws-endpoint-urls"
        assert queues(elsewhere.url) == queues(live.endpoint.url) == []
        live.kubectl("annotate", "namespace", NAMESPACE, f"{ENDPOINT_URL}-")
        obj = await thing.synced()
        thing.delete()
        await thing.gone(obj)

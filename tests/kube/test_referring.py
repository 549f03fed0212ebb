"""References and Secrets on a real API server, with a manager in this process and another controller's kind."""

import asyncio
import base64
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import yaml

from ackpy.controller.manager import Manager
from ackpy.controller.options import Options
from ackpy.crd.crd import definition
from ackpy.kinds.registry import load as kinds
from ackpy.kube import Client, Object, connect, load
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane
from ackpy.sandbox.simulator import Simulator
from tests.kit.aws import SimulatedAws
from tests.kit.boto import Boto
from tests.kit.contract import contract
from tests.kit.contract_crds import contract_crd
from tests.kit.live import Live
from tests.kit.login_profiles import Iam, login_profile
from tests.kit.pages import manifests
from tests.kit.waiting import eventually, running
from tests.kit.world import ACCOUNT, REGION, Events, condition

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUEUE = next(kind for kind in kinds() if kind.label == "sqs/Queue")
NAMESPACE = "referring"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(control_plane: ControlPlane, aws_endpoint: AwsEndpoint) -> AsyncIterator[Live]:
    """With the kinds that the pages use; iam/Policy is served by nobody."""
    boto = Boto(aws_endpoint.url)
    async with connect(load(str(control_plane.kubeconfig))) as api:
        live = Live(control_plane, api, aws_endpoint, boto)
        live.install([definition(QUEUE), definition(login_profile()), contract_crd(contract("iam"), "Policy")])
        live.kubectl("create", "namespace", NAMESPACE)
        yield live
        live.kubectl("delete", "namespace", NAMESPACE)
    boto.close()


def manager(api: Client, kind: Any, aws: Any) -> Manager:
    return Manager([kind], api, aws, Events(), Options(region=REGION, namespaces=(NAMESPACE,)), ACCOUNT, "aws")


def seen(live: Live, kind: str, name: str, is_so: Callable[[Object], bool]) -> Callable[[], Any]:
    async def so() -> bool:
        return is_so(yaml.safe_load(live.kubectl("get", "-n", NAMESPACE, kind, name, "-o", "yaml")))

    return so


async def test_a_reference_to_another_controllers_kind(cluster: Live) -> None:
    simulator = Simulator()
    queue, policy = manifests("references.md", NAMESPACE)[:2]
    async with running(manager(cluster.api, QUEUE, SimulatedAws(simulator)).run()):
        cluster.kubectl("apply", "-f", "-", manifest=queue)

        def waits(obj: Object) -> bool:
            return condition(obj, "ACK.ReferencesResolved").get("status") == "Unknown"

        name = queue["metadata"]["name"]
        await eventually(seen(cluster, "queues.sqs.services.k8s.aws", name, waits))
        cluster.kubectl("apply", "-f", "-", manifest=policy)
        status = '{"status": {"conditions": [{"type": "ACK.ResourceSynced", "status": "True"}]}}'
        cluster.kubectl(
            "patch",
            "policies.iam.services.k8s.aws",
            policy["metadata"]["name"],
            "-n",
            NAMESPACE,
            "--subresource=status",
            "--type=merge",
            "-p",
            status,
        )

        def synced(obj: Object) -> bool:
            return condition(obj, "ACK.ResourceSynced").get("status") == "True"

        await eventually(seen(cluster, "queues.sqs.services.k8s.aws", name, synced))
        await asyncio.to_thread(cluster.kubectl, "delete", "-n", NAMESPACE, "queues.sqs.services.k8s.aws", name)
    gc.unfreeze()
    made = next(call.params for call in simulator.calls if call.operation == "CreateQueue")
    assert made["Attributes"]["Policy"] == policy["spec"]["policyDocument"]


async def test_a_secret_by_its_name_alone(cluster: Live) -> None:
    aws = Iam()
    secret, profile = manifests("secrets.md", NAMESPACE)[:2]
    value = secret["stringData"]["password"]
    async with running(manager(cluster.api, login_profile(), aws).run()):
        cluster.kubectl("apply", "-f", "-", manifest=profile)
        cluster.kubectl("apply", "-f", "-", manifest=secret)
        await eventually(lambda: _has(aws, value))
        other = {**secret, "stringData": {"password": "another-value-5"}}
        cluster.kubectl("apply", "-f", "-", manifest=other)
        await eventually(lambda: _has(aws, "another-value-5"))
        name = profile["metadata"]["name"]
        stored = cluster.kubectl("get", "-n", NAMESPACE, "loginprofiles.iam.services.k8s.aws", name, "-o", "yaml")
        for hidden in (value, "another-value-5"):
            assert hidden not in stored
            assert base64.b64encode(hidden.encode()).decode() not in stored
        await asyncio.to_thread(cluster.kubectl, "delete", "-n", NAMESPACE, "loginprofiles.iam.services.k8s.aws", name)
    gc.unfreeze()
    assert aws.passwords == {}


async def _has(aws: Iam, value: str) -> bool:
    return value in aws.passwords.values()

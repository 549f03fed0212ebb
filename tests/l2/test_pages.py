"""The pages on drift, adoption, deletion and accounts: their manifests as they stand do what the pages say."""

import json

import pytest

from ackpy.kinds.registry import load
from ackpy.kube import Object
from tests.kit.live import Live, Thing
from tests.kit.pages import manifests
from tests.kit.waiting import eventually
from tests.l2.conftest import NAMESPACE, under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]

KINDS = {(kind.api_version, kind.name): kind for kind in load()}


def thing(live: Live, manifest: Object) -> Thing:
    return Thing(live, KINDS[manifest["apiVersion"], manifest["kind"]], manifest)


async def test_drift(live: Live) -> None:
    (manifest,) = manifests("drift.md", NAMESPACE)
    queue = thing(live, manifest)
    queue.apply()
    await queue.synced()
    await queue.hand_deletion()
    queue.annotate("ackpy.dev/reconcile-at=now")  # its own sweep is a minute away
    await queue.synced()
    queue.delete()
    await queue.gone(await queue.obj())


async def test_adoption(live: Live) -> None:
    (manifest,) = manifests("adoption.md", NAMESPACE)
    url = live.boto.client("sqs").create_queue(QueueName="orders", Attributes={"DelaySeconds": "7"})["QueueUrl"]
    # The page's URL is AWS's own; the simulated one has another host.
    annotations = manifest["metadata"]["annotations"]
    fields = json.loads(annotations["services.k8s.aws/adoption-fields"])
    assert fields.keys() == {"queueURL"}
    annotations["services.k8s.aws/adoption-fields"] = json.dumps({"queueURL": url})
    queue = thing(live, manifest)
    queue.apply()
    obj = await queue.synced()
    assert obj["status"]["queueURL"] == url
    assert obj["spec"]["delaySeconds"] == "7"
    queue.delete()
    await queue.gone(obj)


async def test_deletion_that_retains(live: Live) -> None:
    (manifest,) = manifests("deletion.md", NAMESPACE)
    bucket = thing(live, manifest)
    bucket.apply()
    obj = await bucket.synced()
    bucket.delete()

    async def is_gone() -> bool:
        return await bucket.find() is None

    await eventually(is_gone)
    assert await bucket.exists(obj)
    live.boto.client("s3").delete_bucket(Bucket=manifest["spec"]["name"])


async def test_accounts(live: Live) -> None:
    """The cluster takes them; what they do is tested where roles can be assumed (tests/l1/test_roles.py)."""
    shown = manifests("accounts.md", "ack-system")
    assert {obj["kind"] for obj in shown} == {"Namespace", "ConfigMap", "IAMRoleSelector"}
    for obj in shown:
        if obj["kind"] != "ConfigMap":
            del obj["metadata"]["namespace"]
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ack-system"}}
    live.kubectl("apply", "-f", "-", manifest=home)
    for obj in shown:
        live.kubectl("apply", "-f", "-", manifest=obj)
    for obj in [*shown, home]:
        live.kubectl("delete", "--ignore-not-found", "-f", "-", manifest=obj)

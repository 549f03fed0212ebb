"""The seed manifest, unchanged, clause by clause; and a queue beside it. AWS is asked by hand, in its own words."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from ackpy.kinds.registry import load
from ackpy.sandbox.guard_api import Fault
from tests.kit.live import Live, Thing
from tests.kit.waiting import eventually
from tests.kit.world import ACCOUNT, REGION
from tests.l2.conftest import NAMESPACE, under_our_crds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), under_our_crds]

NAME = "ack-s3-bucket-hama"
BUCKET = """
apiVersion: s3.services.k8s.aws/v1alpha1
kind: Bucket
metadata:
  name: ack-s3-bucket-hama
spec:
  name: ack-s3-bucket-hama
  versioning:
    status: Enabled
  website:
    indexDocument:
      suffix: index.html
    errorDocument:
      key: error.html
"""
WEBSITE = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}
QUEUE = """
apiVersion: sqs.services.k8s.aws/v1alpha1
kind: Queue
metadata:
  name: ack-sqs-queue-hama
spec:
  queueName: ack-sqs-queue-hama
  visibilityTimeout: "45"
"""


def thing(live: Live, text: str) -> Thing:
    manifest = yaml.safe_load(text)
    manifest["metadata"]["namespace"] = NAMESPACE
    return Thing(live, next(kind for kind in load() if kind.name == manifest["kind"]), manifest)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bucket(live: Live) -> AsyncIterator[Thing]:
    bucket = thing(live, BUCKET)
    bucket.apply()
    await bucket.synced()
    yield bucket
    bucket.delete()


@pytest.fixture
def s3(live: Live) -> Any:
    return live.boto.client("s3")


@pytest.fixture
def sqs(live: Live) -> Any:
    return live.boto.client("sqs")


def website(s3: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = s3.get_bucket_website(Bucket=NAME)
    except s3.exceptions.from_code("NoSuchWebsiteConfiguration"):
        return None
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def policy(s3: Any) -> str | None:
    try:
        return str(s3.get_bucket_policy(Bucket=NAME)["Policy"])
    except s3.exceptions.from_code("NoSuchBucketPolicy"):
        return None


def buckets(s3: Any) -> list[str]:
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


async def test_apply_creates_the_bucket_with_versioning_and_website(bucket: Thing, s3: Any) -> None:
    assert NAME in buckets(s3)
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    assert website(s3) == WEBSITE


async def test_get_shows_arn_region_account_and_conditions(bucket: Thing, live: Live) -> None:
    shown = json.loads(live.kubectl("get", "bucket", NAME, f"--namespace={NAMESPACE}", "-o", "json"))["status"]
    metadata = {"arn": f"arn:aws:s3:::{NAME}", "ownerAccountID": ACCOUNT, "region": REGION}
    assert metadata.items() <= shown["ackResourceMetadata"].items()
    assert {"ACK.ResourceSynced": "True", "Ready": "True"}.items() <= {
        one["type"]: one["status"] for one in shown["conditions"]
    }.items()


async def test_describe_shows_them_and_the_events(bucket: Thing, live: Live) -> None:
    shown = live.kubectl("describe", "bucket", NAME, f"--namespace={NAMESPACE}")
    for text in (f"arn:aws:s3:::{NAME}", ACCOUNT, REGION, "ACK.ResourceSynced", f"Bucket {NAME} was created in AWS"):
        assert text in shown


async def test_editing_the_manifest_changes_aws(bucket: Thing, s3: Any) -> None:
    edited = bucket.like({**bucket.spec, "website": {"indexDocument": {"suffix": "home.html"}}})
    edited.apply()
    await edited.synced()
    assert website(s3) == {"IndexDocument": {"Suffix": "home.html"}}
    bucket.apply()
    await bucket.synced()


async def test_removing_website_removes_it(bucket: Thing, s3: Any) -> None:
    bucket.like({key: value for key, value in bucket.spec.items() if key != "website"}).apply()

    async def is_off() -> bool:
        return website(s3) is None

    await eventually(is_off)
    bucket.apply()
    await bucket.synced()
    assert website(s3) == WEBSITE


async def test_suspending_versioning_by_hand_is_put_back(bucket: Thing, s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"})
    await bucket.synced()
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    assert "spec.versioning.status" in await bucket.told("DriftCorrected", "Updated")


async def test_deleting_the_bucket_by_hand_makes_it_again(bucket: Thing, s3: Any) -> None:
    s3.delete_bucket(Bucket=NAME)
    await bucket.synced()
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    assert website(s3) == WEBSITE
    assert f"Bucket {NAME} was gone from AWS, and was made again" in await bucket.told("Created")


async def test_a_hand_made_bucket_policy_goes(bucket: Thing, s3: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{NAME}/*",
    }
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    async def has_none() -> bool:
        return policy(s3) is None

    await eventually(has_none)


async def test_delete_removes_it_from_aws_and_only_then_lets_the_object_go(bucket: Thing, live: Live, s3: Any) -> None:
    obj = await bucket.obj()
    await live.endpoint.inject(Fault("DeleteBucket", times=1000))
    bucket.delete()

    async def is_stuck() -> bool:
        return bool((await bucket.condition("ACK.Recoverable")).get("status") == "True")

    await eventually(is_stuck)
    assert (await bucket.obj())["metadata"]["finalizers"] == [bucket.kind.finalizer]
    assert NAME in buckets(s3)
    await live.endpoint.inject()
    await bucket.gone(obj)
    assert NAME not in buckets(s3)


async def test_a_queue(live: Live, sqs: Any) -> None:
    queue = thing(live, QUEUE)
    queue.apply()
    obj = await queue.synced()
    url = obj["status"]["queueURL"]
    assert sqs.get_queue_url(QueueName="ack-sqs-queue-hama")["QueueUrl"] == url
    assert timeout(sqs, url) == "45"
    assert obj["status"]["ackResourceMetadata"]["arn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:ack-sqs-queue-hama"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    await queue.synced()
    assert timeout(sqs, url) == "45"
    assert "spec.visibilityTimeout" in await queue.told("DriftCorrected", "Updated")
    sqs.delete_queue(QueueUrl=url)
    await queue.synced()
    assert timeout(sqs, url) == "45"
    queue.delete()
    await queue.gone(obj)
    assert url not in sqs.list_queues().get("QueueUrls", [])


def timeout(sqs: Any, url: str) -> str:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(found["Attributes"]["VisibilityTimeout"])

"""Clients are shared, kept within bounds and closed; endpoints and credentials are checked."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from ackpy.aws.call import AwsCaller
from ackpy.aws.endpoints import EndpointError, check_endpoint_url, is_local
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from tests.aws.conftest import SETTINGS, Script, clients_with, scope_at

HERE = scope_at("http://127.0.0.1:1")


async def test_concurrent_borrowers_share_one_client() -> None:
    clients = clients_with()

    async def borrow() -> object:
        async with clients.borrow("sqs", HERE) as client:
            await asyncio.sleep(0)
            return client

    assert len(set(map(id, await asyncio.gather(*[borrow() for _ in range(10)])))) == 1
    async with clients.borrow("sqs", replace(HERE, region="us-east-1")) as other:
        assert other is not await borrow()
        assert other.api.meta.region_name == "us-east-1"
    await clients.aclose()


async def test_a_cancelled_borrower_does_not_spoil_the_client() -> None:
    clients = clients_with()

    async def borrow() -> object:
        async with clients.borrow("sqs", HERE) as client:
            return client

    first, second = asyncio.create_task(borrow()), asyncio.create_task(borrow())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second is await borrow()
    await clients.aclose()


async def test_the_client_unused_for_longest_is_closed_and_one_in_use_is_not(script: Script) -> None:
    script.answer(200, "{}")
    clients = clients_with(replace(SETTINGS, max_clients=2))
    scopes = [scope_at(script.url, region) for region in ("eu-west-1", "eu-west-2", "eu-west-3")]

    async def borrow(scope: Scope) -> Any:
        async with clients.borrow("sqs", scope) as client:
            await client.api.list_queues()
            return client

    async with clients.borrow("sqs", scopes[0]) as held:
        second = await borrow(scopes[1])
        third = await borrow(scopes[2])
        await held.api.list_queues()
        assert await borrow(scopes[0]) is held
    assert await borrow(scopes[2]) is third
    assert await borrow(scopes[1]) is not second
    await clients.aclose()


async def test_closing_while_a_client_is_made_leaves_nothing_behind() -> None:
    clients = clients_with()

    async def borrow() -> None:
        async with clients.borrow("sqs", HERE):
            pass

    task = asyncio.create_task(borrow())
    await asyncio.sleep(0)
    await clients.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_failed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    clients = clients_with()
    with pytest.raises(NoCredentialsError):
        async with clients.borrow("sqs", HERE):
            pass
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    async with clients.borrow("sqs", HERE):
        pass
    await clients.aclose()


async def test_missing_credentials_are_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    caller = AwsCaller(clients_with())
    with pytest.raises(AwsError) as failure:
        await caller.call(HERE, "sqs", "ListQueues", {})
    assert failure.value.meaning is Meaning.CREDENTIALS
    assert str(failure.value) == (
        "no AWS credentials found: give the pod a role (IRSA or EKS Pod Identity), or set AWS_PROFILE, or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
    await caller.aclose()


async def test_an_unencrypted_endpoint_is_refused_unless_allowed() -> None:
    caller = AwsCaller(clients_with(replace(SETTINGS, allow_unsafe_endpoints=False)))
    with pytest.raises(AwsError, match="set --allow-unsafe-aws-endpoint-urls") as failure:
        await caller.call(HERE, "sqs", "CreateQueue", {"QueueName": "q"})
    assert failure.value.meaning is Meaning.INVALID
    assert failure.value.nothing_was_made
    await caller.aclose()


async def test_a_local_endpoint_gets_path_style(script: Script) -> None:
    script.answer(200)
    clients = clients_with()
    async with clients.borrow("s3", scope_at(script.url.replace("127.0.0.1", "localhost"))) as client:
        await client.api.head_bucket(Bucket="bucket")
    assert script.requests[0].path == "/bucket"
    await clients.aclose()


@pytest.mark.parametrize(
    ("path_style", "endpoint_url", "bucket", "url"),
    [
        (False, "https://s3.example.org", "bucket", "https://bucket.s3.example.org/"),
        (True, "https://s3.example.org", "bucket", "https://s3.example.org/bucket"),
        (False, None, "bucket", "https://bucket.s3.eu-west-1.amazonaws.com/"),
        (False, None, "dotted.bucket", "https://s3.eu-west-1.amazonaws.com/dotted.bucket"),
        (True, None, "bucket", "https://s3.eu-west-1.amazonaws.com/bucket"),
    ],
)
async def test_where_a_bucket_is(path_style: bool, endpoint_url: str | None, bucket: str, url: str) -> None:
    clients = clients_with(replace(SETTINGS, path_style=path_style))
    async with clients.borrow("s3", replace(HERE, endpoint_url=endpoint_url)) as client:
        signed = await client.api.generate_presigned_url("head_bucket", Params={"Bucket": bucket})
    assert signed.partition("?")[0] == url
    await clients.aclose()


async def test_the_user_agent_begins_as_the_contract_says(script: Script) -> None:
    script.answer(200, "{}")
    clients = clients_with()
    async with clients.borrow("sqs", scope_at(script.url)) as client:
        await client.api.list_queues()
    assert script.requests[0].headers["User-Agent"].startswith("aws-controllers-k8s/ackpy-1.2.3 md/Botocore#")
    await clients.aclose()


async def test_a_bucket_of_another_region_is_not_followed_there(script: Script) -> None:
    script.answer(
        301, "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>", x_amz_bucket_region="x"
    )
    caller = AwsCaller(clients_with())
    with pytest.raises(AwsError, match="api error PermanentRedirect: elsewhere"):
        await caller.call(scope_at(script.url), "s3", "GetBucketTagging", {"Bucket": "bucket"})
    assert len(script.requests) == 1
    await caller.aclose()


async def test_user_data_is_sent_as_the_spec_has_it(script: Script) -> None:
    script.answer(200, "<RunInstancesResponse/>")
    caller = AwsCaller(clients_with())
    params = {"MinCount": 1, "MaxCount": 1, "UserData": "aGVsbG8="}
    await caller.call(scope_at(script.url), "ec2", "RunInstances", params)
    assert "UserData=aGVsbG8%3D" in script.bodies[0]
    await caller.aclose()


def test_endpoint_urls() -> None:
    assert is_local(check_endpoint_url("http://127.0.0.1:5000", allow_unsafe=True))
    assert is_local(check_endpoint_url("https://[::1]:5000", allow_unsafe=False))
    assert is_local(check_endpoint_url("http://localhost:5000", allow_unsafe=True))
    assert not is_local(check_endpoint_url("https://s3.example.org", allow_unsafe=False))
    for wrong in ("s3.example.org", "ftp://x", "https://", "https://a b", "https://-x-", "http://x"):
        with pytest.raises(EndpointError):
            check_endpoint_url(wrong, allow_unsafe=False)

"""What the HTTP front adds to the simulator: who calls, where, and what becomes of requests that can't be read."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from ackpy.sandbox.simulator import AwsFault, Call, Simulator
from ackpy.sandbox.simulator.bridge import serving
from ackpy.sandbox.simulator.server import Front
from tests.simulator.doors import by_botocore, in_process
from tests.simulator.scenarios import CallAws, Refused


@pytest.fixture
def aws() -> Simulator:
    return Simulator()


@pytest.fixture
async def url(aws: Simulator) -> AsyncIterator[str]:
    async with serving(Front(aws)) as url:
        yield url


async def refused(call: CallAws, service: str, operation: str, params: dict[str, str]) -> str:
    with pytest.raises(Refused) as error:
        await asyncio.to_thread(call, service, operation, params)
    return error.value.code


async def raw(url: str, method: str, path: str, scope: str, **more: str) -> tuple[int, str]:
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{scope}/aws4_request, Signature=x"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, headers=headers, data=more.get("body")) as response,
    ):
        return response.status, await response.text()


async def test_an_access_key_of_twelve_digits_is_the_account(aws: Simulator, url: str) -> None:
    await asyncio.to_thread(by_botocore(url, account="111111111111"), "s3", "CreateBucket", {"Bucket": "here"})
    assert aws.calls[-1].account == "111111111111"
    assert (
        await refused(by_botocore(url, account="AKIA"), "s3", "CreateBucket", {"Bucket": "here"})
        == "BucketAlreadyExists"
    )
    assert aws.calls[-1].account == "000000000000"


async def test_both_doors_open_the_same_world(aws: Simulator, url: str) -> None:
    await asyncio.to_thread(by_botocore(url, account="000000000000"), "sqs", "CreateQueue", {"QueueName": "q"})
    assert in_process(aws, account="000000000000")("sqs", "ListQueues", {})["QueueUrls"]


async def test_a_fault_after_the_effect_reaches_the_client(aws: Simulator, url: str) -> None:
    def lose(_call: Call) -> None:
        raise AwsFault("InternalError", "We encountered an internal error. Please try again.", 500)

    aws.after_call.append(lose)
    assert await refused(by_botocore(url), "s3", "CreateBucket", {"Bucket": "here"}) == "InternalError"
    aws.after_call.clear()
    assert len(in_process(aws)("s3", "ListBuckets", {})["Buckets"]) == 1


async def test_a_gap_says_so(url: str) -> None:
    assert await refused(by_botocore(url), "s3", "ListObjectsV2", {"Bucket": "here"}) == "NotImplemented"
    assert await refused(by_botocore(url), "sqs", "PurgeQueue", {"QueueUrl": "x"}) == "NotImplemented"
    assert await raw(url, "GET", "/", "us-east-1/iot") == (501, "not simulated: the simulator has no service iot")


@pytest.mark.parametrize(
    "body",
    ["<Tagging>", "", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>"],
    ids=["not XML", "nothing", "a member is missing"],
)
async def test_a_body_that_cannot_be_read(url: str, body: str) -> None:
    status, text = await raw(url, "PUT", "/here?tagging", "us-east-1/s3", body=body)
    assert (status, "<Code>MalformedXML</Code>" in text) == (400, True)


async def test_requests_are_signed(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert (response.status, "SigV4" in await response.text()) == (403, True)


async def test_the_command_prints_its_url_and_serves() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ackpy.sandbox.simulator", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        url = (await process.stdout.readline()).decode().strip()
        answer = await asyncio.to_thread(by_botocore(url), "s3", "ListBuckets", {})
        assert answer["Buckets"] == []
    finally:
        process.terminate()
        await process.communicate()

"""Calls: what goes in is sent, what comes back is given, errors are translated, hooks see everything."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from ackpy.aws.call import AwsCaller, CallRecord, is_read
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.identity import caller_identity
from ackpy.aws.limits import LimitKey
from ackpy.aws.metrics import CallMetrics, usual_op_type
from tests.aws.conftest import Script, clients_with, scope_at
from tests.kit.contract import contract, services
from tests.kit.waiting import until


async def test_identity(caller: AwsCaller, moto_url: str) -> None:
    identity = await caller_identity(caller, "cn-north-1", moto_url)
    assert identity.account == "123456789012"
    assert identity.partition == identity.arn.split(":")[1]


async def test_identity_waits_for_sts_and_gives_up_with_its_error(caller: AwsCaller, script: Script) -> None:
    script.answer(503)
    with pytest.raises(AwsError) as failure:
        await caller_identity(caller, "eu-west-1", script.url, pauses=(0, 0))
    assert failure.value.meaning is Meaning.TRANSIENT
    script.answers.clear()
    script.answer(403, "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>old</Message></Error></ErrorResponse>")
    script.requests.clear()
    with pytest.raises(AwsError, match="ExpiredToken: old"):
        await caller_identity(caller, "eu-west-1", script.url, pauses=(0, 0))
    assert len(script.requests) == 1


async def test_sqs(caller: AwsCaller, moto_url: str, records: list[CallRecord]) -> None:
    scope = scope_at(moto_url)
    made = await caller.call(scope, "sqs", "CreateQueue", {"QueueName": "q"})
    assert set(made) == {"QueueUrl"}
    with pytest.raises(AwsError) as failure:
        await caller.call(scope, "sqs", "GetQueueAttributes", {"QueueUrl": f"{moto_url}/123456789012/none"})
    assert failure.value.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert failure.value.modelled
    assert [(r.operation, r.outcome) for r in records] == [
        ("CreateQueue", "ok"),
        ("GetQueueAttributes", failure.value.code),
    ]
    assert records[0].request_id
    assert records[0].server_time is not None
    assert records[0].seconds > 0
    assert records[1].error is failure.value


async def test_s3(caller: AwsCaller, moto_url: str) -> None:
    scope = scope_at(moto_url, "us-east-1")
    await caller.call(scope, "s3", "CreateBucket", {"Bucket": "bucket"})
    await caller.call(scope, "s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Body": b"bytes"})
    read = await caller.call(scope, "s3", "GetObject", {"Bucket": "bucket", "Key": "k"})
    assert read["Body"] == b"bytes"
    with pytest.raises(AwsError, match=r"^api error NoSuchBucketPolicy: "):
        await caller.call(scope, "s3", "GetBucketPolicy", {"Bucket": "bucket"})
    with pytest.raises(AwsError, match=r"^api error NotFound: Not Found$"):
        await caller.call(scope, "s3", "HeadBucket", {"Bucket": "no-such-bucket"})


async def test_all_pages_in_one(caller: AwsCaller, moto_url: str, records: list[CallRecord]) -> None:
    scope = scope_at(moto_url, "eu-west-3")
    for n in range(5):
        await caller.call(scope, "sqs", "CreateQueue", {"QueueName": f"page-{n}"})
    records.clear()
    found = await caller.paginate(scope, "sqs", "ListQueues", {"QueueNamePrefix": "page-", "MaxResults": 2})
    assert len(found["QueueUrls"]) == 5
    assert [r.operation for r in records] == ["ListQueues"] * 3
    whole = await caller.paginate(scope, "sqs", "ListQueueTags", {"QueueUrl": found["QueueUrls"][0]})
    assert whole == await caller.call(scope, "sqs", "ListQueueTags", {"QueueUrl": found["QueueUrls"][0]})


async def test_lists_of_configurations_are_paged_though_botocore_does_not_know(
    caller: AwsCaller, script: Script
) -> None:
    page = "<R><IsTruncated>{}</IsTruncated>{}<MetricsConfiguration><Id>{}</Id></MetricsConfiguration></R>"
    script.answer(200, page.format("true", "<NextContinuationToken>more</NextContinuationToken>", "a"))
    script.answer(200, page.format("false", "", "b"))
    operation = "ListBucketMetricsConfigurations"
    found = await caller.paginate(scope_at(script.url), "s3", operation, {"Bucket": "bucket"})
    assert found["MetricsConfigurationList"] == [{"Id": "a"}, {"Id": "b"}]
    assert [request.query.get("continuation-token") for request in script.requests] == [None, "more"]


async def test_pages_that_never_end_are_an_error(caller: AwsCaller, script: Script) -> None:
    script.answer(200, '{"QueueUrls": [], "NextToken": "same"}')
    with pytest.raises(AwsError, match="same next token"):
        await caller.paginate(scope_at(script.url), "sqs", "ListQueues", {"MaxResults": 1})


async def test_bad_parameters_are_not_sent(caller: AwsCaller, script: Script) -> None:
    with pytest.raises(AwsError, match="QueueName") as failure:
        await caller.call(scope_at(script.url), "sqs", "CreateQueue", {})
    assert failure.value.meaning is Meaning.INVALID
    assert not script.requests


async def test_a_read_that_fails_in_passing_is_repeated(
    caller: AwsCaller, script: Script, records: list[CallRecord]
) -> None:
    script.answer(500)
    script.answers.append(None)
    script.answer(200, '{"QueueUrls": ["u"]}')
    assert await caller.call(scope_at(script.url), "sqs", "ListQueues", {}) == {"QueueUrls": ["u"]}
    assert [record.outcome for record in records] == ["InternalServerError", "ConnectionClosedError", "ok"]


@pytest.mark.parametrize("lost", [False, True])
async def test_a_write_is_sent_once(lost: bool, caller: AwsCaller, script: Script) -> None:
    script.answers.append(None if lost else web.Response(status=500))
    with pytest.raises(AwsError) as failure:
        await caller.call(scope_at(script.url), "sqs", "CreateQueue", {"QueueName": "q"})
    assert failure.value.meaning is Meaning.TRANSIENT
    assert not failure.value.nothing_was_made
    assert len(script.requests) == 1


async def test_nobody_listens(caller: AwsCaller, script: Script, unused_tcp_port: int) -> None:
    with pytest.raises(AwsError, match=r"no connection to http://127\.0\.0\.1"):
        await caller.call(scope_at(f"http://127.0.0.1:{unused_tcp_port}"), "sqs", "ListQueues", {})


async def test_the_limiter_learns_from_a_throttle(caller: AwsCaller, script: Script) -> None:
    script.answer(400, '{"__type": "ThrottlingException", "message": "slow down"}')
    script.answer(200, "{}")
    scope = scope_at(script.url)
    key = LimitKey(scope.account, scope.region, "sqs", read=True)
    before = caller.limits.of(key).rate
    assert await caller.call(scope, "sqs", "ListQueues", {}) == {}
    assert len(script.requests) == 2
    assert caller.limits.of(key).rate < before
    assert caller.limits.of(key._replace(read=False)).rate == before


async def test_a_cancelled_call_leaves_nothing_behind(records: list[CallRecord], script: Script) -> None:
    script.answer(200, "{}")
    caller = AwsCaller(clients_with(), hooks=(records.append,))
    for steps in range(0, 40, 4):
        task = asyncio.create_task(caller.call(scope_at(script.url), "sqs", "ListQueues", {}))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await caller.call(scope_at(script.url), "sqs", "ListQueues", {}) == {}
    await caller.aclose()


async def test_metrics_have_the_contract_s_names_and_labels(caller: AwsCaller, moto_url: str) -> None:
    registry = CollectorRegistry()
    counting = replace(caller, hooks=(CallMetrics(registry),))
    await counting.call(scope_at(moto_url), "sqs", "CreateQueue", {"QueueName": "counted"})
    with pytest.raises(AwsError):
        await counting.call(scope_at(moto_url), "sqs", "CreateQueue", {})
    names = {sample.name: sample for metric in registry.collect() for sample in metric.samples}
    for name, expected in contract("common")["metrics"].items():
        assert list(names[name].labels) == expected["labels"]
    calls = names["ack_outbound_api_requests_total"]
    assert (calls.labels, calls.value) == ({"service": "sqs", "op_type": "CREATE", "op_id": "CreateQueue"}, 2)
    errors = names["ack_outbound_api_requests_error_total"]
    assert errors.labels["status_code"] == "-1"


def test_every_operation_of_the_contract_is_read_or_write() -> None:
    """Reads are told by their names; what the contract reads with is a read, what it writes with is not."""
    for service in services():
        if "kinds" not in contract(service):
            continue
        for kind in contract(service)["kinds"].values():
            for verb in ("create", "read", "update", "delete"):
                operation = kind["operations"].get(verb, {}).get("operation")
                if operation is not None:
                    assert is_read(operation) == (verb == "read"), operation


def test_usual_classes_are_classes_of_the_contract() -> None:
    known = contract("common")["metrics_op_types"]
    names = (
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "ListQueues",
        "GetRole",
        "StartJob",
        "StopJob",
        "TagRole",
    )
    assert {usual_op_type("x", name) for name in names} <= set(known)


async def test_no_write_begins_when_the_process_ends(caller: AwsCaller, script: Script) -> None:
    script.answer(200, '{"QueueUrls": ["u"]}')
    script.released.clear()
    under_way = asyncio.create_task(caller.call(scope_at(script.url), "sqs", "CreateQueue", {"QueueName": "q"}))
    await until(lambda: script.requests)
    caller.stop_writing()
    with pytest.raises(AwsError) as failure:
        await caller.call(scope_at(script.url), "sqs", "CreateQueue", {"QueueName": "other"})
    assert failure.value.meaning is Meaning.STOPPING
    assert failure.value.nothing_was_made
    script.released.set()
    await under_way
    assert await caller.call(scope_at(script.url), "sqs", "ListQueues", {}) == {"QueueUrls": ["u"]}
    assert len(script.requests) == 2

"""What a test can ask of the simulator: late sight, faults, crashes, accounts; and what it refuses to pretend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from botocore.loaders import Loader

from ackpy.sandbox.simulator import AwsFault, Call, Lag, Lags, ManualClock, NotSimulatedError, Simulator

HERE = {"Bucket": "here"}
QUEUE = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/q"}


class CrashError(Exception):
    """The process dies."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def aws(clock: ManualClock) -> Simulator:
    return Simulator(clock=clock)


def code(aws: Simulator, service: str, operation: str, params: dict[str, Any], **where: str) -> str:
    with pytest.raises(AwsFault) as fault:
        aws.call(service, operation, params, **where)
    return fault.value.code


def delay(aws: Simulator) -> str:
    answer = aws.call("sqs", "GetQueueAttributes", {**QUEUE, "AttributeNames": ["DelaySeconds"]})
    return str(answer["Attributes"]["DelaySeconds"])


def test_a_creation_is_seen_late_by_the_clock(aws: Simulator, clock: ManualClock) -> None:
    aws.lag("s3", Lags(created=Lag(seconds=2)))
    aws.call("s3", "CreateBucket", HERE)
    assert code(aws, "s3", "GetBucketVersioning", HERE) == "NoSuchBucket"
    assert aws.call("s3", "ListBuckets", {})["Buckets"] == []
    clock.advance(2)
    assert aws.call("s3", "GetBucketVersioning", HERE) == {}
    assert len(aws.call("s3", "ListBuckets", {})["Buckets"]) == 1


def test_a_creation_is_seen_late_by_the_number_of_looks(aws: Simulator) -> None:
    aws.lag("sqs", Lags(created=Lag(reads=2)))
    aws.call("sqs", "CreateQueue", {"QueueName": "q"})
    for _ in range(2):
        assert code(aws, "sqs", "ListQueueTags", QUEUE) == "AWS.SimpleQueueService.NonExistentQueue"
    assert aws.call("sqs", "ListQueueTags", QUEUE) == {}


def test_a_name_is_taken_at_once_however_late_it_is_seen(aws: Simulator) -> None:
    aws.lag("s3", Lags(created=Lag(seconds=9)))
    aws.call("s3", "CreateBucket", {**HERE, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}})
    assert code(aws, "s3", "CreateBucket", HERE) == "BucketAlreadyOwnedByYou"


def test_changes_and_deletions_are_seen_late(aws: Simulator, clock: ManualClock) -> None:
    aws.call("sqs", "CreateQueue", {"QueueName": "q"})
    aws.lag("sqs", Lags(changed=Lag(seconds=60), deleted=Lag(reads=1)))
    aws.call("sqs", "SetQueueAttributes", {**QUEUE, "Attributes": {"DelaySeconds": "1"}})
    aws.call("sqs", "SetQueueAttributes", {**QUEUE, "Attributes": {"VisibilityTimeout": "1"}})
    assert delay(aws) == "0"
    clock.advance(60)
    assert delay(aws) == "1"
    aws.call("sqs", "DeleteQueue", QUEUE)
    assert delay(aws) == "1"
    assert code(aws, "sqs", "ListQueueTags", QUEUE) == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_queue_s_name_is_blocked_for_a_minute(aws: Simulator, clock: ManualClock) -> None:
    aws.call("sqs", "CreateQueue", {"QueueName": "q"})
    aws.call("sqs", "DeleteQueue", QUEUE)
    clock.advance(59)
    assert code(aws, "sqs", "CreateQueue", {"QueueName": "q"}) == "AWS.SimpleQueueService.QueueDeletedRecently"
    clock.advance(1)
    assert aws.call("sqs", "CreateQueue", {"QueueName": "q"}) == QUEUE


def test_a_crash_before_a_call_has_no_effect_and_one_after_it_has(aws: Simulator) -> None:
    def crash(call: Call) -> None:
        if call.operation == "CreateBucket":
            raise CrashError

    aws.before_call.append(crash)
    with pytest.raises(CrashError):
        aws.call("s3", "CreateBucket", HERE)
    aws.before_call.clear()
    assert code(aws, "s3", "GetBucketVersioning", HERE) == "NoSuchBucket"
    aws.after_call.append(crash)
    with pytest.raises(CrashError):
        aws.call("s3", "CreateBucket", HERE)
    aws.after_call.clear()
    assert aws.call("s3", "GetBucketVersioning", HERE) == {}
    ends = [call.answer for call in aws.calls if call.operation == "CreateBucket"]
    assert ends == [None, {"Location": "/here", "BucketArn": "arn:aws:s3:::here"}]


def test_calls_are_recorded_with_their_end(aws: Simulator, clock: ManualClock) -> None:
    code(aws, "s3", "DeleteBucket", HERE, region="eu-west-1")
    [call] = aws.calls
    assert (call.service, call.operation, call.params, call.region) == ("s3", "DeleteBucket", HERE, "eu-west-1")
    assert (call.at, call.fault and call.fault.code, call.answer) == (clock.now, "NoSuchBucket", None)


def test_a_fault_on_request_has_no_effect(aws: Simulator) -> None:
    aws.fail("s3", "CreateBucket", AwsFault("InternalError", "We encountered an internal error.", 500), times=2)
    assert [code(aws, "s3", "CreateBucket", HERE) for _ in range(2)] == ["InternalError"] * 2
    assert code(aws, "s3", "HeadBucket", HERE) == "NoSuchBucket"
    aws.call("s3", "CreateBucket", HERE)


def test_throttling_by_service_and_rate(aws: Simulator, clock: ManualClock) -> None:
    aws.throttle("s3", 2)
    for _ in range(2):
        aws.call("s3", "ListBuckets", {})
    assert code(aws, "s3", "ListBuckets", {}) == "SlowDown"
    aws.call("sqs", "ListQueues", {})
    clock.advance(0.5)
    aws.call("s3", "ListBuckets", {})
    assert code(aws, "s3", "ListBuckets", {}) == "SlowDown"
    aws.throttle("s3", None)
    aws.call("s3", "ListBuckets", {})


def test_tags_come_back_in_an_order_that_follows_from_the_seed() -> None:
    tags = [{"Key": str(number), "Value": ""} for number in range(20)]

    def looks(seed: int) -> list[object]:
        aws = Simulator(seed=seed)
        aws.call("s3", "CreateBucket", HERE)
        aws.call("s3", "PutBucketTagging", {**HERE, "Tagging": {"TagSet": tags}})
        return [aws.call("s3", "GetBucketTagging", HERE)["TagSet"] for _ in range(2)]

    one, two = looks(1)
    assert one != two
    assert looks(1) == [one, two]
    assert looks(2) != [one, two]


def test_counts_move_by_themselves(aws: Simulator) -> None:
    aws.call("sqs", "CreateQueue", {"QueueName": "q"})
    wanted = {**QUEUE, "AttributeNames": ["ApproximateNumberOfMessages"]}
    looks = [aws.call("sqs", "GetQueueAttributes", wanted)["Attributes"] for _ in range(20)]
    assert any(look != looks[0] for look in looks)


def test_ids_that_aws_makes_stay(aws: Simulator) -> None:
    aws.call("s3", "CreateBucket", HERE)
    rule = {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    aws.call("s3", "PutBucketLifecycleConfiguration", {**HERE, "LifecycleConfiguration": {"Rules": [rule]}})
    [made] = aws.call("s3", "GetBucketLifecycleConfiguration", HERE)["Rules"]
    assert made == {**rule, "ID": made["ID"]}
    assert aws.call("s3", "GetBucketLifecycleConfiguration", HERE)["Rules"] == [made]


def test_answers_and_inputs_are_the_caller_s_own(aws: Simulator) -> None:
    aws.call("s3", "CreateBucket", HERE)
    tags = [{"Key": "a", "Value": "1"}]
    aws.call("s3", "PutBucketTagging", {**HERE, "Tagging": {"TagSet": tags}})
    tags[0]["Value"] = "2"
    aws.call("s3", "GetBucketTagging", HERE)["TagSet"].clear()
    assert aws.call("s3", "GetBucketTagging", HERE) == {"TagSet": [{"Key": "a", "Value": "1"}]}


def test_a_bucket_s_name_is_everybody_s(aws: Simulator) -> None:
    aws.call("s3", "CreateBucket", HERE, account="111111111111")
    assert code(aws, "s3", "CreateBucket", HERE) == "BucketAlreadyExists"
    assert code(aws, "s3", "GetBucketVersioning", HERE) == "AccessDenied"
    assert aws.call("s3", "ListBuckets", {})["Buckets"] == []
    wrong = {**HERE, "ExpectedBucketOwner": "222222222222"}
    assert code(aws, "s3", "GetBucketVersioning", wrong, account="111111111111") == "AccessDenied"


def test_a_bucket_has_one_region(aws: Simulator) -> None:
    in_ireland = {**HERE, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert code(aws, "s3", "CreateBucket", HERE, region="eu-west-1") == "IllegalLocationConstraintException"
    assert code(aws, "s3", "CreateBucket", in_ireland, region="eu-west-2") == "IllegalLocationConstraintException"
    aws.call("s3", "CreateBucket", in_ireland, region="eu-west-1")
    assert code(aws, "s3", "CreateBucket", in_ireland, region="eu-west-1") == "BucketAlreadyOwnedByYou"
    assert code(aws, "s3", "GetBucketVersioning", HERE) == "PermanentRedirect"
    assert aws.call("s3", "GetBucketLocation", HERE) == {"LocationConstraint": "eu-west-1"}


def test_queues_of_a_name_differ_by_region_and_account(aws: Simulator) -> None:
    urls = {
        aws.call("sqs", "CreateQueue", {"QueueName": "q"}, region=region, account=account)["QueueUrl"]
        for region in ("us-east-1", "eu-west-1")
        for account in ("000000000000", "111111111111")
    }
    assert len(urls) == 4
    assert aws.call("sqs", "ListQueues", {}) == {"QueueUrls": [QUEUE["QueueUrl"]]}


@pytest.mark.parametrize("kind", ["Role", "User", "Group", "InstanceProfile"])
def test_what_iam_lists_is_told_in_full(aws: Simulator, kind: str) -> None:
    may = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    trust = {"AssumeRolePolicyDocument": document} if kind == "Role" else {}
    for name, path in (("one", "/"), ("other", "/team/")):
        aws.call("iam", f"Create{kind}", {f"{kind}Name": name, "Path": path, **trust})
    (found,) = aws.call("iam", f"List{kind}s", {"PathPrefix": "/team/"})[f"{kind}s"]
    assert found[f"{kind}Name"] == "other"
    assert found["Arn"].endswith("/team/other")


def test_pages(aws: Simulator) -> None:
    for name in ("aaa", "bbb", "ccc"):
        aws.call("s3", "CreateBucket", {"Bucket": name})
    first = aws.call("s3", "ListBuckets", {"MaxBuckets": 2})
    rest = aws.call("s3", "ListBuckets", {"MaxBuckets": 2, "ContinuationToken": first["ContinuationToken"]})
    assert [bucket["Name"] for page in (first, rest) for bucket in page["Buckets"]] == ["aaa", "bbb", "ccc"]
    assert "ContinuationToken" not in rest


def test_input_that_a_client_would_not_send(aws: Simulator) -> None:
    with pytest.raises(ParamValidationError, match="Colour"):
        aws.call("s3", "CreateBucket", {**HERE, "Colour": "red"})
    with pytest.raises(ParamValidationError, match="Bucket"):
        aws.call("s3", "CreateBucket", {})
    assert aws.calls == []


def test_a_gap_is_no_answer(aws: Simulator) -> None:
    with pytest.raises(NotSimulatedError, match="s3 PutObject"):
        aws.call("s3", "PutObject", {**HERE, "Key": "k"})
    with pytest.raises(NotSimulatedError, match="iot"):
        aws.call("iot", "CreateThing", {})


@pytest.mark.parametrize("service", ["s3", "sns", "sqs", "stepfunctions"])
def test_every_operation_of_the_contract_is_simulated(aws: Simulator, service: str) -> None:
    file = {"stepfunctions": "sfn"}.get(service, service)  # the contract goes by the SDK's names
    contract = json.loads((Path(__file__).parents[1] / "contract" / f"{file}.json").read_text())
    model = Loader().load_service_model(service, "service-2")["operations"]
    for kind in contract["kinds"].values():
        named = {entry["operation"] for entry in kind["operations"].values() if "operation" in entry}
        wanted = named | kind.get("other_operations", {}).keys() | kind["operations"].get("other", {}).keys()
        missing = {name for name in wanted if not aws.simulates(service, name) and not model[name].get("deprecated")}
        assert missing == set()

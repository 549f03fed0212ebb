"""The guard against real clients: what moto lacks is refused, what it mistakes does no harm, tests have control."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from werkzeug.test import Client
from werkzeug.wrappers import Response

from ackpy.sandbox import guard
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.guard_api import Fault, LoggedRequest
from ackpy.sandbox.simulator import Simulator
from tests.kit.boto import Boto
from tests.sandbox.conftest import Clients
from tests.sandbox.minimal_input import minimal_input

S3 = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")
ON_A_BUCKET = [
    name for name in S3.operation_names if S3.operation_model(name).http["requestUri"].partition("?")[0] == "/{Bucket}"
]


def refusal(client: Any, operation: str, **params: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(client, operation, **params)
    return refused.value


def call(client: Any, operation: str, **params: Any) -> Any:
    method = next(method for method, name in client.meta.method_to_api_mapping.items() if name == operation)
    return getattr(client, method)(**params)


def minimal(client: Any, operation: str) -> dict[str, Any]:
    made: dict[str, Any] = minimal_input(client.meta.service_model.operation_model(operation).input_shape)
    return made


def code_and_status(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        (service, operation)
        for service, operations in guard.NOT_SIMULATED.items()
        for operation in operations
        if not Simulator().simulates(service, operation)
    ],
)
def test_what_moto_lacks_is_refused_by_name(clients: Clients, service: str, operation: str) -> None:
    error = refusal(clients(service), operation, **minimal(clients(service), operation))
    assert code_and_status(error) == ("NotImplemented", 501)
    assert error.response["Error"]["Message"] == f"not simulated: {operation}"


def test_what_moto_lacks_of_a_bucket_is_simulated_as_long_as_it_lives(s3: Any) -> None:
    bucket = str(uuid.uuid4())
    metrics = {"Bucket": bucket, "Id": "all", "MetricsConfiguration": {"Id": "all"}}
    assert refusal(s3, "PutBucketMetricsConfiguration", **metrics).response["Error"]["Code"] == "NoSuchBucket"
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_metrics_configuration(**metrics)
    assert s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"] == [{"Id": "all"}]
    wrong = refusal(s3, "PutBucketMetricsConfiguration", **metrics | {"MetricsConfiguration": {}})
    assert code_and_status(wrong)[1] == 400
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket=bucket)


def test_kinds_that_the_simulator_has_whole_are_a_regions_own(clients: Clients) -> None:
    name = str(uuid.uuid4())
    here, elsewhere = clients("stepfunctions", "us-east-1"), clients("stepfunctions", "eu-west-2")
    arn = here.create_activity(name=name)["activityArn"]
    assert arn.startswith("arn:aws:states:us-east-1:123456789012:")
    assert arn in [found["activityArn"] for found in here.list_activities()["activities"]]
    assert arn not in [found["activityArn"] for found in elsewhere.list_activities()["activities"]]
    here.delete_activity(activityArn=arn)
    assert code_and_status(refusal(here, "DescribeActivity", activityArn=arn)) == ("ActivityDoesNotExist", 400)


def test_versions_stay_as_long_as_what_the_simulator_keeps_needs_them(s3: Any) -> None:
    bucket = {"Bucket": str(uuid.uuid4())}
    s3.create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::replica"}}
    replication = {"Role": "arn:aws:iam::123456789012:role/replication", "Rules": [rule]}
    enabled, suspended = ({"VersioningConfiguration": {"Status": status}} for status in ("Enabled", "Suspended"))
    refused = refusal(s3, "PutBucketReplication", **bucket, ReplicationConfiguration=replication)
    assert code_and_status(refused) == ("InvalidRequest", 400)
    s3.put_bucket_versioning(**bucket, **enabled)
    s3.put_bucket_replication(**bucket, ReplicationConfiguration=replication)
    refused = refusal(s3, "PutBucketVersioning", **bucket, **suspended)
    assert code_and_status(refused) == ("InvalidBucketState", 409)
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    s3.delete_bucket_replication(**bucket)
    s3.put_bucket_versioning(**bucket, **suspended)


def test_sessions_of_directory_buckets_are_refused(s3: Any) -> None:
    error = refusal(s3, "CreateSession", Bucket="a-bucket--euw1-az1--x-s3")
    assert code_and_status(error) == ("NotImplemented", 501)
    assert error.response["Error"]["Message"] == "not simulated: CreateSession"


def test_a_directory_bucket_is_made_listed_tagged_and_deleted(aws_endpoint: AwsEndpoint) -> None:
    boto, name = Boto(aws_endpoint.url), "a-bucket--use1-az4--x-s3"
    s3, control = boto.client("s3"), boto.client("s3control")
    where = {
        "Location": {"Name": "use1-az4", "Type": "AvailabilityZone"},
        "Bucket": {"DataRedundancy": "SingleAvailabilityZone", "Type": "Directory"},
    }
    arn = s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)["BucketArn"]
    assert [(one["Name"], one["BucketArn"]) for one in s3.list_directory_buckets()["Buckets"]] == [(name, arn)]
    named = {"AccountId": arn.split(":")[4], "ResourceArn": arn}
    control.tag_resource(**named, Tags=[{"Key": "team", "Value": "research"}])
    assert control.list_tags_for_resource(**named)["Tags"] == [{"Key": "team", "Value": "research"}]
    control.untag_resource(**named, TagKeys=["team"])
    assert control.list_tags_for_resource(**named)["Tags"] == []
    assert name not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=name)
    assert s3.list_directory_buckets()["Buckets"] == []
    boto.close()


def test_acls_stand_on_what_moto_keeps(s3: Any) -> None:
    bucket = {"Bucket": f"{uuid.uuid4()}"}
    s3.create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    writer, enforced = ({"Rules": [{"ObjectOwnership": one}]} for one in ("ObjectWriter", "BucketOwnerEnforced"))
    refused = refusal(s3, "PutBucketAcl", **bucket, ACL="log-delivery-write")
    assert code_and_status(refused) == ("AccessControlListNotSupported", 400)
    s3.put_bucket_ownership_controls(**bucket, OwnershipControls=writer)
    s3.put_bucket_acl(**bucket, ACL="log-delivery-write")
    granted = [grant["Permission"] for grant in s3.get_bucket_acl(**bucket)["Grants"]]
    assert granted == ["FULL_CONTROL", "WRITE", "READ_ACP"]
    refused = refusal(s3, "PutBucketOwnershipControls", **bucket, OwnershipControls=enforced)
    assert code_and_status(refused) == ("InvalidBucketAclWithObjectOwnership", 400)
    refused = refusal(s3, "PutBucketAcl", **bucket, ACL="public-read")
    assert code_and_status(refused) == ("AccessDenied", 403)
    s3.delete_public_access_block(**bucket)
    s3.put_bucket_acl(**bucket, ACL="public-read")


def test_what_moto_says_it_lacks_is_refused_likewise(clients: Clients) -> None:
    error = refusal(clients("sqs"), "CancelMessageMoveTask", TaskHandle="x")
    assert code_and_status(error) == ("NotImplemented", 501)


@pytest.mark.parametrize("operation", sorted(set(ON_A_BUCKET) - {"CreateBucket", "DeleteBucket"}))
def test_only_create_and_delete_make_and_remove_a_bucket(clients: Clients, operation: str) -> None:
    """moto takes sub-resources that it doesn't know for the bucket itself. New ones come with botocore."""
    s3 = clients("s3", "us-east-1")
    there, missing = (f"{uuid.uuid4()}" for _ in range(2))
    s3.create_bucket(Bucket=there)
    for bucket in (there, missing):
        with contextlib.suppress(ClientError):  # whatever it answers
            call(s3, operation, **minimal(s3, operation) | {"Bucket": bucket})
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert there in names
    assert missing not in names


@pytest_asyncio.fixture(loop_scope="session")
async def observed(aws_endpoint: AwsEndpoint) -> AsyncIterator[AwsEndpoint]:
    """The shared endpoint with an empty log, and without faults afterwards."""
    await aws_endpoint.clear_requests()
    yield aws_endpoint
    await aws_endpoint.inject()


@pytest.mark.asyncio(loop_scope="session")
async def test_requests_are_logged_by_operation_and_status(observed: AwsEndpoint, clients: Clients) -> None:
    clients("s3").list_buckets()
    refusal(clients("s3"), "GetBucketLifecycleConfiguration", Bucket="no-such-bucket")
    refusal(clients("lambda"), "GetFunction", FunctionName="none")
    clients("iam").list_users()
    clients("stepfunctions").list_activities()
    log = await observed.requests()
    assert [(entry.service, entry.operation, entry.status) for entry in log] == [
        ("s3", "ListBuckets", 200),
        ("s3", "GetBucketLifecycleConfiguration", 404),
        ("lambda", "GetFunction", 404),
        ("iam", "ListUsers", 200),
        ("stepfunctions", "ListActivities", 200),
    ]
    assert sorted(log, key=lambda entry: entry.time) == log
    await observed.clear_requests()
    assert await observed.requests() == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "ListBuckets"),  # rest-xml
        ("sqs", "ListQueues"),  # json, query-compatible
        ("stepfunctions", "ListActivities"),  # json
        ("lambda", "ListFunctions"),  # rest-json
        ("iam", "ListUsers"),  # query
        ("ec2", "DescribeVpcs"),  # ec2
    ],
)
async def test_a_fault_hits_its_operation_as_often_as_asked(
    observed: AwsEndpoint, clients: Clients, service: str, operation: str
) -> None:
    await observed.inject(Fault("Other", 1), Fault(operation, 2, 400, "ThrottlingException", "slow down"))
    client = clients(service)
    for _ in range(2):
        error = refusal(client, operation)
        assert code_and_status(error) == ("ThrottlingException", 400)
        assert error.response["Error"]["Message"] == "slow down"
    call(client, operation)
    assert [entry.status for entry in await observed.requests()] == [400, 400, 200]


@pytest.mark.asyncio(loop_scope="session")
async def test_faults_replace_the_earlier_ones(observed: AwsEndpoint, s3: Any) -> None:
    await observed.inject(Fault("ListBuckets", 100))
    await observed.inject()
    s3.list_buckets()


def test_each_answer_is_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("ackpy.sandbox.guard.time.sleep", slept.append)
    client = Client(guard.Guard(Response("moto"), delay_ms=20))
    assert client.get("/").data == b"moto"
    assert slept == [0.02]


def test_an_unknown_request_goes_through_and_is_logged_as_such() -> None:
    client = Client(guard.Guard(Response("moto", 418)))
    assert client.post("/", data={"Action": "Whatever"}).status_code == 418
    (entry,) = client.get("/_guard/requests").get_json()
    assert LoggedRequest(**entry) == LoggedRequest(entry["time"], "?", "?", 418)


def test_an_unknown_control_request_is_refused() -> None:
    client = Client(guard.Guard(Response("moto")))
    assert client.get("/_guard/nothing").status_code == 404

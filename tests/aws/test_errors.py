"""What each error of AWS and of botocore means, and the text that the contract shows for it."""

import inspect

import botocore.exceptions as boto
import botocore.session
import pytest
from botocore.model import Shape

from ackpy.aws.errors import CODES, AwsError, Fault, Meaning, from_botocore_error, from_client_error

_SESSION = botocore.session.Session()


def shapes(service: str, operation: str) -> list[Shape]:
    return _SESSION.get_service_model(service).operation_model(operation).error_shapes


def answer(
    code: str,
    status: int = 400,
    message: str = "no",
    service: str = "dynamodb",
    operation: str = "CreateTable",
    asked: str | None = None,
) -> AwsError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "HTTPStatusCode": status,
            "RequestId": "r-1",
            "HTTPHeaders": {"date": "Mon, 24 Nov 2025 17:00:00 GMT"},
        },
    }
    error = boto.ClientError(response, asked or operation)  # type: ignore[arg-type] # the stubs want every member
    return from_client_error(error, service, operation, shapes(service, operation))


def test_texts_are_the_contract_s() -> None:
    assert str(answer("LimitExceededException", message="too many")) == "LimitExceededException: too many"
    assert str(answer("ValidationException", message="bad")) == "api error ValidationException: bad"
    assert str(answer("", message="")) == "api error UnknownError: UnknownError"
    head = answer("404", 404, "Not Found", "s3", "HeadBucket")
    assert str(head) == "api error NotFound: Not Found"


def test_a_query_code_is_shown_and_known() -> None:
    """SQS answers two codes; the contract shows the old one, and it counts as modelled."""
    model = shapes("sqs", "GetQueueAttributes")
    details = {
        "Code": "AWS.SimpleQueueService.NonExistentQueue",
        "QueryErrorCode": "QueueDoesNotExist",
        "Message": "no",
    }
    error = boto.ClientError({"Error": details}, "GetQueueAttributes")  # type: ignore[typeddict-item] # see above
    found = from_client_error(error, "sqs", "GetQueueAttributes", model)
    assert str(found) == "AWS.SimpleQueueService.NonExistentQueue: no"


def test_an_error_keeps_what_support_asks_for() -> None:
    error = answer("ValidationException", 400)
    assert (error.service, error.operation, error.status, error.request_id) == ("dynamodb", "CreateTable", 400, "r-1")
    assert error.server_time is not None
    assert error.server_time.isoformat() == "2025-11-24T17:00:00+00:00"


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_table(code: str) -> None:
    meaning, advice = CODES[code]
    error = answer(code)
    assert (error.meaning, error.advice) == (meaning, advice)
    assert (advice is not None) == (meaning in {Meaning.DENIED, Meaning.CREDENTIALS})


def test_no_code_is_in_the_table_twice() -> None:
    from ackpy.aws.errors import _CODES

    codes = [code for _, _, row in _CODES for code in row.split()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("NewCode", 500, Meaning.TRANSIENT),
        ("NewCode", 503, Meaning.TRANSIENT),
        ("408", 408, Meaning.TRANSIENT),
        ("NewCode", 429, Meaning.THROTTLED),
        ("401", 401, Meaning.CREDENTIALS),
        ("NewCode", 403, Meaning.DENIED),
        ("NewCode", 400, Meaning.OTHER),
        ("ValidationException", 400, Meaning.OTHER),
        ("LimitExceededException", 400, Meaning.OTHER),
    ],
)
def test_other_codes_mean_what_their_status_says(code: str, status: int, meaning: Meaning) -> None:
    assert answer(code, status).meaning is meaning


def test_the_model_may_call_an_error_retryable() -> None:
    shape = Shape("BusyException", {"type": "structure", "exception": True, "retryable": {"throttling": True}})
    error = boto.ClientError({"Error": {"Code": "BusyException", "Message": ""}}, "Do")
    assert from_client_error(error, "x", "Do", [shape]).meaning is Meaning.THROTTLED


def test_faults_are_the_sdk_s() -> None:
    assert answer("ValidationException").fault is Fault.UNKNOWN
    assert answer("ResourceInUseException").fault is Fault.CLIENT
    assert answer("InternalServerError", 500).fault is Fault.SERVER


@pytest.mark.parametrize(
    ("error", "sure"),
    [
        (answer("LimitExceededException"), True),
        (answer("ResourceInUseException"), False),  # the table exists, perhaps by our own earlier attempt
        (answer("ValidationException"), False),  # not modelled
        (answer("ThrottlingException"), False),
        (answer("InternalServerError", 500), False),
        (answer("BucketAlreadyOwnedByYou", 409, service="s3", operation="CreateBucket"), False),
        (answer("MalformedPolicyDocument", service="iam", operation="CreateRole"), True),
        (from_botocore_error(boto.ParamValidationError(report="x"), "s3", "CreateBucket"), True),
        (from_botocore_error(boto.NoCredentialsError(), "s3", "CreateBucket"), True),
        (from_botocore_error(boto.ReadTimeoutError(endpoint_url="https://x"), "s3", "CreateBucket"), False),
        (from_botocore_error(boto.ConnectionClosedError(endpoint_url="https://x"), "s3", "CreateBucket"), False),
    ],
    ids=lambda value: value.code if isinstance(value, AwsError) else None,
)
def test_nothing_was_made_only_when_it_is_sure(error: AwsError, sure: bool) -> None:
    assert error.nothing_was_made is sure


def test_a_failure_to_get_credentials_is_not_the_call_s_own() -> None:
    error = answer("AccessDenied", 403, "not authorized", asked="AssumeRoleWithWebIdentity")
    assert error.meaning is Meaning.CREDENTIALS
    assert str(error) == (
        "the AWS credentials could not be fetched: AssumeRoleWithWebIdentity: AccessDenied: not authorized; "
        "check the role's ARN and its trust policy"
    )
    assert answer("InternalFailure", 500, asked="AssumeRoleWithWebIdentity").meaning is Meaning.TRANSIENT


URL = "https://sqs.eu-west-1.amazonaws.com/?Secret=x"
LOCAL = [
    (boto.NoCredentialsError(), Meaning.CREDENTIALS, "no AWS credentials found: give the pod a role"),
    (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), Meaning.CREDENTIALS, "incomplete"),
    (boto.ProfileNotFound(profile="x"), Meaning.CREDENTIALS, "the AWS profile does not exist: The config profile (x)"),
    (boto.ConfigParseError(path="~/.aws/config"), Meaning.CREDENTIALS, "the AWS configuration can't be used"),
    (boto.ConfigNotFound(path="~/.aws/config"), Meaning.CREDENTIALS, "the AWS configuration can't be used"),
    (boto.InfiniteLoopConfigError(source_profile="a", visited_profiles="a"), Meaning.CREDENTIALS, "can't be used"),
    (boto.UnknownCredentialError(name="x"), Meaning.CREDENTIALS, "can't be used"),
    (boto.CredentialRetrievalError(provider="p", error_msg="m"), Meaning.CREDENTIALS, "could not be fetched"),
    (boto.TokenRetrievalError(provider="p", error_msg="m"), Meaning.CREDENTIALS, "could not be fetched"),
    (boto.NoAuthTokenError(), Meaning.CREDENTIALS, "could not be fetched"),
    (boto.UnauthorizedSSOTokenError(), Meaning.CREDENTIALS, "log in again"),
    (boto.LoginRefreshRequired(), Meaning.CREDENTIALS, "log in again"),
    (boto.MetadataRetrievalError(error_msg="m"), Meaning.CREDENTIALS, "could not be fetched"),
    (boto.ConnectTimeoutError(endpoint_url=URL), Meaning.TRANSIENT, "no connection to https://sqs.eu-west-1"),
    (boto.ReadTimeoutError(endpoint_url=URL), Meaning.TRANSIENT, "no answer from https://sqs.eu-west-1.amazonaws.com"),
    (boto.ConnectionClosedError(endpoint_url=URL), Meaning.TRANSIENT, "it closed the connection"),
    (boto.EndpointConnectionError(endpoint_url=URL), Meaning.TRANSIENT, "no connection to https://sqs.eu-west-1"),
    (boto.SSLError(endpoint_url="https://x", error=OSError("self-signed")), Meaning.TRANSIENT, "self-signed"),
    (boto.ProxyConnectionError(proxy_url="http://p"), Meaning.TRANSIENT, "proxy"),
    (boto.ResponseStreamingError(error="x"), Meaning.TRANSIENT, "the connection failed"),
    (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Meaning.TRANSIENT, "the connection failed"),
    (boto.ParamValidationError(report="x"), Meaning.INVALID, "Parameter validation failed"),
    (boto.UnknownEndpointError(service_name="s", region_name="r"), Meaning.INVALID, "check the region"),
    (boto.EndpointResolutionError(msg="x"), Meaning.INVALID, "check the region"),
    (boto.InvalidRegionError(region_name="x y"), Meaning.INVALID, "check the region"),
    (boto.PaginationError(message="twice"), Meaning.OTHER, "twice"),
]


@pytest.mark.parametrize(("error", "meaning", "text"), LOCAL, ids=lambda value: type(value).__name__)
def test_errors_of_botocore_are_plain_sentences(error: boto.BotoCoreError, meaning: Meaning, text: str) -> None:
    found = from_botocore_error(error, "sqs", "CreateQueue")
    assert found.meaning is meaning
    assert text in str(found)
    assert "Secret" not in str(found)
    assert (found.fault, found.status) == (Fault.NO_ANSWER, None)


def test_every_row_of_botocore_s_errors_is_tested() -> None:
    from ackpy.aws.errors import _LOCAL

    def first(error: type[boto.BotoCoreError]) -> int:
        return next(n for n, (kind, _, _) in enumerate(_LOCAL) if issubclass(error, kind))

    reached = {first(type(error)) for error, _, _ in LOCAL}
    general = {n for n, (kind, _, _) in enumerate(_LOCAL) if kind in {boto.ConnectionError, boto.HTTPClientError}}
    assert reached | general == set(range(len(_LOCAL)))


def test_every_error_of_botocore_can_be_translated() -> None:
    for _, kind in inspect.getmembers(boto, inspect.isclass):
        if issubclass(kind, boto.BotoCoreError):
            bare = kind.__new__(kind)
            assert from_botocore_error(bare, "s3", "ListBuckets").code == kind.__name__


def test_a_report_on_parameters_shows_no_values() -> None:
    from botocore.validate import ParamValidator

    shape = _SESSION.get_service_model("rds").operation_model("CreateDBInstance").input_shape
    assert shape is not None
    report = ParamValidator().validate({"MasterUserPassword": {"hunter2": "a, b"}, "Nonsense": "hunter2"}, shape)
    text = str(
        from_botocore_error(boto.ParamValidationError(report=report.generate_report()), "rds", "CreateDBInstance")
    )
    assert "MasterUserPassword" in text
    assert "hunter2" not in text

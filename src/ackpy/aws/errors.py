"""What an AWS error means, decided in one place.

`AwsCaller` turns every error of botocore into an `AwsError`; nothing else in ackpy looks at botocore's exceptions.
"Not found" and "terminal" aren't here: which codes mean these is data of the kind.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import IntEnum, StrEnum
from http import HTTPStatus
from http.client import responses as phrases
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as boto
from botocore.model import Shape


class Meaning(StrEnum):
    """What an error asks of the one who called."""

    THROTTLED = "throttled"
    """Too many calls: the limiter slows the account; the object is not at fault."""
    TRANSIENT = "transient"
    """AWS or the network failed. It is tried again; after a write the outcome is unknown."""
    CONFLICT = "conflict"
    """Another change or a dependent resource is in the way now. It is tried again."""
    DENIED = "denied"
    """The role may not do this."""
    CREDENTIALS = "credentials"
    """There are no usable credentials: `AwsError.advice` says what to do."""
    INVALID = "invalid"
    """botocore refused the parameters; nothing was sent. Only another spec helps."""
    STOPPING = "stopping"
    """The process ends, so nothing was sent; the next one goes on."""
    OTHER = "other"
    """AWS refused; the kind's data says whether that is terminal, or means "not found"."""


class Fault(IntEnum):
    """Whose fault the service model says it is: the label `status_code` of the contract's error metric."""

    NO_ANSWER = -1
    """AWS gave no answer: no credentials, no connection, not sent."""
    UNKNOWN = 0
    """An answer that the operation doesn't model."""
    SERVER = 1
    CLIENT = 2


# Every code that means more than "AWS refused", and what to do about it. Other codes fall back to the HTTP status.
# botocore also calls LimitExceededException a throttle; it is a quota almost everywhere, so it is left to the kind.
_CODES: tuple[tuple[Meaning, str | None, str], ...] = (
    (
        Meaning.THROTTLED,
        None,
        "Throttling ThrottlingException ThrottledException Throttled RequestThrottled RequestThrottledException "
        "TooManyRequests TooManyRequestsException ProvisionedThroughputExceededException RequestLimitExceeded "
        "BandwidthLimitExceeded SlowDown EC2ThrottledException",
    ),
    (
        Meaning.TRANSIENT,
        None,
        "RequestTimeout RequestTimeoutException PriorRequestNotComplete TransactionInProgressException InternalError "
        "InternalFailure InternalServerError ServiceUnavailable Unavailable",
    ),
    (
        Meaning.CONFLICT,
        None,
        "ConflictException ConcurrentModification ConcurrentModificationException ConcurrentUpdateException "
        "ResourceConflictException OperationAborted OptimisticLockException DependencyViolation DeleteConflict",
    ),
    (
        Meaning.DENIED,
        "Allow the action that the message names in the policy of the role.",
        "AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedAccess AuthorizationError "
        "AuthorizationErrorException NotAuthorized Forbidden ForbiddenException KMSAccessDeniedException",
    ),
    (
        Meaning.CREDENTIALS,
        "The AWS credentials have expired: renew them (IRSA and EKS Pod Identity do it by themselves).",
        "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired",
    ),
    (
        Meaning.CREDENTIALS,
        "AWS doesn't accept these credentials: check the access key, the secret key and the session token.",
        "InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId InvalidToken SignatureDoesNotMatch "
        "InvalidSignatureException IncompleteSignature IncompleteSignatureException MissingAuthenticationToken "
        "MissingAuthenticationTokenException NotSignedUp Unauthorized",
    ),
    (
        Meaning.CREDENTIALS,
        "The clock of this machine is wrong, and AWS refuses the signature: set the time.",
        "RequestTimeTooSkewed",
    ),
)
CODES: Mapping[str, tuple[Meaning, str | None]] = {
    code: (meaning, advice) for meaning, advice, codes in _CODES for code in codes.split()
}
_STATUSES = {401: "Unauthorized", 403: "Forbidden", 408: "RequestTimeout", 429: "Throttling"}  # code to read it as

# Errors that botocore raises by itself, most special first: type, meaning, sentence ({host} and {error} are filled in).
_LOCAL: tuple[tuple[type[boto.BotoCoreError], Meaning, str], ...] = (
    (
        boto.NoCredentialsError,
        Meaning.CREDENTIALS,
        "no AWS credentials found: give the pod a role (IRSA or EKS Pod Identity), or set AWS_PROFILE, or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        boto.PartialCredentialsError,
        Meaning.CREDENTIALS,
        "the AWS credentials are incomplete: {error}; set both the access key and the secret key",
    ),
    (
        boto.ProfileNotFound,
        Meaning.CREDENTIALS,
        "the AWS profile does not exist: {error}; check AWS_PROFILE and the credentials file",
    ),
    *(
        (kind, Meaning.CREDENTIALS, "the AWS configuration can't be used: {error}; correct the file that it names")
        for kind in (boto.ConfigParseError, boto.ConfigNotFound, boto.InvalidConfigError, boto.UnknownCredentialError)
    ),
    *(
        (
            kind,
            Meaning.CREDENTIALS,
            "the AWS credentials could not be fetched: {error}; log in again, or check the source that it names",
        )
        for kind in (
            boto.CredentialRetrievalError,
            boto.TokenRetrievalError,
            boto.NoAuthTokenError,
            boto.SSOError,
            boto.LoginError,
            boto.MetadataRetrievalError,
        )
    ),
    (boto.ConnectTimeoutError, Meaning.TRANSIENT, "no connection to {host}: timed out"),
    (boto.ReadTimeoutError, Meaning.TRANSIENT, "no answer from {host}: timed out"),
    (boto.ConnectionClosedError, Meaning.TRANSIENT, "no answer from {host}: it closed the connection"),
    (boto.EndpointConnectionError, Meaning.TRANSIENT, "no connection to {host}"),
    (boto.SSLError, Meaning.TRANSIENT, "no secure connection: {error}"),
    *(
        (kind, Meaning.TRANSIENT, "the connection failed: {error}")
        for kind in (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError)
    ),
    (boto.ParamValidationError, Meaning.INVALID, "{error}"),
    *(
        (kind, Meaning.INVALID, "there is no such endpoint: {error}; check the region and the endpoint URL")
        for kind in (boto.BaseEndpointResolverError, boto.EndpointProviderError, boto.InvalidRegionError)
    ),
    (boto.BotoCoreError, Meaning.OTHER, "{error}"),
)

_EXISTS = re.compile(r"Already|Exists|Duplicate|InUse|InProgress")
_ECHOED_VALUE = re.compile(r", value: .*?(?=, (?:type|valid))", re.DOTALL)


@dataclass(eq=False)
class AwsError(Exception):
    """An AWS call failed.

    `str()` is the text for conditions. For an answer of AWS it is the contract's, byte for byte: modelled exceptions
    read `Code: message`, others `api error Code: message`. Otherwise it is one plain sentence.
    """

    service: str
    """botocore's name of the service."""
    operation: str
    code: str
    """AWS's error code, or the name of botocore's exception."""
    message: str
    meaning: Meaning
    fault: Fault = Fault.NO_ANSWER
    status: int | None = None
    """The HTTP status; None without an answer."""
    request_id: str | None = None
    server_time: datetime | None = None
    """AWS's clock when it answered."""
    advice: str | None = None
    """One sentence: what to do about it."""

    def __str__(self) -> str:
        if self.fault is Fault.NO_ANSWER:
            return self.message
        return f"{self.code}: {self.message}" if self.modelled else f"api error {self.code}: {self.message}"

    def silenced(self, secrets: Iterable[str]) -> "AwsError":
        """The same error without the values of secrets, which AWS may have echoed."""
        message = self.message
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            message = message.replace(secret, "…")
        return self if message == self.message else replace(self, message=message)

    @property
    def modelled(self) -> bool:
        """Is the code one of the operation's error shapes?"""
        return self.fault in {Fault.SERVER, Fault.CLIENT}

    @property
    def answered_with_refusal(self) -> bool:
        """Did AWS answer that it didn't do it? Without an answer, and after a failure of AWS, that isn't known."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def nothing_was_made(self) -> bool:
        """Is it sure, after a create, that AWS made nothing?

        Only when nothing was sent, or by a modelled refusal that doesn't speak of a resource that exists: after an
        earlier attempt with an unknown outcome, "already exists" may be the first sign of our own resource.
        """
        if self.fault is Fault.NO_ANSWER:
            return self.meaning in {Meaning.INVALID, Meaning.CREDENTIALS, Meaning.STOPPING}
        refused = self.answered_with_refusal and self.status != HTTPStatus.CONFLICT
        final = self.meaning in {Meaning.OTHER, Meaning.DENIED, Meaning.CREDENTIALS}
        return self.modelled and refused and final and not _EXISTS.search(self.code)


def from_client_error(
    error: boto.ClientError,
    service: str,
    operation: str,
    error_shapes: Iterable[Shape] = (),
    role_arn: str | None = None,
) -> AwsError:
    """Translate an answer of AWS.

    Args:
        error: what botocore raised.
        service: botocore's name of the service.
        operation: the operation that was called.
        error_shapes: the error shapes that the service model lists for it.
        role_arn: the role that is assumed for the call, if one is.
    """
    details = error.response.get("Error", {})
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode")
    code = _named(details.get("Code", ""))
    # Services that moved from the query protocol to JSON answer both codes; the contract shows the old one.
    names = {code.casefold(), str(details.get("QueryErrorCode", code)).casefold()}
    shape = next((shape for shape in error_shapes if _code_of(shape).casefold() in names), None)
    meaning, advice = _meaning(code, status, shape)
    fault = Fault.UNKNOWN
    if shape is not None:
        fault = Fault.SERVER if status is not None and status >= 500 else Fault.CLIENT
    message = details.get("Message") or ("" if shape is not None else "UnknownError")
    request_id = answer.get("RequestId")
    if error.operation_name != operation:
        cause = AwsError(service, operation, code, message, meaning)
        return _from_credentials_call(error.operation_name, cause, role_arn)
    time = server_time(answer)
    return AwsError(service, operation, code, message, meaning, fault, status, request_id, time, advice)


def from_botocore_error(error: boto.BotoCoreError, service: str, operation: str) -> AwsError:
    """Translate an error that botocore raised by itself: there was no answer, or nothing was sent."""
    meaning, sentence = next((meaning, text) for kind, meaning, text in _LOCAL if isinstance(error, kind))
    url = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    # A report on parameters echoes values, and a value may be a secret.
    detail = _ECHOED_VALUE.sub("", str(error)).rstrip(".")
    message = sentence.format(host=f"{url.scheme}://{url.netloc}", error=detail)
    return AwsError(service, operation, type(error).__name__, message, meaning)


def server_time(answer: Mapping[str, Any]) -> datetime | None:
    """AWS's clock, from the `Date` header in an answer's `ResponseMetadata`; None if it has none that can be read."""
    try:
        return parsedate_to_datetime(answer["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        return None


def _from_credentials_call(operation_name: str, cause: AwsError, role_arn: str | None) -> AwsError:
    """Botocore fetches credentials inside a call (AssumeRoleWithWebIdentity); its failure isn't the call's own."""
    failed, advice = "the AWS credentials could not be fetched", "check the role's ARN and its trust policy"
    if role_arn is not None:
        failed = f"the role {role_arn} can't be assumed"
        advice += ", and that the controller's identity may assume it"
    again = cause.meaning in {Meaning.THROTTLED, Meaning.TRANSIENT}
    return AwsError(
        cause.service,
        cause.operation,
        cause.code,
        f"{failed}: {operation_name}: {cause.code}: {cause.message}; {advice}",
        Meaning.TRANSIENT if again else Meaning.CREDENTIALS,
    )


def _meaning(code: str, status: int | None, shape: Shape | None) -> tuple[Meaning, str | None]:
    if code in CODES:
        return CODES[code]
    retryable = shape.metadata.get("retryable") if shape is not None else None
    if retryable is not None:
        return (Meaning.THROTTLED if retryable.get("throttling") else Meaning.TRANSIENT), None
    if status in _STATUSES:
        return CODES[_STATUSES[status]]
    if status is not None and status >= 500:
        return Meaning.TRANSIENT, None
    return Meaning.OTHER, None


def _named(code: str) -> str:
    """Answers without a body (HEAD) have the status for a code; AWS's other SDKs show its name: 404 is NotFound."""
    if code.isdigit():
        return phrases.get(int(code), code).replace(" ", "")
    return code or "UnknownError"


def _code_of(shape: Shape) -> str:
    return str(getattr(shape, "error_code", shape.name))

"""AWS requests and answers as plain values: which operation a request asks for, with what, and what it gets.

Called by the guard. AWS' wire protocols are spoken by botocore's and moto's own code; this module is the guard's only
place that touches it.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from botocore.awsrequest import HeadersDict, prepare_request_dict
from botocore.exceptions import UnknownServiceError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

Params = dict[str, Any]
"""Members of an operation's input or output, under the names of botocore's model."""

_SENDER_HEADERS = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "User-Agent")


class AwsError(Exception):
    """A refusal in AWS' terms."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Operation:
    """An operation of a service."""

    service: str
    name: str
    signed_for: str
    model: Any  # moto's OperationModel
    path_params: Mapping[str, Any]


def identify(request: Request, signing_names: Mapping[str, Sequence[str]]) -> Operation | None:
    """The operation that a signed request asks for; None where no model knows."""
    signed_for = _signing_name(request)
    for service in signing_names.get(signed_for, [signed_for]):
        try:
            model, path_params = get_service_router(service).match(request)
        except (NotFound, UnknownServiceError, NotImplementedError):  # the last: a protocol the service doesn't speak
            continue
        model = _meant(model, signed_for)
        return Operation(service, model.name, signed_for, model, path_params)
    return None


def parse(request: Request, operation: Operation) -> Params:
    """The input of an operation."""
    protocol = determine_request_protocol(operation.model.service_model, request.content_type)
    parser = PROTOCOL_PARSERS[protocol](operation.model)
    parsed: Params = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": operation.path_params,
        }
    )
    return parsed


def respond(request: Request, operation: Operation, result: Params | AwsError) -> Response:
    """The answer with an operation's output or an error, in the protocol that the request speaks."""
    service_model = operation.model.service_model
    protocol = determine_request_protocol(service_model, request.content_type)
    answer = get_serializer_class(service_model.service_name, protocol)(operation.model).serialize(result)
    status = result.status if isinstance(result, AwsError) else answer["status_code"]
    body = "" if request.method == "HEAD" else answer["body"]
    return Response(body, status, answer["headers"])


def forward(app: WSGIApplication, request: Request) -> Response:
    """Hand a request to an application as it came in."""
    environ = request.environ | {"wsgi.input": io.BytesIO(request.get_data())}
    chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
    return Response(b"".join(chunks), status, headers)


def call(app: WSGIApplication, request: Request, service: str, name: str, params: Params) -> Params:
    """Ask an application for an operation, as the sender of `request` would.

    Raises:
        AwsError: the application refuses.
    """
    model = get_service_model(service).operation_model(name)
    protocol = model.service_model.protocol
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(params, model)
    prepare_request_dict(serialized, request.host_url)  # joins path and query
    headers = Headers((key, value) for key, value in request.headers if key in _SENDER_HEADERS)
    headers.extend(serialized["headers"])
    builder = EnvironBuilder(
        path=serialized["url"],
        base_url=request.host_url,
        method=serialized["method"],
        headers=headers,
        data=serialized["body"] or b"",
    )
    chunks, status, answer_headers = run_wsgi_app(app, builder.get_environ(), buffered=True)
    status_code = int(status.split()[0])
    answer = {"body": b"".join(chunks), "headers": HeadersDict(answer_headers.items()), "status_code": status_code}
    result: Params = create_parser(protocol).parse(answer, model.output_shape)
    if "Error" in result:
        raise AwsError(result["Error"]["Code"], result["Error"]["Message"], status_code)
    result.pop("ResponseMetadata")
    return result


def sender(request: Request) -> tuple[str, str]:
    """The account and the region that a request is for, as moto finds them; an unsigned one is for moto's defaults."""
    _, _, credential = request.headers.get("Authorization", "").partition("Credential=")
    parts = credential.partition(",")[0].split("/")
    return (get_account_id_from(parts[0]), parts[2]) if len(parts) >= 5 else (DEFAULT_ACCOUNT_ID, "us-east-1")


def _signing_name(request: Request) -> str:
    """The service in `Credential=KEY/DATE/REGION/SERVICE/aws4_request` (Signature Version 4); "" if unsigned."""
    _, _, credential = request.headers.get("Authorization", "").partition("Credential=")
    parts = credential.partition(",")[0].split("/")
    return str(parts[-2]) if len(parts) >= 5 else ""


def _meant(model: Any, signed_for: str) -> Any:
    """Which of S3's operations whose requests look the same is meant.

    The successor of a deprecated one (PutBucketLifecycle is called PutBucketLifecycleConfiguration since 2013); and of
    the lists of buckets that of directories, where the request is signed for these.
    """
    if (signed_for, model.name) == ("s3express", "ListBuckets"):
        return model.service_model.operation_model("ListDirectoryBuckets")
    if model.service_model.service_name == "s3" and model.deprecated:
        return model.service_model.operation_model(f"{model.name}Configuration")
    return model

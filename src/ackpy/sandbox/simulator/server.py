"""The simulator over HTTP: a WSGI application that speaks botocore's protocols, so that any SDK can be pointed at it.

moto's generic parts (routing, parsing and serialising by a service model) do the work; the models are botocore's own.
Clients should name it by an IP address: for a host name the SDKs put a bucket's name in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.etree import ElementTree

import orjson
from botocore.exceptions import ParamValidationError
from botocore.loaders import Loader
from botocore.utils import parse_timestamp
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request
from moto.core.routing import PROTOCOL_ROUTERS
from moto.core.serialize import SerializationContext, get_serializer_class
from werkzeug.exceptions import NotFound

from ackpy.sandbox.simulator import reading
from ackpy.sandbox.simulator.faults import AwsFault, NotSimulatedError
from ackpy.sandbox.simulator.models import service_model
from ackpy.sandbox.simulator.simulator import Simulator

# AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/s3/aws4_request, ...
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


class Front:
    """The WSGI application around a simulator.

    The signature's scope names service and region. An access key of twelve digits is the account, any other means
    `account`; signatures aren't checked.
    """

    def __init__(self, simulator: Simulator, account: str = "000000000000") -> None:
        self._simulator = simulator
        self._account = account

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        reply = self.reply(environ)
        status = HTTPStatus(reply.status)
        headers = {**reply.headers, "Content-Length": str(len(reply.body))}
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]

    def reply(self, environ: WSGIEnvironment) -> Reply:
        """Answer one request, given as a WSGI environment."""
        request = Request(environ)
        request_id = str(uuid4())
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        if scope is None:
            return Reply(
                HTTPStatus.FORBIDDEN, {}, b"The simulator takes requests that are signed with SigV4 in a header."
            )
        try:
            protocol, operation, url_params = _route(request, scope["service"])
        except NotSimulatedError as error:
            return Reply(HTTPStatus.NOT_IMPLEMENTED, {}, f"not simulated: {error}".encode())
        service = operation.service_model.service_name
        account = scope["key"] if _ACCOUNT.fullmatch(scope["key"]) else self._account
        try:
            params = _parse(request, protocol, operation, url_params)
            answer = self._simulator.call(service, operation.name, params, region=scope["region"], account=account)
        except NotSimulatedError as error:
            return _ERRORS[protocol](operation, AwsFault("NotImplemented", f"not simulated: {error}", 501), request_id)
        except AwsFault as fault:
            return _ERRORS[protocol](operation, fault, request_id)
        except (ParamValidationError, RequestParserError) as error:
            known = reading.load(service)
            return _ERRORS[protocol](operation, known.fault(known.invalid["default"], str(error)), request_id)
        serializer = get_serializer_class(service, protocol)(operation, SerializationContext(request_id))
        response = serializer.serialize(answer)
        body = response["body"]
        headers = {**response["headers"], "x-amz-request-id": request_id, "x-amzn-RequestId": request_id}
        return Reply(response["status_code"], headers, body.encode() if isinstance(body, str) else body)


@cache
def _signed_for(name: str) -> list[str]:
    """The services whose requests are signed for a name ("states": stepfunctions), the more exact paths first."""
    name = {"s3express": "s3"}.get(name, name)
    metadata = {service: service_model(service).metadata for service in reading.services()}
    found = [service for service, one in metadata.items() if one.get("signingName", one["endpointPrefix"]) == name]
    return sorted(found, reverse=True)


@cache
def _router(service: str) -> tuple[str, Any]:
    """A service's protocol, and moto's router for it."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    protocol = str(model.metadata["protocol"])
    return protocol, PROTOCOL_ROUTERS[protocol](model)


def _route(request: Request, service: str) -> tuple[str, Any, dict[str, Any]]:
    """A request's protocol, operation model and path parameters.

    Raises:
        NotSimulatedError: if the simulator hasn't the service, or the service no such operation.
    """
    for one in _signed_for(service):
        protocol, router = _router(one)
        with suppress(NotFound):
            operation, url_params = router.match(request)
            if (service, operation.name) == ("s3express", "ListBuckets"):  # their requests look the same
                operation = operation.service_model.operation_model("ListDirectoryBuckets")
            return protocol, operation, url_params
    if not _signed_for(service):
        raise NotSimulatedError(f"the simulator has no service {service}")
    raise NotSimulatedError(f"{service} has no operation {request.method} {request.path}")


def _parse(request: Request, protocol: str, operation: Any, url_params: dict[str, Any]) -> dict[str, Any]:
    """A request's input.

    Raises:
        RequestParserError: if it can't be read.
    """
    parser = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=parse_timestamp)
    parts = {
        "body": request.get_data(),
        "headers": request.headers,
        "method": request.method,
        "url_params": url_params,
        "url_path": request.path,
        "values": request.values,
    }
    params: dict[str, Any] = parser.parse(parts)
    return params


def _json_error(operation: Any, fault: AwsFault, request_id: str) -> Reply:
    metadata = operation.service_model.metadata
    headers = {"Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}", "x-amzn-RequestId": request_id}
    if "awsQueryCompatible" in metadata:
        side = "Sender" if fault.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
        headers["x-amzn-query-error"] = f"{fault.code};{side}"
    body = orjson.dumps(
        {"__type": f"com.amazonaws.{metadata['endpointPrefix']}#{fault.name}", "message": fault.message}
    )
    return Reply(fault.status, headers, body)


def _rest_json_error(_operation: Any, fault: AwsFault, request_id: str) -> Reply:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": fault.name, "x-amzn-RequestId": request_id}
    side = "User" if fault.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Service"
    return Reply(fault.status, headers, orjson.dumps({"Type": side, "message": fault.message}))


def _s3_error(_operation: Any, fault: AwsFault, request_id: str) -> Reply:
    error = ElementTree.Element("Error")
    for name, text in (("Code", fault.code), ("Message", fault.message), ("RequestId", request_id)):
        ElementTree.SubElement(error, name).text = text
    body = ElementTree.tostring(error, encoding="utf-8", xml_declaration=True)
    return Reply(fault.status, {"Content-Type": "application/xml", "x-amz-request-id": request_id}, body)


def _query_error(operation: Any, fault: AwsFault, request_id: str) -> Reply:
    root = ElementTree.Element("ErrorResponse", xmlns=operation.service_model.metadata["xmlNamespace"])
    error = ElementTree.SubElement(root, "Error")
    side = "Sender" if fault.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
    for name, text in (("Type", side), ("Code", fault.code), ("Message", fault.message)):
        ElementTree.SubElement(error, name).text = text
    ElementTree.SubElement(root, "RequestId").text = request_id
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(fault.status, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body)


# How each protocol writes an error; a protocol's row comes with its first service.
_ERRORS: dict[str, Callable[[Any, AwsFault, str], Reply]] = {
    "json": _json_error,
    "query": _query_error,
    "rest-json": _rest_json_error,
    "rest-xml": _s3_error,
}

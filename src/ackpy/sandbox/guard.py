"""A WSGI application in front of moto that makes it safe and observable: the AWS that the sandbox sees.

Made by `moto_server`. For each request, in this order: injected faults; what moto lacks or mistakes (guard.yaml), done
by the simulator if it can, else "not simulated"; repairs where moto differs from AWS (`repairs`); moto. Then a line in
the request log. Tests control it under /_guard/, a name that no bucket can have:

- GET /_guard/requests: the log, a list of {time, service, operation, status}; DELETE clears it.
- PUT /_guard/faults: a list of faults in place of the earlier ones: {operation, times, status, code, message}.
- PUT /_guard/held: a list of operations in place of the earlier ones. They are done and logged, but the answer waits
  until the operation is on the list no more.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
import yaml
from moto.core.request import Request
from werkzeug.wrappers import Response

from ackpy.sandbox import aws_protocol
from ackpy.sandbox.aws_protocol import AwsError, Operation, Params
from ackpy.sandbox.guard_api import Fault, LoggedRequest
from ackpy.sandbox.repairs import REPAIRS
from ackpy.sandbox.stand_in import StandIn

_LOG_LENGTH = 100_000  # requests; enough for any test, and a bound for a long `ackpy up`
_TABLE = yaml.safe_load(Path(__file__).with_name("guard.yaml").read_text())
SIGNING_NAMES: dict[str, list[str]] = _TABLE["signing_names"]
NOT_SIMULATED: dict[str, list[str]] = _TABLE["not_simulated"]
STAND_IN: list[str] = _TABLE["stand_in"]
STAND_IN_SIGNED: list[str] = _TABLE["stand_in_signed"]


class Guard:
    """The application; thread-safe."""

    def __init__(self, moto: WSGIApplication, delay_ms: int = 0) -> None:
        """Guard `moto`, and answer each request `delay_ms` later than it would."""
        self._moto = moto
        self._delay_seconds = delay_ms / 1000
        self._log: deque[LoggedRequest] = deque(maxlen=_LOG_LENGTH)
        self._faults: list[Fault] = []
        self._faults_lock = threading.Lock()
        self._held: list[str] = []
        self._held_changed = threading.Condition()
        self._stand_in = StandIn()
        self._repair_lock = threading.Lock()  # a repair of several calls to moto is one step to everybody else

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        request = Request(environ)
        request.get_data()  # kept, before anybody reads it as a form: it is sent on as it came
        act = self._control if request.path.startswith("/_guard/") else self._answer
        return act(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        operation = aws_protocol.identify(request, SIGNING_NAMES)
        time.sleep(self._delay_seconds)
        response = self._act(request, operation)
        service, name = (operation.service, operation.name) if operation else ("?", "?")
        self._log.append(LoggedRequest(time.time(), service, name, response.status_code))
        with self._held_changed:
            self._held_changed.wait_for(lambda: name not in self._held)
        return response

    def _act(self, request: Request, operation: Operation | None) -> Response:
        if operation is None:
            return aws_protocol.forward(self._moto, request)
        try:
            self._raise_fault(operation.name)
            if self._is_motos(operation):
                if self._stand_in.has_a_say(operation):
                    self._stood_in(request, operation)
                return self._repaired(request, operation)
            if not self._stand_in.has(operation):
                raise _not_simulated(operation)
            return aws_protocol.respond(request, operation, self._stood_in(request, operation))
        except AwsError as error:
            return aws_protocol.respond(request, operation, error)
        except NotImplementedError:  # from moto
            return aws_protocol.respond(request, operation, _not_simulated(operation))

    def _is_motos(self, operation: Operation) -> bool:
        """Whether moto has an operation, and has it right."""
        if operation.signed_for in STAND_IN_SIGNED or operation.name in NOT_SIMULATED.get(operation.service, ()):
            return False
        return operation.service not in STAND_IN or not self._stand_in.has(operation)

    def _stood_in(self, request: Request, operation: Operation) -> Params:
        sender = _Sender(self._moto, request, operation.service)
        params = aws_protocol.parse(request, operation)
        return self._stand_in.answer(operation, params, sender, aws_protocol.sender(request))

    def _repaired(self, request: Request, operation: Operation) -> Response:
        repair = REPAIRS.get((operation.service, operation.name))
        if repair is None:
            response = aws_protocol.forward(self._moto, request)
            if operation.name == "DeleteBucket" and response.status_code < HTTPStatus.BAD_REQUEST:
                self._stand_in.forget(operation.path_params["Bucket"])
            return response
        with self._repair_lock:
            output = repair(aws_protocol.parse(request, operation), _Sender(self._moto, request, operation.service))
        return aws_protocol.respond(request, operation, output)

    def _raise_fault(self, operation: str) -> None:
        with self._faults_lock:
            for fault in self._faults:
                if fault.operation == operation and fault.times > 0:
                    fault.times -= 1
                    raise AwsError(fault.code, fault.message, fault.status)

    def _control(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/_guard/requests":
                return Response(orjson.dumps([asdict(entry) for entry in list(self._log)]), mimetype="application/json")
            case "DELETE", "/_guard/requests":
                self._log.clear()
            case "PUT", "/_guard/faults":
                with self._faults_lock:
                    self._faults = [Fault(**fault) for fault in orjson.loads(request.get_data())]
            case "PUT", "/_guard/held":
                with self._held_changed:
                    self._held = orjson.loads(request.get_data())
                    self._held_changed.notify_all()
            case _:
                return Response(f"The guard knows no {request.method} {request.path}\n", 404)
        return Response(status=204)


class _Sender:
    """moto, as the sender of a request sees it."""

    def __init__(self, moto: WSGIApplication, request: Request, service: str) -> None:
        self._moto = moto
        self._request = request
        self._service = service

    def __call__(self, operation: str, params: Params) -> Params:
        return aws_protocol.call(self._moto, self._request, self._service, operation, params)


def _not_simulated(operation: Operation) -> AwsError:
    return AwsError("NotImplemented", f"not simulated: {operation.name}", 501)

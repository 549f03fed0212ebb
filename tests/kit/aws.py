"""The simulator as the engine's AWS: an `ackpy.aws.call.Caller` in process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel

from ackpy.aws.errors import AwsError, from_botocore_error, from_client_error
from ackpy.aws.scope import Scope
from ackpy.kinds.registry import MODELS
from ackpy.plan.roles import Terms
from ackpy.sandbox.simulator import AwsFault, Call, Simulator


class SimulatedAws:
    """Calls a simulator, and translates its faults as AwsCaller translates AWS's."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.roles: set[str | None] = set()
        """Those that calls were made with."""
        self.terms: set[Terms] = set()
        """How these were assumed."""

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.roles.add(scope.role_arn)
        self.terms.add(scope.terms)
        try:
            return dict(
                self.simulator.call(service, operation, dict(params), region=scope.region, account=scope.account)
            )
        except AwsFault as fault:
            raise _translated(fault, service, operation) from fault
        except BotoCoreError as error:
            raise from_botocore_error(error, service, operation) from error

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call(scope, service, operation, params)


def _translated(fault: AwsFault, service: str, operation: str) -> AwsError:
    shapes = MODELS[service].operation_model(operation).error_shapes
    return from_client_error(_refusal(fault, operation), service, operation, shapes)


def _refusal(fault: AwsFault, operation: str) -> ClientError:
    answer = {
        "Error": {"Code": fault.code, "Message": fault.message},
        "ResponseMetadata": {"HTTPStatusCode": fault.status, "RequestId": "simulated"},
    }
    return ClientError(answer, operation)  # type: ignore[arg-type]  # the stub asks for all that AWS may say


class SimulatedClients:
    """The clients of an `AwsCaller`, in process: each call reaches the simulator some time later."""

    def __init__(self, simulator: Simulator, seconds: float) -> None:
        self.simulator, self.seconds = simulator, seconds

    @asynccontextmanager
    async def borrow(self, service: str, scope: Scope) -> AsyncIterator["SimulatedClient"]:
        yield SimulatedClient(self, service, scope)


class SimulatedClient:
    """One of them, which is its own `api`."""

    paginators: Mapping[str, Any] = {}

    def __init__(self, clients: SimulatedClients, service: str, scope: Scope) -> None:
        self.api, self._clients, self._service, self._scope = self, clients, service, scope

    def operation(self, name: str) -> OperationModel:
        return MODELS[self._service].operation_model(name)

    async def authorise(self) -> None:
        """There is nothing to renew."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[dict[str, Any]]]:
        operation = next(one for one in MODELS[self._service].operation_names if xform_name(one) == name)

        async def call(**params: Any) -> dict[str, Any]:
            await asyncio.sleep(self._clients.seconds)
            place = {"region": self._scope.region, "account": self._scope.account}
            try:
                answer = self._clients.simulator.call(self._service, operation, params, **place)
            except AwsFault as fault:
                raise _refusal(fault, operation) from fault
            return {**answer, "ResponseMetadata": {"RequestId": "simulated", "HTTPHeaders": {}}}

        return call


def confirmed_at_once(simulator: Simulator) -> None:
    """Whoever is asked to confirm a subscription does; the call isn't remembered, and nobody's hooks hear of it."""

    def confirm(call: Call) -> None:
        if call.operation == "Subscribe" and call.answer:
            params = {"TopicArn": call.params["TopicArn"], "Token": call.answer["SubscriptionArn"].rpartition(":")[2]}
            before, after = simulator.before_call, simulator.after_call
            simulator.before_call, simulator.after_call = [], []
            simulator.call("sns", "ConfirmSubscription", params, region=call.region, account=call.account)
            simulator.before_call, simulator.after_call = before, after
            simulator.calls.pop()

    simulator.after_call.append(confirm)

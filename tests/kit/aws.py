"""The simulator as the engine's AWS: an `ackpy.aws.call.Caller` in process."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

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
    answer = {
        "Error": {"Code": fault.code, "Message": fault.message},
        "ResponseMetadata": {"HTTPStatusCode": fault.status, "RequestId": "simulated"},
    }
    error = ClientError(answer, operation)  # type: ignore[arg-type]  # the stub asks for all that AWS may say
    return from_client_error(error, service, operation, shapes)


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

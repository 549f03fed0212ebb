"""The one function through which every AWS call goes.

The controller knows the `Caller` protocol; `AwsCaller` is the real one: limiter, client, error translation, and hooks
that see each call (metrics, AWS's clock).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from aiobotocore.paginate import AioPaginator
from aiobotocore.response import AioStreamingBody
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel, Shape
from botocore.parsers import ResponseParserError

from ackpy.aws.clients import Client, Clients
from ackpy.aws.endpoints import EndpointError
from ackpy.aws.errors import AwsError, Meaning, from_botocore_error, from_client_error, server_time
from ackpy.aws.limits import LimitKey, Limits
from ackpy.aws.scope import Scope

_READ_PAUSES_SECONDS = (0.1, 0.4)  # a read that fails in passing is tried again here, so that no condition flickers
_READS = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search")

ADMISSIONS = 5
"""How often a call that is throttled is sent, before its object has to try later."""


class Caller(Protocol):
    """Calls AWS."""

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call one operation.

        Args:
            scope: where and as whom.
            service: botocore's name of the service.
            operation: AWS's name, as `CreateQueue`.
            params: the operation's input members.

        Returns:
            The output members; streams are read.

        Raises:
            AwsError: whatever went wrong.
        """
        ...

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation that reads, for all its pages if it has pages.

        Returns:
            The pages' results in one: of a paged operation only what its pagination rules name.

        Raises:
            AwsError: whatever went wrong with any page.
        """
        ...


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request and its outcome."""

    scope: Scope
    service: str
    operation: str
    seconds: float
    """Duration, without the wait for the limiter."""
    error: AwsError | None
    request_id: str | None
    server_time: datetime | None
    """AWS's clock (its `Date` header)."""

    @property
    def outcome(self) -> str:
        """`ok`, or the error's code."""
        return "ok" if self.error is None else self.error.code


Hook = Callable[[CallRecord], None]


@dataclass(slots=True)
class AwsCaller:
    """Calls AWS for real."""

    clients: Clients
    limits: Limits = field(default_factory=Limits)
    hooks: tuple[Hook, ...] = ()
    answered_at: float = field(default=0.0, init=False)
    """When the last call ended, well or not, on the loop's clock."""
    may_write: Callable[[], bool] = lambda: True
    """Asked before each write; where it says no, nothing is sent."""

    def stop_writing(self) -> None:
        """From now on no write begins; what is under way goes on, and so do reads. For the end of the process."""
        self.may_write = lambda: False

    async def aclose(self) -> None:
        """Close all clients; for the end of the process."""
        await self.clients.aclose()

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `Caller.call`. Reads that fail in passing are repeated; a write reaches AWS once."""
        for pause in _READ_PAUSES_SECONDS if is_read(operation) else ():
            try:
                return await self._admitted(scope, service, operation, params)
            except AwsError as error:
                if error.meaning is not Meaning.TRANSIENT:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, nothing secret
        return await self._admitted(scope, service, operation, params)

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `Caller.paginate`. Each page is a call of its own to limiter and hooks."""

        async def page(**params: Any) -> dict[str, Any]:
            return await self.call(scope, service, operation, params)

        async with self._client(scope, service, operation) as client:
            model = client.operation(operation)
            rules = client.paginators.get(operation) or _page_rules(model)
            if rules is None:
                return await page(**params)
            paginator = AioPaginator(page, rules, model)
            merged: dict[str, Any] = await paginator.paginate(**params).build_full_result()
            return merged

    async def _admitted(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A throttled call had no effect, so it is sent again when the limiter lets it."""
        for _ in range(ADMISSIONS - 1):
            try:
                return await self._once(scope, service, operation, params)
            except AwsError as error:
                if error.meaning is not Meaning.THROTTLED:
                    raise
        return await self._once(scope, service, operation, params)

    async def _once(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        limit = self.limits.of(LimitKey(scope.account, scope.region, service, is_read(operation)))
        sent_at = await limit.acquire()
        if not (is_read(operation) or self.may_write()):
            raise AwsError(service, operation, "Stopping", "the controller stops: nothing was sent", Meaning.STOPPING)
        error: AwsError | None = None
        metadata: dict[str, Any] = {}
        try:
            async with self._client(scope, service, operation) as client:
                answer: dict[str, Any] = await getattr(client.api, xform_name(operation))(**params)
                metadata = answer.pop("ResponseMetadata")
                return {name: await _read(value) for name, value in answer.items()}
        except AwsError as caught:
            error = caught
            if error.meaning is Meaning.THROTTLED:
                limit.throttled(sent_at)
            raise
        finally:
            if error is not None or metadata:  # neither: it was cancelled
                self.answered_at = asyncio.get_running_loop().time()
                seconds = self.answered_at - sent_at
                request_id = metadata.get("RequestId") if error is None else error.request_id
                time = server_time(metadata) if error is None else error.server_time
                record = CallRecord(scope, service, operation, seconds, error, request_id, time)
                for hook in self.hooks:
                    hook(record)

    @contextlib.asynccontextmanager
    async def _client(self, scope: Scope, service: str, operation: str) -> AsyncIterator[Client]:
        """Borrow a client; what botocore raises meanwhile becomes an AwsError."""
        shapes: Sequence[Shape] = ()
        try:
            async with self.clients.borrow(service, scope) as client:
                shapes = client.operation(operation).error_shapes
                await client.authorise()
                yield client
        except ClientError as error:
            raise from_client_error(error, service, operation, shapes, scope.role_arn) from error
        except ResponseParserError as error:
            message = "the answer can't be read: is the endpoint really AWS's?"
            raise AwsError(service, operation, "ResponseParserError", message, Meaning.TRANSIENT) from error
        except BotoCoreError as error:
            raise from_botocore_error(error, service, operation) from error
        except EndpointError as error:
            raise AwsError(service, operation, "InvalidEndpoint", str(error), Meaning.INVALID) from error


def is_read(operation: str) -> bool:
    """Does the operation only read? AWS counts reads and writes against budgets of their own."""
    return operation.startswith(_READS)


def _page_rules(model: OperationModel) -> dict[str, Any] | None:
    """How an operation is paged that botocore has no rules for: S3's lists of configurations, by their members."""
    members = model.output_shape.members if model.output_shape else {}
    if "NextContinuationToken" not in members:
        return None
    (listed,) = (name for name, shape in members.items() if shape.type_name == "list")
    return {"input_token": "ContinuationToken", "output_token": "NextContinuationToken", "result_key": listed}


async def _read(value: Any) -> Any:
    if not isinstance(value, AioStreamingBody):
        return value
    async with value as stream:
        return await stream.read()

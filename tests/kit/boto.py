"""AWS by plain botocore: what a stranger sees of it, and does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from ackpy.aws.errors import from_botocore_error, from_client_error
from ackpy.aws.scope import Scope
from ackpy.kinds.registry import MODELS
from tests.kit.world import REGION

_S3: Any = {"disable_s3_express_session_auth": True}  # the stubs don't know it


class Boto:
    """AWS by plain botocore, as an `ackpy.aws.call.Caller`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = botocore.session.get_session()
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, s3=_S3),
            )
        return self._clients[service, region]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        client = self.client(service, scope.region)
        with _translated(service, operation):
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        answer.pop("ResponseMetadata")
        return answer

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        client, name = self.client(service, scope.region), xform_name(operation)
        if not client.can_paginate(name):
            return await self.call(scope, service, operation, params)
        with _translated(service, operation):
            found: dict[str, Any] = client.get_paginator(name).paginate(**params).build_full_result()
        return found


@contextmanager
def _translated(service: str, operation: str) -> Iterator[None]:
    """botocore's errors as AwsCaller translates them."""
    try:
        yield
    except ClientError as error:
        shapes = MODELS[service].operation_model(operation).error_shapes
        raise from_client_error(error, service, operation, shapes) from error
    except ParamValidationError as error:
        raise from_botocore_error(error, service, operation) from error

"""A kind whose resources AWS names, defined as a user does, over an AWS that has only its operations."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ackpy.aws.errors import from_client_error
from ackpy.aws.scope import Scope
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import MODELS, load

DEFINITIONS = Path(__file__).parents[1] / "l1" / "definitions"


def code_signing_config() -> Kind:
    """lambda/CodeSigningConfig, of which nothing can be changed."""
    return next(kind for kind in load(["lambda"], DEFINITIONS) if kind.name == "CodeSigningConfig")


class Lambda:
    """The code signing configurations of one account.

    Attributes:
        configs: by ARN.
        writes: the operations that changed something.
        in_use: ARNs that AWS doesn't delete.
    """

    def __init__(self, cross: Callable[[str], None] = lambda _: None) -> None:
        """`cross` is told of the moments before and after each call that changes something."""
        self._cross, self._numbers = cross, itertools.count(1)
        self.configs: dict[str, Mapping[str, Any]] = {}
        self.writes: list[str] = []
        self.in_use: set[str] = set()

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "ListCodeSigningConfigs":
            return {"CodeSigningConfigs": [{**one, "CodeSigningConfigArn": arn} for arn, one in self.configs.items()]}
        if operation != "GetCodeSigningConfig":
            self._cross(f"before {operation}")
        arn = params.get("CodeSigningConfigArn", "")
        if operation == "CreateCodeSigningConfig":
            arn = f"arn:aws:lambda:{scope.region}:{scope.account}:code-signing-config:csc-{next(self._numbers)}"
            self.configs[arn] = {key: value for key, value in params.items() if key != "Tags"}
        elif arn not in self.configs:
            raise self._error(operation, "ResourceNotFoundException", 404)
        shown = {"CodeSigningConfig": {**self.configs[arn], "CodeSigningConfigArn": arn}}
        if operation == "DeleteCodeSigningConfig":
            if arn in self.in_use:
                raise self._error(operation, "ResourceConflictException", 409)
            del self.configs[arn]
        if operation != "GetCodeSigningConfig":
            self.writes.append(operation)
            self._cross(f"after {operation}")
        return {} if operation == "DeleteCodeSigningConfig" else shown

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call(scope, service, operation, params)

    def _error(self, operation: str, code: str, status: int) -> Exception:
        shapes = MODELS["lambda"].operation_model(operation).error_shapes
        answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return from_client_error(ClientError(answer, operation), "lambda", operation, shapes)

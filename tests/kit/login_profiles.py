"""A kind with a secret, defined as a user does, over an AWS that has only its operations."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ackpy.aws.errors import from_client_error
from ackpy.aws.scope import Scope
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import MODELS, load

DEFINITIONS = Path(__file__).parents[1] / "l1" / "definitions"


def login_profile() -> Kind:
    """iam/LoginProfile."""
    [kind] = [one for one in load(["iam"], DEFINITIONS) if one.name == "LoginProfile"]
    return kind


class Iam:
    """The login profiles of one account. It echoes passwords that it refuses, as bad services do.

    Attributes:
        passwords: by user.
        calls: operation and input, oldest first.
    """

    def __init__(self, cross: Callable[[str], None] = lambda _: None) -> None:
        """`cross` is told of the moments before and after each call that changes something."""
        self._cross = cross
        self.passwords: dict[str, str] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def writes(self) -> list[str]:
        """The operations that change something."""
        return [operation for operation, _ in self.calls if not operation.startswith("Get")]

    async def call(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._cross(f"before {operation}")
        self.calls.append((operation, params))
        user, password = params["UserName"], params.get("Password")
        if operation != "CreateLoginProfile" and user not in self.passwords:
            raise self._error(operation, "NoSuchEntity", f"no profile of {user}")
        if password is not None and len(password) < 8:
            raise self._error(operation, "PasswordPolicyViolation", f"the password {password} is too short")
        if operation == "DeleteLoginProfile":
            del self.passwords[user]
        elif password is not None:
            self.passwords[user] = password
        if not operation.startswith("Get"):
            self._cross(f"after {operation}")
        return {"LoginProfile": {"UserName": user}} if operation in {"GetLoginProfile", "CreateLoginProfile"} else {}

    async def paginate(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return await self.call(scope, service, operation, params)

    def _error(self, operation: str, code: str, message: str) -> Exception:
        shapes = MODELS["iam"].operation_model(operation).error_shapes
        status = 404 if code == "NoSuchEntity" else 400
        answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return from_client_error(ClientError(answer, operation), "iam", operation, shapes)

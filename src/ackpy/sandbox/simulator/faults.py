"""The errors that the simulator answers with. Raised by the interpreter and by tests, caught by the HTTP front."""

from __future__ import annotations


class AwsFault(Exception):  # noqa: N818 (AWS's own word for an error that an operation answers)
    """What AWS answers instead of a result.

    Attributes:
        code: the code that clients see (of query-compatible services the one in `x-amzn-query-error`).
        message: AWS's text.
        status: the HTTP status.
        name: the error's shape name in the service model, where it differs from the code.
    """

    def __init__(self, code: str, message: str = "", status: int = 400, *, name: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.name = name or code


class NotSimulatedError(LookupError):
    """The simulator has no behaviour for this operation: a gap of ours, never an answer of AWS."""

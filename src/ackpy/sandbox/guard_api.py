"""What the guard and its users say to each other under /_guard/, as values.

Apart from the guard itself because that loads moto, which takes a second.
"""

from dataclasses import dataclass


@dataclass
class Fault:
    """The next `times` requests for an operation are refused, without reaching moto."""

    operation: str
    times: int = 1
    status: int = 503
    code: str = "ServiceUnavailable"
    message: str = "injected by a test"


@dataclass(frozen=True)
class LoggedRequest:
    """One answered request; service and operation are "?" where no model of botocore knows it."""

    time: float
    """When the answer was ready, in seconds since the epoch."""
    service: str
    operation: str
    status: int

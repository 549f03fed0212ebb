"""The scope of a call: which account and region it acts in, as which role, through which endpoint."""

from dataclasses import dataclass

from ackpy.plan.roles import PLAIN, Terms


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything, besides the service, that tells one AWS client from another: the key of a client."""

    account: str
    """The account that the call acts in; limits are learnt for each account."""
    partition: str
    """`aws`, `aws-cn`, `aws-us-gov`, …"""
    region: str
    role_arn: str | None = None
    """The role to assume; None means the controller's own identity."""
    terms: Terms = PLAIN
    """How the role is assumed."""
    endpoint_url: str | None = None
    """A custom endpoint (flag or namespace annotation); None means AWS's own."""

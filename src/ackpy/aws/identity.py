"""Who the controller is: STS is asked once, at start."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ackpy.aws.call import Caller
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope

PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)  # half a minute, while a new pod's network comes up

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """What STS says about our credentials."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The second word of the ARN: `arn:aws-cn:sts::123456789012:…`."""
        return self.arn.split(":")[1]


async def caller_identity(
    caller: Caller, region: str, endpoint_url: str | None, pauses: Sequence[float] = PAUSES_SECONDS
) -> CallerIdentity:
    """Ask STS who we are.

    Args:
        caller: makes the call.
        region: whose STS is asked.
        endpoint_url: `--aws-identity-endpoint-url`, else `--aws-endpoint-url`, else None.
        pauses: seconds between the attempts while STS can't be reached.

    Raises:
        AwsError: there are no usable credentials, STS refused, or it could not be reached.
    """
    scope = Scope(account="", partition="", region=region, endpoint_url=endpoint_url)  # the account isn't known yet
    for pause in pauses:
        try:
            return await _ask(caller, scope)
        except AwsError as error:
            if error.meaning not in {Meaning.TRANSIENT, Meaning.THROTTLED}:
                raise
            _log.warning("STS can't be asked yet who we are", error=str(error), next_try_in_seconds=pause)
        await asyncio.sleep(pause)
    return await _ask(caller, scope)


async def _ask(caller: Caller, scope: Scope) -> CallerIdentity:
    answer = await caller.call(scope, "sts", "GetCallerIdentity", {})
    return CallerIdentity(answer["Account"], answer["Arn"])

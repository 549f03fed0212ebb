"""Carrying a stage out: its waves one after the other, the calls of a wave at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ackpy.aws.call import Caller
from ackpy.aws.errors import AwsError
from ackpy.aws.scope import Scope
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json
from ackpy.plan.decide import Stage
from ackpy.wire.call import Call, Purpose, merged, seen

Reveal: TypeAlias = Callable[[Json], Awaitable[tuple[Json, list[str]]]]
"""Puts the values of secrets into a call's input; returns them beside it."""


@dataclass(slots=True)
class Performed:
    """What came of a stage.

    Attributes:
        done: the calls that worked.
        status: what their answers say of the resource (its identity, above all).
        failed: the calls that didn't, with their errors.
    """

    done: list[Call] = field(default_factory=list)
    status: dict[str, Json] = field(default_factory=dict)
    failed: list[tuple[Call, AwsError]] = field(default_factory=list)

    @property
    def touched(self) -> set[str]:
        """The parts that were written."""
        return {name for call in self.done for name in call.parts}


async def perform(kind: Kind, aws: Caller, scope: Scope, stage: Stage, reveal: Reveal) -> Performed:
    """Send a stage's calls. One part's failure keeps only those parts from being written that come after it.

    Raises:
        SecretRefusedError, ApiError: a secret can't be read.
    """
    result = Performed()
    for wave in stage.waves:
        ready = [call for call in wave if not _blocked(kind, call, result)]
        revealed = [await reveal(call.params) for call in ready]
        answers = await asyncio.gather(
            *(_send(kind, aws, scope, call, *one) for call, one in zip(ready, revealed, strict=True))
        )
        for call, answer in zip(ready, answers, strict=True):
            if isinstance(answer, AwsError):
                result.failed.append((call, answer))
                continue
            result.done.append(call)
            if call.outputs is not None:
                result.status = merged(result.status, seen(kind, call.outputs, answer)[1])
    return result


async def _send(
    kind: Kind, aws: Caller, scope: Scope, call: Call, params: Json, secrets: list[str]
) -> dict[str, Json] | AwsError:
    try:
        return await aws.call(scope, kind.service_of(call.operation), call.operation, params)
    except AwsError as error:
        return {} if error.code in _gone(kind, call) or _is_so(kind, call, error) else error.silenced(secrets)


def _is_so(kind: Kind, call: Call, error: AwsError) -> bool:
    """Whether AWS refuses what is so already: it may not show yet what another process did."""
    parts = [part for part in kind.parts if part.name in call.parts]
    return len(parts) == 1 and any(text in error.message for text in parts[0].already)


def _gone(kind: Kind, call: Call) -> tuple[str, ...]:
    """The codes that say that there is nothing to take away: a list may still show what a crash saw deleted."""
    if call.purpose not in {Purpose.DELETE, Purpose.REMOVE}:
        return ()
    parts = [part for part in kind.parts if part.name in call.parts and part.read is not None]
    return (*kind.not_found, *(code for part in parts if part.read for code in part.read.absent))


def _blocked(kind: Kind, call: Call, result: Performed) -> bool:
    failed = {name for other, _ in result.failed for name in other.parts}
    return any(failed & set(part.after) for part in kind.parts if part.name in call.parts)

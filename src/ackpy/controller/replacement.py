"""What goes when another resource has taken its place (plan/decide.py, Supersede)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ackpy.controller.objects import Objects
from ackpy.controller.observe import Observer
from ackpy.controller.perform import perform
from ackpy.controller.subject import Subject
from ackpy.kinds.paths import Json, get
from ackpy.plan.decide import Act, Desired, Gone, Memory, decide
from ackpy.wire.call import Call


def is_superseded(subject: Subject) -> bool:
    """Whether the status still says of an object's resource what names the one that goes."""
    gone = subject.state.replaced
    return bool(gone) and all(get(gone, path[1:]) == get(subject.obj, path) for path in subject.kind.identity)


async def dispose(
    objects: Objects, observer: Observer, subject: Subject, desired: Desired, memory: Memory
) -> tuple[Subject, Sequence[Call]]:
    """Delete the resource that was replaced, if there is one; its object forgets it when nothing is left of it.

    Returns:
        The object, and the calls that worked.

    Raises:
        AwsError: AWS refused.
        ApiError: the memory couldn't be written.
    """
    if not subject.state.replaced:
        return subject, ()
    kind = subject.kind
    old = replace(desired, recorded=subject.state.replaced, superseded={}, deleting=True)
    decision = decide(kind, old, await observer.existence(old), replace(memory, creating=False))
    if isinstance(decision, Gone):
        return await objects.remember(subject, replace(subject.state, replaced={})), ()
    if not isinstance(decision, Act):
        return subject, ()
    result = await perform(kind, observer.aws, observer.scope, decision.stage, _no_secrets)
    if result.failed:
        raise result.failed[0][1]
    return subject, result.done


async def _no_secrets(params: Json) -> tuple[Json, list[str]]:
    return params, []

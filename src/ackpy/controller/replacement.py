"""What goes when another resource has taken its place (plan/decide.py, Supersede)."""

from __future__ import annotations

from dataclasses import replace

from ackpy.controller.objects import Objects
from ackpy.controller.observe import Observer
from ackpy.controller.perform import perform
from ackpy.controller.subject import Subject
from ackpy.controller.track import Track
from ackpy.kinds.paths import Json, get
from ackpy.plan.decide import Act, Desired, Gone, Memory, decide


def is_superseded(subject: Subject) -> bool:
    """Whether the status still says of an object's resource what names the one that goes."""
    gone = subject.state.replaced
    return bool(gone) and all(get(gone, path[1:]) == get(subject.obj, path) for path in subject.kind.identity)


async def dispose(
    objects: Objects,
    observer: Observer,
    subject: Subject,
    desired: Desired,
    memory: Memory,
    track: Track,
    now: float,
) -> tuple[Subject, bool]:
    """Delete the resource that was replaced, if there is one.

    Returns:
        The object, and whether nothing is left of that resource.

    Raises:
        AwsError: AWS refused.
        ApiError: the memory couldn't be written.
    """
    if not subject.state.replaced:
        return subject, True
    kind, old = subject.kind, replace(desired, recorded=subject.state.replaced, superseded={}, deleting=True)
    decision = decide(kind, old, await observer.existence(old), replace(memory, creating=False))
    if isinstance(decision, Gone):
        return await objects.remember(subject, replace(subject.state, replaced={})), True
    if isinstance(decision, Act):
        result = await perform(kind, observer.aws, observer.scope, decision.stage, _no_secrets)
        track.sent(result.done, now)
        if result.failed:
            raise result.failed[0][1]
    return subject, False


async def _no_secrets(params: Json) -> tuple[Json, list[str]]:
    return params, []

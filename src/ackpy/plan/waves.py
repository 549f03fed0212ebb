"""The order of a stage's calls, and which of them AWS wants in one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import reduce

from ackpy.kinds.model import Kind
from ackpy.wire.call import Call, Purpose


def waves(kind: Kind, calls: Iterable[Call], settling: Collection[str] = ()) -> tuple[tuple[Call, ...], ...]:
    """Removals in reverse part order, then writes in part order; calls that don't wait for each other at once.

    Of parts that say so (Part.adds_first) removals come last.

    Of calls that exclude each other one goes at a time: none while AWS doesn't show yet what the last one did.

    Args:
        kind: the kind.
        calls: what is to be sent, in any order.
        settling: as in `Memory`.
    """
    position = {part.name: number for number, part in enumerate(kind.parts)}
    depth: dict[str, int] = {}
    for part in kind.parts:
        depth[part.name] = 1 + max((depth[name] for name in part.after), default=0)
    if kind.one_at_a_time:
        depth = position

    patient = {part.name for part in kind.parts if part.adds_first}

    def turn(call: Call) -> tuple[int, int]:
        deepest = max(depth[name] for name in call.parts)
        if call.purpose is not Purpose.REMOVE:
            return 1, deepest
        return (2, -deepest) if patient & set(call.parts) else (0, -deepest)

    ordered = sorted(calls, key=turn)
    exclusive = {part.name for part in kind.parts if part.exclusive}
    alone = [call for call in ordered if exclusive & set(call.parts)]
    last = next((call for call in alone if call.fingerprint in settling), None)
    waiting = [call for call in alone if call is not (last or alone[0])]
    ordered = [call for call in ordered if call not in waiting]
    if kind.one_at_a_time:
        return tuple((call,) for call in ordered)
    return tuple(tuple(call for call in ordered if turn(call) == step) for step in sorted(set(map(turn, ordered))))


def joined(kind: Kind, calls: list[Call]) -> list[Call]:
    """Calls of one operation that AWS wants at once made one."""
    for part in kind.parts:
        into = next((call for call in calls if part.joins and part.name in call.parts), None)
        if into is None:
            continue
        along = [call for call in calls if call.joins and set(call.parts) <= set(part.joins)]
        whole = reduce(_both, along, into)
        calls = [whole if call is into else call for call in calls if call not in along]
    return calls


def _both(one: Call, other: Call) -> Call:
    """Two calls of an operation in one: lists in their inputs are put together."""
    sent = dict(one.params)
    for member, value in other.params.items():
        sent[member] = [*sent[member], *value] if member in sent and isinstance(value, list) else value
    return replace(
        one, params=sent, parts=tuple(dict.fromkeys((*one.parts, *other.parts))), sets={**one.sets, **other.sets}
    )

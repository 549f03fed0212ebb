"""Desired values that aren't known yet: what is there is added, and nothing goes while a value is pending.

The controller knows which fields wait for another object; the loop goes on with everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, Path, container, get, with_value
from ackpy.plan.compare import differences


def without(spec: Mapping[str, Json], pending: Iterable[Path]) -> Mapping[str, Json]:
    """A spec without the list elements in which something is pending: half an element is another element."""
    positions: dict[Path, set[str]] = {}
    for path in pending:
        at = container(path)
        positions.setdefault(at, set()).update(path[len(at) : len(at) + 1])
    for at, left_out in positions.items():
        if isinstance(found := get(spec, at), list):
            kept = [element for position, element in enumerate(found) if str(position) not in left_out]
            spec = with_value(spec, at, kept or None)
    return spec


def held(
    kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json], pending: Iterable[Path]
) -> Mapping[str, Json]:
    """The spec that an existing resource is held to: lists only grow, and a pending value stays as it is in AWS.

    Args:
        kind: the kind.
        spec: what is desired, `without` what is pending.
        observed: what AWS has.
        pending: paths below spec.
    """
    for at in {container(path) for path in pending}:
        node, there = kind.spec.at(at), get(observed, at)
        wanted = get(spec, at)
        if node is not None and node.item is not None and isinstance(there, list):
            item = node.item
            new = [one for one in wanted or () if all(any(differences(item, one, old)) for old in there)]
            spec = with_value(spec, at, [*there, *new])
        elif not isinstance(wanted, list):
            spec = with_value(spec, at, there)
    return spec

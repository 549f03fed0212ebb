"""Tags have three owners: the user, AWS (`aws:…`) and the controller, whose tags travel with other writes."""

from __future__ import annotations

from collections.abc import Mapping

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, get, with_value

AWS_PREFIX = "aws:"


def of(kind: Kind, spec: Mapping[str, Json]) -> dict[str, str]:
    """The tags in a spec as a map."""
    if kind.tags is None:
        return {}
    found = get(spec, kind.tags.path[1:]) or {}
    if kind.tags.key is None or kind.tags.value is None:
        return dict(found)
    # A pair without a key is kept: AWS says what is wrong with it.
    return {pair.get(kind.tags.key) or "": pair.get(kind.tags.value) or "" for pair in found}


def put(kind: Kind, spec: Mapping[str, Json], tags: Mapping[str, str]) -> dict[str, Json]:
    """A spec with these tags instead of its own."""
    if kind.tags is None:
        return dict(spec)
    form: Json = dict(tags)
    if kind.tags.key and kind.tags.value:
        form = [{kind.tags.key: key, kind.tags.value: value} for key, value in tags.items()]
    changed: dict[str, Json] = with_value(spec, kind.tags.path[1:], form or None)
    return changed


def compared(
    kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json], controller: Mapping[str, str]
) -> dict[str, Json]:
    """The spec whose tags observed is held against.

    AWS's own tags are taken as desired, so that they are never removed; so are the controller's as they stand there: a
    differing or missing one alone is no drift.
    """
    if kind.tags is None:
        return dict(spec)
    user = of(kind, spec)
    kept = {
        key: value
        for key, value in of(kind, observed).items()
        if key not in user and (key.startswith(AWS_PREFIX) or key in controller)
    }
    return put(kind, spec, {**kept, **user})


def written(
    kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json], controller: Mapping[str, str]
) -> dict[str, Json]:
    """The spec whose tags are sent, when tags are sent at all: AWS's, the controller's and, above them, the user's."""
    if kind.tags is None:
        return dict(spec)
    system = {key: value for key, value in of(kind, observed).items() if key.startswith(AWS_PREFIX)}
    return put(kind, spec, {**system, **controller, **of(kind, spec)})


def users(kind: Kind, spec: Mapping[str, Json], controller: Mapping[str, str]) -> dict[str, Json]:
    """An observed spec without the tags that aren't the user's: what may be written into a stored spec."""
    if kind.tags is None:
        return dict(spec)
    kept = {
        key: value for key, value in of(kind, spec).items() if not key.startswith(AWS_PREFIX) and key not in controller
    }
    return put(kind, spec, kept)

"""Adoption: taking over a resource that is there already, by what its annotation says of it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, get, put, with_value
from ackpy.plan import tags
from ackpy.plan.compare import is_empty

POLICIES = ("adopt", "adopt-or-create")


class AdoptionRefusedError(ValueError):
    """The annotations can't be followed: the text says what is wrong with them."""


def policy(text: str | None) -> str | None:
    """The adoption policy that an annotation asks for.

    Raises:
        AdoptionRefusedError: it isn't one.
    """
    if not text:
        return None
    if text not in POLICIES:
        raise AdoptionRefusedError(
            f'unrecognized adoption policy {text}. Supported policies are "adopt" and "adopt-or-create"'
        )
    return text


def identified_by(kind: Kind, text: str | None, resource: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """What the adoption fields say of a resource: `{"spec": …, "status": …}`.

    Args:
        kind: the kind.
        text: the annotation, a JSON object from identifier to text.
        resource: what the object says by itself; an identifier that is there needn't be given.

    Raises:
        AdoptionRefusedError: it is no such object, or an identifier is missing. Others than the kind's are ignored.
    """
    try:
        given = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError as error:
        raise AdoptionRefusedError(f"the adoption fields are no JSON object: {error}") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise AdoptionRefusedError("the adoption fields are no JSON object from texts to texts")
    found: dict[str, dict[str, Json]] = {"spec": {}, "status": {}}
    for name, path in kind.adoption.items():
        if name in given:
            put(found, path, given[name])
        elif is_empty(get(resource, path)) and name not in kind.adoption_optional:
            raise AdoptionRefusedError(f"required field missing: {name}")
    return found


def filling(
    kind: Kind, spec: Mapping[str, Json], observed: Mapping[str, Json], controller: Mapping[str, str]
) -> dict[str, Json]:
    """What of an observed spec is added to a stored one: absent keys only, never beside a reference or in a list."""
    seen: Mapping[str, Json] = tags.users(kind, observed, controller)
    for ref in kind.references:
        if not is_empty(get(spec, ref.ref[1:])):
            seen = with_value(seen, ref.field[1:], None)
    return _absent(spec, seen)


def _absent(spec: Mapping[str, Json], observed: Mapping[str, Json]) -> dict[str, Json]:
    added: dict[str, Json] = {}
    for name, value in observed.items():
        if name not in spec and not is_empty(value):
            added[name] = value
        elif (
            isinstance(spec.get(name), Mapping) and isinstance(value, Mapping) and (inner := _absent(spec[name], value))
        ):
            added[name] = inner
    return added

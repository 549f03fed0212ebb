"""Calls and observations: what is said to AWS about one resource, and what was seen of it.

plan makes calls from differences; the controller sends them and turns the answers into observations here.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import orjson

from ackpy.kinds.model import Binding, Kind, Link, Read
from ackpy.kinds.paths import Json, Path, get, parse, put, with_value
from ackpy.kinds.schema import Field, Type
from ackpy.wire.convert import from_aws, ordered, to_aws


class Purpose(StrEnum):
    """What a call does to the resource."""

    CREATE = "create"
    PUT = "put"
    REMOVE = "remove"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call that changes something.

    Attributes:
        operation, params: as botocore takes them.
        purpose: what it does.
        parts: the parts it touches; they are observed again afterwards.
        sets: path in the spec → its value once the call has worked (None: gone). What `predict` applies.
        outputs: where the answer goes.
        joins: it may go along in the call of a part that says so (Part.joins).
        way_for: what a removal makes way for: for something else, it is another one.
    """

    operation: str
    params: Mapping[str, Json]
    purpose: Purpose
    parts: tuple[str, ...] = ()
    sets: Mapping[Path, Json] = field(default_factory=dict)
    outputs: Binding | None = None
    joins: bool = False
    way_for: Json = None

    @property
    def fingerprint(self) -> str:
        """Tells calls apart that would do different things."""
        text = orjson.dumps((self.params, self.way_for), default=repr, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(self.operation.encode() + text).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a resource.

    A path that is missing in `spec` is absent in AWS, unless the part that owns it is in `unknown`: that wasn't read,
    or couldn't be, and says nothing. `versions` are those of a versioned part that aren't in force, by the part's name,
    the oldest first.
    """

    exists: bool
    spec: Mapping[str, Json] = field(default_factory=dict)
    status: Mapping[str, Json] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_part(
        self,
        kind: Kind,
        name: str,
        spec: Mapping[str, Json],
        status: Mapping[str, Json],
        versions: tuple[str, ...] = (),
    ) -> Observation:
        """The observation with one part read (anew)."""
        part = next(part for part in kind.parts if part.name == name)
        kept = {key: value for key, value in self.spec.items() if key not in part.fields}
        return replace(
            self,
            spec={**kept, **spec},
            status=merged(self.status, status),
            unknown=self.unknown - {name},
            versions={**self.versions, name: versions},
        )


def params(kind: Kind, binding: Binding, resource: Mapping[str, Json]) -> dict[str, Json]:
    """The input of an operation, filled from an object's spec and status.

    Args:
        kind: the kind.
        binding: the operation.
        resource: `{"spec": …, "status": …}`.

    Raises:
        ValueRefusedError: a value that AWS's type can't hold.
    """
    filled: dict[str, Json] = {}
    for link in sorted(binding.inputs, key=lambda link: len(link.aws)):
        for aws, field_path in _each(resource, link):
            value = get(resource, field_path)
            if value is None:
                continue
            node = _node(kind, field_path)
            filled = _laid(filled, aws, to_aws(node, value, field_path) if node else value)
    for member, value in binding.constants.items():
        filled = _laid(filled, parse(member), value)
    return filled


def _each(resource: Mapping[str, Json], link: Link) -> Iterator[tuple[Path, Path]]:
    """A link's paths; one from the elements of a list to such, for each of them."""
    mark = link.field.index("[]") if "[]" in link.field and "[]" in link.aws else 0
    listed = get(resource, link.field[:mark]) if mark else None
    if not isinstance(listed, list):
        yield link.aws, link.field
        return
    for position in range(len(listed)):
        yield _at_position(link.aws, position), _at_position(link.field, position)


def _at_position(path: Path, position: int) -> Path:
    mark = path.index("[]")
    return (*path[:mark], str(position), *path[mark + 1 :])


def seen(kind: Kind, binding: Binding, answer: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The spec and status that an operation's output tells."""
    found: dict[str, Json] = {}
    for link in binding.outputs:
        node = _node(kind, link.field)
        raw = _at(answer, link.aws)
        if isinstance(raw, list) and node and node.type not in {Type.LIST, Type.OBJECT}:
            raw = next(iter(raw), None)  # a list that holds one at most
        value = from_aws(node, raw) if node else raw
        if node and link.field[0] == "status":  # what is written down must be calm; the spec's order is the user's
            value = ordered(node, value)
        if value is not None:
            put(found, link.field, value)
    return found.get("spec", {}), found.get("status", {})


def _at(answer: Json, path: Path) -> Json:
    """What stands at a path of an answer; `[]` goes through a list, whose elements it leaves in their order."""
    if "[]" not in path:
        return get(answer, path)
    here = path.index("[]")
    listed = get(answer, path[:here])
    return None if listed is None else [get(one, path[here + 1 :]) for one in listed]


def matching(read: Read, resource: Mapping[str, Json], answer: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """The elements of a list answer that may be this resource; the whole answer where the read is no list."""
    if read.items is None:
        yield answer
        return
    elements: Iterable[Mapping[str, Json]] = answer.get(read.items) or ()
    for element in elements:
        same = all(get(element, parse(member)) == get(resource, path) for member, path in read.match.items())
        if same and all(
            _last(get(element, parse(member))) == get(resource, path) for member, path in read.ends.items()
        ):
            yield element


def _last(arn: Json) -> str:
    """The last part of an ARN: what stands behind its last colon or slash."""
    return re.split(r"[:/]", str(arn))[-1]


def identified(kind: Kind, resource: Mapping[str, Json]) -> bool:
    """Whether all that names the resource to AWS is known; what may be unset in the spec, names it so, too."""
    return all(get(resource, path) not in (None, "") or is_optional(kind, path) for path in kind.identity)


def is_optional(kind: Kind, path: Path) -> bool:
    """Whether a spec may leave a path out that names the resource."""
    required = {*(("spec", name) for name in kind.spec.required), *(ref.field for ref in kind.references)}
    return path[0] == "spec" and path not in required


NO_VALUE: Final = "-"
"""Stands among names for what a resource is told by, and has none of."""


def names(kind: Kind, spec: Mapping[str, Json]) -> list[Json]:
    """The spec's values that name the resource to AWS, before and after it is made; None where one isn't known."""
    words = template_words(kind)
    if all(path[0] == "spec" for path in kind.identity):
        return [get(spec, path[1:]) or (NO_VALUE if is_optional(kind, path) else None) for path in kind.identity]
    matched = kind.find.match.values() if kind.find else ()
    others = (*(link.field for link in kind.find.binding.inputs), *kind.find.ends.values()) if kind.find else ()
    paths = [*kind.identity, *others, *matched, *map(parse, words)]
    awaited = {ref.field for ref in kind.references if get(spec, ref.ref[1:])}
    unset = {path: NO_VALUE for path in matched if path not in awaited}
    return [
        get(spec, path[1:]) or unset.get(path) or words.get(".".join(path))
        for path in dict.fromkeys(paths)
        if path[0] == "spec"
    ]


def template_words(kind: Kind) -> dict[str, str | None]:
    """What a kind's ARN is made of, and what stands for it where it is unset: `{spec.path:/}`.

    Nothing where the ARN can't be told from names.
    """
    return {word: unset or None for _, word, unset, _ in string.Formatter().parse(kind.arn or "") if word}


def arn(kind: Kind, resource: Mapping[str, Json], place: Mapping[str, str]) -> str | None:
    """The resource's ARN by the kind's template; None where it has none, or a name in it isn't known.

    Args:
        kind: the kind.
        resource: `{"spec": …, "status": …}`.
        place: partition, region and account.
    """
    words = {
        word: place.get(word) or get(resource, parse(word)) or unset for word, unset in template_words(kind).items()
    }
    if kind.arn is None or not all(words.values()):
        return None
    # No ARN holds the scheme of a URL.
    return re.sub(r"\{([^}:]+)(:[^}]*)?\}", lambda match: str(words[match[1]]).removeprefix("https://"), kind.arn)


def told_by_arn(kind: Kind, path: Path, text: str) -> str | None:
    """What an ARN says of a field in the kind's template of it; None where the field isn't in it.

    What stands for an unset field may end in a slash: then all up to the last one is that field's, not the next one's.
    """
    pattern = ""
    for literal, word, unset, _ in string.Formatter().parse(kind.arn or ""):
        taken = "(.+)" if word == ".".join(path) else ".*/" if (unset or "").endswith("/") else ".*?"
        pattern += re.escape(literal) + (taken if word else "")
    found = re.fullmatch(pattern, text)
    return found[1] if found and found.groups() else None


def merged(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """Two JSON objects laid over each other; objects are merged, everything else is replaced."""
    out = dict(old)
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else value
    return out


def predicted(observed: Observation, call: Call) -> Observation:
    """What observing would show if a call worked; outputs that AWS decides aren't known.

    Pure: this is what `ackpy plan` and the convergence tests stand on.
    """
    if call.purpose is Purpose.DELETE:
        return Observation(exists=False)
    spec: dict[str, Json] = {} if call.purpose is Purpose.CREATE else dict(observed.spec)
    for path, value in call.sets.items():
        spec = with_value(spec, path, value) if value is not None or get(spec, path) is not None else spec
    return replace(observed, exists=True, spec=spec)


def _node(kind: Kind, path: Path) -> Field | None:
    return (kind.spec if path[0] == "spec" else kind.status).at(path[1:])


def _laid(target: Json, path: Path, value: Json) -> Json:
    """An input with a value at a path; `[]` is the one element of a list, a number its place there."""
    if not path:
        return {**(target or {}), **value} if isinstance(value, Mapping) else value
    key, below = path[0], path[1:]
    if key == "[]" or key.isdigit():
        position, items = 0 if key == "[]" else int(key), [*(target or ())]
        items += [None] * (position + 1 - len(items))
        items[position] = _laid(items[position], below, value) if below else value
        return items
    name, whole = key.removeprefix("@"), dict(target or {})
    whole[name] = _laid(whole.get(name), below, value) if below else value
    return whole

"""Paths into JSON values, as tuples of keys: the `spec` and `status` of an object, or the members of an AWS call.

A path is written with dots (`spec.website.indexDocument`). In AWS paths a key of a map is marked with `@`
(`Attributes.@DelaySeconds`), which tells it from a member of a structure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, a list or a dict of such; on AWS's side bytes and datetimes too."""

Path: TypeAlias = tuple[str, ...]


def parse(text: str) -> Path:
    """`"spec.website"` → `("spec", "website")`; the empty text is the root."""
    return tuple(text.split(".")) if text else ()


def show(path: Path) -> str:
    """The dotted form of a path, for messages: list positions read as `rules[0]`."""
    out = ""
    for key in path:
        out += f"[{key}]" if key.isdigit() else key if key == "[]" else f".{key}" if out else key
    return out


def places(value: Json, path: Path) -> Iterator[Path]:
    """The paths in a value that a path with list marks (`routes.[].gatewayRef`) stands for."""
    if "[]" not in path:
        yield path
        return
    mark = path.index("[]")
    found = get(value, path[:mark])
    for position in range(len(found) if isinstance(found, list) else 0):
        yield from places(value, (*path[:mark], str(position), *path[mark + 1 :]))


def container(path: Path) -> Path:
    """A path up to its first list: what AWS compares and writes as one."""
    return next((path[:at] for at, key in enumerate(path) if key == "[]" or key.isdigit()), path)


def get(value: Json, path: Path) -> Json:
    """What stands at a path, or None where the path leads nowhere."""
    for key in path:
        if isinstance(value, list) and key.isdigit():
            value = value[int(key)] if int(key) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(key.removeprefix("@"))
        else:
            return None
    return value


def put(target: dict[str, Json], path: Path, value: Json) -> None:
    """Set what stands at a path, making the objects on the way."""
    for key in path[:-1]:
        target = target.setdefault(key.removeprefix("@"), {})
    target[path[-1].removeprefix("@")] = value


def with_value(value: Json, path: Path, new: Json) -> Json:
    """A copy of a JSON value with another one at a path; only what is on the way is copied.

    A new value of None removes the key. A list keeps its length.
    """
    if not path:
        return new
    if isinstance(value, list):
        return [with_value(item, path[1:], new) if str(at) == path[0] else item for at, item in enumerate(value)]
    copy = dict(value or {})
    inner = with_value(copy.get(path[0]), path[1:], new)
    if inner is None:
        copy.pop(path[0], None)
    else:
        copy[path[0]] = inner
    return copy

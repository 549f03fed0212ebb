"""The definition files as data, changed and compiled again in process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ackpy.kinds import compile as compiler
from ackpy.kinds.definition import parse
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import DEFINITIONS, MODELS

Data = dict[str, Any]
Place = tuple[str | int, ...]

# Mappings and lists in which the order of entries says something.
ORDERED = ("parts", "columns")
SERVICE = "service.yaml"


def definitions(service: str) -> dict[str, Data]:
    """The definition files of a service by name."""
    files = sorted((DEFINITIONS / service).glob("*.yaml"))
    return {file.name: yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) for file in files}


def compiled(files: Mapping[str, Data], only: str | None = None) -> list[Kind]:
    """The kinds of a service's definitions, or only that of one file.

    Raises:
        DefinitionError: a definition says something that can't be.
    """
    owner, naming = compiler.service(_node(SERVICE, files[SERVICE]), MODELS)
    wanted = [name for name in files if name != SERVICE and only in {None, SERVICE, name}]
    return [compiler.kind(_node(name, files[name]), owner, naming) for name in wanted]


def partly_served() -> Kind:
    """The Bucket of a definition that has no part for websites yet."""
    files = definitions("s3")
    bucket = files["bucket.yaml"]
    del bucket["parts"]["website"]
    bucket["fields"]["website"] = {"from": "PutBucketWebsite.WebsiteConfiguration"}
    (kind,) = compiled(files, "bucket.yaml")
    return kind


def _node(name: str, data: Data) -> Any:
    return parse(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False), name)


@dataclass(frozen=True)
class Mutant:
    """A definition with one entry wrong."""

    file: str
    place: Place
    what: str
    data: Data

    def __str__(self) -> str:
        return f"{self.file} {'.'.join(map(str, self.place))}: {self.what}"


def mutants(file: str, data: Data) -> Iterator[Mutant]:
    """Every mutant of one definition: an entry dropped, a flag flipped, a text replaced, an order changed."""
    for place, value in _entries(data):
        if place[-1] == "doc" or "advice" in place or (isinstance(value, dict) and value.keys() == {"doc"}):
            continue  # words for people
        if place[0] == "variants":
            continue  # the contract tells them in prose: tests/l1 holds them to the laws
        yield Mutant(file, place, "dropped", _changed(data, place, drop=True))
        if isinstance(value, bool):
            yield Mutant(file, place, "flipped", _changed(data, place, not value))
        elif isinstance(value, str):
            for other in dict.fromkeys((*_sibling(data, place), *_cousin(data, place))):
                if other != value:
                    yield Mutant(file, place, f"is {other!r}", _changed(data, place, other))
        if place[-1] in ORDERED and (place != ("parts",) or _wait(data)):
            for position in range(len(value) - 1):
                changed = _changed(data, place, _swapped(value, position))
                yield Mutant(file, place, f"entries {position} and {position + 1} swapped", changed)


def _wait(data: Data) -> bool:
    """Whether parts are written one after the other."""
    return "one_at_a_time" in data or any("after" in part or "exclusive" in part for part in data["parts"].values())


def _entries(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    for key, child in _children(value):
        yield (*place, key), child
        yield from _entries(child, (*place, key))


def _children(value: Any) -> list[tuple[str | int, Any]]:
    return list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())


def _get(data: Any, place: Place) -> Any:
    for key in place:
        data = data[key]
    return data


def _sibling(data: Data, place: Place) -> list[str]:
    """The next text beside this one."""
    beside = _children(_get(data, place[:-1]))
    position = [key for key, _ in beside].index(place[-1])
    return [value for _, value in beside[position + 1 :] + beside[:position] if isinstance(value, str)][:1]


def _cousin(data: Data, place: Place) -> list[str]:
    """The text under the same key in the next mapping that has one: what a careless copy leaves behind."""
    if len(place) < 2 or isinstance(place[-1], int):
        return []
    beside = _children(_get(data, place[:-2]))
    position = [key for key, _ in beside].index(place[-2])
    found = [value.get(place[-1]) for _, value in beside[position + 1 :] + beside[:position] if isinstance(value, dict)]
    return [value for value in found if isinstance(value, str)][:1]


def _swapped(value: Any, position: int) -> Any:
    entries = _children(value)
    entries[position], entries[position + 1] = entries[position + 1], entries[position]
    return dict(entries) if isinstance(value, dict) else [entry for _, entry in entries]


def _changed(data: Any, place: Place, new: Any = None, *, drop: bool = False) -> Any:
    if not place:
        return new
    copy = data.copy()
    if len(place) > 1:
        copy[place[0]] = _changed(data[place[0]], place[1:], new, drop=drop)
    elif drop:
        del copy[place[0]]
    else:
        copy[place[0]] = new
    return copy

"""Who refers to whom: an index from targets to the objects that wait for them or use them.

The manager feeds it from its informers. It wakes a referrer at once when its target becomes ready, changes its value
or goes, and names the objects that hold up a deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ackpy.controller.references import Link, state
from ackpy.kinds.paths import Path
from ackpy.kube.api import Object, Resource

Target: TypeAlias = tuple[Resource, str, str]
"""An object by its resource, namespace and name."""


@dataclass(frozen=True, slots=True)
class Key:
    """One object in the queue, by its kind's label."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """How messages name it."""
        return f"{self.kind} {self.namespace}/{self.name}"


class Referrers:
    """The index of one process."""

    def __init__(self, wake: Callable[[Key], None]) -> None:
        """Nobody refers to anything. `wake` is told of each object that has to look again."""
        self._wake = wake
        self._by_target: dict[Target, dict[Key, frozenset[Path]]] = {}
        self._strict: dict[Key, frozenset[Target]] = {}
        self._by_key: dict[Key, frozenset[Target]] = {}

    def targets(self, key: Key) -> frozenset[Target]:
        """What an object refers to."""
        return self._by_key.get(key, frozenset())

    def noticed(self, key: Key, used: Iterable[Link]) -> None:
        """An object refers to these now, and to nothing else."""
        sources: dict[Target, set[Path]] = {}
        strict: set[Target] = set()
        for link in used:
            target = (link.resource, link.namespace, link.name)
            sources.setdefault(target, set()).add(link.ref.source)
            if not link.ref.skip_state_check:
                strict.add(target)
        before, now = self._by_key.pop(key, frozenset()), frozenset(sources)
        for target in before - now:
            del self._by_target[target][key]
            if not self._by_target[target]:
                del self._by_target[target]
        for target, paths in sources.items():
            self._by_target.setdefault(target, {})[key] = frozenset(paths)
        if now:
            self._by_key[key] = now
        self._strict[key] = frozenset(strict)
        if not strict:
            del self._strict[key]

    def changed(self, resource: Resource, old: Object | None, new: Object | None) -> None:
        """An object changed: those that refer to it look again if it is otherwise for them."""
        metadata = (new or old or {})["metadata"]
        target = (resource, metadata.get("namespace") or "", metadata["name"])
        for key, sources in self._by_target.get(target, {}).items():
            if any(state(old, source) != state(new, source) for source in sources):
                self._wake(key)

    def of(self, target: Target) -> list[Key]:
        """The objects that refer to one."""
        return sorted(self._by_target.get(target, {}), key=lambda key: (key.kind, key.namespace, key.name))

    def cycle(self, start: Key, key_of: Callable[[Target], Key | None]) -> list[Key]:
        """The way back to an object over references that wait for their targets; empty if there is none."""
        ways: list[list[Key]] = [[start]]
        seen = {start}
        while ways:
            way = ways.pop(0)
            for key in self._next(way[-1], key_of):
                if key == start:
                    return [*way, start]
                if key not in seen:
                    seen.add(key)
                    ways.append([*way, key])
        return []

    def _next(self, key: Key, key_of: Callable[[Target], Key | None]) -> Iterator[Key]:
        for target in sorted(self._strict.get(key, ()), key=lambda one: (one[0].kind, *one[1:])):
            if (found := key_of(target)) is not None:
                yield found


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What one kind's reconciles may ask of the index; the default knows of nobody."""

    blockers: Callable[[Mapping[str, Any]], list[str]] = lambda _: []
    """The objects that refer to an object, as people name them."""
    cycle: Callable[[Mapping[str, Any]], list[str]] = lambda _: []
    """The cycle of references that an object is in."""

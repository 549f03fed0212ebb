"""The decision: what should happen next, from what is desired, what was observed and what is remembered.

`decide` is pure, total and deterministic. The controller's loop carries a decision out and asks again; `ackpy plan`
prints it; the tests hold every law against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import eq
from typing import TypeAlias

from ackpy.kinds.model import Kind, Option
from ackpy.kinds.paths import Json, Path, get, show, with_value
from ackpy.kinds.schema import Unset
from ackpy.plan import states, tags
from ackpy.plan.compare import Difference, differences, is_empty
from ackpy.plan.forms import calls_of
from ackpy.plan.pending import held
from ackpy.plan.waves import joined, waves
from ackpy.wire.call import Call, Observation, Purpose, params


@dataclass(frozen=True, slots=True)
class Desired:
    """What the manifest says, with references resolved and without what only the controller put there.

    Attributes:
        spec: the spec to hold AWS to.
        recorded: the object's status: identity that was written down.
        deleting: the object is being deleted, and its resource with it.
        tags: the controller's own tags.
        ignored: paths in the spec that AWS isn't held to.
        annotations: the object's, for what a deletion follows.
        pending: paths in the spec whose values aren't known yet (plan/pending.py).
        superseded: what names, below status, the resource that this one replaces, and that isn't taken for it.
        unsent: paths in the spec of secrets whose values AWS hasn't been sent.
        mark: the value of the tag that the resource bears, if its creation was begun and sends one.
    """

    spec: Mapping[str, Json]
    recorded: Mapping[str, Json] = field(default_factory=dict)
    deleting: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[Path, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[Path, ...] = ()
    superseded: Mapping[str, Json] = field(default_factory=dict)
    unsent: tuple[Path, ...] = ()
    mark: str = ""

    @property
    def resource(self) -> dict[str, Json]:
        """Spec and status as calls are filled from them."""
        return {"spec": self.spec, "status": self.recorded}


@dataclass(frozen=True, slots=True)
class Memory:
    """What AWS can't tell.

    Attributes:
        managed: this object's resource is ours (the finalizer is there).
        settling: fingerprints of calls that worked a moment ago and that AWS may take time to show.
        creating: a creation was begun a moment ago and its outcome isn't known: what isn't there may show up yet.
        adoption: "adopt" or "adopt-or-create", where the object takes over a resource that is there.
        hands_off: why AWS is only looked at: "read-only" or "paused".
        replaces: what can't be changed is made again, as the object asks for.
    """

    managed: bool = True
    settling: frozenset[str] = frozenset()
    creating: bool = False
    adoption: str | None = None
    hands_off: str | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Calls that use only what is known now: waves one after the other, the calls of a wave at once."""

    waves: tuple[tuple[Call, ...], ...]
    differences: tuple[Difference, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls in order."""
        return tuple(call for wave in self.waves for call in wave)

    @property
    def purpose(self) -> Purpose:
        """What the stage is for: creating, deleting, or else changing."""
        first = self.calls[0].purpose
        return first if first in {Purpose.CREATE, Purpose.DELETE} else Purpose.PUT


@dataclass(frozen=True, slots=True)
class Done:
    """AWS is as it should be."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The resource doesn't exist, as a deletion wants it."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """The resource is there, and is to be taken over."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A resource that must be there isn't; look again later."""

    message: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """AWS isn't as the manifest says, and is left so."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done now; look again."""

    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Only another spec (or another state of AWS) helps: the contract's Terminal."""

    message: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Supersede:
    """Another resource is to be made, and then this one deleted."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Carry a stage out, then observe again."""

    stage: Stage


Conclusion: TypeAlias = Done | Gone | Adopt | Missing | Drifted | Wait | Refuse | Supersede
Decision: TypeAlias = Conclusion | Act

NOT_MANAGED = Refuse(
    "Resource already exists",
    "This resource already exists but is not managed by ACK. To bring the resource under ACK management, you should "
    "explicitly adopt the resource by enabling the ResourceAdoption feature gate and populating the "
    "`services.k8s.aws/adoption-policy` and `services.k8s.aws/adoption-fields` annotations.",
)

_AGAIN = "delete the object and make it again"


def decide(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    """What should happen next to one resource."""
    if desired.deleting and observed.exists:
        return _deleting(kind, desired, observed, memory)
    if not observed.exists and memory.creating:
        return Wait("AWS takes time to show the new resource")
    if desired.deleting:
        return Gone()
    if refusal := _unserved(kind, desired.spec):
        return refusal
    if memory.hands_off:
        return _look(kind, desired, observed, memory.hands_off)
    if not observed.exists:
        creates = memory.adoption != "adopt"
        anew = _unless_settling(creation(kind, desired), memory, "the new resource")
        return anew if creates else Missing("adopted resource not found")
    if not memory.managed:
        return Adopt() if memory.adoption else NOT_MANAGED
    if failure := states.failed(kind, observed):
        return Refuse(failure)
    desired = _exempted(kind, desired, observed)
    found = delta(kind, desired, observed)
    busy = Wait(about) if (about := states.busy(kind, observed)) else None
    if not found:
        return busy or Done()
    if refusal := _unchangeable(kind, found):
        return _anew(kind, desired, observed, found, memory) or refusal
    if refusal := _settled_with(kind, found):
        return refusal
    to_write = _to_write(kind, desired, observed, found)
    closed = states.closed(kind, observed)
    calls = [
        call
        for part in kind.parts
        if not busy or (part.any_state and not closed)
        if (own := [one for one in found if one.path[0] in part.fields])
        for call in calls_of(kind, part, to_write, observed, own)
    ]
    if busy and not calls:
        return busy
    what = ", ".join(show(("spec", *one.path)) for one in found)
    return _unless_settling(Stage(waves(kind, joined(kind, calls), memory.settling), tuple(found)), memory, what)


def _unserved(kind: Kind, spec: Mapping[str, Json]) -> Refuse | None:
    """What a field means that is set, and that nothing serves."""
    if unbuilt := [name for name in kind.unbuilt if not is_empty(spec.get(name))]:
        return Refuse(
            f"spec.{unbuilt[0]} is not supported yet by this version of ackpy: nothing was changed. Remove it, or keep "
            "this object with a controller that supports it."
        )
    if refused := [name for name in kind.refused if not is_empty(spec.get(name))]:
        return Refuse(f"spec.{refused[0]} can't be set: a {kind.title} has none. Nothing was changed. Remove it.")
    return None


def _anew(
    kind: Kind, desired: Desired, observed: Observation, found: list[Difference], memory: Memory
) -> Decision | None:
    """What can't be changed made again, where the object asks for it."""
    if not memory.replaces or desired.pending:  # what is pending couldn't be made again
        return None
    if protection := _protection(kind, desired, observed):
        return protection
    if kind.create_first:
        return Supersede(tuple(found))
    return _unless_settling(
        replace(_deletion(kind, desired, observed), differences=tuple(found)), memory, "the deletion"
    )


def _deleting(kind: Kind, desired: Desired, observed: Observation, memory: Memory) -> Decision:
    if states.gone(kind, observed):
        return Gone()
    if about := states.held(kind, observed):
        return Wait(about)
    if protection := _protection(kind, desired, observed):
        return protection
    stage = _clearing(kind, desired, observed) or _deletion(kind, desired, observed)
    return _unless_settling(stage, memory, "the deletion")


def _protection(kind: Kind, desired: Desired, observed: Observation) -> Act | Refuse | None:
    """A protection against deletion is respected: only who says that it is to go, in so many words, takes it off."""
    if kind.protected is None or not get(observed.spec, kind.protected[1:]):
        return None
    path = kind.protected[1:]
    if get(desired.spec, path) is not False:
        return Refuse(
            f"the {kind.name} is protected against deletion, so nothing was deleted. Set {show(kind.protected)} to "
            f"false in this object, and the {kind.name} goes; or let it stay in AWS without this object by the "
            "annotation services.k8s.aws/deletion-policy: retain."
        )
    part, found = kind.part_of(path[0]), Difference(path, False, True)
    assert part is not None
    return Act(Stage(tuple((call,) for call in calls_of(kind, part, desired.spec, observed, [found])), (found,)))


def _clearing(kind: Kind, desired: Desired, observed: Observation) -> Stage | None:
    """What AWS wants taken away before it deletes the resource."""
    calls = []
    for part in kind.parts:
        there = {name: observed.spec.get(name) for name in part.fields if not is_empty(observed.spec.get(name))}
        if part.before_delete and there and part.name not in observed.unknown:
            without = {name: value for name, value in desired.spec.items() if name not in there}
            found = [Difference((name,), None, value) for name, value in there.items()]
            calls += calls_of(kind, part, without, observed, found)
    return Stage(waves(kind, calls)) if calls else None


def _look(kind: Kind, desired: Desired, observed: Observation, why: str) -> Decision:
    if not observed.exists and why == "paused":
        return Wait("the object is paused: nothing is made until ackpy.dev/paused goes")
    if not observed.exists:
        return Missing("read-only resource not found")
    found = delta(kind, _exempted(kind, desired, observed), observed)
    return Drifted(tuple(found)) if found else Done()


def _exempted(kind: Kind, desired: Desired, observed: Observation) -> Desired:
    """What AWS isn't held to (now) is desired as it is there."""
    spec = held(kind, desired.spec, observed.spec, desired.pending)
    for path in desired.ignored:
        spec = with_value(spec, path, get(observed.spec, path))
    return replace(desired, spec=spec)


def moved(kind: Kind, made: Desired, there: Observation, change: Difference, memory: Memory) -> Act | Wait | Refuse:
    """What to do where the spec names another resource than the one that was made, and that is there.

    Args:
        kind, memory: as for `decide`.
        made: what is desired, but under the name of the one that is there.
        there: that one.
        change: the name.
    """
    if memory.replaces:
        deletion = _deletion(kind, replace(made, recorded=there.status), there)
        return _unless_settling(replace(deletion, differences=(change,)), memory, "the deletion")
    old, new = (f"'{name}'" if name else "without" for name in (change.observed, change.desired))
    return Refuse(
        f"{show(('spec', *change.path))} can't be changed: the {kind.name} is {old} in AWS, {new} here. Set it back, "
        "or make another object."
    )


def delta(kind: Kind, desired: Desired, observed: Observation) -> list[Difference]:
    """Every path below spec at which AWS isn't as the manifest says; what wasn't read can't differ."""
    spec = tags.compared(kind, desired.spec, observed.spec, desired.tags)
    secrets = [
        Difference(path, None, None)  # what is said of it is only that it differs
        for path in desired.unsent
        if not kind.spec.fields[path[0]].rule.create_only
    ]
    return secrets + [
        difference
        for part in kind.parts
        if part.name not in observed.unknown
        for name in part.fields
        for difference in differences(kind.spec.fields[name], spec.get(name), observed.spec.get(name), (name,))
    ]


def creation(kind: Kind, desired: Desired) -> Stage:
    """The stage that makes the resource."""
    resource = {"spec": tags.written(kind, desired.spec, {}, desired.tags), "status": desired.recorded}
    # What is empty says nothing, and AWS may take it for a mistake.
    given = tuple(link for link in kind.create.inputs if get(resource, link.field) not in ({}, []))
    sent = {link.field[1:] for link in given if link.field[0] == "spec"}
    sets = {path: get(resource["spec"], path) for path in sorted(sent, key=len)}
    call = Call(
        operation=kind.create.operation,
        params=params(kind, replace(kind.create, inputs=given), resource),
        purpose=Purpose.CREATE,
        parts=tuple(part.name for part in kind.parts),
        sets={path: value for path, value in sets.items() if not is_empty(value)},
        outputs=kind.create,
    )
    return Stage(((call,),))


def _deletion(kind: Kind, desired: Desired, observed: Observation) -> Stage:
    """The deletion; one that names what the resource consists of, goes by what there is."""
    given = {option.member: _option(option, desired.annotations) for option in kind.options}
    listed = [link.field[1] for link in kind.delete.inputs if "[]" in link.field]
    spec = {**desired.spec, **{name: observed.spec[name] for name in listed if name in observed.spec}}
    resource = {**desired.resource, "spec": spec}
    sent = params(kind, kind.delete, resource) | {k: value for k, value in given.items() if value is not None}
    return Stage(((Call(kind.delete.operation, sent, Purpose.DELETE),),))


def _option(option: Option, annotations: Mapping[str, str]) -> Json:
    """An annotation's value as the type that its default has; the default where it can't be read so."""
    text = annotations.get(option.annotation, "").strip()
    if isinstance(option.default, bool):
        return {"true": True, "false": False}.get(text.lower(), option.default)
    if isinstance(option.default, int):
        return int(text) if text.isdecimal() else option.default
    return text or option.default


def _unless_settling(stage: Stage, memory: Memory, what: str) -> Act | Wait:
    """The same calls aren't sent again while AWS may only not show yet that they worked."""
    waves = (tuple(call for call in wave if call.fingerprint not in memory.settling) for wave in stage.waves)
    due = replace(stage, waves=tuple(wave for wave in waves if wave))
    return Act(due) if due.waves else Wait(f"AWS takes time to show {what}")


def _unchangeable(kind: Kind, found: Iterable[Difference]) -> Refuse | None:
    for difference in found:
        if kind.spec.fields[difference.path[0]].rule.create_only:
            return Refuse(
                f"{show(('spec', *difference.path))} can be set only when the {kind.name} is created: AWS has "
                f"{difference.observed!r}, the manifest says {difference.desired!r}. Set it back, or {_AGAIN}."
            )
    return None


def _settled_with(kind: Kind, found: Iterable[Difference]) -> Refuse | None:
    """A member that can't be changed where it is: what it is in has to go, and may come anew; if need be, all of it."""
    for difference in found:
        for depth in range(2, len(difference.path) + 1):
            at, whole = difference.path[:depth], difference.path[: depth - 1]
            node = kind.spec.at(at)
            new = depth == len(difference.path) and is_empty(difference.observed)
            if node is not None and node.rule.create_only and not new:
                around = kind.spec.at(whole)
                stays = around is not None and around.rule.unset is Unset.UNMANAGED
                anew = f"take {show(('spec', *whole))} out and, once that is done, put it in again"
                return Refuse(
                    f"{show(('spec', *difference.path))} can't be changed: AWS has {difference.observed!r}, the "
                    f"manifest says {difference.desired!r}. Set it back, or {_AGAIN if stays else anew}."
                )
    return None


def _to_write(kind: Kind, desired: Desired, observed: Observation, found: Iterable[Difference]) -> Mapping[str, Json]:
    """The spec that is sent: with the controller's tags where tags are sent anyway."""
    where: Path = kind.tags.path[1:] if kind.tags else ()
    if where and any(all(map(eq, one.path, where)) for one in found):  # above it, at it, or below
        return tags.written(kind, desired.spec, observed.spec, desired.tags)
    return desired.spec

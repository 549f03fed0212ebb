"""The sample manifests, as the README and the reference pages show them, and what each stands on.

Where AWS makes up a resource's name, a sample refers to it by its object. In a simulated AWS such names are made by
chance; for samples' neighbours, which `prepare` makes, the chance is the sample's own: so the name is known beforehand.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from weakref import WeakKeyDictionary

import yaml

from ackpy.kinds.model import By, Kind, Reference
from ackpy.kinds.paths import get, places, with_value
from ackpy.kinds.registry import load, services
from ackpy.plan.decide import Desired, creation
from ackpy.sandbox.simulator import AwsFault, Simulator
from ackpy.wire.call import arn, matching, names, params, seen

FOLDER = Path(__file__).parent.parent.parent / "samples"
PLACE = {"partition": "aws", "region": "us-east-1", "account": "123456789012"}

_A_WHILE = 60.0
"""Seconds in which AWS is done with what it was asked for."""

Sample = tuple[Kind, dict[str, Any]]

# What no object makes, and a sample says that it is there: whose, the input that takes its ARN, and what is called.
_MADE_BY_HAND: dict[str, tuple[str, str, tuple[tuple[str, dict[str, str]], ...]]] = {
    "lambda/Alias": (
        "lambda/Function",
        "FunctionName",
        (
            ("PublishVersion", {}),
            ("UpdateFunctionConfiguration", {"Description": "as it will be"}),
            ("PublishVersion", {}),
        ),
    ),
    "lambda/FunctionURLConfig": (
        "lambda/Function",
        "FunctionName",
        (("PublishVersion", {}), ("CreateAlias", {"Name": "ack-page", "FunctionVersion": "1"})),
    ),
    "sfn/StateMachineAlias": ("sfn/StateMachine", "stateMachineArn", (("PublishStateMachineVersion", {}),) * 2),
}
# A field that has AWS make another resource along with the object's own: publishing makes a version of the function.
_ALONG = {("lambda/Function", "publish")}
_AN_HOUR, _HALF = 3600.0, 1800.0
_SOON = 2.0
"""Seconds after which what a step made busy isn't any more."""

# What names a resource of another kind by a name that isn't its ARN: the field, and the kind; and the regions beside
# PLACE's in which there must be one of the name too.
NAMED = {
    "dynamodb/Backup": ("tableName", "dynamodb/Table", ()),
    "dynamodb/GlobalTable": ("globalTableName", "dynamodb/Table", ("eu-west-1", "us-west-2")),
}


@cache
def _manifests(service: str) -> tuple[dict[str, Any], ...]:
    files = sorted((FOLDER / service).glob("*.yaml"))
    return tuple(one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")))


def samples(kind: Kind) -> list[dict[str, Any]]:
    """The manifests of a kind; of a variant, its own."""
    every = [one for one in _manifests(kind.service.alias) if one["kind"] == kind.name]
    return [one for one in every if _whole(kind.label).meant(one["spec"]).title == kind.title] if kind.title else every


@cache
def _whole(label: str) -> Kind:
    """A kind with its variants."""
    return next(kind for kind in load() if kind.label == label)


def alone(kind: Kind) -> list[dict[str, Any]]:
    """The manifests of a kind with what their references would be resolved to."""
    return [_resolved(kind, one) for one in samples(kind)]


def prepare(simulator: Simulator, kind: Kind, sample: dict[str, Any]) -> None:
    """Make the resources of other samples that one names, by plain calls, which aren't remembered as calls."""
    calls = len(simulator.calls)
    ours, done = _made_here.setdefault(simulator, set()), _done_by_hand.setdefault(simulator, {})
    for whole, needed in needs(sample):
        other = whole.meant(needed["spec"])
        for region in (PLACE["region"], *NAMED.get(kind.label, ("", "", ()))[2]):
            if not _is_there(simulator, other, needed, region):
                prepare(simulator, other, needed)
                with _ago(simulator, _AN_HOUR):
                    _make(simulator, other, needed, region)
                ours.add(needed["metadata"]["name"])
        owner, member, steps = _MADE_BY_HAND.get(kind.label, ("", "", ()))
        name, now = str(needed["metadata"]["name"]), simulator._clock()
        at = max([now - (_HALF if name in ours else 0.0), *(until for (_, one), until in done.items() if one == name)])
        meant = other.label == owner and _is_named(other, needed, sample) and (kind.label, name) not in done
        for operation, given in steps if meant else ():
            with _ago(simulator, now - at):
                _call(simulator, other, {member: arn(other, {"spec": needed["spec"]}, PLACE), **given}, operation)
            at += _SOON
            done[kind.label, name] = at
    del simulator.calls[calls:]


_made_here: WeakKeyDictionary[Simulator, set[str]] = WeakKeyDictionary()
_done_by_hand: WeakKeyDictionary[Simulator, dict[tuple[str, str], float]] = WeakKeyDictionary()
"""For what kind what was done to which sample's resource, and when that is over."""


@contextmanager
def _ago(simulator: Simulator, seconds: float) -> Iterator[None]:
    usual = simulator._clock
    simulator._clock = lambda: usual() - seconds
    yield
    simulator._clock = usual


def _is_there(simulator: Simulator, kind: Kind, sample: dict[str, Any], region: str) -> bool:
    binding, resource = kind.exists.binding, _resource(kind, sample)
    try:
        answer = _call(simulator, kind, params(kind, binding, resource), binding.operation, region)
    except AwsFault:
        return False
    return any(True for _ in matching(kind.exists, resource, answer))


def _make(simulator: Simulator, kind: Kind, sample: dict[str, Any], region: str = PLACE["region"]) -> dict[str, Any]:
    """Make a sample's resource, under the name that a sample's has that AWS names: what the status then tells."""
    with _chance(simulator, sample["metadata"]["name"]):
        call = creation(kind, Desired(sample["spec"])).calls[0]
        made = _call(simulator, kind, call.params, kind.create.operation, region)
    return seen(kind, kind.create, made)[1]


@contextmanager
def _chance(simulator: Simulator, seed: str) -> Iterator[None]:
    usual, simulator._random = simulator._random, Random(seed)
    yield
    simulator._random = usual


def _call(simulator: Simulator, kind: Kind, given: Any, operation: str, region: str = PLACE["region"]) -> Any:
    place = {"region": region, "account": PLACE["account"]}
    return simulator.call(kind.service.aws_name, operation, dict(given), **place)


def _resource(kind: Kind, sample: dict[str, Any]) -> dict[str, Any]:
    """A sample with what names its resource."""
    named = arn(kind, {"spec": sample["spec"]}, PLACE)
    status = {"ackResourceMetadata": {"arn": named}} if named else _told(kind.label, sample["metadata"]["name"])
    return {"spec": sample["spec"], "status": status}


@cache
def _told(label: str, name: str) -> dict[str, Any]:
    """What AWS tells of the neighbour that it names."""
    kind, sample = next(
        (kind, one)
        for kind in load()
        for one in (alone(kind) if kind.label == label else ())
        if one["metadata"]["name"] == name
    )
    scratch = Simulator()
    prepare(scratch, kind, sample)
    return _make(scratch, kind, sample)


def made_up(kind: Kind) -> bool:
    """Whether AWS makes up the names of a kind's resources, so that samples can't tell them."""
    found = kind.find is not None and kind.find.by is not By.TAG
    return kind.arn is None and not found and not names(kind, {})


def made(kind: Kind, spec: dict[str, Any]) -> int:
    """How many resources a spec comes to: its own, and what AWS makes along with it."""
    return 1 + sum(bool(spec.get(name)) for label, name in _ALONG if label == kind.label)


def values(ref: Reference) -> list[Any]:
    """What a reference takes of the samples of its target: all are made if one is needed."""
    return [get(_resource(kind, one), ref.source) for kind, one in _targets(ref)]


def _targets(ref: Reference) -> Iterator[Sample]:
    for kind in load([ref.service]) if ref.service in services() else ():
        yield from ((kind, one) for one in (samples(kind) if kind.name == ref.kind else ()))


def needs(sample: dict[str, Any]) -> Iterator[Sample]:
    """The samples whose ARN, or the name that AWS gives them, stands in one's spec, or whose names begin its own.

    Of a kind that it may refer to, all, so that another can take the place of the one.
    """
    return iter(_needs(json.dumps(sample)))


@cache
def _needs(text_of_it: str) -> tuple[Sample, ...]:
    sample: dict[str, Any] = json.loads(text_of_it)
    found: list[Sample] = []
    own = [kind for kind in load() if (kind.api_version, kind.name) == (sample["apiVersion"], sample["kind"])]
    resolved: dict[str, Any] = {"spec": next((_resolved(kind, sample)["spec"] for kind in own), {})}
    text = json.dumps(resolved)  # a test's own kind stands on nothing
    referred = {
        f"{ref.service}/{ref.kind}"
        for kind in own
        for ref in kind.references
        if any(get(resolved, ("spec", *place)) for place in places(resolved["spec"], ref.field[1:]))
    }
    by_name = [
        (ref, get(resolved, ("spec", *place)))
        for kind in own
        for ref in kind.references
        if ref.source[0] == "spec"
        for place in places(resolved["spec"], ref.field[1:])
    ]
    found += [called for kind in own for called in _called(kind, sample)]
    for kind in load():
        if made_up(kind) and kind.label not in referred:
            continue
        others = [other for other in samples(kind) if other["metadata"]["name"] != sample["metadata"]["name"]]
        needed = [
            other
            for other in others
            if any(_stands(name, text) for name in _names(kind, other))
            or any(_is_below(one, sample, kind, other) for one in own)
            or any(
                f"{ref.service}/{ref.kind}" == kind.label and value == get(other, ref.source) for ref, value in by_name
            )
        ]
        all_of_it = kind.label in referred and kind not in own
        found += [(kind, _resolved(kind, other)) for other in (others if all_of_it else needed)]
    return tuple(found)


def _is_below(kind: Kind, sample: dict[str, Any], above: Kind, other: dict[str, Any]) -> bool:
    """Whether what names one sample's resource is part of what names another's of the same service."""
    if kind.service != above.service or not {*above.identity} < {*kind.identity}:
        return False
    return all(get(sample, path) == get(other, path) for path in above.identity)


def _called(kind: Kind, sample: dict[str, Any]) -> Iterator[Sample]:
    """The samples of another kind that one calls by their name."""
    field, label, _ = NAMED.get(kind.label, ("", "", ()))
    for other in load():
        for one in alone(other) if other.label == label else ():
            if [one["spec"][path[1]] for path in other.identity] == [sample["spec"].get(field)]:
                yield other, one


def _is_named(kind: Kind, needed: dict[str, Any], sample: dict[str, Any]) -> bool:
    """Whether a sample names another's resource, by its ARN or less."""
    text = json.dumps(sample)
    return any(_stands(name.rpartition(":")[2], text) for name in _names(kind, needed))


def _stands(name: str, text: str) -> bool:
    return bool(re.search(re.escape(name) + r"(?![\w-])", text))


def _names(kind: Kind, sample: dict[str, Any]) -> list[str]:
    """What names a sample's resource in others' specs."""
    if not made_up(kind):
        named = arn(kind, {"spec": sample["spec"]}, PLACE)
        return [named] if named else []
    resource = _resource(kind, sample)
    return [str(get(resource, path)) for path in kind.identity if path[0] == "status"]


def depth(sample: dict[str, Any]) -> int:
    """How many samples must be there, one after the other, before this one."""
    return max((1 + depth(other) for _, other in needs(sample)), default=0)


def _resolved(kind: Kind, sample: dict[str, Any]) -> dict[str, Any]:
    spec = sample["spec"]
    for ref in kind.references:
        for place in places(spec, ref.ref[1:]):
            given = get(spec, place)
            if given is None:
                continue
            value = [_value(ref, one) for one in given] if ref.many else _value(ref, given)
            spec = with_value(with_value(spec, place, None), (*place[:-1], ref.field[-1]), value)
    return {**sample, "spec": spec}


def _value(ref: Reference, given: dict[str, Any]) -> Any:
    """What a reference takes of its target's sample; None where a test makes the target itself."""
    for kind in load():
        for sample in samples(kind) if (kind.service.alias, kind.name) == (ref.service, ref.kind) else ():
            if sample["metadata"]["name"] == (given.get("from") or {}).get("name"):
                return get(_resource(kind, sample), ref.source)
    return None

"""The sample manifests, as the README and the reference pages show them, and what each stands on."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ackpy.kinds.model import Kind, Reference
from ackpy.kinds.paths import get, places, with_value
from ackpy.kinds.registry import load
from ackpy.plan.decide import Desired, creation
from ackpy.sandbox.simulator import AwsFault, Simulator
from ackpy.wire.call import arn, params

FOLDER = Path(__file__).parent.parent.parent / "samples"
PLACE = {"partition": "aws", "region": "us-east-1", "account": "123456789012"}
_ARN = ("status", "ackResourceMetadata", "arn")

Sample = tuple[Kind, dict[str, Any]]

# What no object makes, and a sample says that it is there: the operation, how often, and the input beside the ARN.
_MADE_BY_HAND = {"sfn/StateMachineAlias": ("PublishStateMachineVersion", 2, "stateMachineArn")}


@cache
def _manifests(service: str) -> tuple[dict[str, Any], ...]:
    files = sorted((FOLDER / service).glob("*.yaml"))
    return tuple(one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")))


def samples(kind: Kind) -> list[dict[str, Any]]:
    """The manifests of a kind."""
    return [one for one in _manifests(kind.service.alias) if one["kind"] == kind.name]


def alone(kind: Kind) -> list[dict[str, Any]]:
    """The manifests of a kind with what their references would be resolved to."""
    return [_resolved(kind, one) for one in samples(kind)]


def prepare(simulator: Simulator, kind: Kind, sample: dict[str, Any]) -> None:
    """Make the resources of other samples that one names, by plain calls, which aren't remembered as calls."""
    calls = len(simulator.calls)
    for other, needed in needs(sample):
        prepare(simulator, other, needed)
        if not _is_there(simulator, other, needed):
            _call(simulator, other, creation(other, Desired(needed["spec"])).calls[0].params, other.create.operation)
        if kind.label in _MADE_BY_HAND:
            operation, times, member = _MADE_BY_HAND[kind.label]
            for _ in range(times):
                _call(simulator, other, {member: arn(other, {"spec": needed["spec"]}, PLACE)}, operation)
    del simulator.calls[calls:]


def _is_there(simulator: Simulator, kind: Kind, sample: dict[str, Any]) -> bool:
    spec = sample["spec"]
    resource = {"spec": spec, "status": {"ackResourceMetadata": {"arn": arn(kind, {"spec": spec}, PLACE)}}}
    try:
        _call(simulator, kind, params(kind, kind.exists.binding, resource), kind.exists.binding.operation)
    except AwsFault:
        return False
    return True


def _call(simulator: Simulator, kind: Kind, given: Any, operation: str) -> None:
    place = {"region": PLACE["region"], "account": PLACE["account"]}
    simulator.call(kind.service.aws_name, operation, dict(given), **place)


def needs(sample: dict[str, Any]) -> Iterator[Sample]:
    """The samples whose ARN stands in one's spec."""
    own = [kind for kind in load() if (kind.api_version, kind.name) == (sample["apiVersion"], sample["kind"])]
    text = "".join(json.dumps(_resolved(kind, sample)["spec"]) for kind in own)  # a test's own kind stands on nothing
    for kind in load():
        for other in alone(kind):
            named = arn(kind, {"spec": other["spec"]}, PLACE)
            if (
                named
                and other["metadata"]["name"] != sample["metadata"]["name"]
                and re.search(re.escape(named) + r"(?![\w-])", text)
            ):
                yield kind, other


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
                by_arn = ref.source == _ARN
                return arn(kind, {"spec": sample["spec"]}, PLACE) if by_arn else get(sample, ref.source)
    return None

"""What AWS does, told once as steps, for every door: in process, over HTTP, and moto where moto is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from operator import getitem
from typing import Any

Params = dict[str, Any]
CallAws = Callable[[str, str, Params], Params]


class Refused(Exception):  # noqa: N818 (the doors' common word for an error)
    """An operation answered an error, whatever the door it came through."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Step:
    """One call: what its answer must contain, what it must not, or the code of its error.

    What stands in the answer at the path `keep` is kept under its last name: later steps write it `{Name}`.
    """

    operation: str
    params: Params
    answer: Params | None = None
    lacks: str = ""
    code: str = ""
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wait:
    """Time that passes."""

    seconds: float = 1.0


@dataclass(frozen=True)
class Scenario:
    """Steps on a fresh AWS. `not_moto` is the reason why moto does otherwise."""

    name: str
    service: str
    steps: tuple[Step | Wait, ...]
    not_moto: str = ""


def run(scenario: Scenario, call: CallAws, wait: Callable[[float], None] = lambda _: None) -> None:
    """Do the steps through a door and hold every answer against what was told."""
    kept: Params = {}
    for told in scenario.steps:
        if isinstance(told, Wait):
            wait(told.seconds)
            continue
        step = replace(told, params=_filled(told.params, kept), answer=_filled(told.answer, kept))
        answer, code = _outcome(call, scenario.service, step)
        assert code == step.code, (step, answer)
        assert step.lacks not in answer, (step, answer)
        assert code or _contains(answer, step.answer or {}), (step, answer)
        if step.keep and not code:
            kept[step.keep[-1]] = reduce(getitem, step.keep, answer)


def _filled(value: Any, kept: Params) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, kept) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, kept) for inner in value]
    if isinstance(value, str):
        for name, known in kept.items():
            value = value.replace(f"{{{name}}}", str(known))
    return value


def _outcome(call: CallAws, service: str, step: Step) -> tuple[Params, str]:
    try:
        return call(service, step.operation, step.params), ""
    except Refused as refused:
        return {}, refused.code


def _contains(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(_contains(found.get(name), value) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(_contains, found, expected))
    return bool(found == expected)

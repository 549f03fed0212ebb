"""What Lambda's rules share: names, revisions, what is well-formed, and what a qualifier stands for."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ackpy.sandbox.simulator.faults import AwsFault
from ackpy.sandbox.simulator.models import operation_model
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, Slot, instant

LATEST = "$LATEST"
_DATED = ("code", "config")


def name(given: object) -> str:
    """The function's name: it may be given as an ARN, or half of one."""
    return str(given).rpartition("function:")[2].partition(":")[0]


def arn(request: Request, *parts: str) -> str:
    """The ARN of a function, or of what belongs to one."""
    return ":".join((f"arn:aws:lambda:{request.region}:{request.account}:function", *parts))


def shown(seconds: float) -> str:
    """A time as Lambda writes it in texts."""
    return instant(seconds).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def revision(*what: object) -> str:
    """An id that is another after each change of what it stands for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(what, sort_keys=True, default=str)))


def held(request: Request) -> Slot:
    """The function, version or alias that the input names.

    Raises:
        AwsFault: it isn't there.
    """
    function, qualifier = name(request.params["FunctionName"]), str(request.params.get("Qualifier", LATEST))
    if qualifier == LATEST:
        slot = request.other("Function", function)
    else:
        slot = request.other("Version" if qualifier.isdigit() else "Alias", f"{function}:{qualifier}")
    if request.other("Function", function).current is None or slot.current is None:
        raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function, qualifier)}")
    return slot


def seen(request: Request) -> Resource:
    """As `held`, as a reader sees it.

    Raises:
        AwsFault: it isn't there.
    """
    found = held(request).look(request.now)
    if found is None:
        raise request.fault("ResourceNotFoundException", "Function not found")
    return found


def keep(request: Request, slot: Slot, part: str, value: object, *, busy: float | None = None) -> None:
    """Replace a part of what a slot holds; None removes it. What stands beside a function changes no date of it."""
    assert slot.current is not None
    parts = {**slot.current.parts, part: value}
    until = slot.current.busy if busy is None else busy
    modified = request.now if part in _DATED else slot.current.modified
    made = replace(slot.current, parts=parts, modified=modified, busy=until)
    slot.write(made, request.lags.changed, request.now)


def well_formed(request: Request) -> None:
    """Lambda holds every member against its model's constraints.

    Raises:
        AwsFault: one doesn't fit.
    """
    for said in _misfits(operation_model("lambda", request.operation).input_shape, request.params, ""):
        raise request.fault("ValidationException", f"1 validation error detected: {said}")


def refuse(request: Request, message: str) -> AwsFault:
    """What Lambda answers where values don't make sense."""
    return request.fault("InvalidParameterValueException", message)


def without(value: Answer, *, empty: object = ("", [], {}, None)) -> Answer:
    """An answer without members that hold nothing."""
    return {member: inner for member, inner in value.items() if inner not in empty}  # type: ignore[operator]


def _misfits(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for member, inner in value.items():
            yield from _misfits(shape.members.get(member), inner, f"{path}.{member}")
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), path)
        for inner in value:
            yield from _misfits(shape.member, inner, path)
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from _misfits(shape.key, key, path)
            yield from _misfits(shape.value, inner, path)
    elif isinstance(value, bool) or shape is None:
        return
    elif isinstance(value, int | float):
        yield from _size(shape, value, path)
    elif isinstance(value, str | bytes):
        yield from _size(shape, len(value), path)
        pattern = shape.metadata.get("pattern")
        if isinstance(value, str) and pattern and not _pattern(pattern).fullmatch(value):
            yield f"Value at '{path}' failed to satisfy constraint: {pattern}"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of the model, which is written in Java's words."""
    for java, python in (("\\p{L}", "\\w"), ("\\p{Z}", "\\s"), ("\\p{N}", "\\d")):
        text = text.replace(java, python)
    return re.compile(text)


def _size(shape: Shape, size: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"Value at '{path}' failed to satisfy constraint: from {least} to {most}"


def mine(request: Request, resource: Resource) -> bool:
    """Whether a resource is of the caller's account, in its region."""
    return (resource.account, resource.region) == (request.account, request.region)

"""Reading services' files: they name operations and members only, and are held against botocore's model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from botocore.model import OperationNotFoundError

from ackpy.sandbox.simulator.definition import (
    Action,
    Create,
    FaultText,
    Form,
    Kind,
    Listing,
    Pages,
    Part,
    Requirement,
    Scope,
    Service,
    Setting,
)
from ackpy.sandbox.simulator.models import members, operation_model


class DefinitionError(ValueError):
    """A service file says what can't be: the message names the file, the entry and what was expected."""


@cache
def services() -> tuple[str, ...]:
    """The names of all simulated services."""
    folder = files("ackpy.sandbox.simulator") / "services"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


@cache
def load(service: str) -> Service:
    """Read a service's file.

    Raises:
        DefinitionError: if it can't be as it says, or names what botocore's model hasn't.
        FileNotFoundError: if there is no such file.
    """
    text = (files("ackpy.sandbox.simulator") / "services" / f"{service}.yaml").read_text(encoding="utf-8")
    return parse(service, text)


def parse(service: str, text: str) -> Service:
    """Read the text of a service's file.

    Raises:
        DefinitionError: as `load`.
    """
    try:
        data = yaml.safe_load(text)
        kinds = {name: _kind(entry) for name, entry in data["kinds"].items()}
        faults = {name: FaultText(name, **entry) for name, entry in data["faults"].items()}
        actions: dict[str, tuple[Action, ...]] = {}
        for operation, action in _actions(kinds):
            actions[operation] = (*actions.get(operation, ()), action)
        result = Service(service, faults, data["throttled"], data["invalid"], actions, kinds, data.get("beyond", {}))
    except (TypeError, KeyError, ValueError, yaml.YAMLError) as error:
        raise DefinitionError(
            f"services/{service}.yaml: {error}; see definition.py for what an entry may say"
        ) from error
    for operation, several in actions.items():
        for action in several:
            _check_operation(result, operation, action)
    return result


def _kind(entry: dict[str, Any]) -> Kind:
    listing = entry.get("listing", {})
    return Kind(
        **{
            **entry,
            "scope": Scope(entry["scope"]),
            "create": Create(**entry.get("create", {})),
            "listing": Listing(**{**listing, "pages": Pages(**listing.get("pages", {}))}),
            "parts": {name: _part(part) for name, part in entry["parts"].items()},
        }
    )


def _part(entry: dict[str, Any]) -> Part:
    return Part(
        **{
            **entry,
            "form": Form(entry.get("form", "value")),
            "pages": Pages(**entry.get("pages", {})),
            "settings": {name: Setting(**setting) for name, setting in entry.get("settings", {}).items()},
            "requires": tuple(Requirement(**requirement) for requirement in entry.get("requires", ())),
        }
    )


_VERBS = {
    Form.VALUE: {"put": "put", "get": "get", "remove": "remove"},
    Form.CHILDREN: {"put": "put_child", "get": "get_child", "remove": "remove_child", "list": "list_children"},
    Form.SET: {"put": "add", "remove": "take", "list": "list_members"},
    Form.MAP: {"put": "merge", "get": "select", "remove": "drop"},
    Form.RECORD: {"put": "update", "get": "show"},
}

_ENTRY_VERBS = {"put": "merge", "get": "pick", "remove": "drop_one", "list": "list_names"}


def _actions(kinds: Mapping[str, Kind]) -> Iterator[tuple[str, Action]]:
    for name, kind in kinds.items():
        if kind.create.operation:
            yield kind.create.operation, Action("create", name, kind)
        if kind.delete:
            yield kind.delete, Action("delete", name, kind)
        if kind.listing.operation:
            yield kind.listing.operation, Action("list", name, kind)
        for operation in kind.describe:
            yield operation, Action("describe", name, kind)
        for operation, verb in kind.more.items():
            yield operation, Action(verb, name, kind)
        for part_name, part in kind.parts.items():
            for role, verb in (_ENTRY_VERBS if part.form is Form.MAP and part.items else _VERBS[part.form]).items():
                if operation := getattr(part, role):
                    yield operation, Action(verb, name, kind, part_name, part)


def _check_operation(service: Service, operation: str, action: Action) -> None:
    where = f"services/{service.name}.yaml: {action.kind_name} {action.part_name} {operation}"
    try:
        model = operation_model(service.name, operation)
    except OperationNotFoundError as error:
        raise DefinitionError(f"{where}: botocore's model has no such operation") from error
    part, inputs, outputs = action.part, members(model.input_shape), members(model.output_shape)
    wanted = {
        "put": [(inputs, part.member)],
        "put_child": [(inputs, part.member), (inputs, part.ids)],
        "merge": [(inputs, part.member), *((inputs, member) for member in part.entry)],
        "update": [(inputs, next((member for member in part.members if member in inputs), part.members[0]))]
        if part.members
        else [],
        "show": [(outputs, part.out)],
        "get": [(outputs, part.out)],
        "get_child": [(inputs, part.ids), (outputs, part.out)],
        "remove_child": [(inputs, part.ids)],
        "list_children": [(outputs, part.items)],
        "select": [(inputs, part.select), (outputs, part.out)],
        "drop": [(inputs, part.keys)],
        "add": [(inputs, part.member)],
        "take": [(inputs, part.member)],
        "list_members": [(outputs, part.items)],
        "pick": [(inputs, part.entry[0] if part.entry else "")],
        "drop_one": [(inputs, part.entry[0] if part.entry else "")],
        "list_names": [(outputs, part.items)],
        "list": [(outputs, action.kind.listing.items)],
    }
    for shape, member in wanted.get(action.verb, []):
        if member and member not in shape:
            raise DefinitionError(f"{where}: no member {member}; there are {', '.join(shape)}")
    named = [
        action.kind.absent,
        action.kind.malformed,
        action.kind.create.exists,
        part.absent,
        part.unknown,
        part.invalid,
        part.gone,
        *(need.fault for need in part.requires),
    ]
    for fault in named:
        if fault and fault not in service.faults:
            raise DefinitionError(f"{where}: the fault {fault} is not among `faults`")

"""A service's behaviour as data: `services/<service>.yaml` → Service. What the files may say is what is declared here.

A file names operations and members only; botocore's model tells their shapes, and loading holds one against the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from botocore.model import OperationNotFoundError

from ackpy.sandbox.simulator.faults import AwsFault
from ackpy.sandbox.simulator.models import members, operation_model
from ackpy.sandbox.simulator.world import Key

Template = Mapping[str, object]


class DefinitionError(ValueError):
    """A service file says what can't be: the message names the file, the entry and what was expected."""


class Scope(StrEnum):
    """Where a key is unique."""

    GLOBAL = "global"
    ACCOUNT = "account"
    REGION = "region"

    def key(self, account: str, region: str, key: str) -> Key:
        """The key under which the world keeps a resource."""
        match self:
            case Scope.GLOBAL:
                return (key,)
            case Scope.ACCOUNT:
                return (account, key)
            case Scope.REGION:
                return (account, region, key)


class Form(StrEnum):
    """How a part is stored: one VALUE, CHILDREN with an id each, a SET, a MAP or a RECORD that writes are merged into.

    A RECORD is what a create takes and a describe answers: some of the create's own input members.
    """

    VALUE = "value"
    CHILDREN = "children"
    SET = "set"
    MAP = "map"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class FaultText:
    """An error's client-visible code (the model's name if not said), HTTP status and text; {key} is filled in."""

    name: str
    message: str
    status: int = 400
    code: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A put is refused with `fault` unless another part's member has the value."""

    part: str
    member: str
    value: str
    fault: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What one entry of a map may be: a whole number in a range, one of some texts, a JSON document or a policy."""

    range: tuple[int, int] | None = None
    one_of: tuple[str, ...] = ()
    document: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """How a list is cut: input members for size and token, output members for the next token and for "truncated"."""

    size: str = ""
    token: str = ""
    next: str = ""
    truncated: str = ""
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a resource has, and the operations that put, get, remove and list it.

    Attributes:
        member: the put's input member that carries it.
        out: the get's output member; "" where the members of the value are the output's own.
        absent: the fault of a get of nothing; without it nothing is an empty answer.
        initial: what a new resource has (a template).
        reset: a removal brings `initial` back.
        empty_is_absent: a value without content is nothing.
        fill: members that AWS adds where they aren't given, by the path of a list ("" is the value itself).
        generate: the member of each item of a list for which AWS makes an id.
        document: the value is the text of a "policy" or of another "json" document.
        shuffled: a list whose order AWS doesn't keep.
        requires: what other parts must say first.
        ids: CHILDREN: the member with the id, of the input and of the child; `invalid` is the fault if they differ.
        items, pages: CHILDREN: the list's output member, and how it is paged.
        keys: MAP: the removal's input member with the keys.
        select: MAP: the get's input member with the wanted keys; "All" means all, none given means none.
        live: MAP: entries rendered anew at each get.
        settings: MAP: the entries that may be put; none declared means any.
        unknown, invalid: the faults of an entry that there isn't, or that has a wrong value.
        blank_removes: MAP: an empty text removes the entry.
        pairs: MAP: on the wire it is a list of pairs, of which these members are name and value (tags: [Key, Value]).
        entry: MAP: a put's input members with the name and the value of one entry (PutRolePolicy: [PolicyName,
            PolicyDocument]); a put without the value removes the entry. `get`, `remove` and `list` then are of one
            entry, of one entry, and of the names (in `items`); `out` is a member that answers who has it.
        item: SET: what its list shows of a member (a template with {one}); its put adds `member`, its remove takes it
            away, and `absent` is the fault of one that there isn't.
        secret: MAP: entries that a get never shows.
        gone: the fault of this part's operations where the resource isn't there, if not the kind's.
        members: RECORD: the input members of the creation and of the put that it keeps; its get answers those that its
            output has too, and `live`, within `out` if that is said (DescribeKey: KeyMetadata). Example:
            `description: {form: record, put: UpdateX, get: DescribeX, members: [Description], live: {Arn: "{arn}"}}`
        answer: RECORD: a template for the put's answer.
    """

    form: Form = Form.VALUE
    put: str = ""
    get: str = ""
    remove: str = ""
    list: str = ""
    member: str = ""
    out: str = ""
    absent: str = ""
    initial: object = None
    reset: bool = False
    empty_is_absent: bool = False
    fill: Mapping[str, Template] = field(default_factory=dict)
    generate: Mapping[str, str] = field(default_factory=dict)
    document: str = ""
    shuffled: str = ""
    requires: tuple[Requirement, ...] = ()
    ids: str = ""
    items: str = ""
    pages: Pages = field(default_factory=Pages)
    keys: str = ""
    select: str = ""
    live: Template = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    unknown: str = ""
    invalid: str = ""
    blank_removes: bool = False
    pairs: tuple[str, ...] = ()
    entry: tuple[str, ...] = ()
    item: object = "{one}"
    secret: tuple[str, ...] = ()
    gone: str = ""
    members: tuple[str, ...] = ()
    answer: Template = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Create:
    """The operation that makes a resource.

    Attributes:
        key: the input member that names it.
        exists: the fault when it is there already.
        answer: a template.
        parts: input members that come along as parts.
        again: parts, or members of one ("record.type"), that a second creation must repeat to be answered as the first
            was; without it a second one is always refused.
    """

    operation: str
    key: str
    exists: str
    answer: Template = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    again: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The operation that lists resources.

    Attributes:
        items, item: the output member, and a template for each of its items.
        also: a template for the rest of the answer.
        prefix: the input member with which keys must begin.
        filters: input members that must equal a view.
        omit_empty: an empty list isn't in the answer.
        below: the input member that names the parent whose children are wanted.
    """

    operation: str
    items: str
    item: object
    also: Template = field(default_factory=dict)
    prefix: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    omit_empty: bool = False
    below: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource.

    Attributes:
        delete: the operation that deletes one; "" where a rule for another one does.
        address: input members that name it, each with the separator after whose last occurrence the key stands.
        compound: input members that name it together, instead of one of `address`.
        names: input members that name it together, each with what stands for it where it is unset; `joined` joins them,
            and of an ARN the last part counts.
        views: texts made from {key}, {account}, {region}, {canonical}, for the templates.
        owner: the input member that says whose it must be.
        absent, elsewhere, foreign: the faults when it isn't there, is in another region or another account's.
        anywhere: operations that every region answers.
        describe: operations that only answer a template.
        arn: what its ARN looks like (a regular expression), where operations serve several kinds;
            a group named `key` is the key, where no separator tells it (`(?P<key>[^/]+/[^/]+)`).
        malformed: the fault of an ARN that looks like none of an operation's kinds.
        parent, joined: the kind it stands below, and what joins the parent's key and its own; its key begins with the
            parent's, and it is deleted with the parent.
        forgiving: to delete what isn't there succeeds.
        lingers: what was deleted is there for some time yet, until a rule's `Resource.ends`.
        more: further operations that do one of the verbs, as a rule prepares (CreateServiceLinkedRole: create).
    """

    scope: Scope
    address: Mapping[str, str]
    absent: str
    create: Create
    delete: str
    listing: Listing
    parts: Mapping[str, Part]
    names: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    elsewhere: str = ""
    foreign: str = ""
    anywhere: tuple[str, ...] = ()
    describe: Mapping[str, Template] = field(default_factory=dict)
    arn: str = ""
    malformed: str = ""
    parent: str = ""
    joined: str = ":"
    forgiving: bool = False
    lingers: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    compound: tuple[str, ...] = ()

    def named(self, params: Mapping[str, object]) -> str:
        """The key that an input names; "" if it names none."""
        if self.compound:
            return "|".join(str(params.get(member, "")) for member in self.compound)
        if self.names:
            return self.joined.join(str(params.get(one, unset)).rpartition(":")[2] for one, unset in self.names.items())
        for member, separator in {self.create.key: "", **self.address}.items():
            if member in params:
                value = str(params[member])
                match = re.fullmatch(self.arn, value) if separator and self.arn else None
                if match and "key" in match.groupdict():
                    return match["key"]
                return value.rpartition(separator)[2] if separator else value
        return ""

    def fits(self, params: Mapping[str, object]) -> bool:
        """Whether the ARN that an input names, if any, is one of this kind."""
        given = [str(params[member]) for member, separator in self.address.items() if separator and member in params]
        return all(re.fullmatch(self.arn, value) for value in given) if self.arn else True


@dataclass(frozen=True, slots=True)
class Action:
    """What an operation does: the verb, and the kind and part it does it to."""

    verb: str
    kind_name: str
    kind: Kind
    part_name: str = ""
    part: Part = field(default_factory=Part)


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its faults, the one for throttling, those for values that no enum has, and its operations."""

    name: str
    faults: Mapping[str, FaultText]
    throttled: str
    invalid: Mapping[str, str]
    actions: Mapping[str, tuple[Action, ...]]
    kinds: Mapping[str, Kind]

    def fault(self, name: str, message: str = "", key: str = "") -> AwsFault:
        """The fault of this name; `message` is said instead of its text."""
        text = self.faults[name]
        return AwsFault(text.code or name, message or text.message.format(key=key), text.status, name=name)


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
        result = Service(service, faults, data["throttled"], data["invalid"], actions, kinds)
    except (TypeError, KeyError, ValueError, yaml.YAMLError) as error:
        raise DefinitionError(
            f"services/{service}.yaml: {error}; see definition.py for what an entry may say"
        ) from error
    for operation, several in actions.items():
        for action in several:
            _check_operation(result, operation, action)
    return result


def _kind(entry: dict[str, Any]) -> Kind:
    return Kind(
        **{
            **entry,
            "scope": Scope(entry["scope"]),
            "create": Create(**entry["create"]),
            "listing": Listing(**{**entry["listing"], "pages": Pages(**entry["listing"].get("pages", {}))}),
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
        yield kind.create.operation, Action("create", name, kind)
        if kind.delete:
            yield kind.delete, Action("delete", name, kind)
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

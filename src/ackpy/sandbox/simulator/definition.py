"""A service's behaviour as data. What `services/<service>.yaml` may say is what is declared here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ackpy.sandbox.simulator.faults import AwsFault
from ackpy.sandbox.simulator.world import Key

Template = Mapping[str, object]


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

    operation: str = ""
    key: str = ""
    exists: str = ""
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

    operation: str = ""
    items: str = ""
    item: object = None
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
        pattern: what its keys look like (a regular expression), where operations serve several kinds and no ARN tells
            them apart; that of the first one that fits is meant.
        home: the service and the kind whose resources these are ("s3/DirectoryBucket"): nothing is created here.
        forgiving: to delete what isn't there succeeds.
        lingers: what was deleted is there for some time yet, until a rule's `Resource.ends`.
        more: further operations that do one of the verbs, as a rule prepares (CreateServiceLinkedRole: create).
    """

    scope: Scope
    address: Mapping[str, str]
    absent: str
    parts: Mapping[str, Part]
    create: Create = field(default_factory=Create)
    delete: str = ""
    listing: Listing = field(default_factory=Listing)
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
    pattern: str = ""
    home: str = ""

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
        """Whether the ARN, or the key, that an input names, if any, is one of this kind."""
        if self.pattern and (key := self.named(params)):
            return bool(re.fullmatch(self.pattern, key))
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
    """A service: its faults, the one for throttling, those for values that no enum has, and its operations.

    Attributes:
        invalid: the faults for values that no enum has, by shape, or operation and shape, or "default".
        beyond: the values of enums, by shape, that AWS takes and botocore's model doesn't know.
    """

    name: str
    faults: Mapping[str, FaultText]
    throttled: str
    invalid: Mapping[str, str]
    actions: Mapping[str, tuple[Action, ...]]
    kinds: Mapping[str, Kind]
    beyond: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fault(self, name: str, message: str = "", key: str = "") -> AwsFault:
        """The fault of this name; `message` is said instead of its text."""
        text = self.faults[name]
        return AwsFault(text.code or name, message or text.message.format(key=key), text.status, name=name)

"""What a kind is: the value that definitions and botocore's service models compile to.

Everything here is immutable data. wire builds and reads calls from it, plan decides with it, crd prints it, and the
controller only passes it on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from botocore.model import OperationModel, ServiceModel

from ackpy.kinds.paths import Json, Path, get
from ackpy.kinds.schema import Field


@dataclass(frozen=True, slots=True)
class Service:
    """One AWS service.

    Attributes:
        alias: names the API group.
        model: botocore's description of it.
        models: those of all services, for parts that another one serves.
    """

    alias: str
    model: ServiceModel
    models: Mapping[str, ServiceModel] = field(default_factory=dict, repr=False, compare=False)

    @property
    def group(self) -> str:
        """The API group, e.g. `s3.services.k8s.aws`."""
        return f"{self.alias}.services.k8s.aws"

    @property
    def aws_name(self) -> str:
        """botocore's name of the service."""
        return self.model.service_name


@dataclass(frozen=True, slots=True)
class Link:
    """One value's way between an AWS path and a path in the object.

    The empty AWS path is the whole input or output. In the object's path, `[]` is the one element of a list that a call
    is about.
    """

    aws: Path
    field: Path


@dataclass(frozen=True, slots=True)
class Binding:
    """An AWS operation, what fills its input and where its output goes."""

    operation: str
    inputs: tuple[Link, ...] = ()
    outputs: tuple[Link, ...] = ()
    constants: Mapping[str, Json] = field(default_factory=dict)


class By(StrEnum):
    """How a resource whose identity isn't recorded is told from others in a list, where no name does.

    TAG: it bears the tag with its object's uid, which creation sends. SPEC: it shows what the spec says, and no more.
    """

    TAG = "tag"
    SPEC = "spec"


@dataclass(frozen=True, slots=True)
class Read:
    """A call that observes.

    Attributes:
        binding: the operation; outputs start from the matched element where `items` is given.
        absent: error codes that say "this part isn't there" (while the resource may well be).
        items: the output member that holds a list of resources, of which `match` picks one.
        match: member of an element → path in the object that it must equal. Without any, the first is meant: the call
            asked for it alone.
        ends: member of an element, an ARN → path in the object that its last part must equal.
        each: the read that tells what the names say that this one lists.
        by: what tells the resource from the others that are listed, where `match` and `ends` don't.
    """

    binding: Binding
    absent: tuple[str, ...] = ()
    items: str | None = None
    match: Mapping[str, Path] = field(default_factory=dict)
    ends: Mapping[str, Path] = field(default_factory=dict)
    each: Each | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True)
class Each:
    """A read for each name of a list, whose answers make a map.

    Attributes:
        listed: the output member of the listing read that holds the names.
        binding: what is asked for each.
        name: the input member that takes the name.
        value: where the answer holds the value.
    """

    listed: str
    binding: Binding
    name: str
    value: Path


@dataclass(frozen=True, slots=True)
class InForce(Each):
    """A read for the one of the listed versions that is in force.

    Attributes:
        name: also the member of a listed version that holds its name.
        in_force: the member that tells whether it is in force.
        created: the member that tells when it was made.
    """

    in_force: str
    created: str


class Form(StrEnum):
    """The shapes that a part of a resource has in AWS APIs (DESIGN, "Parts")."""

    ATTRIBUTES = "attributes"
    BODY = "body"
    CHILDREN = "children"
    ENTRIES = "entries"
    FIXED = "fixed"
    SET = "set"
    SUB_RESOURCE = "sub_resource"
    TAGS = "tags"
    TOGGLE = "toggle"
    VERSIONS = "versions"
    SECRET = "secret"  # noqa: S105 - the name of a form


@dataclass(frozen=True, slots=True)
class Part:
    """A group of spec fields that AWS reads, writes and removes together.

    Attributes:
        name: as the definition calls it.
        form: how differences become calls.
        fields: the names of the spec fields that it owns.
        read: how it is observed; None where the kind's own read fills it, and for SECRET, which AWS never shows.
        put: writes it; for CHILDREN, ENTRIES and SET one element, for TAGS those that it adds; for TOGGLE it switches
            on. What is FIXED only creation writes.
        remove: takes it away, in the same measure; for TAGS keys. For TOGGLE it switches off; for BODY it writes what
            clears the part where none of its fields is set.
        after: parts that are written before this one (and removed after it).
        one_each: for ATTRIBUTES, the input members that take name and value where each goes alone.
        changed_only: for BODY, only members that differ are sent (beside the required ones).
        exclusive: after a call of this part AWS is looked at before the next exclusive one.
        any_state: written in states in which the rest waits.
        before_delete: taken away before the resource can be deleted.
        update: for CHILDREN, changes members of an element that is there; None where `put` writes it whole.
        already: what AWS's refusals say where a call asks for what is so already: then it is done.
        joins: parts whose changes of elements that are there go along in this part's call.
        only_one: for SET, it holds one member at most, and the field is no list.
        adds_first: for CHILDREN, new elements come before others go: with its last one the resource would be gone.
        renews: for CHILDREN, an element that is there is taken away before it is written otherwise.
        most: for VERSIONS, how many AWS keeps; the oldest goes before one more is made.
        advice: what helps where AWS refuses a call of this part, by the code of its answer.
    """

    name: str
    form: Form
    fields: tuple[str, ...]
    put: Binding
    read: Read | None = None
    remove: Binding | None = None
    after: tuple[str, ...] = ()
    one_each: tuple[str, str] | None = None
    changed_only: bool = False
    exclusive: bool = False
    any_state: bool = False
    before_delete: bool = False
    update: Binding | None = None
    joins: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    only_one: bool = False
    adds_first: bool = False
    renews: bool = False
    most: int = 0
    advice: Mapping[str, str] = field(default_factory=dict)

    def operations(self) -> set[str]:
        """The names of all operations that read, write or remove it."""
        reads = (self.read.binding, self.read.each and self.read.each.binding) if self.read else ()
        return {one.operation for one in (self.put, self.remove, self.update, *reads) if one}


@dataclass(frozen=True, slots=True)
class States:
    """What a member of the status says of what the resource is about.

    Attributes:
        path: where it stands; with a list mark, of each element.
        ready: the states in which the resource counts as synced and may be changed. In all others calls wait.
        failed: the states that only another spec, or a person, ends: Terminal.
        creating: the states in which a creation is under way: even what any state takes waits.
        holding: the states in which AWS refuses a deletion, which therefore waits.
        deleting: the states in which a deletion is under way and isn't sent again.
        gone: the states in which a deletion is over, whatever AWS still shows. What is in one that isn't `ready` isn't
            there any more, whoever deleted it.
    """

    path: Path
    ready: tuple[str, ...]
    failed: tuple[str, ...] = ()
    creating: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    deleting: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def over(self, state: Json) -> bool:
        """Whether a resource in this state is as good as gone."""
        return state in self.gone and state not in self.ready


@dataclass(frozen=True, slots=True)
class Option:
    """An annotation of an object that fills a member of the deletion's input.

    Attributes:
        annotation: its whole name.
        member: the input member.
        default: what is sent where the annotation is absent or can't be read; its type is the member's.
    """

    annotation: str
    member: str
    default: Json


@dataclass(frozen=True, slots=True)
class Reference:
    """A field whose value may come from another object.

    Attributes:
        field: what is filled; list marks in it mean every element.
        ref: the reference, beside it.
        service, kind: of the target.
        source: where the value is read in the target.
        required: one of the two must be given.
        many: `ref` is a list of references, and `field` of their values.
        skip_state_check: the target needn't be synced. What isn't there yet is added later: the creation doesn't wait.
    """

    field: Path
    ref: Path
    service: str
    kind: str
    source: Path
    required: bool = False
    many: bool = False
    skip_state_check: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Tags:
    """Where a kind keeps its tags: a map, or a list of pairs with these member names."""

    path: Path
    key: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Resources of a kind that AWS serves otherwise, under the same API.

    Attributes:
        where: path in the spec → what must be found there (a regular expression).
        kind: what they are.
    """

    where: Mapping[Path, str]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource, whole.

    Attributes:
        identity: paths (of spec or status) whose values name the resource to AWS.
        exists: the read that tells whether the resource is there; its outputs fill spec and status too.
        find: a read that fills the identity where it isn't recorded (after a crash in creation), or None.
        create, delete: the operations.
        parts: in the order in which they are written.
        not_found: codes that mean that the resource doesn't exist.
        terminal: codes after which only another spec helps.
        adoption: identifiers of what is adopted, each with the path that it fills; the optional ones needn't be given.
        arn: a template with {partition}, {region}, {account}, {spec.…} and {status.…}, where these tell the ARN.
        states: what the resource may be busy with; all must be ready.
        options: annotations that the deletion follows.
        protected: the boolean in the spec that keeps AWS from deleting the resource.
        create_first: a replacement is made before the old one is deleted, since AWS gives each a name of its own.
        one_at_a_time: AWS refuses concurrent writes to one resource.
        secrets: paths in the spec whose values come from Secrets, with list marks.
        unread: paths in the spec that AWS never shows and that may change: what was sent is remembered.
        volatile: paths in the status that move by themselves: a change there alone isn't written.
        unbuilt: spec fields of the API that no part serves yet; a set one is refused.
        variants: those of its resources that AWS serves otherwise.
        title: what a variant's resource is called.
        refused: spec fields that a variant's resources don't have; a set one is refused.
        elsewhere: operation → botocore's name of the service that it is of, if not the kind's own.
        source: the definition file, for messages.
    """

    service: Service
    name: str
    plural: str
    version: str
    spec: Field
    status: Field
    identity: tuple[Path, ...]
    exists: Read
    create: Binding
    delete: Binding
    parts: tuple[Part, ...]
    find: Read | None = None
    not_found: tuple[str, ...] = ()
    terminal: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    secrets: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()
    tags: Tags | None = None
    adoption: Mapping[str, Path] = field(default_factory=dict)
    adoption_optional: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    arn: str | None = None
    states: tuple[States, ...] = ()
    options: tuple[Option, ...] = ()
    protected: Path | None = None
    create_first: bool = False
    one_at_a_time: bool = False
    volatile: tuple[Path, ...] = ()
    unbuilt: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    title: str = ""
    refused: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def group(self) -> str:
        """The API group."""
        return self.service.group

    @property
    def api_version(self) -> str:
        """`group/version`, as manifests write it."""
        return f"{self.group}/{self.version}"

    @property
    def finalizer(self) -> str:
        """The finalizer that holds an object until its resource is gone."""
        return f"finalizers.{self.group}/{self.name}"

    @property
    def label(self) -> str:
        """`s3/Bucket`: how messages and definitions name the kind."""
        return f"{self.service.alias}/{self.name}"

    def meant(self, spec: Mapping[str, Json]) -> Kind:
        """What a spec means: the kind itself, or a variant of it."""
        for variant in self.variants:
            if all(re.search(text, str(get(spec, path) or "")) for path, text in variant.where.items()):
                return variant.kind
        return self

    def service_of(self, operation: str) -> str:
        """botocore's name of the service that an operation of this kind is of."""
        return self.elsewhere.get(operation, self.service.aws_name)

    def operation_model(self, operation: str) -> OperationModel:
        """botocore's description of an operation of this kind."""
        other = self.elsewhere.get(operation)
        model = self.service.models[other] if other else self.service.model
        return model.operation_model(operation)

    def part_of(self, name: str) -> Part | None:
        """The part that owns a top-level spec field."""
        return next((part for part in self.parts if name in part.fields), None)

    def advice(self, operation: str, code: str) -> str | None:
        """What helps where AWS refuses a call of a part, if its definition says so."""
        for part in self.parts:
            calls = (part.put, part.remove, part.update)
            if code in part.advice and any(call and call.operation == operation for call in calls):
                return part.advice[code]
        return None

    def late(self) -> dict[Path, Field]:
        """Spec fields into which AWS's default is taken, by path below `spec`; an object comes before what is in it."""
        return dict(_late(self.spec))


def _late(node: Field, above: Path = ()) -> Iterator[tuple[Path, Field]]:
    for name, child in node.fields.items():
        if child.rule.late:
            yield (*above, name), child
        yield from _late(child, (*above, name))

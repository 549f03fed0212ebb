"""The tree of fields of a kind: made from botocore's shapes by the naming rule, read by wire, plan and crd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ackpy.kinds.names import field_name
from ackpy.kinds.paths import Json, Path


class Type(StrEnum):
    """What a field holds. LIST and MAP have an item, STRUCT has fields; REF and SECRET are the shared references."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    NUMBER = "number"
    TIMESTAMP = "timestamp"
    BYTES = "bytes"
    LIST = "list"
    MAP = "map"
    STRUCT = "struct"
    OBJECT = "object"
    REF = "ref"
    SECRET = "secret"  # noqa: S105 - the name of a type


class Compare(StrEnum):
    """How desired and observed are held together.

    VALUE goes member by member and element by element; SET ignores the order of a list of scalars; CASELESS ignores
    case; POLICY and DOCUMENT compare JSON texts by meaning; TAGS compares a list of key/value pairs as a map; COMMON
    compares only the elements that both lists have, by their key; ARN takes a name for the ARN that ends in it; KEY
    does so with KMS keys, and takes an alias for any key: only KMS knows whose it is; ROLE takes the role that AWS
    makes for a service for any other: AWS uses it, whatever it is given.
    """

    VALUE = "value"
    SET = "set"
    CASELESS = "caseless"
    KEY = "key"
    TAGS = "tags"
    COMMON = "common"
    ARN = "arn"
    ROLE = "role"
    POLICY = "policy"
    DOCUMENT = "document"


class Unset(StrEnum):
    """The nil rule: what a field means that the spec leaves out."""

    ABSENT = "absent"
    DEFAULT = "default"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field behaves, beyond its type.

    Attributes:
        compare: how a difference is found.
        unset: the nil rule; with DEFAULT, `default` is the value that unset means.
        clear: what is sent to remove a value where AWS wants a value for that (an empty text, say).
        omit: a call that writes its part and leaves it out removes it; `clear` is then for where nothing else is said.
        late: AWS's default is taken into the empty spec field; "required" blocks Synced until it is there.
        create_only: sent at creation and never again; a difference that AWS shows is refused. Of a member: settled with
            what it is in, which must be taken out and put in again.
        key: the member that tells the elements of a list apart, whatever their order.
        read: False where AWS never returns it, so no difference can be seen.
        words: AWS's words for values (a state for true), and other words of users for the same.
    """

    compare: Compare = Compare.VALUE
    unset: Unset = Unset.ABSENT
    default: Json = None
    clear: Json = None
    omit: bool = False
    late: str | None = None
    create_only: bool = False
    key: str = ""
    read: bool = True
    words: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of spec or status, with the AWS member it stands for (`aws`) and what is below it.

    `shown` is where answers have it, if not under `aws`.
    """

    name: str
    type: Type
    aws: str = ""
    doc: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    item: Field | None = None
    required: tuple[str, ...] = ()
    immutable: bool = False
    rule: Rule = Rule()
    shown: Path = ()

    @property
    def refers(self) -> bool:
        """Whether it holds references to objects, and nothing for AWS."""
        return self.type is Type.REF or (self.item is not None and self.item.type is Type.REF)

    def at(self, path: Path) -> Field | None:
        """The field below this one at a path of names, or None. `[]` and `{}` step into the item of a list or map."""
        node: Field | None = self
        for key in path:
            if node is None:
                return None
            node = node.item if key in {"[]", "{}"} or (node.item and key.isdigit()) else node.fields.get(key)
        return node

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, Field]]:
        """Every leaf below this field with its path; list items stand as `[]`, map values as `{}`."""
        if self.type is Type.STRUCT:
            for child in self.fields.values():
                yield from child.leaves((*path, child.name))
        elif self.item is not None:
            yield from self.item.leaves((*path, "[]" if self.type is Type.LIST else "{}"))
        else:
            yield path, self


SCALARS = {
    "string": Type.STRING,
    "character": Type.STRING,
    "boolean": Type.BOOLEAN,
    "integer": Type.INTEGER,
    "long": Type.INTEGER,
    "float": Type.NUMBER,
    "double": Type.NUMBER,
    "timestamp": Type.TIMESTAMP,
    "blob": Type.BYTES,
}


@dataclass(frozen=True, slots=True)
class Naming:
    """What a service says about its names: members left out of the API, and names that the rule doesn't give.

    Attributes:
        ignored: shapes, or members written `Shape.Member`, that the API leaves out on purpose.
        exceptions: `Shape.Member` → field name.
    """

    ignored: frozenset[str] = frozenset()
    exceptions: Mapping[str, str] = field(default_factory=dict)

    def keeps(self, owner: Shape, member: str, shape: Shape) -> bool:
        """Whether a member of a shape is part of the API."""
        return f"{owner.name}.{member}" not in self.ignored and shape.name not in self.ignored

    def name(self, owner: Shape, member: str) -> str:
        """The field name of a member of a shape."""
        return self.exceptions.get(f"{owner.name}.{member}") or field_name(member)


def from_shape(name: str, aws: str, shape: Shape, naming: Naming, above: tuple[str, ...] = ()) -> Field:
    """The field tree of a botocore shape. A shape that contains itself ends as a free-form object."""
    doc = shape.documentation or ""
    if shape.name in above:
        return Field(name, Type.OBJECT, aws, doc)
    above = (*above, shape.name) if isinstance(shape, StructureShape) else above
    if isinstance(shape, StructureShape):
        children = [
            from_shape(naming.name(shape, member), member, inner, naming, above)
            for member, inner in shape.members.items()
            if naming.keeps(shape, member, inner)
        ]
        return Field(name, Type.STRUCT, aws, doc, fields={child.name: child for child in children})
    if isinstance(shape, ListShape):
        return Field(name, Type.LIST, aws, doc, item=from_shape("[]", "", shape.member, naming, above))
    if isinstance(shape, MapShape):
        return Field(name, Type.MAP, aws, doc, item=from_shape("{}", "", shape.value, naming, above))
    return Field(name, SCALARS[shape.type_name], aws, doc)


def with_field(tree: Field, path: Path, change: Field) -> Field:
    """A copy of a tree with one field replaced, or added to its parent structure.

    Raises:
        KeyError: where the path's parent isn't in the tree.
    """
    if not path:
        return change
    if path[0] in {"[]", "{}"}:
        if tree.item is None:
            raise KeyError(path[0])
        return replace(tree, item=with_field(tree.item, path[1:], change))
    if len(path) > 1 and path[0] not in tree.fields:
        raise KeyError(path[0])
    child = with_field(tree.fields.get(path[0], change), path[1:], change)
    return replace(tree, fields={**tree.fields, path[0]: child})

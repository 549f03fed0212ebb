"""A kind while it is compiled: what is known of it so far, and the bindings of operations that stand on that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from ackpy.kinds import shapes
from ackpy.kinds.definition import Node
from ackpy.kinds.model import Binding, By, Link, Read, Service
from ackpy.kinds.names import field_name
from ackpy.kinds.paths import Json, Path, parse
from ackpy.kinds.schema import Field, Naming

ARN: Path = ("status", "ackResourceMetadata", "arn")


@dataclass
class Draft:
    """What is known of a kind while it is compiled.

    Attributes:
        service, naming: the service and what it says about names.
        kind: the kind's name.
        identity: path in the object → the input member that takes it.
        renamed: AWS member → spec field, where the names differ.
        spec, status: the fields found so far.
        attributes: spec field → its path in the create operation's input, for members of attribute maps.
        exists: the read that tells whether the resource is there, once it is known.
    """

    service: Service
    naming: Naming
    kind: str
    identity: Mapping[Path, str]
    renamed: Mapping[str, str]
    spec: dict[str, Field] = field(default_factory=dict)
    status: dict[str, Field] = field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    exists: Read | None = None

    @property
    def model(self) -> ServiceModel:
        """botocore's description of the service."""
        return self.service.model

    def field_of(self, member: str) -> str:
        """The name of the field that stands for an AWS member."""
        by_member = next((name for name, made in self.spec.items() if made.aws == member), None)
        return self.renamed.get(member) or by_member or field_name(member)

    def bound(
        self,
        op: OperationModel,
        inputs: Iterable[Link] = (),
        outputs: Iterable[Link] = (),
        constants: Mapping[str, Json] | None = None,
    ) -> Binding:
        """A binding of an operation; the identity fills what is called like it and has no other filling."""
        known, given = shapes.inputs(op), tuple(inputs)
        filled = {link.aws for link in given}
        identity = tuple(
            Link((member,), path)
            for path, member in self.identity.items()
            if member in known and (member,) not in filled
        )
        return Binding(op.name, identity + given, tuple(outputs), constants or {})

    def binding(self, node: Node, *more: str) -> Binding:
        """The binding that a section of a definition gives: `operation`, `in`, `out`, `constants`.

        Raises:
            DefinitionError: there is no such operation or member.
        """
        allowed = "operation in out constants items match absent wrapper ends beside by".split()
        keys = node.mapping(*allowed, *more, required=["operation"])
        op = shapes.operation(self.model, node, keys["operation"].text())
        inputs = links(keys["in"]) if "in" in keys else ()
        for member, child in keys["in"].mapping().items() if "in" in keys else ():
            if (first := _marked(member)[0]) not in shapes.inputs(op):
                raise child.fail(f"{op.name} has no input member '{first}'")
        outputs = links(keys["out"]) if "out" in keys else ()
        return self.bound(op, inputs, outputs, keys["constants"].value if "constants" in keys else {})

    def read(self, node: Node, *, whole: bool) -> Read:
        """A read of the resource itself.

        Args:
            node: its section.
            whole: whether the answer's members fill the fields that are called like them, as they always do where the
                spec tells which resource is meant.

        Raises:
            DefinitionError: there is no such operation or member, or `match`, `ends` or `by` stands without `items`.
        """
        keys = node.mapping()
        for key in ("match", "ends", "by"):
            if key in keys and "items" not in keys:
                raise node.fail(f"'{key}' says which of the resources that 'items' lists is meant: give both")
        binding = self.binding(node)
        by = By(keys["by"].choice(by.value for by in By)) if "by" in keys else None
        if whole or by is By.SPEC:
            prefix, shape = self.answer(node, shapes.operation(self.model, node, binding.operation))
            beside = links(keys["beside"]) if "beside" in keys else ()
            binding = replace(binding, outputs=(*self.filled(prefix, shape, binding.outputs), *beside))
        match, ends = (
            {path: parse(child.text()) for path, child in keys[key].mapping().items()} if key in keys else {}
            for key in ("match", "ends")
        )
        return Read(
            binding,
            absent=keys["absent"].texts() if "absent" in keys else (),
            items=keys["items"].text() if "items" in keys else None,
            match=match,
            ends=ends,
            by=by,
        )

    def answer(self, node: Node, op: OperationModel) -> tuple[Path, Shape | None]:
        """Where in an answer the resource stands: `items`, `wrapper`, else its only structure or the whole."""
        keys = node.mapping()
        shape: Shape | None = op.output_shape
        inner = shapes.members(shape)
        if "items" in keys:
            name = keys["items"].text()
            listed = inner.get(name)
            if listed is None:
                raise keys["items"].fail(f"there is no member '{name}'; expected one of {', '.join(inner)}")
            if not isinstance(listed, ListShape):
                raise keys["items"].fail(f"expected a list, '{name}' is a {listed.type_name}")
            return (), listed.member
        if "wrapper" in keys:
            path = parse(keys["wrapper"].text())
            for key in path:
                shape = shapes.members(shape).get(key)
                if shape is None:
                    raise keys["wrapper"].fail(f"{op.name} answers no '{keys['wrapper'].value}'")
            return path, shape
        only = list(inner.items())
        if len(only) == 1 and isinstance(only[0][1], StructureShape):
            return (only[0][0],), only[0][1]
        return (), shape

    def filled(self, prefix: Path, shape: Shape | None, given: tuple[Link, ...]) -> tuple[Link, ...]:
        """The links of an answer's members to the fields that are called like them; what is given goes before."""
        own = tuple(Link((*prefix, *link.aws), link.field) for link in given)
        taken = {link.aws[len(prefix)] for link in own if len(link.aws) > len(prefix)}
        found = []
        for member in shapes.members(shape):
            name = self.field_of(member)
            if member in taken:
                continue
            if self.is_arn(member):
                found.append(Link((*prefix, member), ARN))
            elif name in self.spec:
                found.append(Link((*prefix, member), ("spec", name)))
            elif name in self.status:
                found.append(Link((*prefix, member), ("status", name)))
        return own + tuple(found)

    def is_arn(self, member: str) -> bool:
        """Whether a member of an answer is the resource's own ARN, by its name."""
        return member.lower() in {"arn", f"{self.kind.lower()}arn"}


def links(node: Node) -> tuple[Link, ...]:
    """The links that a mapping `AWS path: path in the object`, or `AWS path: [several]`, says."""
    return tuple(
        Link(_marked(path), _marked(text)) for path, child in node.mapping().items() for text in one_or_many(child)
    )


def one_or_many(node: Node) -> tuple[str, ...]:
    """A text, or the texts of a list."""
    return node.texts() if isinstance(node.value, list) else (node.text(),)


def _marked(text: str) -> Path:
    return parse(text.replace("[]", ".[]"))

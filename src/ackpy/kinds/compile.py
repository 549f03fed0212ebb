"""A definition and botocore's service model, compiled to a Kind.

Called once a kind at the start (kinds/registry.py). What the service model says (types, members, names by the naming
rule, required members) isn't in the definitions; what they do say is checked here against the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel

from ackpy.kinds import shapes, validate
from ackpy.kinds.definition import Node
from ackpy.kinds.fields import apply_rules, declared, references
from ackpy.kinds.model import Binding, Column, Form, Kind, Link, Part, Read, Service, Tags
from ackpy.kinds.names import field_name, plural_name
from ackpy.kinds.paths import Json, Path, parse
from ackpy.kinds.schema import Field, Naming, Type, from_shape

_COLUMNS = {
    "synced": Column("Synced", '.status.conditions[?(@.type=="ACK.ResourceSynced")].status'),
    "age": Column("Age", ".metadata.creationTimestamp", "date"),
}
_KIND_KEYS = (
    "kind plural version identity find exists create delete errors tags adoption columns parts fields arn one_at_a_time"
).split()
_PART_KEYS = "form exists get put remove absent after constants in out members field".split()


@dataclass
class _Draft:
    """What is known of a kind while it is compiled."""

    service: Service
    naming: Naming
    identity: Mapping[Path, str]
    renamed: Mapping[str, str]
    spec: dict[str, Field] = field(default_factory=dict)
    status: dict[str, Field] = field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    exists: Read | None = None

    @property
    def model(self) -> ServiceModel:
        return self.service.model


def service(node: Node, model_of: Mapping[str, ServiceModel]) -> tuple[Service, Naming]:
    """A service.yaml compiled.

    Args:
        node: the definition.
        model_of: botocore's service models by name.

    Raises:
        DefinitionError: the definition says something that can't be.
    """
    keys = node.mapping("alias", "model", "ignore", "names", required=["alias"])
    alias = keys["alias"].text()
    name = keys["model"].text() if "model" in keys else alias
    naming = Naming(
        ignored=frozenset(keys["ignore"].texts() if "ignore" in keys else ()),
        exceptions={key: child.text() for key, child in keys["names"].mapping().items()} if "names" in keys else {},
    )
    try:
        model = model_of[name]
    except UnknownServiceError as error:
        raise keys["model" if "model" in keys else "alias"].fail(f"botocore has no service '{name}'") from error
    validate.check_names(node, model)
    return Service(alias, model), naming


def kind(node: Node, owner: Service, naming: Naming) -> Kind:
    """A kind's definition compiled.

    Raises:
        DefinitionError: the definition says something that can't be; the text names file, line and what was expected.
    """
    keys = node.mapping(*_KIND_KEYS, required=["kind", "identity", "create", "delete", "parts"])
    rules = keys["fields"].mapping() if "fields" in keys else {}
    draft = _Draft(
        service=owner,
        naming=naming,
        identity={parse(path): child.text() for path, child in keys["identity"].mapping().items()},
        renamed={rule.mapping()["aws"].text(): name for name, rule in rules.items() if "aws" in rule.mapping()},
    )
    errors = keys["errors"].mapping("not_found", "terminal") if "errors" in keys else {}
    tags = _tags(keys["tags"]) if "tags" in keys else None
    create_keys = keys["create"].mapping(required=["operation"])
    create_op = shapes.operation(draft.model, keys["create"], create_keys["operation"].text())
    parts = [_part(draft, name, child, create_op) for name, child in keys["parts"].mapping().items()]
    _create_fields(draft, create_op)
    unbuilt = _declared_fields(draft, rules, parts)
    create = _create(draft, keys["create"], create_op)
    spec, status = apply_rules(draft.spec, draft.status, rules)
    spec = replace(spec, required=_required(draft, create_op, spec))
    if "exists" in keys:
        draft.exists = _list_read(draft, keys["exists"])
    if draft.exists is None:
        raise node.fail("nothing tells whether the resource exists: give 'exists', or 'exists: true' to one part")
    made = Kind(
        service=owner,
        name=keys["kind"].text(),
        plural=keys["plural"].text() if "plural" in keys else plural_name(keys["kind"].text()),
        version=keys["version"].text() if "version" in keys else "v1alpha1",
        spec=spec,
        status=status,
        identity=tuple(draft.identity),
        exists=draft.exists,
        find=_list_read(draft, keys["find"]) if "find" in keys else None,
        create=create,
        delete=_binding(draft, keys["delete"]),
        parts=tuple(parts),
        not_found=errors["not_found"].texts() if "not_found" in errors else (),
        terminal=errors["terminal"].texts() if "terminal" in errors else (),
        references=references(rules, spec),
        secrets=tuple(path for path, node in spec.leaves() if node.type is Type.SECRET),
        tags=tags,
        adoption={key: parse(child.text()) for key, child in keys["adoption"].mapping().items()}
        if "adoption" in keys
        else {},
        columns=tuple(_column(child) for child in _items(keys["columns"])) if "columns" in keys else (),
        arn=keys["arn"].text() if "arn" in keys else None,
        one_at_a_time=keys["one_at_a_time"].flag() if "one_at_a_time" in keys else False,
        unbuilt=unbuilt,
        source=node.file,
    )
    validate.check(node, made)
    return made


def _items(node: Node) -> list[Node]:
    if not isinstance(node.value, list):
        raise node.fail("expected a list")
    return [
        Node(item, node.file, node.line, f"{node.path}[{position}]", None)
        if not isinstance(item, dict)
        else Node(
            item,
            node.file,
            node.line,
            f"{node.path}[{position}]",
            {key: Node(value, node.file, node.line, f"{node.path}[{position}].{key}") for key, value in item.items()},
        )
        for position, item in enumerate(node.value)
    ]


def _column(node: Node) -> Column:
    if node.children is None:
        return _COLUMNS[node.choice(_COLUMNS)]
    keys = node.mapping("name", "path", "type", "priority", required=["name", "path"])
    kind_of = keys["type"].text() if "type" in keys else "string"
    priority = keys["priority"].value if "priority" in keys else 0
    if not isinstance(priority, int):
        raise keys["priority"].fail(f"expected a number, found {priority!r}")
    return Column(keys["name"].text(), "." + keys["path"].text(), kind_of, priority)


def _tags(node: Node) -> Tags:
    keys = node.mapping("path", "key", "value", required=["path"])
    pair = {name: keys[name].text() for name in ("key", "value") if name in keys}
    return Tags(("spec", *parse(keys["path"].text())), pair.get("key"), pair.get("value"))


def _part(draft: _Draft, name: str, node: Node, create_op: OperationModel) -> Part:
    keys = node.mapping(*_PART_KEYS, required=["form", "put"])
    form = Form(keys["form"].choice(form.value for form in Form))
    if form is Form.SECRET:
        return _secret(draft, name, node)
    node.mapping(required=["get"])
    constants: dict[str, Mapping[str, Json]] = (
        {op: child.value for op, child in keys["constants"].mapping().items()} if "constants" in keys else {}
    )
    put_op, put_member, put_shape = shapes.target(keys["put"], draft.model, "in")
    get_op, get_member, get_shape = shapes.target(keys["get"], draft.model, "out")
    if put_shape is None:
        raise keys["put"].fail(f"{put_op.name} takes nothing")
    if get_shape is None or get_shape.type_name != put_shape.type_name:
        found = get_shape.type_name if get_shape else "nothing"
        raise keys["get"].fail(f"expected a {put_shape.type_name}, as {put_op.name} takes, found {found}")
    owned: tuple[str, ...]
    if form is Form.ATTRIBUTES:
        node.mapping(required=["members"])
        known = shapes.map_keys(put_shape)
        names = {}
        for key in keys["members"].texts():
            if known and key not in known:
                raise keys["members"].fail(f"{put_op.name} knows no attribute '{key}'")
            names[key] = field_name(key)
            draft.spec[names[key]] = Field(names[key], Type.STRING, key)
            if put_member in shapes.inputs(create_op):
                draft.attributes[names[key]] = (put_member, "@" + key)
        owned = tuple(names.values())
        links = tuple(Link((put_member, "@" + key), ("spec", name)) for key, name in names.items())
        reads = tuple(Link((get_member, "@" + key), ("spec", name)) for key, name in names.items())
    else:
        spec_field = keys["field"].text() if "field" in keys else name
        owned = (spec_field,)
        draft.spec[spec_field] = from_shape(spec_field, put_member, put_shape, draft.naming)
        links = (Link((put_member,), ("spec", spec_field)),)
        reads = (Link((get_member,) if get_member else (), ("spec", spec_field)),)
    extra = tuple(
        Link((get_member, "@" + key) if form is Form.ATTRIBUTES else (key,), parse(child.text()))
        for key, child in (keys["out"].mapping().items() if "out" in keys else ())
    )
    read = Read(
        _bound(draft, get_op, outputs=reads + extra, constants=constants.get(get_op.name, {})),
        absent=keys["absent"].texts() if "absent" in keys else (),
    )
    if "exists" in keys and keys["exists"].flag():
        draft.exists = read
    remove: Binding | None = None
    if "remove" in keys:
        remove_op, member, _ = shapes.target(keys["remove"], draft.model, "in")
        links_out = (Link((member,), ("spec", owned[0])),) if member else ()
        remove = _bound(draft, remove_op, inputs=links_out, constants=constants.get(remove_op.name, {}))
    return Part(
        name=name,
        form=form,
        fields=owned,
        read=None if read is draft.exists else read,
        put=_bound(draft, put_op, inputs=links, constants=constants.get(put_op.name, {})),
        remove=remove,
        after=keys["after"].texts() if "after" in keys else (),
    )


def _secret(draft: _Draft, name: str, node: Node) -> Part:
    """A part that AWS takes and never shows."""
    keys = node.mapping("form", "put", "after", "field")
    op, member, shape = shapes.target(keys["put"], draft.model, "in")
    if shape is None or not member:
        raise keys["put"].fail("expected Operation.Member, the member that takes the secret")
    owned = keys["field"].text() if "field" in keys else name
    draft.spec[owned] = from_shape(owned, member, shape, draft.naming)
    put = _bound(draft, op, inputs=(Link((member,), ("spec", owned)),))
    return Part(name, Form.SECRET, (owned,), put, after=keys["after"].texts() if "after" in keys else ())


def _bound(
    draft: _Draft,
    op: OperationModel,
    inputs: tuple[Link, ...] = (),
    outputs: tuple[Link, ...] = (),
    constants: Mapping[str, Json] | None = None,
) -> Binding:
    """A binding of an operation; the identity fills the members that are called like it."""
    known = shapes.inputs(op)
    identity = tuple(Link((member,), path) for path, member in draft.identity.items() if member in known)
    return Binding(op.name, identity + inputs, outputs, constants or {})


def _binding(draft: _Draft, node: Node) -> Binding:
    keys = node.mapping("operation", "in", "out", "constants", "items", "match", "absent", required=["operation"])
    op = shapes.operation(draft.model, node, keys["operation"].text())
    given = keys["in"].mapping() if "in" in keys else {}
    for path, child in given.items():
        if path.split(".")[0] not in shapes.inputs(op):
            raise child.fail(f"{op.name} has no input member '{path}'")
    inputs = tuple(Link(parse(path), parse(child.text())) for path, child in given.items())
    returned = keys["out"].mapping() if "out" in keys else {}
    outputs = tuple(Link(parse(path), parse(child.text())) for path, child in returned.items())
    binding = _bound(draft, op, inputs, outputs, keys["constants"].value if "constants" in keys else {})
    filled = {link.aws for link in inputs}
    return replace(
        binding,
        inputs=tuple(link for link in binding.inputs if link in inputs or link.aws not in filled),
    )


def _list_read(draft: _Draft, node: Node) -> Read:
    keys = node.mapping()
    if ("items" in keys) != ("match" in keys):
        raise node.fail("'items' says where the resources are listed and 'match' which of them is meant: give both")
    matches = keys["match"].mapping() if "match" in keys else {}
    return Read(
        _binding(draft, node),
        absent=keys["absent"].texts() if "absent" in keys else (),
        items=keys["items"].text() if "items" in keys else None,
        match={member: parse(child.text()) for member, child in matches.items()},
    )


def _create_fields(draft: _Draft, op: OperationModel) -> None:
    """The members of the create operation's input are spec fields, those of its output status fields, by name."""
    containers = {container for container, _ in draft.attributes.values()}
    for member, shape in shapes.inputs(op).items():
        name = draft.renamed.get(member) or field_name(member)
        if member in containers or name in draft.spec or shapes.is_token(shape):
            continue
        if op.input_shape and draft.naming.keeps(op.input_shape, member, shape):
            draft.spec[name] = from_shape(name, member, shape, draft.naming)
    for member, shape in shapes.outputs(op).items():
        name = field_name(member)
        if name not in draft.spec and not re.fullmatch(r".*Arn", member):
            draft.status[name] = from_shape(name, member, shape, draft.naming)


def _create(draft: _Draft, node: Node, op: OperationModel) -> Binding:
    binding = _binding(draft, node)
    given = {link.aws[0] for link in binding.inputs if len(link.aws) == 1}
    by_member = {draft.spec[name].aws: name for name in draft.spec}
    named = tuple(
        Link((member,), ("spec", by_name))
        for member in shapes.inputs(op)
        if member not in given
        and (by_name := draft.renamed.get(member) or by_member.get(member) or field_name(member)) in draft.spec
    )
    attributes = tuple(Link(path, ("spec", name)) for name, path in draft.attributes.items())
    returned = tuple(
        Link((member,), ("status", field_name(member)))
        for member in shapes.outputs(op)
        if field_name(member) in draft.status
    )
    # The identity is the outcome of creation where it lives in status.
    identity = {(member,) for path, member in draft.identity.items() if path[0] == "status"}
    inputs = tuple(link for link in binding.inputs if link.aws not in identity)
    return replace(
        binding,
        inputs=tuple({link.aws: link for link in (*inputs, *named, *attributes)}.values()),
        outputs=(*binding.outputs, *returned),
    )


def _declared_fields(draft: _Draft, rules: Mapping[str, Node], parts: list[Part]) -> tuple[str, ...]:
    """Fields that only the `fields` section knows; returns those that no part serves yet."""
    owned = {name for part in parts for name in part.fields}
    unbuilt = []
    for path, node in rules.items():
        made = declared(path, node, draft.model, draft.naming)
        if made is None:
            continue
        section, name = (
            (draft.status, path.removeprefix("status.")) if path.startswith("status.") else (draft.spec, path)
        )
        section[name] = made
        if section is draft.spec and name not in owned and "type" not in node.mapping():
            unbuilt.append(name)
    return tuple(unbuilt)


def _required(draft: _Draft, op: OperationModel, spec: Field) -> tuple[str, ...]:
    """Required are the create operation's required members, but not a field that a reference can fill."""
    needed = {draft.renamed.get(member) or field_name(member) for member in shapes.required(op)}
    referred = {name for name in needed for other in spec.fields.values() if other.refers and other.aws == name}
    return tuple(sorted(name for name in needed - referred if name in spec.fields))

"""A definition and botocore's service model, compiled to a Kind.

Called once a kind at the start (kinds/registry.py). What the service model says (types, members, names by the naming
rule, required members) isn't in the definitions; what they do say is checked here against the model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, Shape

from ackpy.kinds import parts, shapes, validate
from ackpy.kinds.definition import Node
from ackpy.kinds.draft import Draft, links
from ackpy.kinds.fields import apply_rules, declared, references, settled
from ackpy.kinds.model import Binding, Column, Form, Kind, Link, Option, Part, Read, Service, States, Tags, Variant
from ackpy.kinds.names import plural_name
from ackpy.kinds.paths import Json, Path, parse
from ackpy.kinds.schema import Field, Naming, Type, from_shape, with_field

_COLUMNS = {
    "synced": Column("Synced", '.status.conditions[?(@.type=="ACK.ResourceSynced")].status'),
    "age": Column("Age", ".metadata.creationTimestamp", "date"),
}
_KIND_KEYS = (
    "kind plural version identity find exists create delete errors tags adoption columns parts fields arn states "
    "one_at_a_time create_first protected volatile variants"
).split()


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
    return Service(alias, model, model_of), naming


def kind(node: Node, owner: Service, naming: Naming) -> Kind:
    """A kind's definition compiled.

    Raises:
        DefinitionError: the definition says something that can't be; the text names file, line and what was expected.
    """
    keys = node.mapping(*_KIND_KEYS, required=["kind", "identity", "create", "delete"])
    rules = keys["fields"].mapping() if "fields" in keys else {}
    draft = Draft(
        service=owner,
        naming=naming,
        kind=keys["kind"].text(),
        identity={parse(path): child.text() for path, child in keys["identity"].mapping().items()},
        renamed={rule.mapping()["aws"].text(): name for name, rule in rules.items() if "aws" in rule.mapping()},
    )
    errors = keys["errors"].mapping("not_found", "terminal") if "errors" in keys else {}
    create_keys = keys["create"].mapping(required=["operation"])
    create_op = shapes.operation(draft.model, keys["create"], create_keys["operation"].text())
    sections = dict(keys["parts"].mapping()) if "parts" in keys else {}
    made = {
        name: parts.part(draft, name, child, create_op)
        for name, child in sections.items()
        if parts.form_of(child) is not Form.BODY
    }
    wrapper, answer = draft.answer(keys["create"], create_op)
    _create_fields(
        draft, create_op, answer, {link.aws[0] for link in links(create_keys["out"])} if "out" in create_keys else ()
    )
    declared_fields = _declared_fields(draft, rules)
    owned = {name for one in made.values() for name in one.fields}
    for name, child in sections.items():
        if name not in made:
            made[name] = parts.body(draft, name, child, create_op, owned)
            owned |= set(made[name].fields)
    later = {name for part in sections if _waits(sections[part]) for name in made[part].fields}
    create = _create(draft, keys["create"], create_op, wrapper, answer, later)
    spec, status = apply_rules(draft.spec, draft.status, rules)
    spec = replace(spec, required=_required(draft, create_op, spec, rules))
    if "exists" in keys:
        draft.exists = draft.read(keys["exists"], whole=True)
    if draft.exists is None:
        raise node.fail("nothing tells whether the resource exists: give 'exists', or 'exists: true' to one part")
    draft.exists = _shown(draft.exists, spec)
    ordered = [made[name] for name in sections]
    fixed = _fixed(draft, draft.exists, create, owned)
    known = [name for name in fixed.fields if name in spec.fields]  # validate.py says what isn't
    spec = replace(spec, fields={**spec.fields, **{name: settled(spec.fields[name]) for name in known}})
    identifiers = keys["adoption"].mapping() if "adoption" in keys else {}
    found = Kind(
        service=owner,
        name=draft.kind,
        plural=keys["plural"].text() if "plural" in keys else plural_name(draft.kind),
        version=keys["version"].text() if "version" in keys else "v1alpha1",
        spec=spec,
        status=status,
        identity=tuple(draft.identity),
        exists=draft.exists,
        find=draft.read(keys["find"], whole=False) if "find" in keys else None,
        create=create,
        delete=draft.binding(keys["delete"], "options"),
        parts=(*ordered, fixed) if fixed.fields else tuple(ordered),
        not_found=errors["not_found"].texts() if "not_found" in errors else (),
        terminal=errors["terminal"].texts() if "terminal" in errors else (),
        references=references(rules, spec),
        secrets=tuple(path for path, node in spec.leaves() if node.type is Type.SECRET),
        unread=tuple(
            path for name in sorted(owned) if not spec.fields[name].rule.create_only for path in _unread(spec, (name,))
        ),
        tags=_tags(keys["tags"]) if "tags" in keys else None,
        adoption={key.removesuffix("?"): parse(child.text()) for key, child in identifiers.items()},
        adoption_optional=tuple(key.removesuffix("?") for key in identifiers if key.endswith("?")),
        columns=tuple(_column(child) for child in items(keys["columns"])) if "columns" in keys else (),
        arn=keys["arn"].text() if "arn" in keys else None,
        states=tuple(_states(child) for child in items(keys["states"])) if "states" in keys else (),
        options=_options(owner, keys["delete"]),
        protected=("spec", *parse(keys["protected"].text())) if "protected" in keys else None,
        one_at_a_time=keys["one_at_a_time"].flag() if "one_at_a_time" in keys else False,
        create_first=keys["create_first"].flag() if "create_first" in keys else False,
        volatile=tuple(parse(text) for text in keys["volatile"].texts()) if "volatile" in keys else (),
        unbuilt=tuple(name for name in declared_fields if name not in {*owned, *fixed.fields}),
        elsewhere={
            operation: child.mapping()["service"].text()
            for name, child in sections.items()
            if "service" in child.mapping()
            for operation in made[name].operations()
        },
        source=node.file,
    )
    validate.check(node, found)
    variants = keys["variants"].mapping() if "variants" in keys else {}
    made_of = (_variant(node, title, child, owner, naming) for title, child in variants.items())
    return replace(found, variants=tuple(made_of))


def _variant(node: Node, title: str, own: Node, owner: Service, naming: Naming) -> Variant:
    """A variant compiled: the kind's definition with what its section says instead, and without what it refuses."""
    keys = own.mapping("where", "refuses", *_KIND_KEYS, required=["where"])
    instead = {key: child for key, child in keys.items() if key not in {"where", "refuses"}}
    whole = kind(_laid_over(node, instead), owner, naming)
    refused = keys["refuses"].texts() if "refuses" in keys else ()
    for name in refused:
        if name not in whole.spec.fields:
            raise keys["refuses"].fail(f"the kind has no field '{name}'")
    sent = tuple(link for link in whole.create.inputs if link.field[1] not in refused)
    return Variant(
        {parse(path): child.text() for path, child in keys["where"].mapping().items()},
        replace(
            whole,
            title=title,
            refused=refused,
            create=replace(whole.create, inputs=sent),
            parts=tuple(part for part in whole.parts if not {*part.fields} <= {*refused}),
        ),
    )


def _laid_over(node: Node, instead: Mapping[str, Node]) -> Node:
    """A definition with other sections; of parts and fields each goes for itself."""
    below = {key: child for key, child in node.mapping().items() if key != "variants"}
    for key, child in instead.items():
        each = key in {"parts", "fields"} and key in below
        below[key] = replace(child, children={**below[key].mapping(), **child.mapping()}) if each else child
    return replace(node, children=below)


def items(node: Node) -> list[Node]:
    """The elements of a list, each with its place."""
    if not isinstance(node.value, list):
        raise node.fail("expected a list")
    return [_element(node, f"{node.path}[{position}]", item) for position, item in enumerate(node.value)]


def _element(node: Node, path: str, value: Json) -> Node:
    inner = {k: _element(node, f"{path}.{k}", v) for k, v in value.items()} if isinstance(value, dict) else None
    return Node(value, node.file, node.line, path, inner)


def _states(node: Node) -> States:
    more = ("failed", "creating", "holding", "deleting", "gone")
    keys = node.mapping("path", "ready", *more, required=["path", "ready"])
    texts = {key: child.texts() for key, child in keys.items() if key != "path"}
    return States(parse(keys["path"].text().replace("[]", ".[]")), **texts)


def _options(owner: Service, node: Node) -> tuple[Option, ...]:
    """The annotations that the deletion follows: `options: {member: {annotation: name, default: value}}`."""
    keys = node.mapping()
    found = []
    for member, child in keys["options"].mapping().items() if "options" in keys else ():
        inner = child.mapping("annotation", "default", required=["annotation", "default"])
        found.append(Option(f"{owner.group}/{inner['annotation'].text()}", member, inner["default"].value))
    return tuple(found)


def _fixed(draft: Draft, exists: Read, create: Binding, owned: Iterable[str]) -> Part:
    """What AWS shows and no operation changes: a difference there is refused."""
    identity = {path[1] for path in draft.identity if path[0] == "spec"}
    shown = {link.field[1] for link in exists.binding.outputs if link.field[0] == "spec" and len(link.field) == 2}
    return Part("creation", Form.FIXED, tuple(sorted(shown - identity - set(owned))), create)


def _column(node: Node) -> Column:
    if node.children is None:
        return _COLUMNS[node.choice(_COLUMNS)]
    keys = node.mapping("name", "path", "type", "priority", required=["name", "path"])
    kind_of = keys["type"].text() if "type" in keys else "string"
    priority = keys["priority"].number() if "priority" in keys else 0
    return Column(keys["name"].text(), "." + keys["path"].text(), kind_of, priority)


def _tags(node: Node) -> Tags:
    keys = node.mapping("path", "key", "value", required=["path"])
    pair = {name: keys[name].text() for name in ("key", "value") if name in keys}
    return Tags(("spec", *parse(keys["path"].text())), pair.get("key"), pair.get("value"))


def _create_fields(draft: Draft, op: OperationModel, answer: Shape | None, told: Collection[str]) -> None:
    """The members of the create operation's input are spec fields, those of its answer status fields, by name.

    Those of the answer that are `told` elsewhere aren't.
    """
    containers = {container for container, _ in draft.attributes.values()}
    for member, shape in shapes.inputs(op).items():
        name = draft.renamed.get(member) or draft.field_of(member)
        if member in containers or name in draft.spec or shapes.is_token(shape):
            continue
        if op.input_shape and draft.naming.keeps(op.input_shape, member, shape):
            draft.spec[name] = from_shape(name, member, shape, draft.naming)
    for member, shape in shapes.members(answer).items():
        name = draft.field_of(member)
        if name in draft.spec or member in told or draft.is_arn(member):
            continue
        if answer and draft.naming.keeps(answer, member, shape):
            draft.status[name] = from_shape(name, member, shape, draft.naming)


def _waits(part: Node) -> bool:
    """Whether a part is written after the creation, though that takes its fields too."""
    keys = part.mapping()
    return "after_creation" in keys and keys["after_creation"].flag()


def _create(
    draft: Draft, node: Node, op: OperationModel, wrapper: Path, answer: Shape | None, later: Collection[str]
) -> Binding:
    binding = draft.binding(node)
    given = {link.aws[0] for link in binding.inputs if len(link.aws) == 1}
    named = tuple(
        Link((member,), ("spec", draft.field_of(member)))
        for member in shapes.inputs(op)
        if member not in given and draft.field_of(member) in draft.spec and draft.field_of(member) not in later
    )
    attributes = tuple(Link(path, ("spec", name)) for name, path in draft.attributes.items())
    # The identity is the outcome of creation where it lives in status.
    identity = {(member,) for path, member in draft.identity.items() if path[0] == "status"}
    inputs = tuple(link for link in binding.inputs if link.aws not in identity)
    outputs = draft.filled(wrapper, answer, binding.outputs)
    return replace(
        binding,
        inputs=tuple({link.aws: link for link in (*inputs, *named, *attributes)}.values()),
        outputs=tuple(link for link in outputs if link.field[0] == "status"),
    )


def _declared_fields(draft: Draft, rules: Mapping[str, Node]) -> tuple[str, ...]:
    """Fields that only the `fields` section knows; returns those of the spec that some part or call must serve."""
    served = []
    for path, node in rules.items():
        made = declared(path, node, draft.model, draft.naming)
        if made is None:
            continue
        if path.startswith("status."):
            draft.status[path.removeprefix("status.")] = made
            continue
        try:
            draft.spec |= with_field(Field("spec", Type.STRUCT, fields=draft.spec), parse(path), made).fields
        except KeyError as error:
            raise node.fail(f"the kind has no field {error}") from error
        if "type" not in node.mapping():
            served.append(path)
    return tuple(served)


def _shown(read: Read, spec: Field) -> Read:
    """A read without what isn't the field's value, though it is called like it."""
    kept = [link for link in read.binding.outputs if link.field[0] != "spec" or _is_read(spec, link.field[1:])]
    return replace(read, binding=replace(read.binding, outputs=tuple(kept)))


def _is_read(spec: Field, path: Path) -> bool:
    node = spec.at(path)
    return node is None or node.rule.read


def _unread(spec: Field, path: Path) -> Iterator[Path]:
    """What AWS never shows at or below a path, in a value that isn't read as a whole; lists are."""
    node = spec.at(path)
    if node is None or node.rule.read:
        for name in node.fields if node else ():
            yield from _unread(spec, (*path, name))
        return
    yield path


def _required(draft: Draft, op: OperationModel, spec: Field, rules: Mapping[str, Node]) -> tuple[str, ...]:
    """Required are what the creation requires and what the rules say, but not a field that a reference can fill."""
    needed = {draft.field_of(member) for member in shapes.required(op)}
    needed |= {
        name for name, rule in rules.items() if "required" in rule.mapping() and rule.mapping()["required"].flag()
    }
    referred = {name for name in needed for other in spec.fields.values() if other.refers and other.aws == name}
    return tuple(sorted(name for name in needed - referred if name in spec.fields))

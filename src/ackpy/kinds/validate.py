"""What a definition may still have wrong once it compiles: paths, members and values that lead nowhere.

kinds/compile.py calls `check` last, and `check_names` for a service.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping

from botocore.model import ListShape, MapShape, NoShapeFoundError, ServiceModel, Shape, StructureShape

from ackpy.kinds import shapes
from ackpy.kinds.definition import Node
from ackpy.kinds.draft import one_or_many
from ackpy.kinds.model import By, Form, Kind, Part
from ackpy.kinds.paths import Json, Path, parse, show
from ackpy.kinds.schema import Compare, Field, Rule, Type, Unset

_BINDINGS = ("find", "exists", "create", "delete")
_METADATA = ("arn", "ownerAccountID", "partition", "region")
_COMPARED = {
    Compare.POLICY: Type.STRING,
    Compare.DOCUMENT: Type.STRING,
    Compare.CASELESS: Type.STRING,
    Compare.KEY: Type.STRING,
    Compare.COMMON: Type.LIST,
    Compare.ARN: Type.STRING,
    Compare.KEY: Type.STRING,
    Compare.ROLE: Type.STRING,
    Compare.SET: Type.LIST,
    Compare.TAGS: Type.LIST,
}
_PYTHON: Mapping[Type, tuple[type, ...]] = {
    Type.STRING: (str,),
    Type.TIMESTAMP: (str,),
    Type.BYTES: (str,),
    Type.BOOLEAN: (bool,),
    Type.INTEGER: (int,),
    Type.NUMBER: (int, float),
}


def check_names(node: Node, model: ServiceModel) -> None:
    """See that what a service's definition leaves out or renames is there.

    Raises:
        DefinitionError: the service model has no such shape or member.
    """
    keys = node.mapping()
    listed = [(keys["ignore"], text) for text in keys["ignore"].texts()] if "ignore" in keys else []
    renamed = [(child, text) for text, child in _section(keys, "names").items()]
    for place, text in (*listed, *renamed):
        name, _, member = text.partition(".")
        try:
            shape = model.shape_for(name)
        except NoShapeFoundError as error:
            raise place.fail(f"{model.service_name} has no shape '{name}'") from error
        if member:
            _member(place, shape, member)


def check(node: Node, kind: Kind) -> None:
    """See that every path, member and value of a kind's definition leads somewhere.

    Raises:
        DefinitionError: one doesn't; the text names file, line and what was expected.
    """
    keys = node.mapping()
    for path, child in keys["identity"].mapping().items():
        _field(child, kind, path)
        if not any(link.field == parse(path) for link in kind.delete.inputs):
            raise child.fail(f"{kind.delete.operation} has no input member '{child.value}': give one by 'in'")
    for name in _BINDINGS:
        if name in keys:
            _binding(keys[name], kind)
    for part in kind.parts:
        if part.form is not Form.FIXED:
            _part(keys["parts"].mapping()[part.name], kind, part)
    _life(node, keys, kind)
    for child in _section(keys, "adoption").values():
        _field(child, kind, child.text())
    if "tags" in keys:
        _tags(keys["tags"], kind)
    if "arn" in keys:
        _template(keys["arn"], kind)
    for text, child in _section(keys, "fields").items():
        _rule(child, _field(child, kind, text if text.startswith("status.") else f"spec.{text}"))


def _life(node: Node, keys: Mapping[str, Node], kind: Kind) -> None:
    """What happens to a resource between its creation and its end."""
    if kind.create_first and any(path[0] == "spec" for path in kind.identity):
        raise keys["create_first"].fail("two resources can't have the one name that the spec gives")
    sent = {link.field for link in kind.create.inputs}
    if kind.find and kind.find.by is By.TAG and not (kind.tags and kind.tags.path in sent):
        raise keys["find"].fail(f"{kind.create.operation} sends no tags by which a resource could be found")
    for path in kind.volatile:
        _field(keys["volatile"], kind, ".".join(path))
    for states in kind.states:
        _field(keys["states"], kind, ".".join(states.path).replace(".[]", "[]"))
    if kind.protected:
        field = _field(keys["protected"], kind, ".".join(kind.protected))
        if field.type is not Type.BOOLEAN:
            raise keys["protected"].fail(f"expected a boolean field, '{keys['protected'].value}' is a {field.type}")
        if (owner := kind.part_of(kind.protected[1])) is None or owner.form is Form.FIXED:
            raise keys["protected"].fail(f"no part can switch '{keys['protected'].value}' off")
    for option in kind.options:
        _member(
            keys["delete"], shapes.operation(kind.service.model, node, kind.delete.operation).input_shape, option.member
        )


def _section(keys: Mapping[str, Node], name: str) -> Mapping[str, Node]:
    """The children of a key that may be left out."""
    return keys[name].mapping() if name in keys else {}


def _field(place: Node, kind: Kind, text: str) -> Field:
    """The field at a path that a definition names."""
    section, *path = parse(text.replace("[]", ".[]").replace("{}", ".{}"))
    if section == "status" and path[:1] == ["ackResourceMetadata"] and path[1:] in [[name] for name in _METADATA]:
        return Field(path[-1], Type.STRING)
    found = {"spec": kind.spec, "status": kind.status}.get(section)
    found = found.at(tuple(path)) if found and path else None
    if found is None:
        raise place.fail(f"{kind.name} has no field '{text}'")
    return found


def _member(place: Node, shape: Shape | None, text: str) -> Shape:
    """The shape of a member that a definition names, below a structure or a map."""
    for key in text.replace("[]", ".[]").split("."):
        known = shapes.members(shape)
        if key.startswith("@") and isinstance(shape, MapShape):
            shape = shape.value
        elif key == "[]" and isinstance(shape, ListShape):
            shape = shape.member
        elif key in known:
            shape = known[key]
        else:
            raise place.fail(f"there is no member '{text}'; expected one of {', '.join(known) or 'none'}")
    if shape is None:
        raise place.fail(f"there is no member '{text}'")
    return shape


def _binding(node: Node, kind: Kind) -> None:
    keys = node.mapping()
    op = shapes.operation(kind.service.model, node, keys["operation"].text())
    output: Shape | None = op.output_shape
    if "wrapper" in keys:
        output = _member(keys["wrapper"], output, keys["wrapper"].text())
    elif (inner := list(shapes.members(output).values())) and len(inner) == 1 and isinstance(inner[0], StructureShape):
        output = inner[0] if node.path != "find" else output
    if "items" in keys:
        listed = _member(keys["items"], output, keys["items"].text())
        if not isinstance(listed, ListShape):
            raise keys["items"].fail(f"expected a list, '{keys['items'].value}' is a {listed.type_name}")
        output = listed.member
    places = (("in", op.input_shape), ("out", output), ("match", output), ("ends", output), ("beside", op.output_shape))
    for section, shape in places:
        for member, child in _section(keys, section).items():
            found = _member(child, shape, member)
            for text in one_or_many(child):
                field = _field(child, kind, text)
                if section in {"out", "beside"} and not _holds(field, found, many="[]" in member):
                    raise child.fail(f"a {field.type} can't hold '{member}', a {found.type_name}")
    if "constants" in keys:
        _constants(keys["constants"], op.input_shape)


def _holds(field: Field, shape: Shape, *, many: bool) -> bool:
    """Whether a field can hold values of a shape; `many` where a path leads through a list."""
    if many:
        return field.type is not Type.STRUCT and (field.item is None or _holds(field.item, shape, many=False))
    if isinstance(shape, ListShape):
        return field.type is Type.LIST and (field.item is None or _holds(field.item, shape.member, many=False))
    if isinstance(shape, StructureShape):
        return field.type in {Type.STRUCT, Type.OBJECT, Type.STRING}  # a text holds what is a document
    return (field.type is Type.MAP) is isinstance(shape, MapShape) and field.type not in {Type.LIST, Type.STRUCT}


def _constants(node: Node, shape: StructureShape | None) -> None:
    for member, child in node.mapping().items():
        _member(child, shape, member)


def _part(node: Node, kind: Kind, part: Part) -> None:
    keys = node.mapping()
    earlier = [other.name for other in kind.parts[: kind.parts.index(part)]]
    for name in part.after:
        if name not in earlier:
            raise keys["after"].fail(f"expected parts that stand earlier, found '{name}'")
    for name in part.joins:
        if name not in {other.name for other in kind.parts if other.update}:
            raise keys["joins"].fail(f"expected parts with an 'update' of their elements, found '{name}'")
    _inputs(keys, kind, part)
    if part.form is Form.SECRET and not any(path[0] == part.fields[0] for path in kind.secrets):
        raise node.fail(f"'{part.fields[0]}' isn't marked as a secret: give it 'secret: true' under 'fields'")
    for name in part.fields if part.form is Form.BODY else ():
        if not _can_go(kind, name):
            raise node.fail(
                f"'{name}' can't be removed: say what to send for that (clear), what unset means (default, unmanaged), "
                "or that a call without it does it (omit)"
            )
    if "get" not in keys:
        return
    _, _, got = shapes.place(keys["get"], _model(keys, kind), "out")
    for member, child in _section(keys, "out").items():
        if part.form is not Form.ATTRIBUTES:
            _member(child, got, member)
        elif (known := shapes.map_keys(got)) and member not in known:
            raise child.fail(f"there is no attribute '{member}'; expected one of {', '.join(known)}")
        _field(child, kind, child.text())


def _model(keys: Mapping[str, Node], kind: Kind) -> ServiceModel:
    """The model of the service that serves a part."""
    return kind.service.models[keys["service"].text()] if "service" in keys else kind.service.model


def _can_go(kind: Kind, name: str) -> bool:
    """Whether something is said of the removal of a field that an operation writes with others."""
    rule = kind.spec.fields[name].rule
    required = name in kind.spec.required or any(ref.required and ref.field[1] == name for ref in kind.references)
    return required or rule.unset is not Unset.ABSENT or rule.clear is not None or rule.omit


def _inputs(keys: Mapping[str, Node], kind: Kind, part: Part) -> None:
    """What a part's operations are given beside its fields."""
    operations = {}
    for key in ("get", "each", "put", "update", "remove"):
        if key in keys:
            op = shapes.operation(_model(keys, kind), keys[key], keys[key].text().partition(".")[0])
            operations[op.name] = op
    for name in ("remove", "update") if part.form is Form.CHILDREN else ():
        if name in keys:
            op, _, shape = shapes.place(keys[name], _model(keys, kind), "in")
            if keys["key"].text() not in shapes.members(shape):
                raise keys["key"].fail(f"{op.name} has no input member '{keys['key'].value}'")
    for name, child in _section(keys, "constants").items():
        if name not in operations:
            raise child.fail(f"expected one of the part's operations {', '.join(operations)}, found '{name}'")
        _constants(child, operations[name].input_shape)
    for member, child in _section(keys, "in").items():
        if not any(member.partition("[]")[0].partition(".")[0] in shapes.inputs(op) for op in operations.values()):
            raise child.fail(f"none of the part's operations {', '.join(operations)} has an input member '{member}'")
        _field(child, kind, child.text())


def _tags(node: Node, kind: Kind) -> None:
    keys = node.mapping()
    field = _field(keys["path"], kind, f"spec.{keys['path'].value}")
    named = [keys[name].text() for name in ("key", "value") if name in keys]
    if field.type is Type.MAP and not named:
        return
    if field.type is not Type.LIST or len(named) != 2:
        raise node.fail("expected the path of a map, or the path of a list with 'key' and 'value' of its elements")
    for name in named:
        if field.item is None or name not in field.item.fields:
            raise node.fail(f"the elements of '{keys['path'].value}' have no field '{name}'")


def _template(node: Node, kind: Kind) -> None:
    words = [word for _, word, _, _ in string.Formatter().parse(node.text()) if word is not None]
    for word in words:
        if word not in {"partition", "region", "account"}:
            _field(node, kind, word)


def _rule(node: Node, field: Field) -> None:
    keys, rule = node.mapping(), field.rule
    if rule.compare in _COMPARED and field.type is not _COMPARED[rule.compare]:
        raise keys["compare"].fail(f"{rule.compare} is for fields of type {_COMPARED[rule.compare]}, not {field.type}")
    if "key" in keys and (field.item is None or rule.key not in field.item.fields):
        raise keys["key"].fail(f"expected a member of the list's elements, found '{rule.key}'")
    if rule.words and field.type not in {Type.STRING, Type.BOOLEAN}:
        raise keys["words"].fail(f"words are for texts and booleans, not for a {field.type}")
    if "default" in keys and rule.unset is not Unset.DEFAULT:
        raise node.fail("'default' and 'unmanaged' exclude each other")
    for key, value in _values(rule):
        if key in keys:
            for wrong in _misfits(field, value):
                raise keys[key].fail(wrong)


def _values(rule: Rule) -> Iterable[tuple[str, Json]]:
    return (("default", rule.default), ("clear", rule.clear), *(("words", value) for value in rule.words.values()))


def _misfits(field: Field, value: Json, path: Path = ()) -> Iterator[str]:
    """Where a value isn't one that a field can hold."""
    where = f"{show(path)}: " if path else ""
    if field.type is Type.STRUCT and isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in field.fields:
                yield f"{where}there is no field '{key}'; expected one of {', '.join(field.fields)}"
            else:
                yield from _misfits(field.fields[key], inner, (*path, key))
    elif field.type is Type.LIST and field.item and isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _misfits(field.item, inner, (*path, str(position)))
    elif field.type is Type.MAP and field.item and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _misfits(field.item, inner, (*path, key))
    elif type(value) not in _PYTHON.get(field.type, ()):
        yield f"{where}expected a {field.type}, found {value!r}"

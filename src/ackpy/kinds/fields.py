"""The `fields` section of a definition: what the service model can't say about a field.

A rule stands under the field's path (`encryption.rules[].bucketKeyEnabled`), and says any of:
`aws` (the create operation's member that it stands for), `from` (`Operation.Member` whose shape it has), `list_of`
(the shape of its elements), `type`, `immutable`, `create_only`, `late`, `default`, `unmanaged`, `clear`, `omit` (a call
without it removes it), `compare`, `ref`, `secret` (its value comes from a Secret), `read` (false where AWS never shows
it), `key` (the member that tells a list's elements apart), `shown` (where answers have it, if not under the name that
calls have), `words` (AWS's words for values), `required` (where only what the API leaves out could stand in its place),
`doc` (what it is, where AWS doesn't say).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from botocore.model import NoShapeFoundError, ServiceModel

from ackpy.kinds import shapes
from ackpy.kinds.definition import Node
from ackpy.kinds.model import Reference
from ackpy.kinds.names import reference_name
from ackpy.kinds.paths import Path, parse
from ackpy.kinds.schema import Compare, Field, Naming, Rule, Type, Unset, from_shape, with_field

_RULE_KEYS = (
    "aws from list_of type immutable create_only late default unmanaged clear omit compare ref secret read key shown "
    "words required doc"
).split()
_REF_KEYS = ("kind", "path", "name", "required", "skip_state_check")


def declared(path: str, node: Node, model: ServiceModel, naming: Naming) -> Field | None:
    """The field that a rule declares by `from`, `list_of` or `type`; None where it only adds to one that is there.

    Raises:
        DefinitionError: the operation, member, shape or type isn't known.
    """
    keys = node.mapping(*_RULE_KEYS)
    name = path.rsplit(".", 1)[-1]
    if "type" in keys:
        return Field(name, Type(keys["type"].choice(kind.value for kind in Type)))
    if "from" in keys:
        _, member, shape = shapes.target(keys["from"], model, "in")
        if shape is None:
            raise keys["from"].fail("the operation takes nothing")
        return from_shape(name, member, shape, naming)
    if "list_of" in keys:
        try:
            item = from_shape("[]", "", model.shape_for(keys["list_of"].text()), naming)
        except NoShapeFoundError as error:
            raise keys["list_of"].fail(f"{model.service_name} has no shape '{keys['list_of'].value}'") from error
        return Field(name, Type.LIST, item=item)
    return None


def apply_rules(
    spec: Mapping[str, Field], status: Mapping[str, Field], rules: Mapping[str, Node]
) -> tuple[Field, Field]:
    """The spec and status trees with every rule in its place, and a reference field beside each field that has one.

    Raises:
        DefinitionError: a rule stands for a field that isn't there.
    """
    trees = {
        "spec": Field("spec", Type.STRUCT, fields=dict(spec)),
        "status": Field("status", Type.STRUCT, fields=dict(status)),
    }
    for text, node in rules.items():
        section, path = _place(text)
        found = trees[section].at(path)
        if found is None:
            raise node.fail(f"the kind has no field '{text}'")
        keys = node.mapping(*_RULE_KEYS)
        immutable = keys["immutable"].flag() if "immutable" in keys else False
        doc = keys["doc"].text() if "doc" in keys else found.doc
        rule = _rule(keys)
        rule = replace(rule, key=rule.key or found.rule.key)
        shown = parse(keys["shown"].text()) if "shown" in keys else ()
        changed = replace(found, immutable=immutable, rule=rule, doc=doc, shown=shown)
        trees[section] = with_field(trees[section], path, changed)
        if "secret" in keys and keys["secret"].flag():
            trees[section] = with_field(trees[section], path, _secret(changed, keys["secret"]))
        if "ref" in keys:
            many = found.type is Type.LIST
            ref_path = _reference_path(path, keys["ref"], many=many)
            one = Field("[]" if many else ref_path[-1], Type.REF, aws=path[-1])
            ref = Field(ref_path[-1], Type.LIST, aws=path[-1], item=one) if many else one
            trees[section] = with_field(trees[section], ref_path, ref)
    return trees["spec"], trees["status"]


def settled(field: Field) -> Field:
    """The field as one that is set at creation and never again."""
    unset = Unset.UNMANAGED if field.rule.unset is Unset.ABSENT else field.rule.unset
    return replace(field, rule=replace(field.rule, create_only=True, unset=unset))


def references(rules: Mapping[str, Node], spec: Field) -> tuple[Reference, ...]:
    """The references that the rules declare for fields of a spec.

    Raises:
        DefinitionError: a reference doesn't say `kind: service/Kind` and `path`.
    """
    found = []
    for text, node in rules.items():
        if "ref" not in node.mapping():
            continue
        ref = node.mapping()["ref"]
        keys = ref.mapping(*_REF_KEYS, required=["kind", "path"])
        service, slash, kind = keys["kind"].text().partition("/")
        if not slash:
            raise keys["kind"].fail("expected service/Kind")
        _, path = _place(text)
        flags = {name: keys[name].flag() if name in keys else False for name in ("required", "skip_state_check")}
        filled = spec.at(path)
        many = filled is not None and filled.type is Type.LIST
        at = ("spec", *_reference_path(path, ref, many=many))
        found.append(Reference(("spec", *path), at, service, kind, parse(keys["path"].text()), many=many, **flags))
    return tuple(found)


def _secret(field: Field, place: Node) -> Field:
    """The field as a reference to a Secret; a list becomes a list of such."""
    if field.type is Type.LIST and field.item is not None:
        return replace(field, item=_secret(field.item, place))
    if field.type is not Type.STRING:
        raise place.fail(f"expected a text or a list of texts, the field is a {field.type}")
    return replace(field, type=Type.SECRET)


def _place(text: str) -> tuple[str, Path]:
    section, path = ("status", text.removeprefix("status.")) if text.startswith("status.") else ("spec", text)
    return section, parse(path.replace("[]", ".[]").replace("{}", ".{}"))


def _reference_path(path: Path, ref: Node, *, many: bool) -> Path:
    keys = ref.mapping(*_REF_KEYS)
    return (*path[:-1], keys["name"].text() if "name" in keys else reference_name(path[-1], many=many))


def _rule(keys: Mapping[str, Node]) -> Rule:
    create_only = keys["create_only"].flag() if "create_only" in keys else False
    late = None
    if "late" in keys:
        late = "required" if keys["late"].value == "required" else "taken" if keys["late"].flag() else None
    unset = Unset.DEFAULT if "default" in keys else Unset.ABSENT
    unmanaged = "unmanaged" in keys and keys["unmanaged"].flag()
    read = keys["read"].flag() if "read" in keys else True
    if unmanaged or ("default" not in keys and (late or create_only or not read)):
        unset = Unset.UNMANAGED
    return Rule(
        compare=Compare(keys["compare"].choice(c.value for c in Compare)) if "compare" in keys else Compare.VALUE,
        unset=unset,
        default=keys["default"].value if "default" in keys else None,
        clear=keys["clear"].value if "clear" in keys else None,
        omit=keys["omit"].flag() if "omit" in keys else False,
        late=late,
        create_only=create_only,
        read=read,
        key=keys["key"].text() if "key" in keys else "",
        words={word: child.value for word, child in keys["words"].mapping().items()} if "words" in keys else {},
    )

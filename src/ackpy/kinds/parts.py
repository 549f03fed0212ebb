"""The `parts` section of a definition, compiled: one function a form, chosen by the table at the end.

Parts whose fields only they know come before the fields of the create operation, and parts that write fields which are
there already (`body`) after them; kinds/compile.py keeps that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, OperationModel, ServiceModel, Shape

from ackpy.kinds import shapes
from ackpy.kinds.definition import Node
from ackpy.kinds.draft import Draft, links
from ackpy.kinds.model import Binding, Each, Form, InForce, Link, Part, Read
from ackpy.kinds.names import field_name
from ackpy.kinds.paths import Json, Path, parse
from ackpy.kinds.schema import Compare, Field, Rule, Type, from_shape

_KEYS = (
    "form exists get put remove key value element name each fields absent after constants in out wrapper members "
    "field sends exclusive any_state before_delete update joins already only_one adds_first renews spreads most "
    "in_force created decoded after_creation advice service at"
).split()


@dataclass(frozen=True)
class _Section:
    """A part's section with the operations it names, each with the member it points to and that member's shape."""

    draft: Draft
    name: str
    node: Node
    keys: Mapping[str, Node]
    create: OperationModel

    @property
    def field(self) -> str:
        """The spec field that the part owns."""
        return self.keys["field"].text() if "field" in self.keys else self.name

    @property
    def model(self) -> ServiceModel:
        """botocore's description of the service that serves the part."""
        if "service" not in self.keys:
            return self.draft.model
        try:
            return self.draft.service.models[self.keys["service"].text()]
        except UnknownServiceError as error:
            raise self.keys["service"].fail(f"botocore has no service '{self.keys['service'].value}'") from error

    def target(self, key: str, direction: str) -> tuple[OperationModel, str, Shape | None]:
        return shapes.target(self.keys[key], self.model, direction)

    def place(self, key: str, direction: str) -> tuple[OperationModel, Path, Shape | None]:
        return shapes.place(self.keys[key], self.model, direction)

    def bind(self, op: OperationModel, inputs: Iterable[Link] = (), outputs: Iterable[Link] = ()) -> Binding:
        """A binding with the part's own `in` and `constants` of that operation."""
        constants: dict[str, Json] = {}
        if "constants" in self.keys:
            constants = {name: child.value for name, child in self.keys["constants"].mapping().items()}
        known = shapes.inputs(op)
        more = tuple(link for link in links(self.keys["in"]) if link.aws[0] in known) if "in" in self.keys else ()
        return self.draft.bound(op, (*more, *inputs), outputs, constants.get(op.name, {}))

    def read(self, op: OperationModel, outputs: Iterable[Link], each: Each | None = None) -> Read:
        more = links(self.keys["out"]) if "out" in self.keys else ()
        absent = self.keys["absent"].texts() if "absent" in self.keys else ()
        made = Read(self.bind(op, (), (*outputs, *more)), absent=absent, each=each)
        if "exists" in self.keys and self.keys["exists"].flag():
            self.draft.exists = made
        return made

    def member(self, otherwise: str) -> str:
        """The AWS member that the part's field stands for: creation's, where it takes it."""
        renamed = (name for name, field in self.draft.renamed.items() if field == self.field)
        created = (name for name in shapes.inputs(self.create) if field_name(name) == self.field)
        return next(renamed, None) or next(created, None) or otherwise

    def flag(self, key: str) -> bool:
        return key in self.keys and self.keys[key].flag()

    def advice(self) -> Mapping[str, str]:
        return (
            {code: text.text() for code, text in self.keys["advice"].mapping().items()} if "advice" in self.keys else {}
        )

    def made(self, form: Form, owned: tuple[str, ...], put: Binding, read: Read | None, **more: Json) -> Part:
        return Part(
            name=self.name,
            form=form,
            fields=owned,
            put=put,
            read=None if read is self.draft.exists else read,
            after=self.keys["after"].texts() if "after" in self.keys else (),
            exclusive=self.flag("exclusive"),
            adds_first=self.flag("adds_first"),
            any_state=self.flag("any_state"),
            before_delete=self.flag("before_delete"),
            already=self.keys["already"].texts() if "already" in self.keys else (),
            joins=self.keys["joins"].texts() if "joins" in self.keys else (),
            advice=self.advice(),
            **more,
        )


def form_of(node: Node) -> Form:
    """The form of a part.

    Raises:
        DefinitionError: there is none such.
    """
    return Form(node.mapping(*_KEYS, required=["form"])["form"].choice(f.value for f in Form if f is not Form.FIXED))


def part(draft: Draft, name: str, node: Node, create: OperationModel) -> Part:
    """A part compiled; the fields that only it knows are added to the draft.

    Raises:
        DefinitionError: its section says something that can't be.
    """
    form = form_of(node)
    return _FORMS[form](_Section(draft, name, node, node.mapping(*_KEYS, required=["put"]), create))


def _attributes(own: _Section) -> Part:
    """`members` of a map of attributes, written all at once or, with `name` and `value`, each alone."""
    own.node.mapping(required=["get", "members"])
    get_op, get_member, get_shape = own.target("get", "out")
    put_op, put_member, put_shape = own.target("put", "in")
    if {"name", "value"} & own.keys.keys():
        own.node.mapping(required=["name", "value"])
    one_each = (own.keys["name"].text(), own.keys["value"].text()) if "name" in own.keys else None
    created = _attribute_map(own.create) if one_each else put_member
    known = shapes.map_keys(get_shape if one_each else put_shape)
    names = {}
    for key in own.keys["members"].texts():
        if known and key not in known:
            raise own.keys["members"].fail(f"{put_op.name} knows no attribute '{key}'")
        names[key] = own.draft.naming.exceptions.get(key) or field_name(key)
        own.draft.spec.setdefault(names[key], Field(names[key], Type.STRING, key))
        if created in shapes.inputs(own.create) and key not in shapes.inputs(own.create):
            own.draft.attributes[names[key]] = (created, "@" + key)
    sent = [Link(("@" + key,) if one_each else (put_member, "@" + key), ("spec", f)) for key, f in names.items()]
    shown = [Link((get_member, "@" + key), ("spec", name)) for key, name in names.items()]
    more = links(own.keys["out"]) if "out" in own.keys else ()
    outputs = [*shown, *(Link((get_member, "@" + ".".join(link.aws)), link.field) for link in more)]
    absent = own.keys["absent"].texts() if "absent" in own.keys else ()
    read = Read(own.bind(get_op, (), outputs), absent=absent)
    if own.flag("exists"):
        own.draft.exists = read
    return own.made(Form.ATTRIBUTES, tuple(names.values()), own.bind(put_op, sent), read, one_each=one_each)


def _attribute_map(create: OperationModel) -> str:
    return next((name for name, shape in shapes.inputs(create).items() if shape.type_name == "map"), "")


def _sub_resource(own: _Section) -> Part:
    """One field with a call that writes it whole, and perhaps one that takes it away; `at` says where in it that is."""
    form = form_of(own.node)
    put_op, put_member, put_shape = own.target("put", "in")
    if put_shape is None:
        raise own.keys["put"].fail(f"{put_op.name} takes nothing")
    at: Path = ("spec", own.field, *(parse(own.keys["at"].text()) if "at" in own.keys else ()))
    if at == ("spec", own.field):
        own.draft.spec[own.field] = from_shape(own.field, own.member(put_member), put_shape, own.draft.naming)
    where = (put_member,) if put_member else ()
    read = None
    if "get" in own.keys:
        get_op, get_at, get_shape = own.place("get", "out")
        if get_shape is None or get_shape.type_name != put_shape.type_name:
            found = get_shape.type_name if get_shape else "nothing"
            raise own.keys["get"].fail(f"expected a {put_shape.type_name}, as {put_op.name} takes, found {found}")
        read = own.read(get_op, [Link(get_at, at)])
    put = own.bind(put_op, [Link(where, at)])
    return own.made(form, (own.field,), put, read, remove=_removal(own, ()))


def _removal(own: _Section, child: Iterable[Link]) -> Binding | None:
    if "remove" not in own.keys:
        return None
    op, member, _ = own.target("remove", "in")
    return own.bind(op, [Link((member,), ("spec", own.field))] if member else child)


def _children(own: _Section) -> Part:
    """A list whose elements, told apart by the member `key`, are written one by one.

    Where one operation does it all, each of `put`, `update` and `remove` is a place in its input. Where `get` answers a
    text, a hook makes the list of it.
    """
    own.node.mapping(required=["key", "remove"])
    put_op, put_at, element = own.place("put", "in")
    remove_op, remove_at, _ = own.place("remove", "in")
    key, known = own.keys["key"], shapes.members(element)
    if key.text() not in known or element is None:
        raise key.fail(f"expected one of {', '.join(known)}, found '{key.text()}'")
    rule = Rule(key=field_name(key.text()))
    item = from_shape("[]", "", element, own.draft.naming)
    created = next((name for name in shapes.inputs(own.create) if field_name(name) == own.field), "")
    own.draft.spec[own.field] = Field(own.field, Type.LIST, created, item=item, rule=rule)
    one: Path = ("spec", own.field, "[]")
    child = Link((key.text(),), (*one, rule.key))
    named = [child] if key.text() in shapes.inputs(put_op) else []
    put = own.bind(put_op, [Link(put_at, one), *named])
    update = None
    if "update" in own.keys:
        update_op, update_at, shape = own.place("update", "in")
        taken = [name for name, made in item.fields.items() if made.aws in shapes.members(shape)]
        sent = [Link((*update_at, item.fields[name].aws), (*one, name)) for name in taken]
        update = _alone(own, own.bind(update_op, sent))
    remove = _alone(own, own.bind(remove_op, [Link((*remove_at, key.text()), child.field)]))
    read = None
    if "get" in own.keys:
        get_op, get_at, listed = own.place("get", "out")
        if not isinstance(listed, ListShape) and (listed is None or listed.type_name != "string"):
            raise own.keys["get"].fail(f"expected a list, found {listed.type_name if listed else 'nothing'}")
        read = own.read(get_op, [Link(get_at, ("spec", own.field))])
    return own.made(Form.CHILDREN, (own.field,), put, read, remove=remove, update=update, renews=own.flag("renews"))


def _alone(own: _Section, binding: Binding) -> Binding:
    """A binding without the spec fields that only a new element needs beside it."""
    needed = [
        link
        for link in binding.inputs
        if link.field[0] != "spec" or link.field in own.draft.identity or link.field[1] == own.field
    ]
    return replace(binding, inputs=tuple(needed))


def _set(own: _Section) -> Part:
    """A list of texts whose members are added and removed one by one; `element` is their member in what is listed."""
    own.node.mapping(required=["remove"])
    put_op, put_member, _ = own.target("put", "in")
    rule, only_one = Rule(compare=Compare.SET), own.flag("only_one")
    member = own.member(own.field)
    made = Field(own.field, Type.LIST, member, item=Field("[]", Type.STRING), rule=rule)
    if created := shapes.inputs(own.create).get(member):
        made = from_shape(own.field, member, created, own.draft.naming)
    if not made.item or made.item.type is not Type.STRING:
        raise own.node.fail(f"expected a list of texts, {own.create.name} takes a {made.type} as '{member}'")
    if only_one:
        made, rule = Field(own.field, Type.STRING, own.field), Rule()
    own.draft.spec[own.field] = replace(own.draft.spec.get(own.field, made), rule=rule)
    read = None
    if "get" in own.keys:
        get_op, get_member, listed = own.target("get", "out")
        if not isinstance(listed, ListShape):
            raise own.keys["get"].fail(f"{get_op.name} answers no list '{get_member}'")
        step = ("[]", own.keys["element"].text()) if "element" in own.keys else ()
        read = own.read(get_op, [Link((get_member, *step), ("spec", own.field))])
    one = ("spec", own.field, "[]")
    remove_op, remove_member, _ = own.target("remove", "in")
    remove = own.bind(remove_op, [Link((remove_member,), one)])
    put = own.bind(put_op, [Link((put_member,), one)])
    return own.made(Form.SET, (own.field,), put, read, remove=remove, only_one=only_one)


def _entries(own: _Section) -> Part:
    """A map from names to texts, listed by name and then read, written and removed one by one.

    `key` is the input member that takes a name, `value` the one that takes (and the answer's that holds) a text.
    """
    own.node.mapping(required=["get", "each", "key", "value", "remove"])
    get_op, listed, names = own.target("get", "out")
    if not isinstance(names, ListShape) or names.member.type_name != "string":
        raise own.keys["get"].fail(f"{get_op.name} answers no list of names '{listed}'")
    each_op = shapes.operation(own.model, own.keys["each"], own.keys["each"].text())
    put_op, remove_op = (shapes.operation(own.model, own.keys[key], own.keys[key].text()) for key in ("put", "remove"))
    key, value = own.keys["key"].text(), own.keys["value"].text()
    own.draft.spec[own.field] = Field(own.field, Type.MAP, own.field, item=Field("{}", Type.STRING))
    read = own.read(get_op, [Link((), ("spec", own.field))], Each(listed, own.bind(each_op), key, (value,)))
    entry: Path = ("spec", own.field, "{}")
    return own.made(
        Form.ENTRIES,
        (own.field,),
        own.bind(put_op, [Link((key,), (*entry, "key")), Link((value,), (*entry, "value"))]),
        read,
        remove=own.bind(remove_op, [Link((key,), (*entry, "key"))]),
    )


def _versions(own: _Section) -> Part:
    """A text of which AWS keeps the last versions, one of them in force.

    `get` lists them and `each` shows one: `key` is the input member that takes a version and the listed member that
    holds it, `value` where the text stands in the answer. `most` is how many there can be.
    """
    own.node.mapping(required=["get", "each", "key", "value", "remove", "in_force", "created", "most"])
    put_op, put_member, put_shape = own.target("put", "in")
    get_op, listed, shape = own.target("get", "out")
    each_op, remove_op = (
        shapes.operation(own.model, own.keys[key], own.keys[key].text()) for key in ("each", "remove")
    )
    if put_shape is None or not put_member:
        raise own.keys["put"].fail("expected Operation.Member, the member that takes the text")
    if not isinstance(shape, ListShape):
        raise own.keys["get"].fail(f"{get_op.name} answers no list '{listed}'")
    key, in_force, created = (own.keys[name].text() for name in ("key", "in_force", "created"))
    for name in ("key", "in_force", "created"):
        if own.keys[name].text() not in (known := shapes.members(shape.member)):
            raise own.keys[name].fail(f"expected one of {', '.join(known)}, found '{own.keys[name].value}'")
    if shapes.members(shape.member)[in_force].type_name != "boolean":
        raise own.keys["in_force"].fail(f"expected a member that is true or false, '{in_force}' isn't")
    if shapes.below(each_op.output_shape, parse(own.keys["value"].text())) is None:
        raise own.keys["value"].fail(f"{each_op.name} answers no '{own.keys['value'].value}'")
    own.draft.spec[own.field] = from_shape(own.field, put_member, put_shape, own.draft.naming)
    each = InForce(listed, own.bind(each_op), key, parse(own.keys["value"].text()), in_force, created)
    text: Path = ("spec", own.field)
    return own.made(
        Form.VERSIONS,
        (own.field,),
        own.bind(put_op, [Link((put_member,), text)]),
        own.read(get_op, [Link((), text)], each),
        remove=own.bind(remove_op, [Link((key,), (*text, "[]"))]),
        most=own.keys["most"].number(),
    )


def _toggle(own: _Section) -> Part:
    """A field that one call switches on and another off."""
    own.node.mapping(required=["get", "remove"])
    get_op, get_member, _ = own.target("get", "out")
    put_op, remove_op = (shapes.operation(own.model, own.keys[key], own.keys[key].text()) for key in ("put", "remove"))
    own.draft.spec[own.field] = Field(own.field, Type.BOOLEAN, own.field)
    read = own.read(get_op, [Link((get_member,), ("spec", own.field))])
    return own.made(Form.TOGGLE, (own.field,), own.bind(put_op), read, remove=own.bind(remove_op))


def body(draft: Draft, name: str, node: Node, create: OperationModel, others: Iterable[str]) -> Part:
    """Fields that are there already, and that one operation writes: all that it takes, or those that `fields` lists.

    Where `decoded` says so, a hook tells what `get` answers in the members that `put` takes. `remove` writes what the
    part means when none of its fields is set.

    Args:
        draft, name, node, create: as for `part`.
        others: the fields that other parts own.

    Raises:
        DefinitionError: the operation takes none of the fields.
    """
    own = _Section(draft, name, node, node.mapping(*_KEYS, required=["put"]), create)
    op, one, _ = own.target("put", "in")
    if one:
        raise own.keys["put"].fail(f"expected {op.name} alone: it takes fields as members of its input")
    given = {link.aws[0]: link.field[-1] for link in links(own.keys["in"])} if "in" in own.keys else {}
    spread = [own.keys["spreads"].text()] if "spreads" in own.keys else []
    if unknown := [field for field in spread if field not in draft.spec]:
        raise own.keys["spreads"].fail(f"the kind has no field '{unknown[0]}'")
    identity = {path[1] for path in draft.identity if path[0] == "spec"}
    taken = {**{member: draft.field_of(member) for member in shapes.inputs(op)}, **given}
    wanted = own.keys["fields"].texts() if "fields" in own.keys else None
    sent = {
        member: field
        for member, field in taken.items()
        if field in draft.spec and (field in wanted if wanted else field not in {*identity, *others})
    }
    for field in wanted or ():
        if field not in {*sent.values(), *spread}:
            raise own.keys["fields"].fail(f"{op.name} takes no field '{field}'")
    if not sent:
        raise own.keys["put"].fail(f"{op.name} takes none of the kind's fields")
    read = None
    if "get" in own.keys:
        get_op, member, shape = own.target("get", "out")
        prefix = (member,) if member else ()
        told = [Link((made,), ("spec", name)) for made, name in sent.items()]
        shown = told if own.flag("decoded") else draft.filled(prefix, shape, ())
        read = own.read(get_op, [link for link in shown if link.field[1] in sent.values() and link.field[0] == "spec"])
    changed = "sends" in own.keys and own.keys["sends"].choice(["all", "changed"]) == "changed"
    whole = [Link((), ("spec", field)) for field in spread]
    put = own.bind(op, [*whole, *(Link((made,), ("spec", name)) for made, name in sent.items() if made not in given)])
    fields = tuple(dict.fromkeys([*spread, *sent.values()]))
    return own.made(Form.BODY, fields, put, read, changed_only=changed, remove=_removal(own, ()))


def _secret(own: _Section) -> Part:
    """A field that AWS takes and never shows."""
    op, member, shape = own.target("put", "in")
    if shape is None or not member:
        raise own.keys["put"].fail("expected Operation.Member, the member that takes the secret")
    own.draft.spec[own.field] = from_shape(own.field, member, shape, own.draft.naming)
    put = own.bind(op, [Link((member,), ("spec", own.field))])
    return own.made(Form.SECRET, (own.field,), put, None)


_FORMS: Mapping[Form, Callable[[_Section], Part]] = {
    Form.ATTRIBUTES: _attributes,
    Form.CHILDREN: _children,
    Form.ENTRIES: _entries,
    Form.SECRET: _secret,
    Form.SET: _set,
    Form.SUB_RESOURCE: _sub_resource,
    Form.TAGS: _sub_resource,
    Form.TOGGLE: _toggle,
    Form.VERSIONS: _versions,
}

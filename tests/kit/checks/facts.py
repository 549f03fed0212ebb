"""What a kind is: each fact of the contract stands in the definition."""

from collections.abc import Iterator
from typing import Any

from ackpy.crd.crd import definition
from ackpy.kinds import shapes
from ackpy.kinds.model import Form, Kind
from ackpy.kinds.paths import Path, parse
from ackpy.kinds.schema import Compare, Field, Type, Unset
from tests.kit.conformance import shortfalls
from tests.kit.oracle import Node, all_excepted, schema_at, stored
from tests.kit.wire_oracle import members

_STATES = ("path", "ready", "failed", "creating", "holding", "deleting", "gone")
_COMPARES = {"iam_policy": Compare.POLICY, "document": Compare.DOCUMENT, "string_set": Compare.SET}


def check(kind: Kind, contract: Node) -> list[str]:
    """Every fact about a kind that isn't about one call."""
    return [
        *_names(kind, contract),
        *_operations(kind, contract),
        *shortfalls(contract, definition(kind)),
        *_more(kind, contract),
        *_codes(kind, contract),
        *_late(kind, contract),
        *_references(kind, contract),
        *_compares(kind, contract),
        *_words(kind, contract),
        *_tags(kind, contract),
        *_adoption(kind, contract),
        *_arn(kind, contract),
        *_members(kind, contract),
        *_fates(kind),
        *_mutable(kind, contract),
        *_unset(kind, contract),
        *_order(kind, contract),
        *_life(kind, contract),
        *_volatile(kind, contract),
        *_renewed(kind, contract),
        *_unread(kind, contract),
    ]


def dotted(path: Path) -> str:
    """A path of field names as the contract writes it."""
    return ".".join(path).replace(".[]", "[]").replace(".{}", "{}")


def nodes(node: Field, path: Path = ()) -> Iterator[tuple[Path, Field]]:
    """A field and all below it."""
    yield path, node
    for name, child in node.fields.items():
        yield from nodes(child, (*path, name))
    if node.item is not None:
        yield from nodes(node.item, (*path, "[]" if node.type is Type.LIST else "{}"))


def _differs(what: str, found: object, wanted: object) -> Iterator[str]:
    if found != wanted:
        yield f"{what}: {found}, not {wanted}"


def _names(kind: Kind, contract: Node) -> Iterator[str]:
    yield from _differs("plural", kind.plural, contract["plural"])
    yield from _differs("API version", kind.api_version, f"{contract['group']}/{stored(contract)['name']}")
    yield from _differs("finalizer", kind.finalizer, contract["finalizer"])
    yield from _differs("required", {*kind.spec.required}, {*stored(contract)["spec"].get("required", ())})


def _operations(kind: Kind, contract: Node) -> Iterator[str]:
    """It is made and deleted by the contract's operations."""
    told = {one["purpose"]: one["operation"] for one in all_excepted(contract, "operation")}
    for purpose, found in (("create", kind.create.operation), ("delete", kind.delete.operation)):
        wanted = told.get(purpose) or contract["operations"][purpose].get("operation")
        yield from _differs(f"{purpose} by", found, wanted)


def _more(kind: Kind, contract: Node) -> Iterator[str]:
    """A field beyond the contract must be one that AWS added since: then the exceptions name it."""
    newer = tuple(one["path"] for one in all_excepted(contract, "newer"))
    for section in ("spec", "status"):
        for path, field in nodes(getattr(kind, section), (section,)):
            known = path == (section,) or schema_at(contract, dotted(path)) is not None
            if not known and field.type is not Type.REF and not dotted(path).startswith(newer):
                yield f"{dotted(path)} isn't in the contract"


def _codes(kind: Kind, contract: Node) -> Iterator[str]:
    missing = contract.get("generator", {}).get("errors", {}).get("404", {}).get("code")
    wanted = {one["code"] for one in contract["not_found"]} - {"UNKNOWN"} | ({missing} if missing else set())
    wanted |= {one["code"] for one in all_excepted(contract, "not_found")}
    yield from _differs("not_found", set(kind.not_found), wanted)
    more = {code for one in all_excepted(contract, "terminal") for code in one["codes"]}
    yield from _differs("terminal", set(kind.terminal), set(contract["terminal_codes"]) | more)


def _late(kind: Kind, contract: Node) -> Iterator[str]:
    wanted = {
        path: "required" if rule["blocks_sync_until_set"] else "taken"
        for path, rule in contract.get("late_initialize", {}).items()
        if path.split(".")[1] not in kind.unbuilt
    }
    wanted |= {one["path"]: one["late"] for one in all_excepted(contract, "late")}
    found = {dotted(("spec", *path)): node.rule.late for path, node in kind.late().items()}
    yield from _differs("late initialised", found, wanted)


def _references(kind: Kind, contract: Node) -> Iterator[str]:
    wanted = {
        (one["field"], one["ref"], one["service"], one["kind"], one["from"].lower(), one.get("one_required", False))
        for one in contract.get("references", ())
    }
    wanted |= {
        (one["field"], one["path"], one["service"], one["to"], one["from"].lower(), False)
        for one in all_excepted(contract, "reference")
    }
    found = {
        (dotted(one.field), dotted(one.ref), one.service, one.kind, dotted(one.source).lower(), one.required)
        for one in kind.references
    }
    yield from _differs("references", found, wanted)


def _compares(kind: Kind, contract: Node) -> Iterator[str]:
    wanted = {path: compare for name, compare in _COMPARES.items() for path in contract["compare"].get(name, ())}
    wanted |= {one["path"]: Compare(one["compare"]) for one in all_excepted(contract, "compare")}
    served = {path: compare for path, compare in wanted.items() if path.split(".")[1] not in kind.unbuilt}
    found = {
        dotted(path): field.rule.compare
        for path, field in (*nodes(kind.spec, ("spec",)), *nodes(kind.status, ("status",)))
        if field.rule.compare is not Compare.VALUE and not (kind.tags and path == kind.tags.path)  # of these: _tags
    }
    yield from _differs("compared otherwise than by value", found, served)


def _words(kind: Kind, contract: Node) -> Iterator[str]:
    """AWS's words for values, and what tells elements apart, where no call says so."""
    wanted = {one["path"]: one["words"] for one in all_excepted(contract, "words")}
    found = {dotted(path): field.rule.words for path, field in nodes(kind.spec, ("spec",)) if field.rule.words}
    yield from _differs("words", found, wanted)
    named = {one["path"]: one["key"] for one in all_excepted(contract, "key")}
    by_calls = {name for part in kind.parts if part.form is Form.CHILDREN for name in part.fields}
    keys = {
        dotted(path): field.rule.key
        for path, field in (*nodes(kind.spec, ("spec",)), *nodes(kind.status, ("status",)))
        if field.rule.key and (len(path) > 2 or path[1] not in by_calls)
    }
    yield from _differs("elements told apart", keys, named)
    told = {path for one in all_excepted(contract, "settled") for path in one["paths"]}
    inner = {dotted(path) for path, node in nodes(kind.spec, ("spec",)) if len(path) > 2 and node.rule.create_only}
    yield from _differs("settled with what it is in", inner, told)


def _tags(kind: Kind, contract: Node) -> Iterator[str]:
    wanted: Any = None
    if "path" in (tags := contract.get("tags", {})):
        wanted = (parse(tags["path"]), tags.get("key"), tags.get("value"))
    yield from _differs("tags", kind.tags and (kind.tags.path, kind.tags.key, kind.tags.value), wanted)
    node = kind.spec.at(kind.tags.path[1:]) if kind.tags else None
    if node is not None and node.type is Type.LIST:
        yield from _differs("the tags are compared by", node.rule.compare, Compare.TAGS)


def _adoption(kind: Kind, contract: Node) -> Iterator[str]:
    fields = contract.get("adoption", {}).get("annotation_fields", {})
    wanted = {key: one["to"] for key, one in fields.items()}
    wanted |= {one["key"]: one["path"] for one in all_excepted(contract, "adoption")}
    yield from _differs("adoption", {key: dotted(path) for key, path in kind.adoption.items()}, wanted)
    optional = {key for key, one in fields.items() if not one["required"]}
    yield from _differs("needn't be given to adopt", set(kind.adoption_optional), optional)


def _arn(kind: Kind, contract: Node) -> Iterator[str]:
    """The ARN is known of a resource that was only read, too."""
    path = "status.ackResourceMetadata.arn"
    reads = [kind.exists, *(part.read for part in kind.parts if part.read)]
    read = any(dotted(link.field) == path for one in reads for link in one.binding.outputs)
    if not read and kind.arn is None and parse(path) not in kind.identity:
        yield "nothing tells the ARN of a resource that is read"
    shown = [link.field for link in kind.exists.binding.outputs if link.field[-1].endswith("ARN")]
    is_arn = kind.arn in {f"{{{dotted(path)}}}" for path in (*kind.identity, *shown)}
    for told in all_excepted(contract, "arn"):
        yield from _differs("the ARN that names make", kind.arn, told["arn"])
    if kind.arn is not None and not kind.arn.startswith("arn:") and not is_arn:
        yield f"arn: {kind.arn} is no template of an ARN"


def _members(kind: Kind, contract: Node) -> Iterator[str]:
    """A field stands for the AWS member that the contract maps it to."""
    for name, field in kind.spec.fields.items():
        wanted = {aws.rpartition(".")[2].removeprefix("@") for aws in members(contract, f"spec.{name}")}
        # SQS itself writes one member `tags` and `Tags`.
        same = field.aws.lower() in {member.lower() for member in wanted}
        if wanted and not same and field.type is not Type.REF:
            yield f"spec.{name} stands for {field.aws}, not {' or '.join(sorted(wanted))}"


def _fates(kind: Kind) -> Iterator[str]:
    """A change of a field is written, refused, or can't be: none is ignored."""
    fixed = {name for section, name, *_ in kind.identity if section == "spec"}
    for name in sorted(_naming(kind) - fixed):
        if not (kind.spec.fields[name].rule.create_only or kind.spec.fields[name].immutable):
            yield f"spec.{name} names the resource, and may change"
    for name, field in kind.spec.fields.items():
        part = kind.part_of(name)
        rule = field.rule
        if part is None and name not in {*fixed, *kind.unbuilt} and not field.refers:
            if not rule.create_only and not field.immutable:
                yield f"nothing happens when spec.{name} changes"
            if rule.unset is not Unset.UNMANAGED and name not in kind.spec.required:
                yield f"spec.{name} is sent at creation only, so unset must leave it alone"
        sends_all = part is not None and part.form is Form.ATTRIBUTES and part.one_each is None
        if sends_all and name not in kind.spec.required and rule.unset is Unset.ABSENT and rule.clear is None:
            yield f"spec.{name} can't be removed: say what to send (clear), or its default"


def _naming(kind: Kind) -> set[str]:
    """The spec fields that say which resource is meant."""
    links = (*kind.exists.binding.inputs, *kind.delete.inputs)
    return {link.field[1] for link in links if link.field[0] == "spec" and "[]" not in link.field}


def _mutable(kind: Kind, contract: Node) -> Iterator[str]:
    """What the contract's update writes may change after creation."""
    update = contract["operations"].get("update", {})
    one_each = update.get("one_call_per_changed_attribute", {}).get("attributes", {})
    named = {*kind.identity, *(("spec", one["path"]) for one in all_excepted(contract, "unchangeable"))}
    for path in (*update.get("in", {}).values(), *one_each.values()):
        section, name, *_ = parse(path) if isinstance(path, str) else ("", "")
        served = section == "spec" and name in kind.spec.fields  # else other checks complain
        if not served or ("spec", name) in named or (schema_at(contract, f"spec.{name}") or {}).get("immutable"):
            continue
        if kind.spec.fields[name].rule.create_only:
            yield f"spec.{name} can't be changed, but the contract's update does"
    updates = [one for one, classes in contract.get("other_operations", {}).items() if "UPDATE" in classes]
    for operation in updates:
        taken = shapes.inputs(kind.operation_model(operation))
        for name, field in kind.spec.fields.items():
            if (
                field.aws in taken
                and field.rule.create_only
                and ("spec", name) not in named
                and name not in _naming(kind)
            ):
                yield f"spec.{name} can't be changed, but {operation} does"
    changeable = {path for one in all_excepted(contract, "changeable") for path in one["paths"]}
    for name in (path.removeprefix("spec.") for path in changeable):
        if name not in kind.spec.fields or kind.spec.fields[name].rule.create_only:
            yield f"spec.{name} can't be changed, but AWS changes it"
    for part in kind.parts if one_each else ():
        for name in part.fields if part.one_each else ():
            known = f"spec.{name}" in one_each.values() or f"spec.{name}" in changeable
            yield from _differs(f"spec.{name} is create-only", kind.spec.fields[name].rule.create_only, not known)


def _unset(kind: Kind, contract: Node) -> Iterator[str]:
    """A default, or leaving a field alone, must be in the contract's prose or AWS's, or follow from another fact."""
    wanted = {one["path"]: one.get("default", Unset.UNMANAGED) for one in all_excepted(contract, "unset")}
    found = {}
    for path, field in nodes(kind.spec, ("spec",)):
        rule = field.rule
        follows = rule.unset is Unset.UNMANAGED and (rule.late or rule.create_only or not rule.read)
        if rule.unset is not Unset.ABSENT and not follows:
            found[dotted(path)] = rule.default if rule.unset is Unset.DEFAULT else rule.unset
    for name in sorted(found.keys() | wanted.keys()):
        yield from _differs(f"{name} unset", found.get(name), wanted.get(name))


def _life(kind: Kind, contract: Node) -> Iterator[str]:
    """What the resource may be busy with, and what goes before it."""
    told = [{key: value for key, value in one.items() if key in _STATES} for one in all_excepted(contract, "states")]
    found = [{key: getattr(states, key) for key in _STATES} for states in kind.states]
    shown = [{key: dotted(v) if key == "path" else list(v) for key, v in one.items() if v} for one in found]
    yield from _differs("states", shown, told)
    protected = next((one["path"] for one in all_excepted(contract, "protected")), None)
    yield from _differs("protected by", dotted(kind.protected) if kind.protected else None, protected)
    options = {(f"{contract['group']}/{one['annotation']}", one["aws"]) for one in all_excepted(contract, "option")}
    yield from _differs("options", {(one.annotation, one.member) for one in kind.options}, options)
    first = {name for one in all_excepted(contract, "before_delete") for name in one["parts"]}
    yield from _differs("taken away before deletion", {part.name for part in kind.parts if part.before_delete}, first)


def _renewed(kind: Kind, contract: Node) -> Iterator[str]:
    """What AWS doesn't write over is told in prose."""
    wanted = {name for one in all_excepted(contract, "renews") for name in one["parts"]}
    yield from _differs("written only where it isn't", {part.name for part in kind.parts if part.renews}, wanted)


def _unread(kind: Kind, contract: Node) -> Iterator[str]:
    """What AWS never shows is told in prose, leaf by leaf."""
    found = {
        dotted(("spec", *path))
        for name, node in kind.spec.fields.items()
        for path, leaf in _leaves(node, (name,), read=True)
        if not leaf
    }
    rows = all_excepted(contract, "not_read")  # a whole answer may lack what another shows
    told = {one["path"] for one in rows if "operation" not in one or one["path"] in found}
    yield from _differs("never shown", found, told)


def _leaves(node: Field, path: Path, *, read: bool) -> Iterator[tuple[Path, bool]]:
    read = read and node.rule.read
    if node.type is Type.STRUCT:
        for name, child in node.fields.items():
            yield from _leaves(child, (*path, name), read=read)
    elif node.item is not None:
        yield from _leaves(node.item, (*path, "[]" if node.type is Type.LIST else "{}"), read=read)
    elif node.type is not Type.REF:
        yield path, read


def _volatile(kind: Kind, contract: Node) -> Iterator[str]:
    """What moves by itself is told only in AWS's prose."""
    wanted = {path for one in all_excepted(contract, "volatile") for path in one["paths"]}
    yield from _differs("moves by itself", {dotted(path) for path in kind.volatile}, wanted)


def _order(kind: Kind, contract: Node) -> Iterator[str]:
    """The order of writes that the contract tells in prose, and what mustn't be written after a failure."""
    found = {
        "parts": [part.name for part in kind.parts],
        "one_at_a_time": kind.one_at_a_time,
        "after": {part.name: list(part.after) for part in kind.parts if part.after},
        "joins": {part.name: list(part.joins) for part in kind.parts if part.joins},
        "adds_first": [part.name for part in kind.parts if part.adds_first],
        "exclusive": [part.name for part in kind.parts if part.exclusive],
        "any_state": [part.name for part in kind.parts if part.any_state],
        "already": {part.name: list(part.already) for part in kind.parts if part.already},
        "changed_only": [part.name for part in kind.parts if part.changed_only],
    }
    told = next(iter(all_excepted(contract, "order")), {})
    unsaid = {
        "one_at_a_time": False,
        "after": {},
        "joins": {},
        "adds_first": [],
        "exclusive": [],
        "any_state": [],
        "already": {},
    }
    wanted = {**found, **unsaid, **told}
    yield from _differs("order of writes", found, {key: wanted[key] for key in found})

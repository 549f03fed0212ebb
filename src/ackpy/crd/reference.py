"""A kind's page of reference documentation, in Markdown. `ackpy docs` writes them into docs/reference/."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence

from ackpy.crd.describe import about, descriptions, nodes
from ackpy.kinds.model import Binding, Kind
from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Field, Rule, Type, Unset

_TYPES = {
    Type.TIMESTAMP: "date-time",
    Type.BYTES: "base64 text",
    Type.STRUCT: "object",
    Type.OBJECT: "any object",
    Type.REF: "reference",
    Type.SECRET: "secret reference",
}
_STATUS = (
    (
        "ackResourceMetadata",
        "object",
        "Where the resource lives in AWS: `arn`, `ownerAccountID`, `partition`, `region`.",
    ),
    ("conditions[]", "object", "How the object is doing: `type`, `status`, `reason`, `message`, `lastTransitionTime`."),
    ("observedGeneration", "integer", "The `metadata.generation` that the conditions speak of."),
)


def place(kind: Kind) -> str:
    """Where a kind's page and sample lie, below their folders and without suffix: `s3/bucket`."""
    return f"{kind.service.alias}/{kind.name.lower()}"


def page(kind: Kind, example: str = "") -> str:
    """A kind's page.

    Args:
        kind: the kind.
        example: a manifest, or nothing.
    """
    texts = descriptions(kind)
    sections = (
        _head(kind),
        f"## Example\n\n```yaml\n{example.strip()}\n```" if example else "",
        _spec(kind, texts),
        _variants(kind),
        _references(kind),
        _status(kind, texts),
        _adoption(kind),
        _deletion(kind),
        _operations(kind),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(kind: Kind) -> str:
    facts = (
        ("apiVersion", kind.api_version),
        ("kind", kind.name),
        ("resource for kubectl", f"{kind.plural}.{kind.group}"),
        ("finalizer", kind.finalizer),
    )
    rows = ((name, f"`{value}`") for name, value in facts)
    return f"# {kind.name} ({kind.service.alias})\n\n{about(kind)}\n\n{_table(('', ''), rows)}"


def _spec(kind: Kind, texts: dict[Path, str]) -> str:
    rows = [
        (f"`{_shown(path[1:])}`", _type(field), removal(kind, path[1:]), _about_field(kind, path, field, texts))
        for path, field in nodes(kind.spec, ("spec",))
        if path[-1] not in {"[]", "{}"}
    ]
    return "## Spec\n\n" + _table(("Field", "Type", "When removed", "Description"), rows)


def _variants(kind: Kind) -> str:
    """What resources that AWS serves otherwise don't have, and by what other calls they are served."""
    told = []
    for variant in kind.variants:
        where = " and ".join(f"`{_shown(path)}` matches `{text}`" for path, text in variant.where.items())
        refused = ", ".join(f"`{name}`" for name in variant.kind.refused)
        calls = {operation for operation, _ in _uses(variant.kind)} - {operation for operation, _ in _uses(kind)}
        also = ", ".join(f"`{operation}`" for operation in sorted(calls))
        told.append(
            f"Where {where}, it is a **{variant.kind.title}**. It has none of {refused}: one that is set is refused. "
            f"For it the controller also calls {also}."
        )
    return "\n\n".join(told)


def removal(kind: Kind, path: Path) -> str:
    """What happens when a field is taken out of the spec: its nil rule, in words.

    Args:
        kind: the kind.
        path: the field, below `spec`.
    """
    way = [kind.spec.at(path[: depth + 1]) for depth in range(len(path))]
    fields = [field for field in way if field]
    if path[0] in kind.unbuilt:
        return ""
    if path[0] in kind.spec.required:
        return "can't be: it is required"
    if referring := next((field for field in fields if field.refers), None):
        return f"as `{referring.aws}`"
    rule = fields[-1].rule
    if any(field.rule.create_only for field in fields):
        return f"means {_value(rule.default)}" if rule.unset is Unset.DEFAULT else "stays as it is"
    return _unset(rule)


def _unset(rule: Rule) -> str:
    match rule.unset:
        case Unset.DEFAULT:
            return f"becomes {_value(rule.default)}"
        case Unset.UNMANAGED:
            return "stays as it is"
        case Unset.ABSENT:
            return "is removed"


def _about_field(kind: Kind, path: Path, field: Field, texts: dict[Path, str]) -> str:
    top = path[1]
    required = len(path) == 2 and top in kind.spec.required
    marks = (
        ("Required.", required),
        ("Immutable.", field.immutable),
        ("Not served yet: an object that sets it is refused.", len(path) == 2 and top in kind.unbuilt),
        ("Sent at creation only.", field.rule.create_only and not field.immutable),
        ("AWS's default is taken into the spec.", field.rule.late is not None),
    )
    words = [f"**{mark}**" for mark, holds in marks if holds]
    return " ".join([*words, _cell(texts.get(path, ""))]).strip()


def _references(kind: Kind) -> str:
    if not kind.references:
        return ""
    rows = [
        (
            f"`{_shown(ref.ref)}`",
            f"`{_shown(ref.field)}`",
            f"`{ref.kind}` of {ref.service}",
            f"`{_shown(ref.source)}`",
            "yes" if ref.required else "",
        )
        for ref in kind.references
    ]
    head = "A field's value may come from another object, named in `from.name` (and `from.namespace`) of the reference."
    return f"## References\n\n{head}\n\n" + _table(("Reference", "Fills", "Kind", "With its", "One is required"), rows)


def _status(kind: Kind, texts: dict[Path, str]) -> str:
    own = [
        (f"`{_shown(path[1:])}`", _type(field), _cell(texts.get(path, "")))
        for path, field in nodes(kind.status, ("status",))
        if path[-1] not in {"[]", "{}"}
    ]
    common = [(f"`{name}`", kind_of, said) for name, kind_of, said in _STATUS]
    return "## Status\n\n" + _table(("Field", "Type", "Description"), [*common, *own])


def _adoption(kind: Kind) -> str:
    if not kind.adoption:
        return ""
    needed = [key for key in kind.adoption if key not in kind.adoption_optional]
    fields = json.dumps(dict.fromkeys(needed, "…"), ensure_ascii=False)
    rows = [
        (f"`{key}`", f"`{_shown(path)}`" + ("" if key in needed else ", if it is given"))
        for key, path in kind.adoption.items()
    ]
    return (
        "## Adoption\n\nA resource that is there already is taken over with these annotations "
        "(`adopt-or-create` makes it where it isn't there):\n\n"
        "```yaml\nmetadata:\n  annotations:\n    services.k8s.aws/adoption-policy: adopt\n"
        f"    services.k8s.aws/adoption-fields: '{fields}'\n```\n\n{_table(('Adoption field', 'Stands for'), rows)}"
    )


def _deletion(kind: Kind) -> str:
    if not kind.options:
        return ""
    rows = [(f"`{one.annotation}`", f"`{one.member}`", _value(one.default)) for one in kind.options]
    table = _table(("Annotation", f"Fills, of `{kind.delete.operation}`", "Where it is absent"), rows)
    return f"## Deletion\n\nAnnotations that the deletion follows:\n\n{table}"


def _operations(kind: Kind) -> str:
    rows = ((f"`{operation}`", purpose) for operation, purpose in sorted(set(_uses(kind))))
    return f"## AWS operations\n\n{_table(('Operation', 'Used to'), rows)}"


def _uses(kind: Kind) -> Iterator[tuple[str, str]]:
    bindings: list[tuple[Binding | None, str]] = [
        (kind.create, "create the resource"),
        (kind.delete, "delete the resource"),
        (kind.exists.binding, "see whether the resource is there"),
        (kind.find.binding if kind.find else None, "find a resource whose identity isn't recorded"),
    ]
    for part in kind.parts:
        fields = f"`{part.fields[0]}`" if len(part.fields) == 1 else "the other fields"
        bindings += [
            (part.read.binding if part.read else None, f"read {fields}"),
            (part.put, f"write {fields}"),
            (part.remove, f"remove {fields}"),
        ]
    return ((binding.operation, purpose) for binding, purpose in bindings if binding)


def _type(field: Field) -> str:
    if field.item and field.type is Type.LIST:
        return f"list of {_type(field.item)}"
    if field.item:
        return f"map to {_type(field.item)}"
    return _TYPES.get(field.type, field.type.value)


def _value(value: Json) -> str:
    return f"`{json.dumps(value)}`"


def _shown(path: Path) -> str:
    return ".".join(path).replace(".[]", "[]").replace(".{}", "{}")


def _cell(text: str) -> str:
    """A plain text as the inside of a table's cell."""
    return re.sub(r"([*|`\[\]])", r"\\\1", html.escape(text, quote=False)).replace("\n", "<br>")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

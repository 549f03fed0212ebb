"""What each field of a kind is, in words: from botocore's documentation, and for references from the kind itself.

The same texts stand in the CustomResourceDefinition (crd/schema.py) and on the reference page (crd/reference.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from ackpy.crd import prose
from ackpy.kinds import shapes
from ackpy.kinds.model import Form, Kind, Part
from ackpy.kinds.paths import Path, show
from ackpy.kinds.schema import Field, Type


def descriptions(kind: Kind) -> dict[Path, str]:
    """The description of every field of spec and status that has one, by path; list items stand as `[]`."""
    texts = {
        path: prose.summary(prose.blocks(_html(field)))
        for section in (kind.spec, kind.status)
        for path, field in nodes(section, (section.name,))
    }
    for part in kind.parts:
        if part.form is Form.ATTRIBUTES:
            fields = (kind.spec.fields[name] for name in part.fields)
            texts |= {("spec", one.name): one.doc or _attribute(kind, part, one.aws) for one in fields}
    for ref in kind.references:
        texts[ref.ref] = f"The {ref.service}/{ref.kind} object whose {show(ref.source)} is taken as {ref.field[-1]}."
    return {path: text for path, text in texts.items() if text}


def about(kind: Kind) -> str:
    """One sentence: what the kind stands for."""
    return f"{kind.name} stands for a resource of {kind.service.model.metadata['serviceFullName']}."


def nodes(field: Field, path: Path) -> Iterator[tuple[Path, Field]]:
    """Every field below one, items of lists and maps left out, in the order of the names."""
    for name, child in sorted(field.fields.items()):
        yield (*path, name), child
        yield from nodes(child, (*path, name))
    if field.item:
        yield from nodes(field.item, (*path, "[]" if field.type is Type.LIST else "{}"))


def _html(field: Field) -> str:
    return field.doc or (field.item.doc if field.item else "")


def _attribute(kind: Kind, part: Part, key: str) -> str:
    """What AWS says about a key of a map of attributes: with the create operation, else with the part's own."""
    for operation in (kind.create.operation, part.put.operation):
        for member in shapes.inputs(kind.operation_model(operation)).values():
            if found := prose.entry(prose.blocks(member.documentation), key):
                return prose.summary(found)
    return ""

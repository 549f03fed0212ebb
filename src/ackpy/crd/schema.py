"""A field tree as a structural OpenAPI v3 schema, as a CustomResourceDefinition holds it.

The schema accepts what AWS might accept: no enums, patterns or bounds, since AWS validates and changes its mind.
"""

from __future__ import annotations

from collections.abc import Mapping

from ackpy.kinds.paths import Json, Path
from ackpy.kinds.schema import Field, Type

Schema = dict[str, Json]

_IMMUTABLE = {"rule": "self == oldSelf", "message": "Value is immutable once set"}

_SCALARS: Mapping[Type, Schema] = {
    Type.STRING: {"type": "string"},
    Type.INTEGER: {"type": "integer", "format": "int64"},
    Type.BOOLEAN: {"type": "boolean"},
    Type.NUMBER: {"type": "number"},
    Type.TIMESTAMP: {"type": "string", "format": "date-time"},
    Type.BYTES: {"type": "string", "format": "byte"},
    Type.OBJECT: {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def schema(field: Field, path: Path, texts: Mapping[Path, str]) -> Schema:
    """The schema of a field and all below it.

    Args:
        field: the field.
        path: where it stands, e.g. `("spec",)`.
        texts: descriptions by path (crd/describe.py).
    """
    described: Schema = {"description": texts[path]} if path in texts else {}
    ruled: Schema = {"x-kubernetes-validations": [_IMMUTABLE]} if field.immutable else {}
    return described | _shape(field, path, texts) | ruled


def _shape(field: Field, path: Path, texts: Mapping[Path, str]) -> Schema:
    match field.type:
        case Type.STRUCT:
            inner = {name: schema(child, (*path, name), texts) for name, child in field.fields.items()}
            return struct(inner, field.required)
        case Type.LIST | Type.MAP:
            if field.item is None:
                raise TypeError(f"{'.'.join(path)}: a {field.type} without an item")
            is_list = field.type is Type.LIST
            item = schema(field.item, (*path, "[]" if is_list else "{}"), texts)
            return {"type": "array", "items": item} if is_list else {"type": "object", "additionalProperties": item}
        case Type.REF:
            return struct({"from": struct({"name": text("The object's name."), "namespace": text(_NAMESPACE)})})
        case Type.SECRET:
            key = text("The key in the Secret's data.")
            secret = struct({"key": key, "name": text("The Secret's name."), "namespace": text(_NAMESPACE)}, ("key",))
            return {**secret, "x-kubernetes-map-type": "atomic"}
        case scalar:
            return dict(_SCALARS[scalar])


_NAMESPACE = "Its namespace; empty means that of this object."


def struct(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """The schema of an object with these properties, in the order of their names."""
    needed: Schema = {"required": sorted(required)} if required else {}
    return {"type": "object"} | needed | ({"properties": dict(sorted(properties.items()))} if properties else {})


def text(description: str) -> Schema:
    """The schema of a string."""
    return {"description": description, "type": "string"}


def status(properties: Mapping[str, Schema]) -> Schema:
    """The schema of a status: what every object reports, and the kind's own fields."""
    condition = struct(
        {
            "type": text("Its name, e.g. ACK.ResourceSynced."),
            "status": text("True, False or Unknown."),
            "reason": text("The cause, in one word."),
            "message": text("The cause, in a sentence."),
            "lastTransitionTime": {
                "description": "When the status last changed.",
                "type": "string",
                "format": "date-time",
            },
        },
        ("type", "status"),
    )
    common: dict[str, Schema] = {
        "conditions": {
            "description": "How the object is doing.",
            "type": "array",
            "items": condition,
        },
        "observedGeneration": {
            "description": "The metadata.generation that the conditions speak of.",
            "type": "integer",
            "format": "int64",
        },
    }
    return {"description": "What was last seen.", **struct({**properties, **common})}


def metadata() -> Schema:
    """The schema of `status.ackResourceMetadata`: where the resource lives in AWS."""
    properties = {
        "arn": text("The Amazon Resource Name; empty until the resource exists."),
        "ownerAccountID": text("The AWS account that holds the resource."),
        "partition": text("The AWS partition, e.g. aws."),
        "region": text("The AWS region that holds the resource."),
    }
    return {"description": "Where the resource lives in AWS.", **struct(properties, ("ownerAccountID", "region"))}

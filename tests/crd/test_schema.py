"""A field tree becomes a structural schema."""

from typing import Any

import pytest

from ackpy.crd.crd import definition, to_yaml
from ackpy.crd.schema import schema
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Field, Type

SCALARS = [
    (Type.STRING, {"type": "string"}),
    (Type.INTEGER, {"type": "integer", "format": "int64"}),
    (Type.BOOLEAN, {"type": "boolean"}),
    (Type.NUMBER, {"type": "number"}),
    (Type.TIMESTAMP, {"type": "string", "format": "date-time"}),
    (Type.BYTES, {"type": "string", "format": "byte"}),
    (Type.OBJECT, {"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]
ITEM = Field("", Type.STRING)


@pytest.mark.parametrize(("kind", "expected"), SCALARS)
def test_scalar(kind: Type, expected: dict[str, Any]) -> None:
    assert schema(Field("f", kind), ("spec", "f"), {}) == expected


def test_list_and_map() -> None:
    assert schema(Field("f", Type.LIST, item=ITEM), (), {}) == {"type": "array", "items": {"type": "string"}}
    assert schema(Field("f", Type.MAP, item=ITEM), (), {}) == {
        "type": "object",
        "additionalProperties": {"type": "string"},
    }


def test_struct_is_sorted_described_and_names_what_is_required() -> None:
    tree = Field(
        "spec", Type.STRUCT, fields={"b": Field("b", Type.STRING), "a": Field("a", Type.STRING)}, required=("b",)
    )
    made = schema(tree, ("spec",), {("spec", "a"): "The first."})
    assert made["required"] == ["b"]
    assert list(made["properties"]) == ["a", "b"]
    assert made["properties"]["a"] == {"description": "The first.", "type": "string"}


def test_immutable_field_carries_the_contracts_sentence() -> None:
    made = schema(Field("name", Type.STRING, immutable=True), ("spec", "name"), {})
    assert made["x-kubernetes-validations"] == [
        {"rule": "self == oldSelf", "message": "Value is immutable once set"},
    ]


def test_secret_reference_is_atomic_and_needs_a_key() -> None:
    made = schema(Field("password", Type.SECRET), ("spec", "password"), {})
    assert made["x-kubernetes-map-type"] == "atomic"
    assert made["required"] == ["key"]
    assert set(made["properties"]) == {"key", "name", "namespace"}


def test_reference_has_name_and_namespace() -> None:
    made = schema(Field("keyRef", Type.REF), ("spec", "keyRef"), {})
    assert set(made["properties"]["from"]["properties"]) == {"name", "namespace"}


def test_status_has_what_every_object_reports() -> None:
    (queue,) = load(["sqs"])
    status = definition(queue)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    assert set(status["properties"]) >= {"ackResourceMetadata", "conditions", "observedGeneration", "queueURL"}


def test_yaml_has_no_anchors_and_folds_paragraphs() -> None:
    same = {"type": "string"}
    assert to_yaml([{"a": same, "b": same, "c": "one\ntwo"}]) == (
        "---\na:\n  type: string\nb:\n  type: string\nc: >-\n  one\n\n  two\n"
    )

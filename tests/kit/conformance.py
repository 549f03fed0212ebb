"""A CustomResourceDefinition held against the contract: would every manifest that was accepted still be accepted?"""

from collections.abc import Iterator
from typing import Any

from tests.kit.contract import expand

SCALARS = {"byte": "string", "date-time": "string", "int64": "integer"}
BOUNDS = "enum pattern minLength maxLength minimum maximum minItems maxItems minProperties maxProperties uniqueItems"
IMMUTABLE = {"rule": "self == oldSelf", "message": "Value is immutable once set"}

Node = dict[str, Any]


def shortfalls(kind: Node, crd: Node) -> list[str]:
    """Where a definition accepts or shows less than the contract's kind does; empty when it holds."""
    return list(_definition(kind, crd["spec"]))


def _definition(kind: Node, spec: Node) -> Iterator[str]:
    for key in ("group", "scope"):
        if spec[key] != kind[key]:
            yield f"{key}: {spec[key]}, not {kind[key]}"
    names = {key: spec["names"].get(key) for key in ("kind", "plural", "singular", "listKind")}
    yield from (f"{key}: {name}, not {kind[key]}" for key, name in names.items() if name != kind[key])
    if missing := set(kind.get("shortNames") or []) - set(spec["names"].get("shortNames") or []):
        yield f"short names: {missing}"
    versions = {version["name"]: version for version in spec["versions"]}
    for wanted in kind["versions"]:
        yield from _version(wanted, versions.get(wanted["name"], {}))


def _version(wanted: Node, version: Node) -> Iterator[str]:
    if not version.get("served"):
        yield f"version {wanted['name']} is not served"
        return
    if set(wanted["subresources"]) - set(version["subresources"]):
        yield "no status subresource"
    if version.get("additionalPrinterColumns", []) != wanted["printer_columns"]:
        yield f"printer columns: {version.get('additionalPrinterColumns')}, not {wanted['printer_columns']}"
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    for section in ("spec", "status"):
        yield from _field(wanted[section], properties[section], section)


def _field(node: Any, schema: Node | None, path: str) -> Iterator[str]:
    if schema is None:
        yield f"{path} is missing"
        return
    node = expand(node)
    if "fields" in node:
        kind = "object"
    elif "list" in node:
        kind = "array"
    else:
        kind = "object" if "map" in node else SCALARS.get(node["type"], node["type"])
    if schema["type"] != kind:
        yield f"{path} is {schema['type']}, not {kind}"
        return
    if path.startswith("spec"):
        yield from _refusals(node, schema, path)
    if "fields" in node:
        inner = schema.get("properties", {})
        for name, child in node["fields"].items():
            yield from _field(child, inner.get(name), f"{path}.{name}")
    elif "list" in node:
        yield from _field(node["list"], schema.get("items"), f"{path}[]")
    elif "map" in node:
        yield from _field(node["map"], schema.get("additionalProperties"), f"{path}{{}}")


def _refusals(node: Node, schema: Node, path: str) -> Iterator[str]:
    """What the schema refuses that the contract accepts, and an immutability that is one's only."""
    if more := set(schema.get("required", [])) - set(node.get("required", [])):
        yield f"{path}: newly required: {', '.join(sorted(more))}"
    for bound in BOUNDS.split():
        if schema.get(bound) != node.get(bound):
            yield f"{path}: newly bounded: {bound}"
    rules = schema.get("x-kubernetes-validations", [])
    wanted = [IMMUTABLE] if node.get("immutable") else []
    if rules != wanted:
        yield f"{path}: rules: {rules}, not {wanted}"

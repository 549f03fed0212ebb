"""CustomResourceDefinitions made from the contract alone: what an existing installation of the Go original has."""

from typing import Any

from tests.kit.contract import expand

Node = dict[str, Any]

_SCALARS: dict[str, Node] = {
    "int64": {"type": "integer", "format": "int64"},
    "date-time": {"type": "string", "format": "date-time"},
    "byte": {"type": "string", "format": "byte"},
    "object": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def contract_crd(service_json: Node, kind: str) -> Node:
    """The definition of one kind.

    Args:
        service_json: a service's contract, or the common one (for FieldExport and IAMRoleSelector).
        kind: the kind's name.
    """
    contract = service_json["kinds"][kind]
    names = {
        key: contract[key] for key in ("kind", "listKind", "plural", "singular", "shortNames") if contract.get(key)
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{contract['plural']}.{contract['group']}"},
        "spec": {
            "group": contract["group"],
            "names": names,
            "scope": contract["scope"],
            "versions": [_version(version) for version in contract["versions"]],
        },
    }


def _version(version: Node) -> Node:
    root = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _schema(version["spec"]),
            "status": _schema(version["status"]),
        },
    }
    return {
        "name": version["name"],
        "served": version["served"],
        "storage": version["storage"],
        "subresources": {name: {} for name in version["subresources"]},
        "additionalPrinterColumns": version["printer_columns"],
        "schema": {"openAPIV3Schema": root},
    }


def _schema(node: Any) -> Node:
    node = expand(node)
    schema: Node
    if "fields" in node:
        schema = {"type": "object", "properties": {name: _schema(child) for name, child in node["fields"].items()}}
    elif "list" in node:
        schema = {"type": "array", "items": _schema(node["list"])}
    elif "map" in node:
        schema = {"type": "object", "additionalProperties": _schema(node["map"])}
    else:
        schema = dict(_SCALARS.get(node["type"], {"type": node["type"]}))
    schema |= {key: node[key] for key in ("required", "enum", "x-kubernetes-map-type") if key in node}
    if node.get("immutable"):
        schema["x-kubernetes-validations"] = [{"rule": "self == oldSelf", "message": "Value is immutable once set"}]
    return schema

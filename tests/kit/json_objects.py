"""What a JSON object becomes when patched or pruned, for the in-memory API. Pure functions."""

from typing import Any

from ackpy.kube import Object


def merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386), without changing `target`."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def without(obj: Object, path: tuple[str, ...]) -> Object:
    """The object less the field at this path."""
    first, *rest = path
    if first not in obj:
        return obj
    if rest:
        return {**obj, first: without(obj[first], tuple(rest))}
    return {name: value for name, value in obj.items() if name != first}


def pruned(obj: Object, schema: Object | None) -> Object:
    """The object less the fields that its openAPIV3Schema doesn't know; metadata stays."""
    if schema is None:
        return obj
    properties = {"apiVersion": {}, "kind": {}, **schema.get("properties", {})}
    known = _prune(
        {name: value for name, value in obj.items() if name != "metadata"}, {**schema, "properties": properties}
    )
    return {**known, "metadata": obj["metadata"]}


def _prune(value: Any, schema: Object) -> Any:
    if isinstance(value, list):
        return [_prune(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    children = schema.get("properties", {})
    others = schema.get("additionalProperties") or None
    schemas = {name: children.get(name, others) for name in value}
    return {
        name: child if schemas[name] is True else _prune(child, schemas[name])
        for name, child in value.items()
        if schemas[name] is not None
    }

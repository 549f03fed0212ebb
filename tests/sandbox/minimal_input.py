"""The smallest input of an operation that its model accepts."""

from typing import Any


def minimal_input(shape: Any) -> Any:
    """A value of a botocore shape, with the required members only."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            return {name: minimal_input(shape.members[name]) for name in shape.required_members}
        case "list":
            return [minimal_input(shape.member)]
        case "map":
            return {"key": minimal_input(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(3, shape.metadata.get("min", 0))
        case "boolean":
            return True
        case "blob":
            return b"x"
        case "timestamp":
            return "2026-01-01T00:00:00Z"
        case _:
            return shape.metadata.get("min", 1)

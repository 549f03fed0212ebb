"""Made-up answers of AWS: every member of an operation's output, each with a value that stands nowhere else."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_EPOCH = datetime(2021, 1, 1, tzinfo=UTC)


def answer(shape: Shape | None, keys: Iterable[str] = ()) -> Any:
    """A value of a shape.

    Args:
        shape: an operation's output.
        keys: of the maps in it, beside those that the shape lists.
    """
    return _Maker(tuple(keys)).value(shape, "") if shape else {}


class _Maker:
    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self._count = 0

    def value(self, shape: Shape, path: str, above: tuple[str, ...] = ()) -> Any:
        self._count += 1
        if isinstance(shape, StructureShape):
            if shape.name in above:
                return {}
            inner = (*above, shape.name)
            return {name: self.value(member, f"{path}/{name}", inner) for name, member in shape.members.items()}
        if isinstance(shape, ListShape):
            return [self.value(shape.member, f"{path}/{position}", above) for position in range(2)]
        if isinstance(shape, MapShape):
            keys = dict.fromkeys((*getattr(shape.key, "enum", ()), *self._keys, "key"))
            return {key: self.value(shape.value, f"{path}/{key}", above) for key in keys}
        return self._scalar(shape.type_name, path)

    def _scalar(self, kind: str, path: str) -> Any:
        match kind:
            case "boolean":
                return True
            case "integer" | "long":
                return self._count
            case "float" | "double":
                return self._count + 0.5
            case "timestamp":
                return _EPOCH + timedelta(seconds=self._count)
            case "blob":
                return path.encode()
        return path

"""The contract's data (tests/contract/*.json), read."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "contract"


@cache
def contract(service: str) -> dict[str, Any]:
    """The contract of one service, or of what they share ("common")."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{service}.json").read_text(encoding="utf-8"))
    return loaded


def services() -> tuple[str, ...]:
    """The services that the contract speaks of."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json") if file.stem != "common"))


def expand(node: Any) -> dict[str, Any]:
    """A node of the contract in its long form: with one of `fields`, `list`, `map` or `type` (a scalar's)."""
    long: dict[str, Any] = {"type": node} if isinstance(node, str) else dict(node)
    shared = contract("common")["types"].get(long.get("type"))
    return {**long, **shared, "type": None} if shared else long

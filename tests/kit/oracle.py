"""What the checks hold a kind against: its contract, and the exceptions from it (tests/l0/exceptions.yaml).

An exception also says what the contract says only in prose, as data. Each has a reason; where ackpy differs on purpose,
`deviation` names the row of docs/deviations.md.
"""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ackpy.kinds.model import Kind
from tests.kit.contract import contract, expand

Node = dict[str, Any]

FILE = Path(__file__).parent.parent / "l0" / "exceptions.yaml"


@cache
def exceptions() -> tuple[Node, ...]:
    """Every exception of every kind."""
    return tuple(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def oracle(kind: Kind) -> Node:
    """A kind's contract with its exceptions; a kind that the contract doesn't know has an empty one."""
    known: Node = contract(kind.service.alias)["kinds"].get(kind.name, {}) if _known(kind) else {}
    return {**known, "exceptions": [one for one in exceptions() if one["kind"] == kind.label]}


def _known(kind: Kind) -> bool:
    return (FILE.parent.parent / "contract" / f"{kind.service.alias}.json").exists()


def excepted(contract_: Node, what: str, **place: str) -> Node | None:
    """The exception of one sort for one place, or None."""
    for one in contract_["exceptions"]:
        if one["what"] == what and all(one.get(key) == value for key, value in place.items()):
            return dict(one)
    return None


def all_excepted(contract_: Node, what: str, **place: str) -> list[Node]:
    """The exceptions of one sort."""
    found = [one for one in contract_["exceptions"] if one["what"] == what]
    return [one for one in found if all(one.get(key) == value for key, value in place.items())]


def without_newer(contract_: Node, value: Any) -> Any:
    """A value, in AWS's words or the object's, less what AWS added after the contract was written."""
    newer = all_excepted(contract_, "newer")
    return _without(value, {one["aws"] for one in newer} | {one["path"].rpartition(".")[2] for one in newer})


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def stored(contract_: Node) -> Node:
    """The version that the contract stores."""
    version: Node = next(version for version in contract_["versions"] if version["storage"])
    return version


def schema_at(contract_: Node, path: str) -> Node | None:
    """The contract's node at a path like `spec.website.indexDocument`, or None."""
    node: Node | None = {"fields": {"spec": stored(contract_)["spec"], "status": stored(contract_)["status"]}}
    for key in path.replace("[]", ".[]").replace("{}", ".{}").split("."):
        if node is None:
            return None
        step = "[]" if key.isdigit() else key
        found = {"[]": node.get("list"), "{}": node.get("map")}.get(step) or node.get("fields", {}).get(key)
        if found is None and key in {"key", "value"} and "type" in node:
            continue  # an entry of a map of texts: its name and its text
        node = expand(found) if found is not None else None
    return node


def shown_schema(contract_: Node, path: str) -> Node | None:
    """The contract's node at a path, with the names that answers have where they aren't those of calls."""
    node = deepcopy(schema_at(contract_, path))
    for one in all_excepted(contract_, "shown"):
        if node is None or not one["path"].startswith((f"{path}.", f"{path}[].")):
            continue
        below = one["path"].removeprefix(path).replace("[]", ".[]").strip(".").split(".")
        inner = node
        for key in below[:-1]:
            inner = inner["list"] if key == "[]" else inner["fields"][key]
        inner["fields"][below[-1]] = {**expand(inner["fields"][below[-1]]), "aws": one["aws"]}
    return node


def leaf_paths(contract_: Node, path: str) -> list[str]:
    """The leaves below a path; references to other objects aren't leaves."""
    node = schema_at(contract_, path)
    if node is None:
        return []
    if "fields" in node:
        names = [name for name, child in node["fields"].items() if not _is_reference(child)]
        return [leaf for name in names for leaf in leaf_paths(contract_, f"{path}.{name}")]
    if "list" in node:
        return leaf_paths(contract_, f"{path}[]")
    return leaf_paths(contract_, f"{path}{{}}") if "map" in node else [path]


def _is_reference(node: Any) -> bool:
    return (node if isinstance(node, str) else node.get("type")) in {"$ref", "$secretKeyRef"}

"""The ledger: for each leaf of every spec, is it sent, read back, are its drift and its removal seen, or why not.

Made from the samples, without AWS. `python -m tests.kit.ledger` writes tests/ledger.json anew; it refuses where a row
got worse.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import orjson

from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Path
from ackpy.kinds.registry import load
from ackpy.kinds.schema import Field, Type, Unset
from ackpy.plan.compare import differences
from ackpy.plan.decide import Desired, delta
from ackpy.wire.call import Observation, merged
from tests.kit import values
from tests.kit.checks.facts import dotted
from tests.kit.checks.predict import echo, is_key_of_common
from tests.kit.samples import alone
from tests.kit.steps import End, converge

Row = dict[str, bool | str]
Ledger = dict[str, dict[str, Row]]

FILE = FilePath(__file__).parent.parent / "ledger.json"
COLUMNS = ("sent", "read_back", "drift_seen", "removal_seen")


def ledger() -> Ledger:
    """The ledger of all kinds, as it is now."""
    return {kind.label: dict(sorted(_rows(kind))) for kind in load()}


def read() -> Ledger:
    """The ledger that is committed."""
    found: Ledger = orjson.loads(FILE.read_bytes())
    return found


def text(rows: Ledger) -> str:
    """A ledger as it is written: one row a line."""
    kinds = []
    for label, leaves in rows.items():
        lines = [f"  {_json(path)}: {_json(row)}" for path, row in leaves.items()]
        kinds.append(f"{_json(label)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(kinds) + "\n}\n"


def worse(old: Ledger, new: Ledger) -> list[str]:
    """What was proven and isn't any more."""
    return [
        f"{label} {path} {column}: {new.get(label, {}).get(path, {}).get(column, 'the leaf is gone')}"
        for label, leaves in old.items()
        for path, row in leaves.items()
        for column, value in row.items()
        if value is True and new.get(label, {}).get(path, {}).get(column) is not True
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _rows(kind: Kind) -> Iterator[tuple[str, Row]]:
    tried: dict[Path, Row] = {}
    for sample in alone(kind):
        end = converge(kind, sample["spec"])
        for leaf in values.leaves(kind.spec, sample["spec"]):
            row = _row(kind, sample["spec"], end, leaf)
            known = tried.setdefault(_generic(kind.spec, leaf.path), row)
            known.update({column: True for column, value in row.items() if value is True})
    for path, node in kind.spec.leaves():
        yield dotted(path), tried.get(path) or dict.fromkeys(COLUMNS, _untried(kind, path, node))


def _untried(kind: Kind, path: Path, node: Field) -> str:
    if path[0] in kind.unbuilt:
        return "part not built yet"
    return f"resolved into {node.aws} before anything is decided" if node.type is Type.REF else "no sample sets it"


def _generic(node: Field, path: Path) -> Path:
    """A path with `[]` for positions and `{}` for keys."""
    out: list[str] = []
    for key in path:
        step = {Type.LIST: "[]", Type.MAP: "{}"}.get(node.type, key)
        out.append(step)
        below = node.at((step,))
        assert below is not None
        node = below
    return tuple(out)


def _row(kind: Kind, spec: Mapping[str, Any], end: End, leaf: values.Leaf) -> Row:
    """One leaf of one sample."""
    name = leaf.path[0]
    fixed = _fixed(kind, name)
    value = values.at(spec, leaf.path)
    other = converge(kind, values.replaced(spec, leaf.path, values.another(leaf, value)))
    unsent = "it isn't sent" if leaf.node.aws else "AWS has no such field"
    row: Row = {"sent": [call.params for call in other.calls] != [call.params for call in end.calls] or unsent}
    if fixed and kind.part_of(name) is None:
        return row | dict.fromkeys(COLUMNS[1:], fixed)
    if not leaf.node.rule.read:
        return row | dict.fromkeys(COLUMNS[1:], "AWS never shows it")
    drifted = values.replaced(end.observed.spec, leaf.path, values.another(leaf, value))
    found = delta(kind, Desired(spec, end.observed.status), Observation(True, drifted, end.observed.status))
    row["read_back"] = _read_back(kind, end, leaf, value) or "it doesn't come back"
    row["drift_seen"] = [one.path for one in found] == [leaf.reported] or "the delta doesn't name it"
    if is_key_of_common(kind, leaf.path):
        row["drift_seen"] = "AWS shows only those that it uses"
    row["removal_seen"] = fixed or _removal(kind, spec, end, leaf)
    return row


def _fixed(kind: Kind, name: str) -> str:
    """Why a field never changes; the empty text where it may."""
    field = kind.spec.fields[name]
    if ("spec", name) in kind.identity:
        return "names the resource"
    return "immutable" if field.immutable else "create only" if field.rule.create_only else ""


def _read_back(kind: Kind, end: End, leaf: values.Leaf, value: Any) -> bool:
    shown: dict[str, Any] = {}
    for call in end.calls:
        shown = merged(shown, echo(kind, call))
    return not any(differences(leaf.node, value, values.at(shown, leaf.path)))


def _removal(kind: Kind, spec: Mapping[str, Any], end: End, leaf: values.Leaf) -> bool | str:
    value = values.at(spec, leaf.path)
    if leaf.node.rule.unset is Unset.DEFAULT and not any(differences(leaf.node, None, value)):
        spec = values.replaced(spec, leaf.path, values.another(leaf, value))  # the default's removal changes nothing
        end = converge(kind, spec)
    calls = converge(kind, without(spec, leaf.path), end.observed).calls
    if calls:
        return True
    if leaf.path[0] in values.required(kind):
        return "required"
    above = [kind.spec.at(_generic(kind.spec, leaf.path[:depth])) for depth in range(1, len(leaf.path) + 1)]
    if any(node and node.rule.unset is Unset.UNMANAGED for node in above):
        return "left alone when unset"
    return "its removal isn't seen"


def without(value: Any, path: Path) -> Any:
    """A copy without what stands at a path."""
    if isinstance(value, list):
        position = int(path[0])
        inner = [without(value[position], path[1:])] if len(path) > 1 else []
        return [*value[:position], *inner, *value[position + 1 :]]
    if len(path) == 1:
        return {key: inner for key, inner in value.items() if key != path[0]}
    return {**value, path[0]: without(value[path[0]], path[1:])}


if __name__ == "__main__":
    now = ledger()
    if FILE.exists() and (lost := worse(read(), now)):
        sys.exit(
            "\n".join(["These rows got worse; take them out of tests/ledger.json by hand if that is meant:", *lost])
        )
    FILE.write_text(text(now), encoding="utf-8")

"""Each note of the contract about what is served is held by tests, or deviated from in docs/deviations.md."""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ackpy.kinds.registry import load
from tests.kit.contract import contract
from tests.l0.test_facts import deviations

ROOT = Path(__file__).parent.parent.parent
NOTES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (ROOT / "tests" / "behaviours.yaml").read_text(encoding="utf-8")
)["notes"]
ENTRIES = [(label, number, one) for label, ones in NOTES.items() for number, one in enumerate(ones)]
DIGITS = 12

each = pytest.mark.parametrize(
    ("label", "entry"), [pytest.param(label, one, id=f"{label} {number}") for label, number, one in ENTRIES]
)


def notes() -> dict[str, list[str]]:
    """The contract's notes of every service and kind that is served."""
    found = {kind.service.alias: contract(kind.service.alias).get("behaviour", []) for kind in load()}
    found |= {k.label: contract(k.service.alias)["kinds"][k.name].get("behaviour", []) for k in load()}
    return {label: told for label, told in found.items() if told}


def digest(note: str) -> str:
    return hashlib.sha256(note.encode()).hexdigest()[:DIGITS]


@cache
def functions(file: str) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_note_has_its_entry() -> None:
    """In the contract's order; a note that changed has to be read again."""
    assert {label: [one["note"] for one in ones] for label, ones in NOTES.items()} == {
        label: [digest(note) for note in told] for label, told in notes().items()
    }


@each
def test_note_is_held(label: str, entry: dict[str, Any]) -> None:
    assert entry.keys() <= {"note", "says", "held_by", "deviates"}
    assert entry["says"]
    held_by, deviates = entry.get("held_by", ()), entry.get("deviates", ())
    assert held_by or deviates
    for node in held_by:
        file, _, name = node.partition("::")
        assert name.startswith("test_")
        assert name in functions(file), node
    assert {*deviates} <= {field for kind, field, *_ in deviations() if kind in {label, "every kind"}}

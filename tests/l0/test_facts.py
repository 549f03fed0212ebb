"""Every fact of the contract stands in the definition; every difference from it has a reason that still holds."""

import re
from pathlib import Path

import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.checks import CHECKS, complaints
from tests.kit.oracle import Node, exceptions, oracle

KINDS = {kind.label: kind for kind in load()}
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_definition_keeps_the_facts(kind: Kind) -> None:
    assert CHECKS["facts"](kind, oracle(kind)) == []


# What AWS's documentation says, and the contract doesn't: the definition is held to it, and nothing is excused.
SAID_BY_AWS = ("arn", "changeable")


@pytest.mark.parametrize(
    "entry",
    [one for one in exceptions() if one["what"] not in SAID_BY_AWS],
    ids=lambda one: f"{one['kind']} {one['what']} {one.get('path', '')}",
)
def test_exception_is_needed(entry: Node) -> None:
    kind = KINDS[entry["kind"]]
    assert entry["reason"]
    without = [one for one in oracle(kind)["exceptions"] if one != entry]
    assert any(complaints(kind, {**oracle(kind), "exceptions": without}))


def deviations() -> list[list[str]]:
    """The rows of docs/deviations.md: kind, field, contract, ackpy, why, test."""
    lines = (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip(" `") for cell in line.strip("| ").split(" | ")] for line in lines if line.startswith("| `")]


def test_deviating_exceptions_have_a_row() -> None:
    rows = {(row[0], row[1]) for row in deviations()}
    deviating = [one for one in exceptions() if one.get("deviation")]
    named = [one["path"].removeprefix("spec.") if one["deviation"] is True else one["deviation"] for one in deviating]
    wanted = {(one["kind"], name) for one, name in zip(deviating, named, strict=True)}
    assert wanted <= rows


@pytest.mark.parametrize("row", deviations(), ids=lambda row: " ".join(row[:2]))
def test_deviation_names_a_law_and_its_test(row: list[str]) -> None:
    kind, field, contract, ackpy, why, test = row
    assert kind in {*KINDS, "every kind", "services.k8s.aws/FieldExport"}
    assert field
    assert contract
    assert ackpy
    assert re.match(r"law \d", why)
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")

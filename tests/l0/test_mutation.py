"""A definition with one entry wrong is refused, or a check complains.

survivors.txt lists the mutants that live, each with the reason. It changes knowingly or not at all.
"""

from pathlib import Path

import pytest

from ackpy.kinds.definition import DefinitionError
from ackpy.kinds.registry import services
from tests.kit.checks import complaints
from tests.kit.definitions import Data, Mutant, compiled, definitions, mutants
from tests.kit.oracle import oracle

SURVIVORS = Path(__file__).parent / "survivors.txt"
KILLED = 0.95


def killed(mutant: Mutant, files: dict[str, Data]) -> bool:
    try:
        kinds = compiled({**files, mutant.file: mutant.data}, mutant.file)
    except DefinitionError:
        return True
    return any(said for kind in kinds for said in complaints(kind, oracle(kind)))


def listed(service: str) -> set[str]:
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    named = [line.partition("  # ") for line in lines if line and not line.startswith("#")]
    assert all(reason for _, _, reason in named)
    return {name.removeprefix(f"{service}/") for name, _, _ in named if name.startswith(f"{service}/")}


@pytest.mark.parametrize("service", services())
def test_wrong_definition_is_noticed(service: str) -> None:
    files = definitions(service)
    every = [mutant for file, data in files.items() for mutant in mutants(file, data)]
    living = {str(mutant) for mutant in every if not killed(mutant, files)}
    assert living == listed(service)
    assert 1 - len(living) / len(every) >= KILLED

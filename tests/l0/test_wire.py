"""What is sent and what is seen, field by field, against the contract's operation maps."""

import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.checks import CHECKS
from tests.kit.oracle import oracle

KINDS = load()


@pytest.mark.parametrize("check", ["wire_out", "wire_in"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_calls_hold_what_the_contract_says(kind: Kind, check: str) -> None:
    assert CHECKS[check](kind, oracle(kind)) == []

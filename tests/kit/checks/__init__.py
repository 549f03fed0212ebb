"""Checks of one kind against its contract and the laws: each says in sentences what is wrong.

Tests want none; mutation wants at least one for each wrong definition.
"""

from collections.abc import Callable, Iterator

from ackpy.kinds.model import Kind
from tests.kit.checks import facts, nil_rules, normal, predict, wire_in, wire_out
from tests.kit.oracle import Node

Check = Callable[[Kind, Node], list[str]]

# In the order of their cost.
CHECKS: dict[str, Check] = {
    "facts": facts.check,
    "wire_in": wire_in.check,
    "wire_out": wire_out.check,
    "nil_rules": nil_rules.check,
    "normal": normal.check,
    "predict": predict.check,
}


def complaints(kind: Kind, contract: Node) -> Iterator[str]:
    """What all checks say, the cheap ones first."""
    if "operations" not in contract:
        yield f"the contract knows no {kind.label}"
        return
    for check in CHECKS.values():
        yield from check(kind, contract)

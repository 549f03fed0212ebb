"""Other accounts: never is something made in the controller's account that belongs in another."""

import pytest

from ackpy.controller.scopes import ScopeRefusedError, Scopes
from ackpy.controller.subject import OWNER_ACCOUNT, Subject
from ackpy.kinds.registry import load
from tests.kit.world import ACCOUNT, REGION


def scope_in(owner: str | None) -> str:
    annotations = {OWNER_ACCOUNT: owner} if owner else {}
    scopes = Scopes(ACCOUNT, "aws", REGION, None, lambda _: annotations)
    return scopes.of(Subject(load()[0], {"metadata": {"name": "a", "namespace": "n"}, "spec": {}})).account


@pytest.mark.parametrize("owner", [None, ACCOUNT])
def test_a_namespace_of_our_account_is_served(owner: str | None) -> None:
    assert scope_in(owner) == ACCOUNT


def test_a_namespace_of_another_account_is_refused() -> None:
    with pytest.raises(ScopeRefusedError, match="the namespace belongs to account 999999999999"):
        scope_in("999999999999")

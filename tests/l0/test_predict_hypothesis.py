"""The laws for specs that nobody thought of: any that the API server would accept."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.checks import predict
from tests.kit.strategies import specs

KINDS = load()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
@given(data=st.data())
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_spec_and_any_edit_keep_the_laws(kind: Kind, data: st.DataObject) -> None:
    first, second = data.draw(specs(kind)), data.draw(specs(kind))
    assert [*predict.laws(kind, first), *predict.edit(kind, first, second)] == []

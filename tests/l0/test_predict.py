"""The laws without AWS: for a spec that sets everything, for edits and removals, and for every sample."""

import pytest

from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.checks import CHECKS, predict
from tests.kit.oracle import Node, oracle
from tests.kit.samples import samples

KINDS = load()
SAMPLES = [(kind, sample) for kind in KINDS for sample in samples(kind)]


@pytest.mark.parametrize("check", ["predict", "nil_rules", "normal"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_kind_keeps_the_laws(kind: Kind, check: str) -> None:
    assert CHECKS[check](kind, oracle(kind)) == []


@pytest.mark.parametrize(("kind", "sample"), SAMPLES, ids=[f"{k.label} {s['metadata']['name']}" for k, s in SAMPLES])
def test_sample_keeps_the_laws(kind: Kind, sample: Node) -> None:
    assert predict.laws(kind, sample["spec"]) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_every_kind_has_samples(kind: Kind) -> None:
    assert samples(kind)

"""What the tests run over: every kind there is, every sample, and each of their leaves."""

import pytest

from ackpy.kinds.model import Kind, Part
from ackpy.kinds.registry import load
from ackpy.kube import Object
from tests.kit import edits
from tests.kit.samples import alone, made_up
from tests.kit.scene import named

Sample = tuple[Kind, Object]

ALL: list[Sample] = [(kind.meant(sample["spec"]), sample) for kind in load() for sample in alone(kind)]


def each_sample(*, changes: bool = False, named: bool = False, at_once: bool = False) -> pytest.MarkDecorator:
    """All, or only those of which something may change (and AWS isn't busy with it), or that the spec names."""
    chosen = [
        pytest.param(kind, sample, id=sample["metadata"]["name"])
        for kind, sample in ALL
        if not (changes and edits.first(kind, sample["spec"]) is None)
        and not (named and made_up(kind))
        and not (at_once and _keeps_busy(kind, sample))
    ]
    return pytest.mark.parametrize(("kind", "sample"), chosen)


def _keeps_busy(kind: Kind, sample: Object) -> bool:
    """Whether AWS takes no other call for a while after the first change of a sample."""
    part = kind.part_of(edits.sure(kind, sample["spec"]).leaf.path[0])
    return part is not None and part.exclusive


def each_whole() -> pytest.MarkDecorator:
    """Of each kind, the fewest samples that together set every part and every other field: for what takes long."""
    chosen: list[Sample] = []
    for kind in load():
        left = [one for one in ALL if one[0].label == kind.label]
        missing = {name for _, sample in left for name in _parts(kind, sample)}
        while missing:
            best = max(left, key=lambda one: len(_parts(*one) & missing))
            missing -= _parts(*best)
            left.remove(best)
            chosen.append(best)
    return pytest.mark.parametrize(
        ("kind", "sample"), [pytest.param(*one, id=one[1]["metadata"]["name"]) for one in chosen]
    )


def _parts(kind: Kind, sample: Object) -> set[str]:
    """The parts that a sample sets, and its fields that no part owns."""
    return {part.name if (part := kind.part_of(name)) else name for name in sample["spec"]}


def each_change(*, seen: bool = False) -> pytest.MarkDecorator:
    """Of every leaf that may change, or of those among them that AWS shows."""
    return pytest.mark.parametrize(
        ("kind", "sample", "change"),
        [
            pytest.param(kind, sample, change, id=f"{sample['metadata']['name']}-{named(change.leaf.path)}")
            for kind, sample in ALL
            for change in edits.changes(kind, sample["spec"])
            if change.leaf.node.rule.read or not seen
        ],
    )


def each_removal() -> pytest.MarkDecorator:
    """Of every field that may be taken out."""
    return pytest.mark.parametrize(
        ("kind", "sample", "path"),
        [
            pytest.param(kind, sample, path, id=f"{sample['metadata']['name']}-{named(path)}")
            for kind, sample in ALL
            for path in edits.removals(kind, sample["spec"])
        ],
    )


def each_part() -> pytest.MarkDecorator:
    """Of every part that a sample sets and that can be taken out."""
    return pytest.mark.parametrize(
        ("kind", "sample", "part"),
        [
            pytest.param(kind, sample, part, id=f"{sample['metadata']['name']}-{part.name}")
            for kind, sample in ALL
            for part in kind.parts
            if edits.removable(kind, part, sample["spec"])
        ],
    )


def part_named(kind: Kind, name: str) -> Part:
    return next(part for part in kind.parts if part.name == name)

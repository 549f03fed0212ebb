"""What the tests run over: every kind there is, every sample, and each of their leaves."""

import pytest

from ackpy.kinds.model import Kind, Part
from ackpy.kinds.registry import load
from ackpy.kube import Object
from tests.kit import edits
from tests.kit.samples import alone
from tests.kit.scene import named

Sample = tuple[Kind, Object]

ALL: list[Sample] = [(kind, sample) for kind in load() for sample in alone(kind)]


def each_sample(*, changing: bool = False) -> pytest.MarkDecorator:
    """Every sample, or those of which something may change."""
    wanted = [one for one in ALL if not changing or any(edits.changes(one[0], one[1]["spec"]))]
    return pytest.mark.parametrize(
        ("kind", "sample"), [pytest.param(*one, id=one[1]["metadata"]["name"]) for one in wanted]
    )


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

"""A reference page says of every field what it is and what its absence means."""

import pytest

from ackpy.crd.reference import page, removal
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import parse
from ackpy.kinds.registry import load
from tests.kit.definitions import partly_served

KINDS = {kind.label: kind for kind in load()}


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        ("sqs/Queue", "queueName", "can't be: it is required"),
        ("sqs/Queue", "deduplicationScope", 'becomes `"queue"`'),
        ("sqs/Queue", "fifoQueue", 'means `"false"`'),
        ("sqs/Queue", "delaySeconds", "stays as it is"),
        ("sqs/Queue", "policy", "is removed"),
        ("sqs/Queue", "policyRef", "as `policy`"),
        ("s3/Bucket", "versioning", 'becomes `{"status": "Suspended"}`'),
        ("s3/Bucket", "website.errorDocument", "is removed"),
        ("s3/Bucket", "publicAccessBlock", "stays as it is"),
        ("s3/Bucket", "createBucketConfiguration.locationConstraint", "stays as it is"),
        ("s3/Bucket", "grantRead", "is removed"),
    ],
)
def test_nil_rule_in_words(kind: str, path: str, said: str) -> None:
    assert removal(KINDS[kind], parse(path)) == said


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_page_has_every_leaf_and_every_operation(kind: Kind) -> None:
    text = page(kind, "apiVersion: example")
    for section in (kind.spec, kind.status):
        for path, _ in section.leaves():
            shown = ".".join(path).replace(".[]", "[]").replace(".{}", "{}").removesuffix("[]").removesuffix("{}")
            assert f"| `{shown}` |" in text
    for part in kind.parts:
        assert f"| `{part.put.operation}` |" in text
    assert "apiVersion: example" in text


def test_page_marks_required_immutable_and_late_fields() -> None:
    rows = {line.split("`")[1]: line for line in page(KINDS["sqs/Queue"]).splitlines() if line.startswith("| `")}
    assert "**Required.** **Immutable.**" in rows["queueName"]
    assert "**AWS's default is taken into the spec.**" in rows["delaySeconds"]
    assert "**Sent at creation only.**" in rows["fifoQueue"]


def test_page_says_what_is_not_served() -> None:
    kind = partly_served()
    assert "| `website` | object |  | **Not served yet" in page(kind)
    assert removal(kind, parse("website")) == ""

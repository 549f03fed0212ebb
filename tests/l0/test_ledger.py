"""The committed ledger is the true one, and it only grows."""

import copy

from tests.kit.ledger import ledger, read, text, worse


def test_ledger_is_what_the_samples_prove() -> None:
    now = ledger()
    assert worse(read(), now) == []
    assert text(read()) == text(now), "run `python -m tests.kit.ledger`"


def test_nothing_is_unseen_without_a_reason() -> None:
    bad = {"it isn't sent", "it doesn't come back", "the delta doesn't name it", "its removal isn't seen"}
    rows = [(label, path, row) for label, leaves in ledger().items() for path, row in leaves.items()]
    assert [(label, path) for label, path, row in rows if bad & set(map(str, row.values()))] == []


def test_a_row_that_got_worse_is_named() -> None:
    before, after = read(), copy.deepcopy(read())
    after["sqs/Queue"]["policy"]["drift_seen"] = "the delta doesn't name it"
    del after["s3/Bucket"]["name"]
    assert worse(before, after) == [
        "s3/Bucket name sent: the leaf is gone",
        "sqs/Queue policy drift_seen: the delta doesn't name it",
    ]
    assert worse(after, before) == []

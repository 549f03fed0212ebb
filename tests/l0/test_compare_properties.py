"""Policies and documents are compared by meaning: other words are no difference, another meaning is."""

from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ackpy.kinds.schema import Compare, Field, Rule, Type
from ackpy.plan.compare import differences
from tests.kit.checks.normal import as_aws_does, backwards
from tests.kit.strategies import DOCUMENTS, POLICIES
from tests.kit.values import policy

POLICY = Field("policy", Type.STRING, rule=Rule(compare=Compare.POLICY))
DOCUMENT = Field("document", Type.STRING, rule=Rule(compare=Compare.DOCUMENT))

checked = settings(max_examples=200, derandomize=True, deadline=None)


def text(document: Any) -> str:
    return orjson.dumps(document).decode()


def same(field: Field, one: str, other: str) -> bool:
    found = [bool(list(differences(field, *pair))) for pair in ((one, other), (other, one))]
    assert found[0] == found[1]  # a difference has no direction
    return not found[0]


@given(POLICIES)
@checked
def test_policy_in_aws_words_is_the_same(document: Any) -> None:
    assert same(POLICY, text(document), as_aws_does(text(document)))


@given(POLICIES, st.randoms(use_true_random=False))
@checked
def test_order_of_a_policy_says_nothing(document: Any, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shuffled(inner) for key, inner in random.sample(list(value.items()), len(value))}
        return random.sample([shuffled(one) for one in value], len(value)) if isinstance(value, list) else value

    assert same(POLICY, text(document), text(shuffled(document)))


@given(POLICIES, st.data())
@checked
def test_another_policy_is_seen(document: Any, data: st.DataObject) -> None:
    changed = orjson.loads(orjson.dumps(document))
    statement = data.draw(st.sampled_from(changed["Statement"]))
    what = data.draw(
        st.sampled_from(["effect", "action", "resource", "principal", "condition", "statement", "version"])
    )
    match what:
        case "effect":
            statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
        case "action":
            statement["Action"] = [*(a if isinstance(a := statement["Action"], list) else [a]), "iam:NewAction"]
        case "resource":
            statement["Resource"] = "arn:aws:s3:::another"
        case "principal":
            statement["Principal"] = {"AWS": "999999999999"}
        case "condition":
            statement["Condition"] = {"StringEquals": {"aws:RequestedRegion": "another"}}
        case "statement":
            changed["Statement"] = [*changed["Statement"], {"Effect": "Deny", "Action": "another"}]
        case "version":
            changed["Version"] = "2008-10-17"
    assert not same(POLICY, text(document), text(changed))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"AWS": "123456789012"}, {"AWS": "123456789013"}),
        ({"AWS": "123456789012"}, {"Federated": "123456789012"}),
        ("*", {"Service": "*"}),
        ({"AWS": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:user/root"}),
    ],
)
def test_another_principal_is_seen(one: Any, other: Any) -> None:
    policies = [text({"Statement": {"Effect": "Allow", "Action": "*", "Principal": who}}) for who in (one, other)]
    assert not same(POLICY, *policies)


@given(DOCUMENTS)
@checked
def test_document_with_other_order_and_spaces_is_the_same(document: Any) -> None:
    other = orjson.dumps(backwards(document), option=orjson.OPT_INDENT_2).decode()
    assert same(DOCUMENT, text(document), other)


@given(DOCUMENTS, DOCUMENTS)
@checked
def test_another_document_is_seen(one: Any, other: Any) -> None:
    assume(one != other)
    assert not same(DOCUMENT, text(one), text(other))


@pytest.mark.parametrize("field", [POLICY, DOCUMENT])
def test_text_that_is_no_json_is_compared_as_it_stands(field: Field) -> None:
    assert same(field, "{not json", "{not json")
    assert not same(field, "{not json", "{ not json")
    assert not same(field, "{not json", policy("a policy"))

"""A service file that says what can't be is refused by name; and the JSON that services rewrite."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from ackpy.sandbox.simulator.documents import is_public, parsed_policy, rewritten, rewritten_policy
from ackpy.sandbox.simulator.reading import DefinitionError, load, parse, services
from ackpy.sandbox.simulator.rules import RULES


def _with(old: str, new: str) -> str:
    text = (files("ackpy.sandbox.simulator") / "services" / "sqs.yaml").read_text()
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("put: TagQueue", "put: TagQueues", "TagQueues"),
        ("member: Tags", "member: Tag", "no member Tag; there are QueueUrl, Tags"),
        ("absent: QueueDoesNotExist", "absent: Gone", "the fault Gone"),
        ("blank_removes: true", "blanks: true", "blanks"),
        ("scope: region", "scope: planet", "planet"),
        ("throttled: RequestThrottled", "", "throttled"),
        ("kinds:", "kinds: [", "services/sqs.yaml"),
    ],
)
def test_a_wrong_file_is_refused_by_name(old: str, new: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as error:
        parse("sqs", _with(old, new))
    assert str(error.value).startswith("services/sqs.yaml")


def test_every_rule_belongs_to_an_operation() -> None:
    assert RULES.keys() == set(services())
    for service, rules in RULES.items():
        assert rules.keys() <= load(service).actions.keys()


def test_documents_are_compact_and_in_another_order() -> None:
    assert rewritten('{"b": [1, 2], "a": {"d": true, "c": null}}') == '{"a":{"c":null,"d":true},"b":[1,2]}'
    with pytest.raises(ValueError, match="object"):
        rewritten("[]")


def test_policies_mean_the_same_after_rewriting() -> None:
    given = {
        "Statement": {"Resource": ["r"], "Action": ["a", "b"], "Principal": {"AWS": "111122223333"}, "Effect": "Allow"}
    }
    assert rewritten_policy(json.dumps(given)) == (
        '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["a","b"],'
        '"Resource":"r"}]}'
    )


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({"Effect": "Allow", "Principal": "*"}, True),
        ({"Effect": "Allow", "Principal": {"AWS": ["*"]}}, True),
        ({"Effect": "Deny", "Principal": "*"}, False),
        ({"Effect": "Allow", "Principal": {"Service": "*"}}, False),
        ({"Effect": "Allow", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Effect": "Allow", "Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
    ],
)
def test_public_is_what_everybody_may(statement: dict[str, object], public: bool) -> None:
    [parsed] = parsed_policy(json.dumps({"Statement": [{**statement, "Action": "a"}]}))
    assert is_public(parsed) is public

"""Step Functions: settings whole, tags by key."""

import pytest

from tests.kit.asked import asked

MACHINE, ALIAS = asked("sfn/StateMachine"), asked("sfn/StateMachineAlias")
BASE = {"name": "m", "definition": '{"a": 1}', "roleARN": "arn:r", "loggingConfiguration": {"level": "ALL"}}


@pytest.mark.parametrize("label", ["sfn/Activity", "sfn/StateMachine"])
def test_tags_are_taken_off_by_key_and_put_on(label: str) -> None:
    """Contract, sfn/Activity and sfn/StateMachine, behaviours 0: tags alone; their order says nothing."""
    one, two, other = ({"key": key, "value": value} for key, value in (("a", "1"), ("b", "2"), ("a", "9")))
    spec = {**BASE, "tags": [one, two]} if label.endswith("Machine") else {"name": "m", "tags": [one, two]}
    assert asked(label).sent(spec, {**spec, "tags": [two, one]}) == []
    assert asked(label).sent(spec, {**spec, "tags": [other, {"key": "c", "value": "3"}]}) == [
        ("UntagResource", {"tagKeys": ["c"]}),
        ("TagResource", {"tags": [one, two]}),
    ]


def test_a_changed_machine_is_sent_whole() -> None:
    """Contract, sfn/StateMachine, behaviour 0: one UpdateStateMachine; the definition is a document."""
    assert MACHINE.sent(BASE, {**BASE, "definition": '{ "a":1 }'}) == []
    whole = {"definition": '{"a": 1}', "roleArn": "arn:r", "loggingConfiguration": {"level": "ALL"}}
    for name, value in (("definition", '{"a": 2}'), ("roleARN", "arn:s"), ("loggingConfiguration", {"level": "OFF"})):
        assert MACHINE.sent(BASE, {**BASE, name: value}) == [("UpdateStateMachine", whole)]
    traced = {**BASE, "tracingConfiguration": {"enabled": True}}
    assert MACHINE.sent(traced, BASE) == [("UpdateStateMachine", {**whole, "tracingConfiguration": {"enabled": True}})]


def test_an_alias_changes_its_routes_and_its_description() -> None:
    """Contract, sfn/StateMachineAlias, behaviour 0."""
    route = [{"stateMachineVersionARN": "arn:v", "weight": 100}]
    spec = {"name": "a", "description": "d", "routingConfiguration": route}
    routed = [{"stateMachineVersionArn": "arn:v", "weight": 100}]
    assert ALIAS.sent(spec, {**spec, "routingConfiguration": [{**route[0], "weight": 50}]}) == [
        ("UpdateStateMachineAlias", {"description": "d", "routingConfiguration": routed})
    ]
    assert ALIAS.sent({**spec, "description": "e"}, spec) == [
        ("UpdateStateMachineAlias", {"description": "e", "routingConfiguration": routed})
    ]

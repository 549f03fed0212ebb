"""KMS: keys in parts, aliases under short names, grants that stay as they are."""

import pytest

from ackpy.plan.decide import Act, Gone, Refuse
from tests.kit.asked import asked

KEY, ALIAS, GRANT = asked("kms/Key"), asked("kms/Alias"), asked("kms/Grant")
POLICY, OTHER = '{"Id": "a"}', '{"Id": "b"}'


@pytest.mark.parametrize("name", ["orders", "alias/orders"])
def test_an_alias_has_its_prefix_in_every_call(name: str) -> None:
    """Contract, kms/Alias, behaviour 0: create, update, delete, and what is matched."""
    spec = {"name": name, "targetKeyID": "new"}
    assert ALIAS.created(spec) == {"AliasName": "alias/orders", "TargetKeyId": "new"}
    assert ALIAS.wanted(spec)["name"] == "alias/orders"
    for deleting, operation in ((False, "UpdateAlias"), (True, "DeleteAlias")):
        decision = ALIAS.decision(spec, {"targetKeyID": "old"}, deleting=deleting)
        assert isinstance(decision, Act)
        (call,) = decision.stage.calls
        assert (call.operation, call.params["AliasName"]) == (operation, "alias/orders")
    assert ALIAS.sent(spec, {"targetKeyID": "old"}) == [("UpdateAlias", {"TargetKeyId": "new"})]


@pytest.mark.parametrize("field", ["operations", "constraints", "name", "retiringPrincipal"])
def test_any_difference_of_a_grant_is_refused(field: str) -> None:
    """Contract, kms/Grant, behaviour 0: grants aren't updated; ackpy names the field."""
    other = {"operations": ["Sign"], "constraints": {"encryptionContextSubset": {"a": "b"}}}
    spec = {"keyID": "k", "granteePrincipal": "arn:p", "operations": ["Encrypt"]}
    decision = GRANT.decision({**spec, field: other.get(field, "other")}, spec)
    assert isinstance(decision, Refuse)
    assert f"spec.{field}" in decision.message
    assert GRANT.operations(spec, spec, deleting=True) == ["RevokeGrant"]


def test_a_key_is_made_with_its_policy_and_then_set_to_rotate() -> None:
    """Contract, kms/Key, behaviour 0: rotation follows the creation, where it is wanted."""
    assert KEY.operations({"enableKeyRotation": True, "policy": POLICY}) == ["CreateKey", "EnableKeyRotation"]
    assert KEY.operations({"enableKeyRotation": False}) == ["CreateKey"]


def test_a_policy_is_put_where_it_differs_and_is_none_empty() -> None:
    """Contract, kms/Key, behaviour 1: bypassPolicyLockoutSafetyCheck goes along."""
    bypass = {"bypassPolicyLockoutSafetyCheck": True}
    put = {"PolicyName": "default", "Policy": POLICY}
    assert KEY.sent({"policy": POLICY}, {"policy": OTHER}) == [("PutKeyPolicy", put)]
    assert KEY.sent({"policy": POLICY, **bypass}, {"policy": OTHER}) == [
        ("PutKeyPolicy", {**put, "BypassPolicyLockoutSafetyCheck": True})
    ]
    for spec in ({}, {"policy": ""}):
        assert KEY.sent(spec, {"policy": OTHER}) == []


def test_tags_of_a_key_that_differ_are_sent() -> None:
    """Contract, kms/Key, behaviour 1: removed keys, then the others; members TagKey and TagValue."""
    kept, new, old = ({"tagKey": key, "tagValue": key} for key in ("kept", "new", "old"))
    assert KEY.sent({"tags": [kept, new]}, {"tags": [kept, old]}) == [
        ("UntagResource", {"TagKeys": ["old"]}),
        ("TagResource", {"Tags": [{"TagKey": "new", "TagValue": "new"}]}),
    ]


@pytest.mark.parametrize(
    ("spec", "rotates", "sent"),
    [
        ({"enableKeyRotation": True}, False, ["EnableKeyRotation"]),
        ({"enableKeyRotation": False}, True, ["DisableKeyRotation"]),
        ({}, True, ["DisableKeyRotation"]),
        ({}, False, []),
    ],
)
def test_unset_rotation_is_off(spec: dict[str, bool], rotates: bool, sent: list[str]) -> None:
    """Contract, kms/Key, behaviour 1."""
    assert [operation for operation, _ in KEY.sent(spec, {"enableKeyRotation": rotates})] == sent


def test_nothing_else_of_a_key_changes() -> None:
    """Contract, kms/Key, behaviour 1: other fields can't."""
    assert {part.fields for part in KEY.kind.parts} >= {("policy",), ("enableKeyRotation",), ("tags",)}
    for name in ("customKeyStoreID", "description", "keySpec", "keyUsage", "multiRegion", "origin"):
        assert KEY.kind.spec.fields[name].immutable


@pytest.mark.parametrize("state", ["PendingDeletion", "PendingReplicaDeletion"])
def test_a_key_that_will_go_lets_its_object_go(state: str) -> None:
    """Contract, kms/Key, behaviour 2: nothing is waited for."""
    assert isinstance(KEY.decision({}, {}, status={"keyState": state}, deleting=True), Gone)

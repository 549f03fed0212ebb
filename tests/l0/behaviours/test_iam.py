"""IAM: policies that are attached, policies that are written in, documents with versions."""

from typing import Any

import pytest

from ackpy.plan.decide import Wait
from tests.kit.asked import Sent, asked

ALLOW, DENY = (
    f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "{effect}", "Action": "*", "Resource": "*"}}]}}'
    for effect in ("Allow", "Deny")
)
SAME = '{"Statement": {"Resource": ["*"], "Action": ["*"], "Effect": "Allow"}, "Version": "2012-10-17"}'
TAGGED = ["Role", "User", "Policy", "InstanceProfile", "OpenIDConnectProvider"]
PRINCIPALS = ["Role", "User", "Group"]


@pytest.mark.parametrize("name", TAGGED)
def test_tags_go_before_others_come(name: str) -> None:
    """Contract, iam, behaviour 0: untag first, and never a key whose value changed; tags are a set."""
    one, two, old, other = (
        {"key": key, "value": value} for key, value in (("a", "1"), ("b", "2"), ("a", "0"), ("c", "3"))
    )
    spec = {"name": "n", "url": "https://example.com", "tags": [one, two]}
    assert asked(f"iam/{name}").sent(spec, {**spec, "tags": [two, one]}) == []
    pairs = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert asked(f"iam/{name}").sent(spec, {**spec, "tags": [old, other]}) == [
        (f"Untag{name}", {"TagKeys": ["c"]}),
        (f"Tag{name}", {"Tags": pairs}),
    ]


def test_a_document_is_shown_as_text_and_compared_by_meaning() -> None:
    """Contract, iam, behaviour 0; iam/Role, behaviour 0: documents come decoded, in any order."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    shown, _ = asked("iam/Role").shown("GetRole", {"Role": {"AssumeRolePolicyDocument": document}})
    for text in (ALLOW, SAME):
        assert asked("iam/Role").sent({"name": "r", "assumeRolePolicyDocument": text}, shown) == []
    assert asked("iam/Role").sent({"name": "r", "assumeRolePolicyDocument": DENY}, shown) == [
        ("UpdateAssumeRolePolicy", {"PolicyDocument": DENY})
    ]


@pytest.mark.parametrize("name", PRINCIPALS)
def test_policies_of_a_principal_are_a_difference_of_sets(name: str) -> None:
    """Contract, iam/Role behaviour 2, iam/User and iam/Group behaviours 0: attached and inline policies."""
    spec = {"name": "n", "policies": ["new", "kept"], "inlinePolicies": {"new": ALLOW, "kept": SAME, "changed": ALLOW}}
    there = {"policies": ["kept", "old"], "inlinePolicies": {"kept": ALLOW, "changed": DENY, "old": DENY}}
    sent = asked(f"iam/{name}").sent(spec, there)
    assert sorted(sent, key=str) == sorted(
        [
            (f"Detach{name}Policy", {"PolicyArn": "old"}),
            (f"Attach{name}Policy", {"PolicyArn": "new"}),
            (f"Delete{name}Policy", {"PolicyName": "old"}),
            (f"Put{name}Policy", {"PolicyName": "new", "PolicyDocument": ALLOW}),
            (f"Put{name}Policy", {"PolicyName": "changed", "PolicyDocument": ALLOW}),
        ],
        key=str,
    )


@pytest.mark.parametrize("name", PRINCIPALS)
def test_a_principal_is_made_and_then_gets_its_policies(name: str) -> None:
    """Contract, iam/Role behaviour 1, iam/User and iam/Group behaviours 0: the update gives what creation can't."""
    spec = {"name": "n", "policies": ["arn:p"], "inlinePolicies": {"i": ALLOW}}
    first, *rest = asked(f"iam/{name}").operations(spec)
    assert first == f"Create{name}"
    assert sorted(rest) == [f"Attach{name}Policy", f"Put{name}Policy"]


@pytest.mark.parametrize("name", PRINCIPALS)
def test_what_a_principal_has_goes_before_it(name: str) -> None:
    """Contract, iam/Role behaviour 3, iam/User and iam/Group behaviours 0: what there is, whatever the spec says."""
    there = {"policies": ["arn:p"], "inlinePolicies": {"i": ALLOW}}
    *first, last = asked(f"iam/{name}").operations({"name": "n"}, there, deleting=True)
    assert sorted(first) == [f"Delete{name}Policy", f"Detach{name}Policy"]
    assert last == f"Delete{name}"


@pytest.mark.parametrize(
    ("spec", "there", "sent"),
    [
        ({"description": "new"}, {"description": "old"}, [("UpdateRole", {"Description": "new"})]),
        ({"maxSessionDuration": 7200}, {"maxSessionDuration": 3600}, [("UpdateRole", {"MaxSessionDuration": 7200})]),
        ({"permissionsBoundary": "arn:b"}, {}, [("PutRolePermissionsBoundary", {"PermissionsBoundary": "arn:b"})]),
        ({}, {"permissionsBoundary": "arn:b"}, [("DeleteRolePermissionsBoundary", {})]),
        ({"permissionsBoundary": ""}, {"permissionsBoundary": "arn:b"}, [("DeleteRolePermissionsBoundary", {})]),
        ({}, {}, []),
    ],
)
def test_each_part_of_a_role_has_its_call(spec: dict[str, Any], there: dict[str, Any], sent: Sent) -> None:
    """Contract, iam/Role, behaviour 2: each only if different."""
    assert asked("iam/Role").sent({"name": "r", **spec}, there) == sent


def test_a_changed_role_is_done_at_once() -> None:
    """Contract, iam/Role, behaviour 2: Synced at once; nothing of a role is waited for."""
    assert not asked("iam/Role").kind.states
    assert not isinstance(asked("iam/Role").decision({"name": "r"}, {}), Wait)


@pytest.mark.parametrize("name", ["User", "Group"])
def test_a_path_is_changed_by_its_new_one(name: str) -> None:
    """Contract, iam/User and iam/Group, behaviours 0: UpdateUser and UpdateGroup, only if the path differs."""
    spec = {"name": "n", "path": "/new/"}
    assert asked(f"iam/{name}").sent(spec, {"path": "/old/"}) == [(f"Update{name}", {"NewPath": "/new/"})]
    assert asked(f"iam/{name}").sent({**spec, "policies": ["p"]}, spec) == [(f"Attach{name}Policy", {"PolicyArn": "p"})]


def test_the_boundary_of_a_user_is_put_and_taken_away() -> None:
    """Contract, iam/User, behaviour 0: as of a role."""
    user, boundary = asked("iam/User"), {"permissionsBoundary": "arn:b"}
    assert user.sent({"name": "u", **boundary}, {}) == [
        ("PutUserPermissionsBoundary", {"PermissionsBoundary": "arn:b"})
    ]
    assert user.sent({"name": "u"}, boundary) == [("DeleteUserPermissionsBoundary", {})]


def test_an_instance_profile_has_one_role() -> None:
    """Contract, iam/InstanceProfile, behaviour 0: the first attached one; added after creation, exchanged, removed."""
    profile, remove, add = asked("iam/InstanceProfile"), "RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"
    spec = {"name": "p", "role": "new"}
    for roles, role in ([{"RoleName": "a"}, {"RoleName": "b"}], "a"), ([], None):
        shown, _ = profile.shown("GetInstanceProfile", {"InstanceProfile": {"Roles": roles}})
        assert shown.get("role") == role
    assert profile.operations(spec) == ["CreateInstanceProfile", add]
    assert profile.sent(spec, {"role": "old"}) == [(remove, {"RoleName": "old"}), (add, {"RoleName": "new"})]
    assert profile.operations(spec, spec, deleting=True) == [remove, "DeleteInstanceProfile"]


def test_clients_of_a_provider_come_and_go_one_by_one() -> None:
    """Contract, iam/OpenIDConnectProvider, behaviour 0."""
    provider = asked("iam/OpenIDConnectProvider")
    base = {"url": "https://example.com", "thumbprints": ["a"]}
    sent = provider.sent({**base, "clientIDs": ["x", "y", "z"]}, {**base, "clientIDs": ["z", "w"]})
    assert sent == [
        ("RemoveClientIDFromOpenIDConnectProvider", {"ClientID": "w"}),
        ("AddClientIDToOpenIDConnectProvider", {"ClientID": "x"}),
        ("AddClientIDToOpenIDConnectProvider", {"ClientID": "y"}),
    ]
    thumbprints = {**base, "thumbprints": ["b", "a"]}
    assert provider.sent(thumbprints, {**base, "thumbprints": ["a", "b"]}) == []
    assert provider.sent(thumbprints, base) == [
        ("UpdateOpenIDConnectProviderThumbprint", {"ThumbprintList": ["b", "a"]})
    ]


def test_a_url_stays_and_its_scheme_says_nothing() -> None:
    """Contract, iam/OpenIDConnectProvider, behaviour 0: the URL can't be changed."""
    provider = asked("iam/OpenIDConnectProvider")
    shown, _ = provider.shown("GetOpenIDConnectProvider", {"Url": "example.com", "ThumbprintList": ["a"]})
    assert provider.sent({"url": "https://example.com", "thumbprints": ["a"]}, shown) == []
    assert provider.kind.spec.fields["url"].immutable


def test_only_the_description_of_a_linked_role_changes() -> None:
    """Contract, iam/ServiceLinkedRole, behaviour 0."""
    role = asked("iam/ServiceLinkedRole")
    spec = {"awsServiceName": "autoscaling.amazonaws.com", "description": "new"}
    assert role.sent(spec, {"description": "old"}) == [("UpdateRole", {"Description": "new"})]
    assert role.operations(spec, spec, deleting=True) == ["DeleteServiceLinkedRole"]
    assert role.kind.tags is None
    assert role.kind.adoption == {"roleName": ("status", "roleName")}

"""The choice of a role, by the contract's rules."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ackpy.plan.roles import (
    EXTERNAL_ID,
    OWNER_ACCOUNT,
    ROLE_CHAIN,
    SESSION_TAGS,
    TEAM,
    Asker,
    Role,
    RoleMap,
    RoleRefusedError,
    RoleUnavailableError,
    Selector,
    SelectorConflictError,
    Sources,
    Terms,
    choose,
    selector,
)
from tests.kit.contract import contract

OWN, OTHER, THIRD = "111111111111", "222222222222", "333333333333"
BUCKET = ("s3.services.k8s.aws", "v1alpha1", "Bucket")
PLAIN = Asker("s3", BUCKET, {"app": "web"}, "team-a", {"tier": "gold"}, {}, None)


def arn(account: str, name: str = "ackpy") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def annotated(**annotations: str) -> Asker:
    names = {"owner": OWNER_ACCOUNT, "team": TEAM}
    return replace(PLAIN, namespace_annotations={names[key]: value for key, value in annotations.items()})


ACCOUNTS = RoleMap("accounts", {OTHER: arn(OTHER), f"s3.{OTHER}": arn(OTHER, "s3-only"), OWN: arn(OWN)})
TEAMS = RoleMap("teams", {"blue": arn(THIRD)})
NEITHER = Sources()
BOTH = Sources(ACCOUNTS, TEAMS)


@pytest.mark.parametrize(
    ("asker", "sources", "expected"),
    [
        (PLAIN, BOTH, None),
        (annotated(owner=OWN), BOTH, None),
        (annotated(owner=OWN), NEITHER, None),
        (annotated(owner=OTHER), BOTH, arn(OTHER)),
        (annotated(owner=OTHER), Sources(ACCOUNTS, by_service=True), arn(OTHER, "s3-only")),
        (replace(annotated(owner=OTHER), service="sqs"), Sources(ACCOUNTS, by_service=True), arn(OTHER)),
        (annotated(team="blue"), BOTH, arn(THIRD)),
        (annotated(team="blue", owner=OTHER), BOTH, arn(THIRD)),
        (annotated(team="blue", owner=OTHER), Sources(ACCOUNTS), arn(OTHER)),
        (replace(PLAIN, recorded=OTHER), BOTH, arn(OTHER)),
        (replace(PLAIN, recorded=OWN), BOTH, None),
        (replace(annotated(owner=OWN), recorded=OTHER), BOTH, None),
        (replace(PLAIN, recorded=THIRD), BOTH, None),
        (replace(PLAIN, recorded=THIRD), NEITHER, None),
    ],
)
def test_the_contract_s_order(asker: Asker, sources: Sources, expected: str | None) -> None:
    role = choose(asker, OWN, sources)
    assert (role and role.arn) == expected


@pytest.mark.parametrize(
    ("asker", "sources", "says"),
    [
        (annotated(owner=THIRD), BOTH, f"accounts has no role under {THIRD}"),
        (annotated(owner=THIRD), Sources(ACCOUNTS, by_service=True), f"no role under s3.{THIRD} or {THIRD}"),
        (annotated(owner=THIRD), Sources(RoleMap("accounts", {THIRD: " "})), "has no role"),
        (annotated(owner=OTHER), Sources(RoleMap("accounts", None)), "accounts isn't there"),
        (annotated(team="red"), BOTH, "teams has no role under red"),
        (PLAIN, Sources(selectors=(), selectors_known=False), "aren't listed yet"),
    ],
)
def test_a_role_that_is_missing_is_waited_for(asker: Asker, sources: Sources, says: str) -> None:
    with pytest.raises(RoleUnavailableError, match=says):
        choose(asker, OWN, sources)


@pytest.mark.parametrize(
    ("asker", "sources", "says"),
    [
        (annotated(owner=OTHER), NEITHER, f"belongs to account {OTHER}"),
        (annotated(owner=OTHER), Sources(selectors=()), f"belongs to account {OTHER}"),
        (annotated(owner=OTHER), Sources(RoleMap("accounts", {OTHER: arn(THIRD)})), f"role is in account {THIRD}"),
        (annotated(owner=OTHER), Sources(RoleMap("accounts", {OTHER: "admin"})), "accounts says 'admin'"),
    ],
)
def test_a_contradiction_is_refused(asker: Asker, sources: Sources, says: str) -> None:
    with pytest.raises(RoleRefusedError, match=says):
        choose(asker, OWN, sources)


@pytest.mark.parametrize("text", ["", "admin", "arn:aws:iam::1:role/x", "arn:aws:iam::222222222222:user/x"])
def test_an_arn_that_is_no_role_s(text: str) -> None:
    with pytest.raises(RoleRefusedError, match="is no ARN of an IAM role"):
        _ = Role(text, "somebody").account


@pytest.mark.parametrize("text", [arn(OTHER), "arn:aws-cn:iam::222222222222:role/path/to/x+=,.@-_"])
def test_the_account_of_a_role(text: str) -> None:
    assert Role(text, "somebody").account == OTHER


def obj(spec: dict[str, Any], **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": "one", "resourceVersion": "7", "annotations": annotations}, "spec": spec}


def test_a_selector_gives_its_role_and_the_contract_s_sentence() -> None:
    said = {EXTERNAL_ID: "x", SESSION_TAGS: "team={namespace}-a, by=ackpy", ROLE_CHAIN: f"{arn(OWN)}, {arn(THIRD)}"}
    one = selector(obj({"arn": arn(OTHER)}, **said))
    role = choose(PLAIN, OWN, Sources(selectors=(one,)))
    words = contract("common")["messages"]["iam_role_selected"]["message"]
    told = Terms("x", (("team", "{namespace}-a"), ("by", "ackpy")), (arn(OWN), arn(THIRD)))
    assert role == Role(arn(OTHER), "the IAMRoleSelector one", told, words % (arn(OTHER), "one", "7"))
    assert role.terms.within("blue").tags == (("team", "blue-a"), ("by", "ackpy"))


@pytest.mark.parametrize(
    ("annotation", "text", "says"),
    [
        (SESSION_TAGS, "team", "has 'team': write KEY=VALUE"),
        (SESSION_TAGS, "=blue", "has '=blue'"),
        (SESSION_TAGS, "aws:team=blue", "has 'aws:team=blue'"),
        (SESSION_TAGS, "team=blue?", "has 'team=blue?'"),
        (SESSION_TAGS, "team={other}", "has 'team={other}': write KEY=VALUE, KEY=VALUE, as STS takes them"),
        (SESSION_TAGS, "team=blue, Team=green", "has the key Team twice"),
        (SESSION_TAGS, ",".join(f"k{number}=v" for number in range(51)), "has 51 tags: STS takes 50"),
        (ROLE_CHAIN, "hub", "has 'hub', which is no ARN of an IAM role"),
    ],
)
def test_terms_that_can_not_be_are_refused(annotation: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        selector(obj({"arn": arn(OTHER)}, **{annotation: text}))
    accounts = replace(ACCOUNTS, annotations={annotation: text})
    with pytest.raises(RoleRefusedError, match=re.escape(f"accounts: {annotation} {says}")):
        choose(annotated(owner=OTHER), OWN, Sources(accounts))


def test_without_a_match_the_controller_s_identity_works() -> None:
    one = selector(obj({"arn": arn(OTHER), "namespaceSelector": {"names": ["team-b"]}}))
    assert choose(PLAIN, OWN, Sources(selectors=(one,))) is None


def test_several_matches_are_named() -> None:
    found = [replace(selector(obj({"arn": arn(OTHER)})), name=name) for name in ("b", "a")]
    with pytest.raises(SelectorConflictError, match="more than one IAMRoleSelector matches: a, b"):
        choose(PLAIN, OWN, Sources(selectors=found))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"arn": "admin"},
        {"arn": "arn:aws:iam"},
        {"arn": arn(OTHER), "namespaceSelector": {"names": [""]}},
        {"arn": arn(OTHER), "namespaceSelector": {"names": ["a", "a"]}},
        {"arn": arn(OTHER), "namespaceSelector": {"names": [], "labelSelector": {"matchLabels": {"": "x"}}}},
        {"arn": arn(OTHER), "resourceLabelSelector": {"matchLabels": {"": "x"}}},
        {"arn": arn(OTHER), "resourceTypeSelector": [{"group": "", "version": "", "kind": ""}]},
        {"arn": arn(OTHER), "resourceTypeSelector": [{"kind": "Bucket"}, {"kind": "Bucket"}]},
    ],
)
def test_invalid_selectors(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is no ARN|empty|twice"):
        selector(obj(spec))


# Each criterion with one that PLAIN fulfils, and one that it doesn't.
CRITERIA: dict[str, tuple[Any, Any]] = {
    "namespaces": (["team-b", "team-a"], ["team-b"]),
    "namespace_labels": ({"tier": "gold"}, {"tier": "iron"}),
    "types": ([{"kind": "Queue"}, {"group": BUCKET[0], "kind": "Bucket"}], [{"kind": "Queue"}, {"version": "v2"}]),
    "labels": ({"app": "web"}, {"app": "web", "env": "live"}),
}


@given(st.dictionaries(st.sampled_from(sorted(CRITERIA)), st.booleans()))
def test_a_selector_matches_when_all_that_it_gives_does(wanted: dict[str, bool]) -> None:
    given_ = {name: CRITERIA[name][0 if fits else 1] for name, fits in wanted.items()}
    spec: dict[str, Any] = {
        "arn": arn(OTHER),
        "namespaceSelector": {
            "names": given_.get("namespaces", []),
            "labelSelector": {"matchLabels": given_.get("namespace_labels", {})},
        },
        "resourceTypeSelector": given_.get("types", []),
        "resourceLabelSelector": {"matchLabels": given_.get("labels", {})},
    }
    assert selector(obj(spec)).matches(PLAIN) is all(wanted.values())


@given(st.lists(st.sampled_from(sorted(CRITERIA)), unique=True))
def test_a_role_is_chosen_whatever_the_order_of_the_selectors(names: list[str]) -> None:
    """Exactly one of them fits, wherever it stands."""
    missing = [Selector(name, "1", arn(THIRD), namespaces=frozenset({"elsewhere"})) for name in names]
    for place in range(len(missing) + 1):
        found = [*missing[:place], Selector("fits", "1", arn(OTHER)), *missing[place:]]
        role = choose(PLAIN, OWN, Sources(selectors=found))
        assert role is not None
        assert role.arn == arn(OTHER)

"""Roles are assumed once and renewed in time; what goes wrong names the role."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from ackpy.aws.call import AwsCaller
from ackpy.aws.clients import Clients, own_session
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.aws.sessions import Sessions, session_name
from ackpy.plan.roles import Terms
from tests.aws.conftest import SETTINGS, Script, scope_at, signers

ROLE = "arn:aws:iam::222222222222:role/ackpy"


def sessions_at(endpoint_url: str, max_sessions: int = 128) -> Sessions:
    return Sessions(
        own_session("1.2.3", "eu-west-1"),
        "1.2.3",
        "eu-west-1",
        session_name("ack-system"),
        endpoint_url,
        timeout_seconds=10,
        max_sessions=max_sessions,
    )


def assumed(key: str, seconds: float) -> str:
    """What STS answers."""
    expires = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><Arn>{ROLE}/x</Arn>"
        "<AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
    )


@pytest_asyncio.fixture
async def scripted(script: Script) -> AsyncIterator[AwsCaller]:
    """A caller whose STS and AWS are the script."""
    caller = AwsCaller(Clients(SETTINGS, sessions_at(script.url).of))
    yield caller
    await caller.aclose()


def scope_of(script: Script, **changes: Any) -> Scope:
    return replace(scope_at(script.url), account="222222222222", role_arn=ROLE, **changes)


async def test_a_role_acts_in_its_account(moto_url: str) -> None:
    caller = AwsCaller(Clients(SETTINGS, sessions_at(moto_url).of))
    own = scope_at(moto_url)
    there = replace(own, account="222222222222", role_arn=ROLE)
    identity = await caller.call(there, "sts", "GetCallerIdentity", {})
    assert identity["Arn"] == "arn:aws:sts::222222222222:assumed-role/ackpy/ackpy-ack-system"
    await caller.call(there, "sqs", "CreateQueue", {"QueueName": "theirs"})
    assert "222222222222/theirs" in str(await caller.call(there, "sqs", "ListQueues", {}))
    assert "theirs" not in str(await caller.call(own, "sqs", "ListQueues", {}))
    await caller.aclose()


async def test_a_role_is_assumed_once_by_our_own_identity(script: Script, scripted: AwsCaller) -> None:
    script.answer(200, assumed("ROLEKEY", 3600))
    script.answer(200, "{}")
    scope = scope_of(script)
    await scripted.call(scope, "sqs", "ListQueues", {})
    await asyncio.gather(*(scripted.call(scope, "sqs", "ListQueues", {}) for _ in range(3)))
    await scripted.call(replace(scope, region="us-east-1"), "sqs", "ListQueues", {})
    assert signers(script) == ["simulated", *["ROLEKEY"] * 5]
    asked = parse_qs(script.bodies[0])
    assert asked["RoleArn"] == [ROLE]
    assert asked["RoleSessionName"] == ["ackpy-ack-system"]
    assert "ExternalId" not in asked


async def test_credentials_are_renewed_before_they_expire(script: Script, scripted: AwsCaller) -> None:
    script.answer(200, assumed("FIRST", 300))
    script.answer(200, assumed("SECOND", 3600))
    script.answer(200, "{}")
    for _ in range(3):
        await scripted.call(scope_of(script), "sqs", "ListQueues", {})
    assert signers(script) == ["simulated", "simulated", "SECOND", "SECOND", "SECOND"], (
        "FIRST has but five minutes left"
    )


async def test_the_external_id_is_sent(script: Script, scripted: AwsCaller) -> None:
    script.answer(200, assumed("ROLEKEY", 3600))
    script.answer(200, "{}")
    await scripted.call(scope_of(script, terms=Terms("tenant-1")), "sqs", "ListQueues", {})
    assert parse_qs(script.bodies[0])["ExternalId"] == ["tenant-1"]


async def test_session_tags_are_sent(script: Script, scripted: AwsCaller) -> None:
    script.answer(200, assumed("BLUE", 3600))
    script.answer(200, "{}")
    script.answer(200, assumed("GREEN", 3600))
    script.answer(200, "{}")
    for team in ("blue", "green"):
        await scripted.call(
            scope_of(script, terms=Terms(tags=(("team", team), ("by", "ackpy")))), "sqs", "ListQueues", {}
        )
    asked = parse_qs(script.bodies[0])
    assert asked["Tags.member.1.Key"] == ["team"]
    assert asked["Tags.member.1.Value"] == ["blue"]
    assert asked["Tags.member.2.Key"] == ["by"]
    assert signers(script) == ["simulated", "BLUE", "simulated", "GREEN"], "another tag is another session"


async def test_a_chain_of_roles(script: Script, scripted: AwsCaller) -> None:
    """Each is assumed by the one before; the external id and the tags go with the last."""
    chain = ("arn:aws:iam::111111111111:role/hub", "arn:aws:iam::111111111111:role/spoke")
    for key in ("HUB", "SPOKE", "ROLEKEY"):
        script.answer(200, assumed(key, 3600))
    script.answer(200, "{}")
    scope = scope_of(script, terms=Terms("tenant-1", (("team", "blue"),), chain))
    await scripted.call(scope, "sqs", "ListQueues", {})
    await scripted.call(scope, "sqs", "ListQueues", {})
    assert signers(script) == ["simulated", "HUB", "SPOKE", "ROLEKEY", "ROLEKEY"]
    asked = [parse_qs(body) for body in script.bodies[:3]]
    assert [one["RoleArn"][0] for one in asked] == [*chain, ROLE]
    assert ["ExternalId" in one for one in asked] == [False, False, True]
    assert ["Tags.member.1.Key" in one for one in asked] == [False, False, True]


async def test_a_chain_in_moto(moto_url: str) -> None:
    caller = AwsCaller(Clients(SETTINGS, sessions_at(moto_url).of))
    hub = "arn:aws:iam::111111111111:role/hub"
    there = replace(scope_at(moto_url), account="222222222222", role_arn=ROLE, terms=Terms(chain=(hub,)))
    identity = await caller.call(there, "sts", "GetCallerIdentity", {})
    assert identity["Arn"] == "arn:aws:sts::222222222222:assumed-role/ackpy/ackpy-ack-system"
    await caller.aclose()


async def test_a_refused_role_is_named(script: Script, scripted: AwsCaller) -> None:
    script.answer(
        403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>"
    )
    with pytest.raises(AwsError) as caught:
        await scripted.call(scope_of(script), "sqs", "CreateQueue", {"QueueName": "q"})
    assert caught.value.meaning is Meaning.CREDENTIALS
    assert caught.value.nothing_was_made
    assert str(caught.value) == (
        f"the role {ROLE} can't be assumed: AssumeRole: AccessDenied: not authorized; check the role's ARN and its "
        "trust policy, and that the controller's identity may assume it"
    )
    assert len(script.requests) == 1


async def test_an_sts_that_is_away_is_tried_again_later(scripted: AwsCaller, script: Script) -> None:
    script.answer(503, "<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>")
    with pytest.raises(AwsError) as caught:
        await scripted.call(scope_of(script), "sqs", "CreateQueue", {"QueueName": "q"})
    assert caught.value.meaning is Meaning.TRANSIENT
    assert ROLE in str(caught.value)


async def test_sessions_do_not_grow_without_end() -> None:
    sessions = sessions_at("http://127.0.0.1:1", max_sessions=2)
    scopes = [replace(scope_at("http://127.0.0.1:1"), role_arn=f"{ROLE}{number}") for number in range(3)]
    first, second, third = [await sessions.of(scope) for scope in scopes]
    assert await sessions.of(scopes[2]) is third
    assert await sessions.of(scopes[1]) is second
    assert await sessions.of(scopes[0]) is not first
    assert await sessions.of(scopes[2]) is not third, "the one unused for longest went"
    assert await sessions.of(replace(scopes[2], terms=Terms("x"))) is not await sessions.of(scopes[2])


async def test_all_share_one_loader() -> None:
    sessions = sessions_at("http://127.0.0.1:1")
    own = await sessions.of(scope_at("http://127.0.0.1:1"))
    other = await sessions.of(replace(scope_at("http://127.0.0.1:1"), role_arn=ROLE))
    assert other is not own
    assert other.get_component("data_loader") is own.get_component("data_loader")


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("ack-system", "ackpy-ack-system"), ("a" * 63, "ackpy-" + "a" * 58), ("ä/b", "ackpy---b")],
)
def test_session_names_are_what_aws_takes(namespace: str, name: str) -> None:
    assert session_name(namespace) == name

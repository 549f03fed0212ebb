"""The controller's own identity, from each source there is: fetched once, renewed in time, and never a crash."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from ackpy.aws.call import AwsCaller
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.identity import caller_identity
from tests.aws.conftest import Script, clients_with, scope_at, signers

ROLE = "arn:aws:iam::222222222222:role/pod"
AN_HOUR, FIVE_MINUTES = 3600, 300


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[AwsCaller]:
    """One that finds its credentials at its first call."""
    caller = AwsCaller(clients_with())
    yield caller
    await caller.aclose()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("first")
    return file


def rotate(token: Path, text: str) -> None:
    """The kubelet writes another token, in place of whatever is there."""
    if token.is_dir():
        token.rmdir()
    token.write_text(text)


def expiring(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_sts(key: str, seconds: float) -> str:
    return (
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{expiring(seconds)}</Expiration></Credentials><AssumedRoleUser><Arn>{ROLE}/x</Arn>"
        "<AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>"
    )


def from_agent(key: str, seconds: float) -> str:
    return json.dumps({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expiring(seconds)})


Source = Callable[[str, float], str]
"""Its answer, with a key that expires in some seconds."""


def web_identity(monkeypatch: pytest.MonkeyPatch, source: Script, token: Path) -> Source:
    """IRSA, as EKS's webhook sets it up."""
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", source.url)
    return from_sts


def pod_identity(monkeypatch: pytest.MonkeyPatch, source: Script, token: Path) -> Source:
    """EKS Pod Identity, as its webhook sets it up."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{source.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    return from_agent


each_source = pytest.mark.parametrize("set_up", [web_identity, pod_identity])
SetUp = Callable[[pytest.MonkeyPatch, Script, Path], Source]


def tokens(source: Script) -> list[str]:
    """Those that the source was shown."""
    return [
        request.headers.get("Authorization") or parse_qs(body)["WebIdentityToken"][0]
        for request, body in zip(source.requests, source.bodies, strict=True)
    ]


@each_source
async def test_credentials_are_fetched_once(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    source.answer(200, set_up(monkeypatch, source, token)("KEY", AN_HOUR))
    script.answer(200, "{}")
    regions = ("eu-west-1", "eu-west-2", "eu-west-3")
    await asyncio.gather(
        *(caller.call(scope_at(script.url, region), "sqs", "ListQueues", {}) for region in regions for _ in range(5))
    )
    await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(script) == ["KEY"] * 16
    assert {request.headers["X-Amz-Security-Token"] for request in script.requests} == {"t"}
    assert tokens(source) == ["first"]


@each_source
async def test_they_are_renewed_with_the_token_as_it_is_then(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    answer = set_up(monkeypatch, source, token)
    script.answer(200, "{}")
    source.answer(200, answer("OLD", FIVE_MINUTES))
    await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    rotate(token, "rotated")
    source.requests.clear()
    source.bodies.clear()
    source.answers.clear()
    source.answer(200, answer("NEW", AN_HOUR))
    for _ in range(3):
        await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(script) == ["OLD", "NEW", "NEW", "NEW"]
    assert tokens(source) == ["rotated"]


def no_file(token: Path, source: Script, answer: Source) -> None:
    token.unlink()
    source.answer(200, answer("KEY", AN_HOUR))


def unreadable(token: Path, source: Script, answer: Source) -> None:
    token.unlink()
    token.mkdir()
    source.answer(200, answer("KEY", AN_HOUR))


def refused(token: Path, source: Script, answer: Source) -> None:
    source.answer(403, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>")


def expired(token: Path, source: Script, answer: Source) -> None:
    source.answer(200, answer("KEY", -FIVE_MINUTES))


@pytest.mark.parametrize("trouble", [no_file, unreadable, refused, expired])
@each_source
async def test_a_bad_source_is_told_and_tried_again(
    set_up: SetUp,
    trouble: Callable[[Path, Script, Source], None],
    monkeypatch: pytest.MonkeyPatch,
    source: Script,
    script: Script,
    token: Path,
    caller: AwsCaller,
) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    answer = set_up(monkeypatch, source, token)
    script.answer(200, "{}")
    trouble(token, source, answer)
    with pytest.raises(AwsError, match="the AWS credentials could not be fetched") as failure:
        await caller.call(scope_at(script.url), "sqs", "CreateQueue", {"QueueName": "q"})
    assert failure.value.meaning is Meaning.CREDENTIALS
    assert failure.value.nothing_was_made
    assert script.requests == []
    rotate(token, "right")
    source.answers.clear()
    source.answer(200, answer("KEY", AN_HOUR))
    await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(script) == ["KEY"]


@pytest.mark.parametrize("answer", ["{}", "nonsense", '{"AccessKeyId": "KEY", "Expiration": "soon"}'])
async def test_an_agent_that_answers_nonsense(
    answer: str, monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    pod_identity(monkeypatch, source, token)
    source.answer(200, answer)
    with pytest.raises(AwsError, match="the AWS credentials could not be fetched"):
        await caller.call(scope_at(script.url), "sqs", "ListQueues", {})


async def test_a_token_that_is_no_header_is_not_told(
    monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    pod_identity(monkeypatch, source, token)
    rotate(token, "secret\n")
    with pytest.raises(AwsError, match="not a legal header value") as failure:
        await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert "secret" not in str(failure.value)


async def test_a_pod_s_role_against_moto(
    monkeypatch: pytest.MonkeyPatch, moto_url: str, token: Path, caller: AwsCaller
) -> None:
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "controller")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_url)
    identity = await caller_identity(caller, "eu-west-1", moto_url)
    assert identity.arn == "arn:aws:sts::222222222222:assumed-role/pod/controller"


async def test_sts_is_asked_in_our_region(
    monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    """The global one is beyond reach of a private network, and another partition's."""
    source.answer(200, from_sts("KEY", AN_HOUR))
    script.answer(200, "{}")
    web_identity(monkeypatch, source, token)
    asked: list[str | None] = []
    session = await caller.clients._session_for(scope_at(script.url))
    session.register("before-call.sts", lambda **event: asked.append(event["context"]["client_region"]))
    await caller.call(scope_at(script.url, "eu-central-1"), "sqs", "ListQueues", {})
    assert asked == ["eu-west-1"]


# Profile and environment

PROFILES = f"""
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = s
[prod]
aws_access_key_id = PROD
aws_secret_access_key = s
[chain]
role_arn = {ROLE}
source_profile = prod
"""


@pytest.mark.parametrize(("name", "key"), [(None, "DEFAULT"), ("prod", "PROD")])
async def test_a_profile(
    name: str | None, key: str, monkeypatch: pytest.MonkeyPatch, script: Script, tmp_path: Path, caller: AwsCaller
) -> None:
    file = tmp_path / "credentials"
    file.write_text(PROFILES)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    if name is not None:
        monkeypatch.setenv("AWS_PROFILE", name)
    script.answer(200, "{}")
    await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(script) == [key]


async def test_a_profile_of_a_role_by_way_of_another(
    monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, tmp_path: Path, caller: AwsCaller
) -> None:
    file = tmp_path / "credentials"
    file.write_text(PROFILES)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "chain")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", source.url)
    source.answer(200, from_sts("ROLE", AN_HOUR).replace("WithWebIdentity", ""))
    script.answer(200, "{}")
    for _ in range(3):
        await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(source) == ["PROD"]
    assert signers(script) == ["ROLE"] * 3


async def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch, script: Script, caller: AwsCaller) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AwsError, match=r"the AWS profile does not exist: .*nobody") as failure:
        await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert failure.value.meaning is Meaning.CREDENTIALS


async def test_the_environment_comes_first(
    monkeypatch: pytest.MonkeyPatch, source: Script, script: Script, token: Path, caller: AwsCaller
) -> None:
    web_identity(monkeypatch, source, token)
    for name, value in (("ACCESS_KEY_ID", "ENV"), ("SECRET_ACCESS_KEY", "s"), ("SESSION_TOKEN", "temporary")):
        monkeypatch.setenv(f"AWS_{name}", value)
    script.answer(200, "{}")
    await caller.call(scope_at(script.url), "sqs", "ListQueues", {})
    assert signers(script) == ["ENV"]
    assert script.requests[0].headers["X-Amz-Security-Token"] == "temporary"
    assert source.requests == []

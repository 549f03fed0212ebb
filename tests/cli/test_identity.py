"""`ackpy run` as whom its pod is: the credentials of a role, fetched once however much is done with them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from ackpy.sandbox.guard_api import Fault
from tests.kit.live import Live, Thing
from tests.kit.program import CREDENTIALS, SECRET, ackpy
from tests.kit.waiting import eventually
from tests.kit.world import ACCOUNT

pytestmark = pytest.mark.asyncio(loop_scope="session")
SWEEPING = "--reconcile-default-resync-seconds=1"
TOKEN = f"token-{SECRET}"  # that it isn't logged either is checked when the program stops


def queue(live: Live, prefix: str) -> Thing:
    return next(one for one in live.things("cli", prefix=prefix) if one.kind.label == "sqs/Queue")


async def swept(live: Live, times: int = 3) -> None:
    """Wait until a queue was looked at so often."""

    async def looks() -> int:
        return [one.operation for one in await live.endpoint.requests()].count("GetQueueAttributes")

    wanted = await looks() + times

    async def seen() -> bool:
        return await looks() >= wanted

    await eventually(seen)


async def lives(live: Live, thing: Thing) -> None:
    """A resource is made, looked at, changed and deleted."""
    thing.apply()
    await thing.synced()
    await swept(live)
    thing.like({**thing.spec, "tags": {"a": "b"}}).apply()
    obj = await thing.synced()
    thing.delete()
    await thing.gone(obj)


def token_in(folder: Path) -> str:
    file = folder / "token"
    file.write_text(TOKEN)
    return str(file)


async def test_a_pod_with_irsa(live: Live, tmp_path: Path) -> None:
    environment = {
        "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/irsa",
        "AWS_WEB_IDENTITY_TOKEN_FILE": token_in(tmp_path),
        "AWS_ENDPOINT_URL_STS": live.endpoint.url,
    }
    await live.endpoint.clear_requests()
    with ackpy(tmp_path, *live.run_flags(SWEEPING), environment=environment) as program:
        await program.says("all objects are listed")
        # The guard doesn't know unsigned requests by name: this is the AssumeRoleWithWebIdentity.
        assert await asked(live) == ["?", "GetCallerIdentity"]
        await live.endpoint.clear_requests()
        await lives(live, queue(live, "irsa-"))
        assert await asked(live) == []


async def asked(live: Live) -> list[str]:
    """What STS was asked."""
    return [one.operation for one in await live.endpoint.requests() if one.service in {"?", "sts"}]


async def test_a_pod_with_pod_identity(live: Live, tmp_path: Path) -> None:
    async with agent() as (url, shown):
        environment = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token_in(tmp_path),
        }
        with ackpy(tmp_path, *live.run_flags(SWEEPING), environment=environment) as program:
            await program.says("all objects are listed")
            await lives(live, queue(live, "pod-"))
        assert shown == [TOKEN], "asked once"


@asynccontextmanager
async def agent() -> AsyncIterator[tuple[str, list[str]]]:
    """EKS Pod Identity's on the node: its URL, and the tokens that it was shown."""
    shown: list[str] = []

    async def credentials(request: web.Request) -> web.Response:
        shown.append(request.headers["Authorization"])
        until = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found: Mapping[str, str] = {"AccessKeyId": "key", "SecretAccessKey": SECRET, "Token": "t", "Expiration": until}
        return web.json_response(found)

    app = web.Application()
    app.router.add_get("/v1/credentials", credentials)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/credentials", shown
    await runner.cleanup()


async def test_credentials_that_aws_refuses_are_told_by_the_objects(live: Live, tmp_path: Path) -> None:
    thing = queue(live, "refused-")
    with ackpy(tmp_path, *live.run_flags(SWEEPING), environment=CREDENTIALS) as program:
        await program.says("all objects are listed")
        thing.apply()
        await thing.synced()
        await live.endpoint.inject(Fault("GetQueueAttributes", 10**6, 403, "InvalidClientTokenId", "not valid"))

        async def told() -> bool:
            return "InvalidClientTokenId" in (await thing.condition("ACK.Recoverable")).get("message", "")

        await eventually(told)
        assert (await thing.condition("Ready"))["reason"] == "ACK.Recoverable"
        assert "AWS doesn't accept these credentials" in await thing.told("AWSCallFailed")
        await live.endpoint.inject()
        obj = await thing.synced()
        thing.delete()
        await thing.gone(obj)

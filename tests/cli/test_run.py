"""`ackpy run` as a process: what is wrong is told in one plain line, and what may come right is waited for."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import yaml

from ackpy.kinds.registry import services
from ackpy.sandbox.process import free_port
from tests.kit.live import Live
from tests.kit.program import CREDENTIALS, SECRET, ackpy

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def refused(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code, and the one line that says why."""
    with ackpy(folder, "run", *arguments, environment=environment) as program:
        code = await program.ended()
        *usage, why = program.stderr.splitlines()
        assert why.startswith("Error: ")
        assert all(line.startswith(("Usage: ", "Try ")) or not line for line in usage), program.stderr
        return code, why


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--aws-regin=eu-west-1",), "--aws-region"),
        (
            ("--aws-region=eu-west-1", "--services=s3,sqss"),
            f"unknown service 'sqss'; there are {', '.join(services())}",
        ),
        (("--aws-region=eu-west-1", "--log-level=loud"), "'loud' is none of debug, info"),
        ((), "no AWS region: set --aws-region or AWS_REGION"),
    ],
)
async def test_wrong_flags(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, why = await refused(tmp_path, *arguments)
    assert code == 2
    assert said in why


async def test_no_cluster(tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    code, why = await refused(tmp_path, "--aws-region=eu-west-1", f"--kubeconfig={missing}", environment=CREDENTIALS)
    assert code == 1
    assert f"{missing} is not a file" in why


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no AWS credentials found"),
        ({"AWS_PROFILE": "nobody"}, "the AWS profile does not exist"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token"},
            "No such file or directory: '/nowhere/token'",
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token",
            },
            "No such file or directory: '/nowhere/token'",
        ),
    ],
)
async def test_no_credentials(live: Live, tmp_path: Path, environment: dict[str, str], said: str) -> None:
    _, *flags = live.run_flags()
    code, why = await refused(tmp_path, *flags, environment={"AWS_EC2_METADATA_DISABLED": "true", **environment})
    assert code == 1
    assert said in why


async def test_an_address_that_is_taken(live: Live, tmp_path: Path) -> None:
    taken = live.endpoint.url.removeprefix("http://")
    _, *flags = live.run_flags(f"--metrics-addr={taken}")
    code, why = await refused(tmp_path, *flags, environment=CREDENTIALS)
    assert code == 1
    assert "can't serve /metrics or /healthz" in why


async def test_aws_is_waited_for(live: Live, tmp_path: Path) -> None:
    nowhere = f"--aws-endpoint-url=http://127.0.0.1:{free_port()}"
    with ackpy(tmp_path, *live.run_flags(nowhere), environment=CREDENTIALS) as program:
        await program.says("STS can't be asked yet who we are")
        program.signal(signal.SIGTERM)
        assert await program.ended() == 0


async def test_the_api_server_is_waited_for(live: Live, tmp_path: Path) -> None:
    port = free_port()
    config = yaml.safe_load(live.plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    flags = live.run_flags(f"--kubeconfig={kubeconfig}")
    with ackpy(tmp_path, *flags, environment=CREDENTIALS) as program:
        await program.says("informer can't follow a resource, trying again")
        async with forwarded(port, int(live.plane.url.rpartition(":")[2])):
            await program.says("all objects are listed")
            program.signal(signal.SIGTERM)
            assert await program.ended() == 0


@asynccontextmanager
async def forwarded(port: int, to: int) -> AsyncIterator[None]:
    """Let a loopback port lead to another one."""
    links: set[asyncio.Task[None]] = set()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        links.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to)
        with closing(writer), closing(far_writer):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(link, "127.0.0.1", port)
    async with server:
        yield
    await asyncio.gather(*links)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_a_secret_in_the_log_is_caught(tmp_path: Path) -> None:
    """A test of the tests: whatever is run here fails when it tells the secret."""
    with (
        pytest.raises(AssertionError, match="a secret is in the log"),
        ackpy(tmp_path, "run", f"--{SECRET}") as program,
    ):
        await program.ended()

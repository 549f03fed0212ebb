"""The control plane is a real one, keeps its promises, and leaves nothing behind."""

import asyncio
import os
import ssl
import sys
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
import yaml

from ackpy.sandbox import binaries, build
from ackpy.sandbox.control_plane import ControlPlane, PortInUseError
from ackpy.sandbox.instance import InUseError
from ackpy.sandbox.process import free_port, port_is_free

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROGRAM = """
import asyncio, sys
from pathlib import Path
from ackpy.sandbox import binaries
from ackpy.sandbox.control_plane import ControlPlane

async def main():
    async with ControlPlane(binaries.locate(), Path(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Api:
    """A client of a kubeconfig, as strict about certificates as Python 3.13 and newer are by default."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        certificate, key = folder / "client-certificate-data", folder / "client-key-data"
        for file in (certificate, key):
            file.write_bytes(b64decode(user[file.name]))
        context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(certificate, key)
        self.http = aiohttp.ClientSession(cluster["server"], connector=aiohttp.TCPConnector(ssl=context))

    async def __call__(self, method: str, path: str, body: Any = None, *, agent: str = "test") -> tuple[int, Any]:
        async with self.http.request(method, path, json=body, headers={"User-Agent": agent}) as response:
            return response.status, await response.json()

    async def create(self, path: str, name: str, **metadata: Any) -> Any:
        status, made = await self("POST", path, {"metadata": {"name": name} | metadata})
        assert status == 201, made
        return made

    async def until_gone(self, path: str) -> None:
        async with asyncio.timeout(60):
            while (await self("GET", path))[0] != 404:  # noqa: ASYNC110  the API server sets no event
                await asyncio.sleep(0.1)


def read_events(audit_log: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in audit_log.read_bytes().splitlines()]


@asynccontextmanager
async def client(control_plane: ControlPlane, folder: Path) -> AsyncIterator[Api]:
    api = Api(control_plane.kubeconfig, folder)
    async with api.http:
        yield api


@pytest_asyncio.fixture(loop_scope="session")
async def api(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Api]:
    async with client(control_plane, tmp_path) as made:
        yield made


async def test_it_is_the_version_that_it_says(api: Api) -> None:
    status, version = await api("GET", "/version")
    assert status == 200
    if "KUBEBUILDER_ASSETS" not in os.environ:  # those are the user's
        assert version["gitVersion"] == f"v{build.KUBERNETES_VERSION}"


async def test_a_namespace_can_be_deleted(api: Api) -> None:
    await api.create("/api/v1/namespaces", "short-lived")
    await api.create("/api/v1/namespaces/short-lived/configmaps", "inside")
    assert (await api("DELETE", "/api/v1/namespaces/short-lived"))[0] == 200
    await api.until_gone("/api/v1/namespaces/short-lived")


async def test_owned_objects_are_collected(api: Api) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    owner = await api.create(secrets, "owner")
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": owner["metadata"]["uid"]}
    await api.create(secrets, "owned", ownerReferences=[reference])
    assert (await api("DELETE", f"{secrets}/owner"))[0] == 200
    await api.until_gone(f"{secrets}/owned")


async def test_the_api_server_restarts_with_its_data(control_plane: ControlPlane, api: Api) -> None:
    url = control_plane.url
    await api.create("/api/v1/namespaces/default/configmaps", "kept")
    await control_plane.restart_api_server()
    assert control_plane.url == url
    assert (await api("GET", "/api/v1/namespaces/default/configmaps/kept"))[0] == 200


async def test_the_audit_log_counts_requests(api: Api, audit_log: Path) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    await api("POST", path, {"metadata": {"name": "counted"}}, agent="counted")
    await api("POST", path, {"metadata": {"name": "counted"}}, agent="counted")
    await api("GET", path, agent="counted")
    await api("DELETE", f"{path}/counted", agent="counted")
    mine = [event for event in read_events(audit_log) if event["userAgent"] == "counted"]
    assert [event["verb"] for event in mine] == ["create", "create", "list", "delete"]
    assert {event["user"]["username"] for event in mine} == {"ackpy-admin"}
    assert {event["objectRef"]["resource"] for event in mine} == {"configmaps"}


async def test_another_instance_runs_beside_and_says_which_part_died(
    control_plane: ControlPlane, api: Api, tmp_path: Path
) -> None:
    async with ControlPlane(binaries.locate(), api_server_flags=["--event-ttl=2h"]) as other:
        assert other.url != control_plane.url
        async with client(other, tmp_path) as other_api:
            await other_api.create("/api/v1/namespaces", "only-there")
            assert (await api("GET", "/api/v1/namespaces/only-there"))[0] == 404
        folder = other.kubeconfig.parent
        state = orjson.loads((folder / "instance.json").read_bytes())
        os.kill(state["children"]["kube-controller-manager"][0], 9)
        error = await asyncio.wait_for(other.died(), 60)
        assert error.name == "kube-controller-manager"
        assert "was killed by SIGKILL" in str(error)
        assert "kube-controller-manager.log:\n" in str(error)
    assert not folder.exists()
    assert all(port_is_free(port) for port in state["ports"].values())


async def test_a_killed_instance_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, data, stdout=asyncio.subprocess.PIPE)
    assert program.stdout
    assert await asyncio.wait_for(program.stdout.readline(), 120) == b"ready\n"
    with pytest.raises(InUseError, match=rf"{data} is in use by another instance \(process {program.pid}\)"):
        async with ControlPlane(binaries.locate(), data):
            pass
    before = orjson.loads((data / "instance.json").read_bytes())
    program.kill()
    await program.communicate()
    async with ControlPlane(binaries.locate(), data) as again:
        assert again.url == f"https://127.0.0.1:{before['ports']['api']}"
        after = orjson.loads((data / "instance.json").read_bytes())
        assert set(before["children"]) == set(after["children"])
        assert not set(map(tuple, before["children"].values())) & set(map(tuple, after["children"].values()))
        async with client(again, tmp_path) as api:
            await api.create("/api/v1/namespaces", "kept")
    async with ControlPlane(binaries.locate(), data, port=free_port()) as once_more, client(once_more, tmp_path) as api:
        assert (await api("GET", "/api/v1/namespaces/kept"))[0] == 200


async def test_a_port_that_is_taken_is_refused(control_plane: ControlPlane) -> None:
    taken = int(control_plane.url.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=f"Port {taken} on 127.0.0.1 is taken"):
        async with ControlPlane(binaries.locate(), port=taken):
            pass

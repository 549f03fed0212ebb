"""The control plane is a real one, holds its promises, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
import yaml
from lightkube.config.kubeconfig import KubeConfig

from ackpy.sandbox import binaries, build
from ackpy.sandbox.control_plane import ControlPlane, PortInUseError
from ackpy.sandbox.instance import InUseError
from ackpy.sandbox.process import free_port, port_is_free

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = """
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


@asynccontextmanager
async def client(kubeconfig: Path, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client as strict about certificates as Python 3.13 is by default."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    for name in ("client-certificate-data", "client-key-data"):
        (tmp_path / name).write_bytes(__import__("base64").b64decode(user[name]))
    authority = __import__("base64").b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(tmp_path / "client-certificate-data", tmp_path / "client-key-data")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(cluster["server"], connector=connector, raise_for_status=True) as session:
        yield session

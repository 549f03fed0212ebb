"""Real parts that all tests share: started at the first use, once a session."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from ackpy.sandbox import binaries
from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.control_plane import ControlPlane

settings.register_profile("thorough", max_examples=4000)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the API server first, where that has to be done: it takes minutes, which no test has."""
    if any({"control_plane", "live"} & set(getattr(item, "fixturenames", ())) for item in session.items):
        binaries.locate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def control_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ControlPlane]:
    """A Kubernetes API; its audit log is the file `audit_log`.

    Its programs are watched in the session's event loop: a test that restarts one runs in that loop too. If one of
    them ended by itself, the end of its log explains what the tests saw.
    """
    log = tmp_path_factory.mktemp("control-plane") / "audit.log"
    async with ControlPlane(binaries.locate(), audit_log=log) as started:
        death = asyncio.create_task(started.died())
        yield started
        assert death.cancel(), death.result()


@pytest.fixture(scope="session")
def audit_log(control_plane: ControlPlane) -> Path:
    """One line for each request that the API server of `control_plane` received."""
    assert control_plane.audit_log
    return control_plane.audit_log


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def aws_endpoint() -> AsyncIterator[AwsEndpoint]:
    """A simulated AWS, without delay. Tests share its account: give resources names of their own."""
    async with AwsEndpoint() as started:
        yield started

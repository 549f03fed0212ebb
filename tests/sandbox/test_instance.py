"""A data folder has one instance at a time, and what a dead one left behind goes, but nothing else."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from ackpy.sandbox.instance import Instance, InUseError


@pytest.fixture
async def leftover() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()


async def killed(folder: Path, child: int) -> Path:
    """The state file of an instance with one child, as a kill leaves it: an orderly end would forget the child."""
    file = folder / "instance.json"
    async with Instance(folder) as instance:
        instance.ports["api"] = 6443
        instance.record_child("child", child)
        state = file.read_bytes()
    file.write_bytes(state)
    return file


async def test_what_a_dead_instance_left_behind_is_killed(tmp_path: Path, leftover: asyncio.subprocess.Process) -> None:
    await killed(tmp_path, leftover.pid)
    async with Instance(tmp_path) as instance:
        assert await leftover.wait() == -signal.SIGKILL
        assert instance.ports == {"api": 6443}


async def test_a_process_that_got_the_id_of_a_leftover_is_not(
    tmp_path: Path, leftover: asyncio.subprocess.Process
) -> None:
    file = await killed(tmp_path, leftover.pid)
    file.write_bytes(orjson.dumps({"ports": {}, "children": {"child": [leftover.pid, "at another time"]}}))
    async with Instance(tmp_path):
        assert leftover.returncode is None


async def test_an_orderly_end_leaves_no_children_to_kill(tmp_path: Path, leftover: asyncio.subprocess.Process) -> None:
    async with Instance(tmp_path) as instance:
        instance.record_child("child", leftover.pid)
    assert orjson.loads((tmp_path / "instance.json").read_bytes())["children"] == {}


async def test_a_folder_is_held_until_the_end(tmp_path: Path) -> None:
    async with Instance(tmp_path):
        with pytest.raises(InUseError, match="Stop it first, or choose another folder"):
            async with Instance(tmp_path):
                pass
    async with Instance(tmp_path):
        pass

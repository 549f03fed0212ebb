"""A child is ready when it says so, is reported when it goes, and goes when it should."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ackpy.sandbox.process import Child, ChildError, free_port, port_is_free

SLEEP = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def says(log: Path, text: str) -> Callable[[], Awaitable[bool]]:
    def said() -> bool:
        return log.exists() and text in log.read_text()

    async def ready() -> bool:
        return said()

    return ready


async def at_once() -> bool:
    return True


async def never() -> bool:
    return False


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits for somebody to ask how (Linux)."""
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


async def test_a_child_is_started_until_it_is_stopped(tmp_path: Path) -> None:
    log, deaths = tmp_path / "log", list[ChildError]()
    child = Child(
        "a child", python("import time; print('here', flush=True); time.sleep(600)"), log, on_death=deaths.append
    )
    await child.start(says(log, "here"))
    assert is_running(child.pid)
    await child.stop()
    assert not is_running(child.pid)
    assert deaths == []


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Child("a child", python(STUBBORN), log)
    await child.start(says(log, "on"))
    await child.stop(grace_seconds=0.1)
    assert not is_running(child.pid)


async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_log(tmp_path: Path) -> None:
    child = Child("a child", python("print('I am', 'tired'); raise SystemExit(3)"), tmp_path / "log")
    with pytest.raises(ChildError, match=r"a child ended with status 3\. The end of .*log:\n  I am tired"):
        await child.start(never)


async def test_a_child_that_is_never_ready_is_an_error_and_stopped(tmp_path: Path) -> None:
    child = Child("a child", python(SLEEP), tmp_path / "log")
    with pytest.raises(ChildError, match=r"a child wasn't ready after 0\.1 seconds"):
        await child.start(never, within_seconds=0.1)
    assert not is_running(child.pid)


async def test_a_child_that_ends_by_itself_is_reported(tmp_path: Path) -> None:
    death = asyncio.get_running_loop().create_future()
    child = Child("a child", python(SLEEP), tmp_path / "log", on_death=death.set_result)
    await child.start(at_once)
    os.kill(child.pid, signal.SIGKILL)
    error = await asyncio.wait_for(death, 60)
    assert error.name == "a child"
    assert "a child was killed by SIGKILL" in str(error)
    await child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next run kills what was left behind")
async def test_a_child_goes_with_its_parent(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from ackpy.sandbox.process import Child

async def ready():
    return True

async def main():
    child = Child("a child", [sys.executable, "-c", {SLEEP!r}], Path({str(tmp_path / "log")!r}))
    await child.start(ready)
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(*python(code), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.communicate()
    async with asyncio.timeout(60):
        while is_running(pid) and not is_zombie(pid):  # noqa: ASYNC110  another process can't set an event
            await asyncio.sleep(0.01)


def test_a_free_port_can_be_listened_to() -> None:
    assert port_is_free(free_port())

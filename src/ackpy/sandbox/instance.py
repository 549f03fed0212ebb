"""The hold on a data folder: one instance at a time, and nothing left over from one that was killed.

Called by `ControlPlane`. The kernel drops a lock with its process, so a lock that is held means a living instance. The
recorded children are the programs that a killed one may have left behind, where they couldn't die with it.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

_LEFTOVER_POLL_SECONDS = 0.05


class InUseError(Exception):
    """Another living instance holds the data folder."""


class Instance:
    """Holds a data folder from `async with` on. What it remembers of earlier runs: their ports and their children."""

    def __init__(self, folder: Path) -> None:
        self._lock_file = folder / "lock"
        self._state_file = folder / "instance.json"
        self._lock = -1
        self.ports: dict[str, int] = {}
        self._children: dict[str, tuple[int, str]] = {}

    async def __aenter__(self) -> Self:
        """Take the folder, and kill what a dead instance left running in it.

        Raises:
            InUseError: a living instance has it.
        """
        self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._lock, 32).decode()
            os.close(self._lock)
            raise InUseError(
                f"The data folder {self._lock_file.parent} is in use by another instance (process {owner}). "
                "Stop it first, or choose another folder."
            ) from None
        os.truncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())
        if self._state_file.exists():
            state = orjson.loads(self._state_file.read_bytes())
            self.ports = state["ports"]
            for pid, started in state["children"].values():
                await _kill_leftover(pid, started)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.clear()
        self.save()
        os.close(self._lock)

    def record_child(self, name: str, pid: int) -> None:
        """Remember a child that was started, in place of an earlier one of this name."""
        started = _started(pid)
        if started is not None:
            self._children[name] = (pid, started)
            self.save()

    def save(self) -> None:
        """Write ports and children for the next run."""
        fresh = self._state_file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({"ports": self.ports, "children": self._children}))
        fresh.replace(self._state_file)


async def _kill_leftover(pid: int, started: str) -> None:
    """Kill a process, unless its id belongs to another one by now, and wait until it is gone."""
    while _started(pid) == started:
        with contextlib.suppress(ProcessLookupError):  # it may go in between
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_LEFTOVER_POLL_SECONDS)


def _started(pid: int) -> str | None:
    """When a process started, as a text that is only good for comparing; None if there is no such process."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return None
        state, *fields = stat.rpartition(")")[2].split()  # the name before may hold anything
        # By proc(5): 20 is num_threads, 22 is starttime. A zombie whose threads are gone holds nothing any more.
        return None if state == "Z" and fields[16] == "1" else fields[18]
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607  ps of the system
    return done.stdout.strip() or None

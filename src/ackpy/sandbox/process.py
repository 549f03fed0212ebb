"""One supervised child process: started, ready, and gone with its parent.

Used for every program of the sandbox. A child that ends by itself is reported once, with its name, how it ended and the
end of its log; a child never outlives a killed parent on Linux.
"""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

_READY_POLL_SECONDS = 0.05
_TAIL_BYTES = 4096
_TAIL_LINES = 20
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1  # linux/prctl.h
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):  # else it went before we could ask
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Run by Python first, which then becomes the program: the kernel kills it when its parent goes, however that happens.

(A `preexec_fn` would do the same in a forked copy of a process with threads, which Python 3.12 warns of.)
"""


class ChildError(Exception):
    """A child ended by itself, or wasn't ready in time."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        self.name = name
        super().__init__(f"{name} {what}. The end of {log}:\n{_tail(log)}")


class Child:
    """A child process whose output goes to a log file. Call `start` once, then `stop`."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        on_death: Callable[[ChildError], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing runs yet. `on_death` is called if the child ends without `stop`."""
        self.name = name
        self._arguments = arguments
        self._log = log
        self._environment = environment
        self._on_death = on_death
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id; only after `start`."""
        assert self._process is not None
        return self._process.pid

    async def start(self, ready: Callable[[], Awaitable[bool]], within_seconds: float = 60) -> None:
        """Start, and return when `ready` says so.

        Raises:
            ChildError: it ended before, or wasn't ready in time (it is stopped then).
        """
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_launcher(),
                *map(str, self._arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches us alone: we stop the children, in order
            )
        self._watch = asyncio.create_task(self._report_death(self._process))
        try:
            async with asyncio.timeout(within_seconds):
                while not await ready():
                    if self._process.returncode is not None:
                        raise self._death(self._process.returncode)
                    await asyncio.sleep(_READY_POLL_SECONDS)
        except TimeoutError:
            await self.stop()
            raise ChildError(self.name, f"wasn't ready after {within_seconds:g} seconds", self._log) from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self, grace_seconds: float = 10) -> None:
        """Ask it to end, and kill it if it hasn't after the grace time. Does nothing if it isn't running."""
        if self._process is None or self._watch is None:
            return
        self._stopping = True
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), grace_seconds)
            except TimeoutError:
                self._process.kill()
        await self._watch

    async def _report_death(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        if not self._stopping:
            self._on_death(self._death(status))

    def _death(self, status: int) -> ChildError:
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return ChildError(self.name, how, self._log)


def free_port() -> int:
    """A TCP port that is free on loopback now, below the range that the kernel gives to outgoing connections."""
    for port in random.sample(range(20000, 32000), 100):
        if port_is_free(port):
            return port
    raise OSError("no free TCP port between 20000 and 32000 on 127.0.0.1")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _launcher() -> list[str]:
    return [sys.executable, "-ISc", _DIE_WITH_PARENT, str(os.getpid())] if sys.platform == "linux" else []


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (empty)"

"""An `ackpy` command as a child process, as a user runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.kit.waiting import until

ACKPY = Path(sys.executable).with_name("ackpy")
SECRET = "tell-nobody-4f1c9a77"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": SECRET}


class Program:
    """A command that was started; what it writes goes to files."""

    def __init__(self, process: "subprocess.Popen[bytes]", stdout: Path, stderr: Path) -> None:
        self._process = process
        self._stdout = stdout
        self._stderr = stderr

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return self._stdout.read_text()

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def signal(self, number: signal.Signals) -> None:
        """Send a signal as a terminal does: to the whole process group."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    async def ended(self) -> int:
        """Wait for the end; how it came out."""
        await until(lambda: self._process.poll() is not None)
        return int(self._process.returncode)

    async def says(self, text: str) -> None:
        """Wait until it wrote a text.

        Raises:
            AssertionError: it ended without.
        """
        await until(lambda: text in self.output or self._process.poll() is not None, seconds=60)
        assert text in self.output, self.output

    def stop(self) -> None:
        """End it, whatever it does; it must never have shown the inside of Python."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        assert "Traceback" not in self.output, self.output
        assert SECRET not in self.output, "a secret is in the log"


@contextmanager
def ackpy(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, answer: str = ""
) -> Iterator[Program]:
    """Run a command while inside.

    Args:
        folder: an existing one, for what it writes.
        arguments: the command and its flags.
        environment: AWS's and Kubernetes' variables; those of the tests' own environment aren't passed on.
        answer: what the user types.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KUBECONFIG"))}
    kept.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # where the control plane's programs are
    number = len(list(folder.glob("*.stdout")))
    stdout, stderr = folder / f"{number}.stdout", folder / f"{number}.stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            [ACKPY, *arguments],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env={**kept, "COLUMNS": "200", "HOME": str(folder), **(environment or {})},
            start_new_session=True,
        )
    assert process.stdin
    with process.stdin as typed:
        typed.write(answer.encode())
    program = Program(process, stdout, stderr)
    try:
        yield program
    finally:
        program.stop()

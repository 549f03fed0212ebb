"""jq on objects, as the contract's FieldExport uses it: limited in time and memory, and blind to this process.

controller/field_exports.py asks. The evaluation itself is in another process (controller/jq_worker.py tells why), which
is started with the first expression, serves one at a time, and is started again after one that killed it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_WORKER = Path(__file__).with_name("jq_worker.py")
_LONGEST_ANSWER = 8 * 1024 * 1024  # a result of 1 MiB in which JSON escapes every character


@dataclass(eq=False)
class PathRefusedError(Exception):
    """An expression can't be evaluated on an object.

    Attributes:
        message: the contract's text.
        detail: more of it.
        quotes: whether the detail may quote the object.
    """

    message: str
    detail: str
    quotes: bool = False

    def __str__(self) -> str:
        return f"{self.message}: {self.detail}"


class Jq:
    """Evaluates expressions. Close it at the end."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def text(self, path: str, obj: Mapping[str, Any]) -> str | None:
        """The first result of an expression as text; None where it is null or there is none.

        Raises:
            PathRefusedError: it is no jq, fails, takes too much, or gives neither string, boolean nor integer.
        """
        async with self._turn:
            line = await self._asked(orjson.dumps(path) + b"\n" + orjson.dumps(obj) + b"\n")
        if not line:
            raise PathRefusedError("unable to execute query", "it takes too much time or memory")
        answer = orjson.loads(line)
        if answer is None:
            return None
        if "error" in answer:
            raise PathRefusedError(answer["error"], answer["detail"], answer.get("quotes", False))
        return str(answer["text"])

    async def aclose(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            await process.communicate(b"")  # it ends with its input, or by its limit a second later

    async def _asked(self, request: bytes) -> bytes:
        """The worker's answer; empty if it died of the request."""
        if self._process is None or self._process.returncode is not None:
            await self.aclose()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", _WORKER, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=_LONGEST_ANSWER
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        line = b""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                stdin.write(request)
                await stdin.drain()
            line = await stdout.readline()
        finally:
            if not line:  # it died, or nobody waits for its answer any more
                await self.aclose()
        return line

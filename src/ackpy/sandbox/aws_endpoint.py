"""A simulated AWS on loopback, in a process of its own. Started by `ackpy up` and by the tests."""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import orjson

from ackpy.sandbox.guard_api import Fault, LoggedRequest
from ackpy.sandbox.process import Child, ChildError, free_port


class AwsEndpoint:
    """An AWS endpoint for `async with`; it forgets everything at the end."""

    def __init__(self, port: int = 0, delay_ms: int = 0) -> None:
        """Prepare; nothing runs yet. Port 0 means a free one; each answer comes `delay_ms` later than it could."""
        self._port = port or free_port()
        self._delay_ms = delay_ms
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """For AWS_ENDPOINT_URL. Any credentials are good."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        """Start.

        Raises:
            ChildError: it didn't start, for instance because the port is taken.
        """
        self._death: asyncio.Future[ChildError] = asyncio.get_running_loop().create_future()
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ackpy-aws-")))
            self._http = await stack.enter_async_context(aiohttp.ClientSession(self.url))
            program = [sys.executable, "-m", "ackpy.sandbox.moto_server"]
            flags = [f"--port={self._port}", f"--delay-ms={self._delay_ms}"]
            child = Child("simulated AWS", [*program, *flags], folder / "log", on_death=self._note_death)
            await child.start(self._answers)
            stack.push_async_callback(child.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def died(self) -> ChildError:
        """Wait until it ends by itself; the error says how, and shows the end of its log."""
        return await asyncio.shield(self._death)

    async def requests(self) -> list[LoggedRequest]:
        """All requests since the start or the last `clear_requests`, in the order of their answers."""
        async with self._http.get("/_guard/requests", raise_for_status=True) as response:
            return [LoggedRequest(**entry) for entry in orjson.loads(await response.read())]

    async def clear_requests(self) -> None:
        """Forget the requests so far."""
        async with self._http.delete("/_guard/requests", raise_for_status=True):
            pass

    async def inject(self, *faults: Fault) -> None:
        """Let requests fail, in place of the faults that were injected before; none at all to end it."""
        async with self._http.put(
            "/_guard/faults", data=orjson.dumps(list(map(asdict, faults))), raise_for_status=True
        ):
            pass

    async def hold(self, *operations: str) -> None:
        """Let AWS do these and keep its answers back, in place of those held before; none at all to let all go."""
        async with self._http.put("/_guard/held", data=orjson.dumps(operations), raise_for_status=True):
            pass

    async def _answers(self) -> bool:
        try:
            await self.requests()
        except aiohttp.ClientConnectionError:
            return False
        return True

    def _note_death(self, error: ChildError) -> None:
        if not self._death.done():
            self._death.set_result(error)

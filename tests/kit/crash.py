"""A process that dies between two steps: an exception that nobody catches, at the Nth boundary.

Boundaries stand before and after each write to the API, and before each AWS call and after each that changes something.
(After a read nothing has happened: that is the next boundary. Reads that follow each other at one moment are one
boundary for the same reason.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ackpy.kube import Object, PatchType, Resource
from ackpy.kube.api import FIELD_MANAGER
from ackpy.sandbox.simulator import Call, Simulator
from tests.kit.memory_api import MemoryApi

_READS = ("Describe", "Get", "Head", "List")


class Crash(BaseException):
    """The process is killed."""


@dataclass
class Boundaries:
    """Counts boundaries while armed, and kills the process at one of them."""

    passed: list[str] = field(default_factory=list)
    _at: int | None = None
    _armed: bool = False
    _read_at: float | None = None

    def cross(self, what: str) -> None:
        """Get to a boundary. A dead process gets no further."""
        if not self._armed:
            return
        if self._dead:
            raise Crash(self.passed[-1])
        self._read_at = None
        self.passed.append(what)
        if len(self.passed) == self._at:
            raise Crash(what)

    @contextmanager
    def armed(self, at: int | None = None) -> Iterator[None]:
        """Count from here; kill at the `at`-th boundary (from 1)."""
        self.passed, self._at, self._armed, self._read_at = [], at, True, None
        try:
            yield
        finally:
            self._armed = False

    def watch(self, simulator: Simulator, clock: Callable[[], float]) -> None:
        """Have the boundaries of a simulated AWS."""

        def before(call: Call) -> None:
            reads = call.operation.startswith(_READS)
            if not reads or self._dead or self._read_at != clock():
                self.cross(f"before {call.operation}")
            self._read_at = clock() if reads else None

        def after(call: Call) -> None:
            if not call.operation.startswith(_READS):
                self.cross(f"after {call.operation}")

        simulator.before_call.append(before)
        simulator.after_call.append(after)

    @property
    def _dead(self) -> bool:
        return self._at is not None and len(self.passed) >= self._at


class CrashableApi(MemoryApi):
    """An in-memory API with boundaries."""

    def __init__(self, boundaries: Boundaries) -> None:
        super().__init__()
        self._boundaries = boundaries

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        subresource: str | None = None,
        patch_type: PatchType = PatchType.MERGE,
        force: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Object:
        what = f"patch of {subresource or ', '.join(sorted({*body, *body.get('metadata', {})} - {'metadata'}))}"
        options: dict[str, Any] = {"patch_type": patch_type, "force": force, "field_manager": field_manager}
        self._boundaries.cross(f"before the {what}")
        written = await super().patch(resource, namespace, name, body, subresource=subresource, **options)
        self._boundaries.cross(f"after the {what}")
        return written


async def killed(run: Awaitable[object]) -> bool:
    """Run until the end or the crash; whatever ran beside it is dead too. Returns whether it crashed."""
    try:
        await run
    except Crash:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        return True
    return False

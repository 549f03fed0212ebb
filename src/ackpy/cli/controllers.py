"""The managers of one process: one for all kinds, or one for each service, which works while it holds its Lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from ackpy.cli.probes import Answer
from ackpy.controller.manager import Manager
from ackpy.kube import LeaderElector

STUCK_SECONDS = 600.0
"""How long objects may wait while nothing is done at all: longer than any call to AWS, with all its attempts."""

_AT_WORK, _STANDING_BY = "at work", "standing by: another process holds the Lease"


class Controllers:
    """Runs managers, and knows what each is at."""

    def __init__(
        self,
        managers: Mapping[str, Manager],
        elector: Callable[[str], LeaderElector] | None,
        registry: CollectorRegistry,
    ) -> None:
        """Nothing starts yet.

        Args:
            managers: by what they are called, here and by `elector`.
            elector: gives the elector of a manager; None if all work at once.
            registry: shows who holds which Lease.
        """
        self._managers, self._elector = managers, elector
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._at_work: set[str] = set()
        self._stopping = False
        leads = Gauge("ackpy_leader", "1 while this process holds the Lease.", ["lease"], registry=registry)
        for name in managers if elector else ():
            leads.labels(name).set_function(partial(self._leads, name))

    async def run(self) -> None:
        """Control until `stop`, or until cancelled, which ends all at once.

        Raises:
            LeaseLost: in a group; the others were ended at once.
        """
        async with asyncio.TaskGroup() as group:
            for name, manager in self._managers.items() if not self._stopping else ():
                work = partial(self._work, name, manager)
                elected = self._elector(name).run(work) if self._elector else work()
                self._tasks[name] = group.create_task(elected)

    def stop(self) -> None:
        """Let what is under way come to its end; then `run` returns."""
        self._stopping = True
        for name, task in self._tasks.items():
            if name in self._at_work:
                self._managers[name].stop()
            else:
                task.cancel()

    def healthy(self, silent_seconds: float) -> Answer:
        """Whether work goes on: no object waits while nothing happens.

        Args:
            silent_seconds: since the last answer of AWS.
        """
        stuck = min(silent_seconds, max(manager.stuck_seconds() for manager in self._managers.values()))
        if stuck < STUCK_SECONDS:
            return Answer(True, "ok")
        return Answer(False, f"objects wait, and for {stuck:.0f} seconds nothing was done")

    async def ready(self, api_answers: Callable[[], Awaitable[bool]]) -> Answer:
        """Whether each manager is at work, or stands by for another process that is."""
        if self._stopping:
            return Answer(False, "stopping")
        if not await api_answers():
            return Answer(False, "the Kubernetes API doesn't answer")
        states = {name: self._state(name, manager) for name, manager in self._managers.items()}
        text = "\n".join(f"{name}: {state}" if name else state for name, state in states.items())
        return Answer(all(state in {_AT_WORK, _STANDING_BY} for state in states.values()), text)

    def _state(self, name: str, manager: Manager) -> str:
        if name not in self._at_work:
            return _STANDING_BY
        return f"listing {', '.join(manager.unlisted)}" if manager.unlisted else _AT_WORK

    def _leads(self, name: str) -> float:
        return float(name in self._at_work)

    async def _work(self, name: str, manager: Manager) -> None:
        self._at_work.add(name)
        try:
            await manager.run()
        finally:
            self._at_work.discard(name)

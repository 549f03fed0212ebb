"""The managers of one process: one for all kinds, or one for each service, which works while it holds its Lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from ackpy.controller.manager import Manager
from ackpy.kube import LeaderElector


class Controllers:
    """Runs managers, and knows what each is at."""

    def __init__(self, managers: Mapping[str, Manager], elector: Callable[[str], LeaderElector] | None) -> None:
        """Nothing starts yet.

        Args:
            managers: by what they are called, here and by `elector`.
            elector: gives the elector of a manager; None if all work at once.
        """
        self._managers, self._elector = managers, elector
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._at_work: set[str] = set()

    async def run(self) -> None:
        """Control until `stop`, or until cancelled, which ends all at once.

        Raises:
            LeaseLost: in a group; the others were ended at once.
        """
        async with asyncio.TaskGroup() as group:
            for name, manager in self._managers.items():
                work = partial(self._work, name, manager)
                elected = self._elector(name).run(work) if self._elector else work()
                self._tasks[name] = group.create_task(elected)

    def stop(self) -> None:
        """Let what is under way come to its end; then `run` returns."""
        for name, task in self._tasks.items():
            if name in self._at_work:
                self._managers[name].stop()
            else:
                task.cancel()

    def states(self) -> dict[str, str]:
        """What each manager is at: `standing by`, `listing objects` or `at work`."""
        return {name: self._state(name, manager) for name, manager in self._managers.items()}

    def _state(self, name: str, manager: Manager) -> str:
        if name not in self._at_work:
            return "standing by"
        return "at work" if manager.is_synced else "listing objects"

    async def _work(self, name: str, manager: Manager) -> None:
        self._at_work.add(name)
        await manager.run()

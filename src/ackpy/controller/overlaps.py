"""IAMRoleSelectors that match the same objects say so in their own status, as the objects do in theirs.

controller/role_sources.py says what matches; the texts are plan/roles.py's. A selector has one condition for each API
group, `<group>/Conflict`, so that the controllers of several groups don't write over each other. It is there only while
there is something to tell: a status that is written moves the selector's resourceVersion, which objects show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from ackpy.controller.report import label
from ackpy.controller.subject import Subject
from ackpy.kube.api import ApiError, Conflict, KubeApi, Object, Retryable
from ackpy.kube.informer import Informer
from ackpy.plan.roles import overlaps

_PAUSE_SECONDS = 1.0
"""Between two rounds: what changes at once is told at once."""

_log = structlog.get_logger(__name__)


class Overlaps:
    """Of the selectors of one process."""

    def __init__(self, api: KubeApi, selectors: Informer, groups: Iterable[str], now: Callable[[], str]) -> None:
        """Nothing is known yet.

        Args:
            api: the Kubernetes API.
            selectors: all IAMRoleSelectors.
            groups: the API groups whose objects are noticed.
            now: the time, RFC 3339.
        """
        self._api, self._selectors, self._now = api, selectors, now
        self._found: dict[str, dict[str, frozenset[str]]] = {group: {} for group in groups}  # → object → selectors
        self._told: dict[tuple[str, str], str | None] = {}  # selector and condition → text
        self._news = asyncio.Event()

    def noticed(self, subject: Subject, names: frozenset[str]) -> None:
        """These selectors match an object; none where it is gone."""
        found, name = self._found[subject.kind.group], label(subject)
        if len(names) > 1 and found.get(name) != names:
            found[name] = names
            self._news.set()
        elif len(names) <= 1 and name in found:
            del found[name]
            self._news.set()

    def changed(self) -> None:
        """A selector, or its status, changed."""
        self._news.set()

    async def run(self) -> None:
        """Tell until cancelled; to be started when all objects were noticed, or what still holds would be withdrawn."""
        while True:
            await self._news.wait()
            self._news.clear()
            texts = {f"{group}/Conflict": overlaps(found) for group, found in self._found.items()}
            for obj in list(self._selectors.store.values()):
                name = obj["metadata"]["name"]
                try:
                    await self._tell(obj, {kind: told.get(name) for kind, told in texts.items()})
                except (Conflict, Retryable) as error:
                    _log.info("an IAMRoleSelector can't be told yet, trying again", name=name, error=str(error))
                    self._news.set()
                except ApiError as error:  # a missing right, or it went
                    _log.warning("an IAMRoleSelector can't be told", name=name, error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _tell(self, obj: Object, texts: Mapping[str, str | None]) -> None:
        """Write what a selector is to say, where its status says something else."""
        name, resource = obj["metadata"]["name"], self._selectors.resource
        conditions = {one["type"]: one for one in (obj.get("status") or {}).get("conditions") or ()}
        changed = {}
        for kind, text in texts.items():
            there = conditions.get(kind, {})
            said = there.get("message")
            # What another process (of other namespaces) has written since is its own to withdraw.
            told = self._told.setdefault((name, kind), said)
            foreign = said is not None and said != told
            if text == said or foreign:
                continue
            changed[name, kind] = text
            conditions.pop(kind, None)
            if text is not None:
                since = there.get("lastTransitionTime") or self._now()
                conditions[kind] = {
                    "type": kind,
                    "status": "True",
                    "reason": "SeveralSelectorsMatch",
                    "message": text,
                    "lastTransitionTime": since,
                }
        if changed:
            guard = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            body = {"metadata": guard, "status": {"conditions": list(conditions.values())}}
            written = await self._api.patch(resource, None, name, body, subresource="status")
            self._told |= changed
            self._selectors.note_write(written)

"""Where roles are written down: the role ConfigMaps and the IAMRoleSelectors, kept up to date.

The manager runs them; `Scopes` asks for an object's role. The choice itself is plan/roles.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from ackpy.controller.options import ROLE_SECONDS, Options
from ackpy.controller.overlaps import Overlaps
from ackpy.controller.subject import Subject
from ackpy.kube.api import KubeApi, Object, Resource
from ackpy.kube.informer import Informer
from ackpy.plan.roles import (
    EXTERNAL_ID,
    OWNER_ACCOUNT,
    ROLE_CHAIN,
    SESSION_TAGS,
    TEAM,
    Asker,
    Role,
    RoleMap,
    Selector,
    Sources,
    choose,
    matching,
    selector,
)

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SELECTORS = Resource("services.k8s.aws", "v1alpha1", "iamroleselectors", "IAMRoleSelector", namespaced=False)
ACCOUNT_MAP, TEAM_MAP = "ack-role-account-map", "ack-role-team-map"

_log = structlog.get_logger(__name__)


class RoleSources:
    """The roles of one process."""

    def __init__(
        self,
        api: KubeApi,
        options: Options,
        account: str,
        groups: Iterable[str],
        namespace: Callable[[str], Object],
        on_change: Callable[[], None],
        now: Callable[[], str],
    ) -> None:
        """Nothing is read yet.

        Args:
            api: the Kubernetes API.
            options: the flags.
            account: of the controller's identity.
            groups: the API groups of the objects.
            namespace: a namespace's object by its name, as far as it is known.
            on_change: is called, soon, when roles changed: objects that `depends` names may get another one.
            now: the time, RFC 3339.
        """
        self._options, self._account, self._namespace, self._on_change = options, account, namespace, on_change
        self._selectors: dict[str, Selector] = {}
        self._told = False
        self._maps: Informer | None = None
        self._by_selector: Informer | None = None
        self._overlaps: Overlaps | None = None
        # As in the contract: the rights of one namespace don't reach the maps.
        if options.carm and len(options.namespaces) != 1:
            home = (options.system_namespace,)
            self._maps = Informer(api, CONFIG_MAPS, on_change=self._map_changed, trim=_map, namespaces=home)
        if options.selecting_roles:
            self._by_selector = Informer(api, SELECTORS, on_change=self._selector_changed)
            self._overlaps = Overlaps(api, self._by_selector, groups, now)

    async def run(self) -> None:
        """Follow them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self._informers():
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Wait until all are listed, but not for ever: objects that need none of them are worked on all the same."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ROLE_SECONDS):
                for informer in self._informers():
                    await informer.synced.wait()

    def role(self, subject: Subject) -> Role | None:
        """The role for an object; None means the controller's own identity.

        Raises:
            RoleError: there is none.
        """
        gates, selecting = self._options.feature_gates, self._by_selector
        sources = Sources(
            accounts=self._map(ACCOUNT_MAP),
            teams=self._map(TEAM_MAP) if "TeamLevelCARM" in gates else None,
            by_service="ServiceLevelCARM" in gates,
            selectors=None if selecting is None else tuple(self._selectors.values()),
            selectors_known=selecting is None or selecting.synced.is_set(),
        )
        return choose(self._asker(subject), self._account, sources)

    def noticed(self, subject: Subject) -> None:
        """An object was listed or changed, or what chooses its role did: selectors that conflict over it are told."""
        if self._overlaps is not None:
            found = matching(self._asker(subject), self._selectors.values())
            self._overlaps.noticed(subject, frozenset(selector.name for selector in found))

    def forget(self, subject: Subject) -> None:
        """An object is gone."""
        if self._overlaps is not None:
            self._overlaps.noticed(subject, frozenset())

    async def tell(self) -> None:
        """Tell selectors what was noticed until cancelled; to be started when all objects are listed."""
        if self._overlaps is not None:
            await self._overlaps.run()

    def depends(self, subject: Subject) -> bool:
        """Whether an object's role may change with what is kept here."""
        said = self._namespace(subject.namespace)["metadata"].get("annotations") or {}
        elsewhere = subject.place.get("ownerAccountID", self._account) != self._account
        return self._by_selector is not None or OWNER_ACCOUNT in said or TEAM in said or elsewhere

    def _asker(self, subject: Subject) -> Asker:
        metadata, namespace = subject.obj["metadata"], self._namespace(subject.namespace)["metadata"]
        return Asker(
            service=subject.kind.service.alias,
            type=(subject.kind.group, subject.kind.version, subject.kind.name),
            labels=metadata.get("labels") or {},
            namespace=subject.namespace,
            namespace_labels=namespace.get("labels") or {},
            namespace_annotations=namespace.get("annotations") or {},
            recorded=subject.place.get("ownerAccountID"),
        )

    def _informers(self) -> list[Informer]:
        return [informer for informer in (self._maps, self._by_selector) if informer is not None]

    def _map(self, name: str) -> RoleMap | None:
        if self._maps is None:
            return None
        namespace = self._options.system_namespace
        found = self._maps.get(namespace, name)
        said = (found["metadata"].get("annotations") or {}) if found else {}
        return RoleMap(f"the ConfigMap {namespace}/{name}", found and found["data"], said)

    def _map_changed(self, old: Object | None, new: Object | None) -> None:
        if _said(old) != _said(new):
            self._tell()

    def _selector_changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        before = self._selectors.pop(name, None)
        if new is not None:
            try:
                self._selectors[name] = selector(new)
            except ValueError as error:
                _log.warning("an IAMRoleSelector is invalid, and ignored", name=name, error=str(error))
        if self._overlaps is not None:
            self._overlaps.changed()
        # Of another status objects tell the version at their next sweep; nobody is woken for it.
        if self._selectors.get(name) != before:
            self._tell()

    def _tell(self) -> None:
        """Once for all the changes of a list."""
        if not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._telling)

    def _telling(self) -> None:
        self._told = False
        self._on_change()


def _map(obj: Object) -> Object:
    """Of ConfigMaps that hold no roles, only the identity is kept."""
    kept = {key: obj["metadata"].get(key) for key in ("name", "namespace", "uid", "resourceVersion", "annotations")}
    return {"metadata": kept, "data": (obj.get("data") or {}) if kept["name"] in (ACCOUNT_MAP, TEAM_MAP) else {}}


def _said(obj: Mapping[str, Any] | None) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
    """What a ConfigMap says of roles; the others say nothing."""
    if obj is None or obj["metadata"]["name"] not in (ACCOUNT_MAP, TEAM_MAP):
        return None
    own = obj["metadata"]["annotations"] or {}
    return {name: own[name] for name in (EXTERNAL_ID, SESSION_TAGS, ROLE_CHAIN) if name in own}, obj["data"]

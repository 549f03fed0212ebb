"""Which IAM role an object's resource is managed with: the contract's order, decided from what was read. Pure.

controller/role_sources.py keeps what is read, and asks here for each object. No role means the controller's own
identity, and that is never the answer for an object whose namespace names another account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ackpy.kinds.paths import Json

OWNER_ACCOUNT = "services.k8s.aws/owner-account-id"
TEAM = "services.k8s.aws/team-id"
EXTERNAL_ID = "ackpy.dev/external-id"
SESSION_TAGS = "ackpy.dev/session-tags"
ROLE_CHAIN = "ackpy.dev/role-chain"
_ROLE = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}):role/[^\s:]+")
# STS API, AssumeRole: Tag. Its keys differ by more than case.
_TAG_KEY, _TAG_VALUE = re.compile(r"(?!aws:)[\w .:/+@-]{1,128}", re.IGNORECASE), re.compile(r"[\w .:/=+@-]{0,256}")
_MOST_TAGS = 50
_NAMESPACE = "{namespace}"


class RoleError(Exception):
    """There is no role to work with; nothing was called. The text is for users."""


class RoleUnavailableError(RoleError):
    """The role isn't there yet: it is waited for."""


class SelectorConflictError(RoleError):
    """More than one IAMRoleSelector matches."""


class RoleRefusedError(RoleError):
    """What was configured contradicts itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a role is assumed.

    Attributes:
        external_id: what its trust policy asks for, if it does.
        tags: of the session, keys and values; `{namespace}` in a value is the object's.
        chain: the ARNs of the roles that are assumed before it, each by the one before.
    """

    external_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    chain: tuple[str, ...] = ()

    def within(self, namespace: str) -> Terms:
        """The terms for an object of a namespace."""
        return replace(self, tags=tuple((key, value.replace(_NAMESPACE, namespace)) for key, value in self.tags))


PLAIN = Terms()
"""By the controller's own identity, with nothing said."""


def terms(annotations: Mapping[str, str]) -> Terms:
    """How a role is assumed, by the annotations of what names it.

    Raises:
        ValueError: they can't be read, or AWS would take no such tags; the text is for users.
    """
    tags: dict[str, str] = {}
    for entry in _listed(annotations.get(SESSION_TAGS)):
        key, equals, value = (part.strip() for part in entry.partition("="))
        # A namespace's name is a label's value, and so never too long or of other letters.
        if not (equals and _TAG_KEY.fullmatch(key) and _TAG_VALUE.fullmatch(value.replace(_NAMESPACE, ""))):
            raise ValueError(f"{SESSION_TAGS} has {entry!r}: write KEY=VALUE, KEY=VALUE, as STS takes them")
        if key.lower() in map(str.lower, tags):
            raise ValueError(f"{SESSION_TAGS} has the key {key} twice")
        tags[key] = value
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"{SESSION_TAGS} has {len(tags)} tags: STS takes {_MOST_TAGS}")
    chain = _listed(annotations.get(ROLE_CHAIN))
    for arn in chain:
        if not _ROLE.fullmatch(arn):
            raise ValueError(f"{ROLE_CHAIN} has {arn!r}, which is no ARN of an IAM role")
    return Terms(annotations.get(EXTERNAL_ID), tuple(tags.items()), chain)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in (text or "").split(",") if entry.strip())


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume.

    Attributes:
        arn: its ARN.
        source: who says so, for sentences.
        terms: how it is assumed.
        selected: of the condition ACK.IAMRoleSelected; None where no selector chose the role.
    """

    arn: str
    source: str
    terms: Terms = PLAIN
    selected: str | None = None

    @property
    def account(self) -> str:
        """The account that the role acts in.

        Raises:
            RoleRefusedError: the ARN is none of a role.
        """
        found = _ROLE.fullmatch(self.arn)
        if found is None:
            raise RoleRefusedError(
                f"{self.source} says {self.arn!r}, which is no ARN of an IAM role: write arn:aws:iam::ACCOUNT:role/NAME"
            )
        return found[1]


@dataclass(frozen=True, slots=True)
class RoleMap:
    """A ConfigMap that gives roles by account or by team.

    Attributes:
        label: how sentences name it.
        roles: its data: key → ARN; None where the ConfigMap isn't there, or wasn't read yet.
        annotations: its own, which say how all its roles are assumed.
    """

    label: str
    roles: Mapping[str, str] | None
    annotations: Mapping[str, str] = field(default_factory=dict)

    def role(self, *keys: str) -> Role:
        """The role under the first of the keys that there is.

        Raises:
            RoleUnavailableError: there is none.
            RoleRefusedError: its annotations can't be read.
        """
        if self.roles is None:
            raise RoleUnavailableError(f"{self.label} isn't there, or can't be read")
        for key in keys:
            if arn := self.roles.get(key, "").strip():
                return Role(arn, self.label, self._terms())
        raise RoleUnavailableError(f"{self.label} has no role under {' or '.join(keys)}")

    def _terms(self) -> Terms:
        try:
            return terms(self.annotations)
        except ValueError as error:
            raise RoleRefusedError(f"{self.label}: {error}") from error


@dataclass(frozen=True, slots=True)
class Selector:
    """An IAMRoleSelector. What is empty selects everything; the version alone makes no other selector."""

    name: str
    version: str = field(compare=False)
    arn: str
    terms: Terms = PLAIN
    namespaces: frozenset[str] = frozenset()
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    types: frozenset[tuple[str, str, str]] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, asker: Asker) -> bool:
        """Whether all that is given matches."""
        return (
            (not self.namespaces or asker.namespace in self.namespaces)
            and self.namespace_labels.items() <= asker.namespace_labels.items()
            and (not self.types or any(_is_type(wanted, asker.type) for wanted in self.types))
            and self.labels.items() <= asker.labels.items()
        )

    @property
    def role(self) -> Role:
        """Its role, with the contract's sentence."""
        text = f"roleARN: {self.arn}, selectorName: {self.name}, selectorResourceVersion: {self.version}"
        return Role(self.arn, f"the IAMRoleSelector {self.name}", self.terms, text)


@dataclass(frozen=True, slots=True)
class Asker:
    """What the choice depends on of an object.

    Attributes:
        service: as the ConfigMap's keys name it.
        type: group, version and kind.
        labels: its own.
        namespace, namespace_labels, namespace_annotations: where it is.
        recorded: the account that its resource is in; None before it is made.
    """

    service: str
    type: tuple[str, str, str]
    labels: Mapping[str, str]
    namespace: str
    namespace_labels: Mapping[str, str]
    namespace_annotations: Mapping[str, str]
    recorded: str | None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where roles come from, as far as flags and gates allow.

    Attributes:
        accounts: roles by account; None without `--enable-carm`.
        teams: roles by team; None without the gate TeamLevelCARM.
        by_service: the gate ServiceLevelCARM: keys `<service>.<account>` come first.
        selectors: None without the gate IAMRoleSelector.
        selectors_known: whether the selectors were listed.
    """

    accounts: RoleMap | None = None
    teams: RoleMap | None = None
    by_service: bool = False
    selectors: Sequence[Selector] | None = None
    selectors_known: bool = True


def choose(asker: Asker, own: str, sources: Sources) -> Role | None:
    """The role for an object; None means the controller's own identity.

    Args:
        asker: the object.
        own: the controller's account.
        sources: where roles come from.

    Raises:
        RoleError: it can't be worked on (see the classes).
    """
    if sources.selectors is not None and (role := _selected(asker, sources)) is not None:
        return role
    team = asker.namespace_annotations.get(TEAM)
    if sources.teams is not None and team:
        return sources.teams.role(team)
    named = asker.namespace_annotations.get(OWNER_ACCOUNT)
    account = named or asker.recorded or own
    if account == own:
        return None
    try:
        return _by_account(asker, account, own, sources)
    except RoleUnavailableError:
        if named:
            raise
        return None  # only its record says so: the record's check tells that the controller's identity changed


def _by_account(asker: Asker, account: str, own: str, sources: Sources) -> Role:
    if sources.accounts is None:
        if asker.namespace_annotations.get(OWNER_ACCOUNT):
            raise RoleRefusedError(
                f"the namespace {asker.namespace} belongs to account {account} ({OWNER_ACCOUNT}), and this controller "
                f"works in account {own} only: it reads no role maps (--enable-carm=false, or --watch-namespace with "
                "one namespace)"
            )
        raise RoleUnavailableError
    keys = (f"{asker.service}.{account}", account) if sources.by_service else (account,)
    role = sources.accounts.role(*keys)
    if role.account != account:
        raise RoleRefusedError(
            f"{role.source} gives {role.arn} for account {account}, but that role is in account {role.account}"
        )
    return role


def _selected(asker: Asker, sources: Sources) -> Role | None:
    if not sources.selectors_known:
        raise RoleUnavailableError("the IAMRoleSelectors aren't listed yet: is their CRD there, and may they be read?")
    found = matching(asker, sources.selectors or ())
    if len(found) > 1:
        names = ", ".join(sorted(selector.name for selector in found))
        raise SelectorConflictError(f"more than one IAMRoleSelector matches: {names}. Change them so that one does.")
    return found[0].role if found else None


def matching(asker: Asker, selectors: Iterable[Selector]) -> list[Selector]:
    """The selectors that match an object; a role is given only where one does."""
    return [selector for selector in selectors if selector.matches(asker)]


def overlaps(found: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """What selectors are told of others that match the same objects, by name.

    Args:
        found: the names of the selectors that match an object, by how sentences name the object.
    """
    others: dict[str, set[str]] = {}
    example: dict[str, str] = {}
    for label in sorted(found):
        for name in found[label]:
            others.setdefault(name, set()).update(found[label] - {name})
            example.setdefault(name, label)
    return {
        name: f"the same objects are matched by {', '.join(sorted(also))}, for example {example[name]}: nothing is "
        "done for them. Change the selectors so that one matches."
        for name, also in others.items()
    }


def selector(obj: Mapping[str, Any]) -> Selector:
    """An IAMRoleSelector from its object.

    Raises:
        ValueError: it is invalid by the contract's rules, and so is ignored.
    """
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    arn = spec.get("arn") or ""
    if not arn.startswith("arn:") or arn.count(":") < 5:
        raise ValueError(f"{arn!r} is no ARN")
    by_namespace = spec.get("namespaceSelector") or {}
    names = by_namespace.get("names") or []
    _distinct("namespaceSelector.names", names)
    types = [_type(entry) for entry in spec.get("resourceTypeSelector") or ()]
    _distinct("resourceTypeSelector", types)
    return Selector(
        metadata["name"],
        metadata["resourceVersion"],
        arn,
        terms(metadata.get("annotations") or {}),
        frozenset(names),
        _labels("namespaceSelector.labelSelector", by_namespace.get("labelSelector")),
        frozenset(types),
        _labels("resourceLabelSelector", spec.get("resourceLabelSelector")),
    )


def _type(entry: Mapping[str, str]) -> tuple[str, str, str]:
    return entry.get("group") or "", entry.get("version") or "", entry.get("kind") or ""


def _distinct(where: str, values: Sequence[str | tuple[str, ...]]) -> None:
    if not all(any(value) for value in values):
        raise ValueError(f"{where} has an empty entry")
    if len(set(values)) < len(values):
        raise ValueError(f"{where} has an entry twice")


def _labels(where: str, value: Json) -> Mapping[str, str]:
    found: Mapping[str, str] = (value or {}).get("matchLabels") or {}
    if "" in found:
        raise ValueError(f"{where}.matchLabels has an empty key")
    return found


def _is_type(wanted: tuple[str, str, str], found: tuple[str, str, str]) -> bool:
    return all(one in ("", other) for one, other in zip(wanted, found, strict=True))

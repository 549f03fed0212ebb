"""One object with its kind: what its metadata, annotations and status say, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ackpy.controller.memory import State, parsed
from ackpy.controller.options import SETTLE_SECONDS
from ackpy.kinds.model import By, Kind
from ackpy.kinds.paths import Json, Path, parse

ACK = "services.k8s.aws"
REGION = f"{ACK}/region"
DEFAULT_REGION = f"{ACK}/default-region"
ENDPOINT_URL = f"{ACK}/endpoint-url"
DELETION_POLICY = f"{ACK}/deletion-policy"
RESOURCE_UID = f"{ACK}/resource-uid"
ADOPTED = f"{ACK}/adopted"
ADOPTION_POLICY = f"{ACK}/adoption-policy"
ADOPTION_FIELDS = f"{ACK}/adoption-fields"
READ_ONLY = f"{ACK}/read-only"
PAUSED = "ackpy.dev/paused"
REPLACE = "ackpy.dev/replace"
RECREATE = "ackpy.dev/recreate"
IGNORE_FIELDS = "ackpy.dev/ignore-fields"
STATE = "ackpy.dev/state"
RESYNC_SECONDS = "ackpy.dev/resync-seconds"
RECONCILE_AT = "ackpy.dev/reconcile-at"
RECONCILED_AT = "ackpy.dev/reconciled-at"
OWN_WRITES = (STATE, RECONCILED_AT)
BY_GATE = {"ResourceAdoption": (ADOPTION_POLICY, ADOPTION_FIELDS), "ReadOnlyResources": (READ_ONLY,)}
"""The annotations that a feature gate must allow (contract: feature_gates)."""

_TAG_LABELS = {"%MANAGED_BY%": "app.kubernetes.io/managed-by", "%KRO_VERSION%": "kro.run/kro-version"}


@dataclass(frozen=True, slots=True)
class Subject:
    """An object as the API server has it. Never changed: a write gives a new one.

    Attributes:
        kind, obj: what it is and says.
        unheeded: annotations that have no effect here, because a feature gate turns them off.
    """

    kind: Kind
    obj: Mapping[str, Any]
    unheeded: frozenset[str] = frozenset()

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for cluster-scoped ones."""
        return str(self.obj["metadata"].get("namespace") or "")

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.obj["metadata"]["name"])

    @property
    def uid(self) -> str:
        """Tells the object from others of its name, before and after it."""
        return str(self.obj["metadata"]["uid"])

    @property
    def generation(self) -> int:
        """Which edition of the spec this is."""
        return int(self.obj["metadata"].get("generation") or 0)

    @property
    def annotations(self) -> Mapping[str, str]:
        """The object's annotations, as far as they have an effect."""
        found: Mapping[str, str] = self.obj["metadata"].get("annotations") or {}
        return {key: value for key, value in found.items() if key not in self.unheeded} if self.unheeded else found

    @property
    def spec(self) -> Mapping[str, Json]:
        """The spec as stored."""
        return self.obj.get("spec") or {}

    @property
    def status(self) -> Mapping[str, Json]:
        """The status as stored."""
        return self.obj.get("status") or {}

    @property
    def finalizers(self) -> list[str]:
        """The finalizers, in order."""
        return list(self.obj["metadata"].get("finalizers") or [])

    @property
    def managed(self) -> bool:
        """Whether the resource is ours: the finalizer is stored before anything is made."""
        return self.kind.finalizer in self.finalizers

    @property
    def mark(self) -> str:
        """What the tag says that tells the object's resource from all others, where nothing else does."""
        return self.uid if self.kind.find is not None and self.kind.find.by is By.TAG else ""

    @property
    def deleting(self) -> bool:
        """Whether the object is being deleted."""
        return "deletionTimestamp" in self.obj["metadata"]

    @property
    def recorded(self) -> bool:
        """Whether creation was seen to have worked: the ARN is written down only after an observation."""
        return bool((self.status.get("ackResourceMetadata") or {}).get("arn"))

    @property
    def place(self) -> Mapping[str, str]:
        """Region and account of a resource that was made, or may have been; before that the status only guesses."""
        return (self.status.get("ackResourceMetadata") or {}) if self.managed or self.recorded else {}

    @property
    def state(self) -> State:
        """What is remembered of the object."""
        return parsed(self.annotations.get(STATE))

    def creating(self, now: str) -> bool:
        """Whether a creation was begun a moment ago and isn't recorded: AWS may have made what it doesn't show yet."""
        age = self.state.age(now)
        return self.managed and not self.recorded and age is not None and 0 <= age < SETTLE_SECONDS

    @property
    def read_only(self) -> bool:
        """Whether the resource is only looked at, for ever."""
        return self.annotations.get(READ_ONLY, "").lower() == "true"

    @property
    def paused(self) -> bool:
        """Whether the resource is only looked at, for now."""
        return self.annotations.get(PAUSED, "").lower() == "true"

    @property
    def recreates(self) -> bool:
        """Whether an adopted resource that is deleted by hand is made again; others always are."""
        return self.annotations.get(RECREATE, "").lower() == "true"

    @property
    def replaces(self) -> bool:
        """Whether the resource may be deleted and made again where it can't be changed."""
        return self.annotations.get(REPLACE) == "on-immutable-change"

    @property
    def ignored(self) -> tuple[Path, ...]:
        """Paths below spec that AWS isn't held to: `spec.tags, spec.policy`."""
        texts = (text.strip() for text in self.annotations.get(IGNORE_FIELDS, "").split(","))
        return tuple(parse(text.removeprefix("spec.")) for text in texts if text)

    @property
    def resync_seconds(self) -> float | None:
        """The period of the object's own sweep; None where its annotation is absent or no positive number."""
        text = self.annotations.get(RESYNC_SECONDS, "")
        return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) and float(text) > 0 else None


def matters(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> bool:
    """Whether a change of an object asks for a reconcile.

    Spec changes (generation), deletion and annotations or labels do; our own writes don't.
    """
    if old is None:
        return True
    before, after = old["metadata"], new["metadata"]
    return (
        before.get("uid") != after.get("uid")
        or before.get("generation") != after.get("generation")
        or ("deletionTimestamp" in before) != ("deletionTimestamp" in after)
        or _said(before) != _said(after)
    )


def _said(metadata: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    annotations = metadata.get("annotations") or {}
    told = {key: value for key, value in annotations.items() if _is_ours(key) and key not in OWN_WRITES}
    return told, metadata.get("labels") or {}


def _is_ours(key: str) -> bool:
    domain = key.partition("/")[0]
    return domain == ACK or domain.endswith("." + ACK) or domain == "ackpy.dev"


def controller_tags(subject: Subject, patterns: Mapping[str, str], version: str) -> dict[str, str]:
    """The controller's tags for an object; what expands to nothing is left out (the contract's default_tags.rule).

    Beside those of the patterns there is the tag by which the resource is found, where nothing else tells which it is.
    """
    labels = subject.obj["metadata"].get("labels") or {}
    values = {
        "%CONTROLLER_SERVICE%": subject.kind.service.alias,
        "%CONTROLLER_VERSION%": version,
        "%K8S_NAMESPACE%": subject.namespace,
        "%K8S_RESOURCE_NAME%": subject.name,
        "%K8S_RESOURCE_KIND%": subject.kind.name,
    } | {token: labels.get(label, "") for token, label in _TAG_LABELS.items()}
    expanded = {key: _expand(pattern, values) for key, pattern in patterns.items()} | {RESOURCE_UID: subject.mark}
    return {key: value for key, value in expanded.items() if value}


def _expand(pattern: str, values: Mapping[str, str]) -> str:
    return re.sub(r"%[A-Z0-9_]+%", lambda match: values.get(match[0], match[0]), pattern)

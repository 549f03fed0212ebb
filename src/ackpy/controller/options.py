"""What the controllers are told: flags, already checked, and the times that they keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_ROUNDS = 8
"""How often one reconcile decides and acts before it gives the worker to others."""

SETTLE_SECONDS = 10.0
"""How long the same call isn't sent again after it worked: AWS may take time to show it."""

WAIT_SECONDS = (0.5, 30.0)
"""First and longest pause while something is waited for; it doubles in between."""

LATE_SECONDS = 5.0
"""The contract's pause while a required AWS default isn't there yet."""

ROLE_SECONDS = 15.0
"""The contract's pause while an object's role isn't available; as long is waited for the lists of roles at start."""

NAMESPACE_SECONDS = 15.0
"""The time between two looks at a namespace that `--watch-namespace` names."""

RESYNC_SECONDS = 600.0
"""The sweep's period where the flags say 0 (the ruling on drift in the design)."""

RESYNC_JITTER = 0.1
"""Sweeps are spread by this part of their period, so that objects made together aren't read together for ever."""

SWEEP_SHARE = 0.5
"""The part of an account's read budget that sweeps may take, once AWS has throttled and so shown a budget."""

FULL_SWEEP = 6
"""Every which sweep also reads the parts that the spec leaves out."""

STOP_SECONDS = 20.0
"""How long what is under way may take when the process is asked to end; Kubernetes kills a pod after 30."""

BREAKER = 5
"""How often the same drift is corrected in a row before somebody else is assumed to fight for it."""


@dataclass(frozen=True, slots=True)
class Options:
    """The controllers' configuration.

    Attributes:
        region: of objects that nothing else gives one.
        endpoint_url: of AWS; None for AWS's own.
        version: of ackpy, for tags.
        resync_seconds: the sweep's default period; 0 means RESYNC_SECONDS.
        resync_by_kind: period by kind name.
        concurrency: objects of a kind reconciled at once; None means automatic.
        concurrency_by_kind: the same by kind name.
        deletion_policy: "delete" or "retain", unless object or namespace say otherwise.
        tags: key → value pattern of the controller's own tags.
        cross_namespace: whether references may leave their namespace.
        namespaces: the namespaces watched; empty for all.
        selector: label selector of the objects watched.
        field_exports: whether FieldExports are served (`--enable-field-export-reconciler`).
        carm: whether the role ConfigMaps are read (`--enable-carm`).
        feature_gates: those that are on.
        system_namespace: where the role ConfigMaps are.
    """

    region: str
    endpoint_url: str | None = None
    version: str = "unknown"
    resync_seconds: int = 0
    resync_by_kind: Mapping[str, int] = field(default_factory=dict)
    concurrency: int | None = None
    concurrency_by_kind: Mapping[str, int] = field(default_factory=dict)
    deletion_policy: str = "delete"
    tags: Mapping[str, str] = field(default_factory=dict)
    cross_namespace: bool = True
    namespaces: tuple[str, ...] = ()
    selector: str | None = None
    field_exports: bool = True
    carm: bool = True
    feature_gates: frozenset[str] = frozenset({"ResourceAdoption", "ReadOnlyResources"})
    system_namespace: str = "ack-system"

    @property
    def selecting_roles(self) -> bool:
        """Whether IAMRoleSelectors give roles."""
        return "IAMRoleSelector" in self.feature_gates

    def resync_is_given(self, kind: str) -> bool:
        """Whether a flag says the sweep's period of a kind."""
        return bool(self.resync_by_kind.get(kind) or self.resync_seconds)

    def resync(self, kind: str) -> float:
        """The sweep's period of a kind in seconds."""
        return float(self.resync_by_kind.get(kind) or self.resync_seconds or RESYNC_SECONDS)

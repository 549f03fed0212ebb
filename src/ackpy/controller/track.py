"""What a process remembers of an object between reconciles. Losing it costs reads, never correctness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ackpy.controller.options import BREAKER, FULL_SWEEP, SETTLE_SECONDS
from ackpy.controller.subject import Subject
from ackpy.kinds.paths import Json, Path, show
from ackpy.plan.compare import Difference
from ackpy.plan.outcome import Advisory
from ackpy.wire.call import Call, Purpose


@dataclass(slots=True)
class Track:
    """One object's.

    Attributes:
        sweeps: calm sweeps so far; every FULL_SWEEP-th reads everything.
        waits: pauses so far while something is waited for.
        refused: AWS answered the last creation with a refusal, so nothing can show up late.
        correcting: the edition of the spec whose drift is being corrected, which may take several steps.
        observed_at: when its resource was last looked at, on the loop's clock; at first, when it was first heard of.
        terminal: whether only another spec helps, as far as is known.
        outcome: the word for how its last reconcile came out.
    """

    sweeps: int = 0
    waits: int = 0
    refused: bool = False
    correcting: int | None = None
    observed_at: float = 0.0
    terminal: bool = False
    outcome: str = "new"
    _generation: int | None = None
    _sent: dict[str, tuple[float, frozenset[Path]]] = field(default_factory=dict)
    _fight: tuple[tuple[Path, Json], ...] = ()
    _rounds: int = 0
    _acted: bool = False

    def converged(self, subject: Subject) -> bool:
        """Whether this edition of the spec was brought to AWS before."""
        if not subject.recorded:
            return False
        synced = any(
            one.get("type") == "ACK.ResourceSynced" and one.get("status") == "True"
            for one in subject.status.get("conditions") or ()
        )
        return synced and subject.generation in {self._generation, subject.status.get("observedGeneration")}

    def drifts(self, subject: Subject) -> bool:
        """Whether a difference now is drift: AWS was as the spec says, or was about to be again."""
        return self.converged(subject) or self.correcting == subject.generation

    def sent(self, calls: Iterable[Call], now: float) -> None:
        """Calls worked; AWS may take time to show it. What they undo of earlier calls may be sent again."""
        calls = tuple(calls)
        self.waits = 0  # what is waited for now is new
        if any(call.purpose in {Purpose.CREATE, Purpose.DELETE} for call in calls):
            self._sent = {}  # what earlier calls wrote went with the resource that they wrote to
        new = {call.fingerprint: (now, frozenset(call.sets)) for call in calls}
        written = frozenset[Path]().union(*(paths for _, paths in new.values()))
        self._sent = {mark: old for mark, old in self._sent.items() if not written & old[1]} | new

    def settling(self, now: float) -> frozenset[str]:
        """Fingerprints of the calls that aren't sent again yet."""
        self._sent = {mark: sent for mark, sent in self._sent.items() if now - sent[0] < SETTLE_SECONDS}
        return frozenset(self._sent)

    def acting_on(self, found: tuple[Difference, ...]) -> None:
        """Differences were corrected."""
        if not found:
            return  # what goes before a deletion is no difference
        self._acted = True
        wanted = tuple((one.path, one.desired) for one in found)
        self._rounds = self._rounds + 1 if wanted == self._fight else 1
        self._fight = wanted

    @property
    def fighting(self) -> bool:
        """Whether differences in the same places came back so often that somebody else must be making them."""
        return self._rounds >= BREAKER

    def advisories(self) -> tuple[Advisory, ...]:
        """What to tell about such a fight."""
        if not self.fighting:
            return ()
        paths = ", ".join(show(("spec", *path)) for path, _ in self._fight)
        return (
            Advisory(
                "DriftReturns",
                f"{paths} was put back {self._rounds} times in a row and changed again each time: something else "
                "writes it, or AWS rewrites it. It is now put back only once a sweep. Find the other writer, or change "
                "the spec.",
            ),
        )

    def finished(self, subject: Subject) -> None:
        """The object is as its spec says."""
        self._generation, self.correcting = subject.generation, None
        if not self._acted:
            self._rounds, self._fight = 0, ()
        self._acted = False
        self.waits = 0
        self.sweeps = (self.sweeps + 1) % FULL_SWEEP

    def shift(self, seed: int) -> None:
        """Begin somewhere in the cycle of sweeps, so that full ones are spread over the objects."""
        self.sweeps = seed % FULL_SWEEP

"""The loop: one object brought to the state that its manifest says, or as far as it goes now.

    observe → decide → act → observe what was touched → … → publish

`_Run.converge` is the screen to read. Decisions are made in plan/, reads in observe.py, AWS writes in perform.py,
Kubernetes writes in objects.py; the order of steps here is what makes a crash at any point harmless (law 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import structlog

from ackpy.aws.call import Caller
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.controller import report
from ackpy.controller.objects import Objects
from ackpy.controller.observe import Observer
from ackpy.controller.options import FULL_SWEEP, MAX_ROUNDS, Options
from ackpy.controller.owners import Name, Owners, TakenError, name_of
from ackpy.controller.perform import Performed, perform
from ackpy.controller.references import Resolved, UnresolvedError, resolve
from ackpy.controller.report import Recorder
from ackpy.controller.scopes import ScopeRefusedError, Scopes, metadata
from ackpy.controller.subject import (
    ADOPTION_FIELDS,
    ADOPTION_POLICY,
    RECONCILE_AT,
    RECONCILED_AT,
    Subject,
    controller_tags,
)
from ackpy.controller.track import Track
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, show
from ackpy.kube.api import FIELD_MANAGER, ApiError, Conflict, KubeApi, NotFound
from ackpy.plan import adopt, late
from ackpy.plan.adopt import AdoptionRefusedError
from ackpy.plan.compare import Difference
from ackpy.plan.decide import (
    NOT_MANAGED,
    Act,
    Adopt,
    Desired,
    Done,
    Drifted,
    Gone,
    Memory,
    Missing,
    Refuse,
    Stage,
    Wait,
    decide,
)
from ackpy.plan.outcome import ROLE_UNAVAILABLE, Advisory, Outcome, conditions
from ackpy.plan.roles import Role, RoleError, RoleRefusedError, RoleUnavailableError, SelectorConflictError
from ackpy.services import NORMALISE_DESIRED
from ackpy.wire.call import Observation, Purpose, merged
from ackpy.wire.convert import ValueRefusedError

_log = structlog.get_logger(__name__)


class Next(Enum):
    """When an object is looked at again."""

    SWEEP = auto()
    """At its next sweep: all is done, or only another spec helps."""
    WAIT = auto()
    """Soon, and later each time: AWS is busy with it."""
    RETRY = auto()
    """After a failure, with growing pauses."""
    LATE = auto()
    """In LATE_SECONDS."""
    NO_ROLE = auto()
    """In ROLE_SECONDS, or when the roles change."""
    NEVER = auto()
    """The object is gone, or none of ours."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Reconciles the objects of one kind; the caller sees to it that each object is worked on once at a time."""

    kind: Kind
    api: KubeApi
    aws: Caller
    objects: Objects
    scopes: Scopes
    options: Options
    recorder: Recorder
    clock: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    owners: Owners = field(default_factory=Owners)

    async def reconcile(self, subject: Subject, track: Track) -> Next:
        """One object, once; safe to repeat.

        Every failure ends in a condition, an event and a time to try again; nothing is raised but cancellation.
        """
        if subject.deleting and not subject.managed:
            return Next.NEVER
        run = _Run(self, subject, track)
        try:
            return await run.to_the_end()
        except NotFound:
            return Next.NEVER  # the object went while it was worked on
        except Conflict:
            return Next.RETRY  # the object changed while it was worked on; its new state is on its way here
        except ApiError as error:
            _log.warning("the Kubernetes API failed", error=str(error))
            return Next.RETRY
        finally:
            if not run.subject.managed:
                self.owners.forget(subject.uid)

    def noticed(self, subject: Subject) -> None:
        """An object was listed or changed: what it manages is its own from now on."""
        if subject.managed:
            with suppress(ScopeRefusedError, RoleError, TakenError):  # it is told so when it is reconciled
                self.owners.take(name_of(self.kind, subject.spec, self.scopes.of(subject)), subject.uid)


@dataclass(slots=True)
class _Run:
    """One reconcile of one object; `subject` and `observed` are renewed on the way."""

    env: Reconciler
    subject: Subject
    track: Track
    role: Role | None = None
    scope: Scope | None = None
    observed: Observation | None = None
    resolved: Resolved | None = None
    drift: bool = False
    name: Name | None = None

    async def to_the_end(self) -> Next:
        """Converge, and turn what goes wrong into conditions."""
        self.drift = self.track.converged(self.subject)
        try:
            if self.subject.deleting and self.subject.paused:
                return await self._wait("the object is paused: nothing is deleted until ackpy.dev/paused goes")
            if self.subject.deleting and self.env.scopes.retains(self.subject, self.env.options.deletion_policy):
                return await self._let_go("Retained", "left as it is in AWS: the deletion policy is retain")
            if self.subject.deleting and self.subject.read_only:
                return await self._let_go("Retained", "left as it is in AWS: the object is read-only")
            return await self.converge()
        except AwsError as error:
            return await self._failed(error)
        except UnresolvedError as error:
            return await self._unresolved(error)
        except TakenError:
            return await self._another_manages()
        except RoleUnavailableError as error:
            self.env.recorder.event(self.subject, "Warning", "RoleUnavailable", f"{ROLE_UNAVAILABLE}: {error}")
            return await self._publish(Outcome(synced=False, no_role=str(error)), Next.NO_ROLE)
        except SelectorConflictError as error:
            self.env.recorder.event(self.subject, "Warning", "RoleConflict", str(error))
            return await self._publish(Outcome(synced=None, recoverable=str(error), conflicting=True), Next.RETRY)
        except (ScopeRefusedError, RoleRefusedError, ValueRefusedError, AdoptionRefusedError) as error:
            return await self._refuse(Refuse(str(error)))

    async def converge(self) -> Next:
        """Observe, decide, act, and again, until there is nothing to do now."""
        env, track = self.env, self.track
        self.role = env.scopes.role(self.subject)
        scope = self.scope = env.scopes.under(self.role, self.subject)
        observer = Observer(env.kind, env.aws, scope)
        desired = await self._desired(scope.region)
        self.name = name_of(env.kind, desired.spec, scope)
        if self.subject.managed:
            env.owners.take(self.name, self.subject.uid)
        observed = self.observed = await self._observe(desired, observer)
        for turn in range(MAX_ROUNDS):
            desired = replace(desired, recorded=observed.status)
            match decide(env.kind, desired, observed, self._memory()):
                case Done():
                    return await self._done(observed)
                case Gone():
                    return await self._let_go("Deleted", f"{report.resource(self.subject)} is gone from AWS")
                case Wait(why):
                    return await self._wait(why)
                case Refuse() as refusal:
                    return await self._refuse(refusal)
                case Missing(message):
                    return await self._missing(message)
                case Drifted(differences):
                    return await self._drifted(differences)
                case Adopt():
                    await self._adopt(observed, desired)
                    return await self.converge()
                case Act(stage) if turn > 0 and track.fighting and stage.purpose is Purpose.PUT:
                    return await self._wait("the same difference came back at once")
                case Act(stage):
                    result = await self._act(stage, observer)
                    recorded = self.subject.status if stage.purpose is Purpose.CREATE else desired.recorded
                    desired = replace(desired, recorded=merged(recorded, result.status))
                    if result.failed:
                        raise result.failed[0][1]
                    observed = self.observed = await self._after(stage, result, observed, desired, observer)
        return await self._wait("AWS still shows a difference after several writes")

    async def _desired(self, region: str) -> Desired:
        env, subject = self.env, self.subject
        spec = late.users_spec(env.kind, subject.obj, FIELD_MANAGER)
        if not subject.deleting:  # deletion stands on what was recorded, not on references that may be gone
            self.resolved = await resolve(env.api, subject, spec, cross_namespace=env.options.cross_namespace)
            spec = dict(self.resolved.spec)
        named = self._identified(spec)
        spec, recorded = merged(spec, named["spec"]), merged(subject.status, named["status"])
        normalise = NORMALISE_DESIRED.get(env.kind.label)
        return Desired(
            spec=normalise(spec, region) if normalise else spec,
            recorded=recorded,
            deleting=subject.deleting,
            tags=controller_tags(subject, env.options.tags, env.options.version),
            ignored=subject.ignored,
        )

    def _identified(self, spec: Mapping[str, Json]) -> Mapping[str, Mapping[str, Json]]:
        """What the adoption fields add to an object that has adopted nothing yet."""
        subject = self.subject
        if subject.managed or not (self._adoption() or subject.read_only):
            return {"spec": {}, "status": {}}
        resource = {"spec": spec, "status": subject.status}
        return adopt.identified_by(self.env.kind, subject.annotations.get(ADOPTION_FIELDS), resource)

    def _adoption(self) -> str | None:
        return adopt.policy(self.subject.annotations.get(ADOPTION_POLICY))

    def _memory(self) -> Memory:
        env, subject = self.env, self.subject
        creating = subject.creating(env.objects.now()) and not self.track.refused
        hands_off = "read-only" if subject.read_only else "paused" if subject.paused else None
        return Memory(subject.managed, self.track.settling(env.clock()), creating, self._adoption(), hands_off)

    async def _observe(self, desired: Desired, observer: Observer) -> Observation:
        """Fewer reads while all is calm; everything after a change, when asked, and every few sweeps."""
        subject, track = self.subject, self.track
        if subject.deleting:
            return await observer.existence(desired)
        asked = subject.annotations.get(RECONCILE_AT)
        told = asked is not None and asked != subject.annotations.get(RECONCILED_AT)
        if not track.converged(subject) or told or track.sweeps == FULL_SWEEP - 1:
            return await observer.everything(desired)
        observed = await observer.calmly(desired)
        # A resource that seems gone is looked for once more before it is made anew.
        return observed if observed.exists else await observer.everything(desired)

    async def _act(self, stage: Stage, observer: Observer) -> Performed:
        """Write the intent where something is made, then carry the stage out, and say what was done."""
        env, claimed = self.env, False
        creates, recorded = stage.purpose is Purpose.CREATE, self.subject.recorded
        if creates:
            env.owners.take(self.name, self.subject.uid)
        if creates and (recorded or not self.subject.managed or not self.subject.intent.n):
            self.subject = await env.objects.claim(self.subject)
            claimed = True
            if recorded:
                self.subject = await env.objects.unrecord(self.subject)
                self.observed = None  # what it shows of the one that is gone
        if stage.purpose is Purpose.PUT:
            self.track.acting_on(stage.differences)
        result = await perform(env.kind, env.aws, observer.scope, stage)
        self.track.sent(result.done, env.clock())
        env.recorder.performed(self.subject, stage, result, drift=self.drift)
        self.drift = self.drift and not creates  # what follows completes the new resource
        if creates:
            self.track.refused = any(error.answered_with_refusal for _, error in result.failed)
        if claimed and result.failed and result.failed[0][1].nothing_was_made:
            self.subject = await env.objects.release(self.subject)
        return result

    async def _after(
        self, stage: Stage, result: Performed, before: Observation, desired: Desired, observer: Observer
    ) -> Observation:
        """Observe again what a stage touched; of a new resource what the spec says and AWS fills in by itself."""
        kind = self.env.kind
        if stage.purpose is Purpose.CREATE:
            late_fields = {name for (name,) in kind.late()}
            return await observer.calmly(desired, also={p.name for p in kind.parts if late_fields & set(p.fields)})
        if stage.purpose is Purpose.DELETE:
            return await observer.existence(desired)
        return await observer.again(desired, before, result.touched)

    async def _done(self, observed: Observation) -> Next:
        env, track = self.env, self.track
        self.subject = await env.objects.fill(self.subject, late.missing(env.kind, self.subject.spec, observed.spec))
        lacking = late.pending(env.kind, self.subject.spec)
        if not lacking:
            track.finished(self.subject)
        outcome = Outcome(
            synced=not lacking,
            late=not lacking if env.kind.late() else None,
            references="True" if self.resolved and self.resolved.any else None,
            advisories=(self.resolved.advisories if self.resolved else ()) + track.advisories(),
        )
        return await self._publish(outcome, Next.LATE if lacking else Next.SWEEP)

    async def _let_go(self, reason: str, message: str) -> Next:
        self.subject = await self.env.objects.release(self.subject)
        self.env.recorder.event(self.subject, "Normal", reason, message)
        return Next.NEVER

    async def _wait(self, why: str) -> Next:
        outcome = Outcome(synced=False, waiting=why, advisories=self.track.advisories())
        return await self._publish(outcome, Next.SWEEP if self.track.fighting else Next.WAIT)

    async def _adopt(self, observed: Observation, desired: Desired) -> None:
        """Take a resource over: from now on it is ours, as if we had made it."""
        env = self.env
        env.owners.take(self.name, self.subject.uid)
        values = adopt.filling(env.kind, self.subject.spec, observed.spec, desired.tags)
        self.subject = await env.objects.adopt(self.subject, values)
        status = self._known()
        self.subject = await env.objects.publish(self.subject, status)
        env.recorder.event(self.subject, "Normal", "Adopted", f"{report.resource(self.subject)} was taken over")

    async def _missing(self, message: str) -> Next:
        self.env.recorder.event(self.subject, "Warning", "Missing", message)
        return await self._publish(Outcome(synced=None, recoverable=message), Next.RETRY)

    async def _drifted(self, differences: tuple[Difference, ...]) -> Next:
        """AWS is only looked at: tell where it differs, by path."""
        paths = ", ".join(show(("spec", *one.path)) for one in differences)
        why = "read-only" if self.subject.read_only else "paused"
        text = f"AWS differs from the manifest, and is left so because the object is {why}: {paths}"
        stalled = text if self.subject.read_only else None  # a pause ends, and work goes on
        outcome = Outcome(synced=False, stalled=stalled, advisories=(Advisory("Drift", text),))
        return await self._publish(outcome, Next.SWEEP)

    async def _another_manages(self) -> Next:
        """Never double: the resource is another object's, so this one neither changes nor deletes it."""
        if self.subject.deleting:
            return await self._let_go("Kept", "left as it is in AWS: another object manages the same resource")
        return await self._refuse(NOT_MANAGED)

    async def _refuse(self, refusal: Refuse) -> Next:
        self.env.recorder.event(self.subject, "Warning", "Refused", refusal.message)
        outcome = Outcome(synced=False, terminal=refusal.message, reason=refusal.reason)
        return await self._publish(outcome, Next.SWEEP)

    async def _unresolved(self, error: UnresolvedError) -> Next:
        self.env.recorder.event(self.subject, "Warning", "ReferenceNotResolved", error.message)
        outcome = Outcome(synced=None, references=error.status, reason=error.message)
        if error.terminal:
            outcome = replace(outcome, synced=False, terminal=error.message)
        return await self._publish(outcome, Next.SWEEP if error.terminal else Next.RETRY)

    async def _failed(self, error: AwsError) -> Next:
        self.env.recorder.failed(self.subject, error)
        if error.code in self.env.kind.terminal or error.meaning is Meaning.INVALID:
            return await self._publish(Outcome(synced=False, terminal=str(error)), Next.SWEEP)
        # A throttled account says nothing about the object: what was seen of it last still stands.
        if error.meaning is Meaning.THROTTLED and self.track.converged(self.subject):
            return Next.RETRY
        return await self._publish(Outcome(synced=None, recoverable=str(error)), Next.RETRY)

    async def _publish(self, outcome: Outcome, then: Next) -> Next:
        """Write what is known to the status, where it differs."""
        env, subject = self.env, self.subject
        known = self._known()
        if self.role is not None:
            outcome = replace(outcome, selected=self.role.selected)
        known["conditions"] = conditions(outcome, subject.status.get("conditions") or (), env.objects.now())
        known["observedGeneration"] = subject.generation
        self.subject = await env.objects.publish(subject, known)
        if then is Next.SWEEP:
            self.subject = await env.objects.acknowledge(self.subject)
        return then

    def _known(self) -> dict[str, Json]:
        """The status that says what was seen of the resource."""
        seen = self.observed
        known = merged(self.subject.status, seen.status if seen is not None else {})
        if self.scope is None:  # refused before that was settled: what stands there, stays
            return dict(known)
        place = metadata(self.scope, self.subject, known.get("ackResourceMetadata") or {}, seen)
        return known | {"ackResourceMetadata": place}

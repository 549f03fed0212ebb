"""The loop: one object brought to the state that its manifest says, or as far as it goes now.

    observe → decide → act → observe what was touched → … → publish

`_Run.converge` is the screen to read. Decisions are made in plan/, reads in observe.py, AWS writes in perform.py,
Kubernetes writes in objects.py; the order of steps here is what makes a crash at any point harmless (law 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from ackpy.aws.call import Caller
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.controller import report
from ackpy.controller.desires import Desires, Wish
from ackpy.controller.next import Next
from ackpy.controller.objects import Objects
from ackpy.controller.observe import Observer
from ackpy.controller.options import FULL_SWEEP, MAX_ROUNDS, Options
from ackpy.controller.owners import Name, Owners, TakenError, name_of
from ackpy.controller.perform import Performed, perform
from ackpy.controller.references import UnresolvedError
from ackpy.controller.referrers import Neighbours
from ackpy.controller.replacement import dispose, is_superseded
from ackpy.controller.report import Recorder
from ackpy.controller.scopes import ScopeRefusedError, Scopes, metadata
from ackpy.controller.secrets import SecretRefusedError
from ackpy.controller.subject import ADOPTION_POLICY, RECONCILE_AT, RECONCILED_AT, Subject
from ackpy.controller.track import Track
from ackpy.kinds.model import Form, Kind
from ackpy.kinds.paths import Json
from ackpy.kube.api import ApiError, Conflict, KubeApi, NotFound
from ackpy.plan import adopt, late
from ackpy.plan.adopt import AdoptionRefusedError
from ackpy.plan.compare import Difference
from ackpy.plan.decide import (
    NOT_MANAGED,
    Act,
    Adopt,
    Conclusion,
    Desired,
    Done,
    Drifted,
    Gone,
    Memory,
    Missing,
    Refuse,
    Stage,
    Supersede,
    Wait,
    decide,
    moved,
)
from ackpy.plan.outcome import ROLE_UNAVAILABLE, Advisory, Outcome, conditions
from ackpy.plan.roles import Role, RoleError, RoleRefusedError, RoleUnavailableError, SelectorConflictError
from ackpy.wire.call import Observation, Purpose, merged
from ackpy.wire.convert import ValueRefusedError

_log = structlog.get_logger(__name__)


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
    desires: Desires
    clock: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    owners: Owners = field(default_factory=Owners)
    neighbours: Neighbours = field(default_factory=Neighbours)

    async def reconcile(self, subject: Subject, track: Track) -> Next:
        """One object, once; safe to repeat.

        Every failure ends in a condition, an event and a time to try again; nothing is raised but cancellation.
        """
        if subject.deleting and not subject.managed:
            return Next.NEVER
        kind = self._meant(subject)
        if kind is not self.kind:
            own = replace(self, kind=kind, desires=replace(self.desires, kind=kind))
            return await own.reconcile(replace(subject, kind=kind), track)
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

    def _meant(self, subject: Subject) -> Kind:
        """The kind, or the variant of it, that an object is of; what adopts may name it in an annotation only."""
        spec = subject.spec
        with suppress(AdoptionRefusedError):  # it is told so when it is reconciled
            spec = merged(spec, self.desires.identified(subject, spec)["spec"])
        return self.kind.meant(spec)

    def noticed(self, subject: Subject) -> None:
        """An object was listed or changed: what it manages is its own from now on."""
        if subject.managed:
            with suppress(ScopeRefusedError, RoleError, TakenError):  # it is told so when it is reconciled
                self.owners.take(
                    name_of(self._meant(subject), subject.spec, self.scopes.of(subject), subject.status), subject.uid
                )


@dataclass(slots=True)
class _Run:
    """One reconcile of one object; `subject` and `observed` are renewed on the way."""

    env: Reconciler
    subject: Subject
    track: Track
    role: Role | None = None
    scope: Scope | None = None
    observed: Observation | None = None
    drift: bool = False
    name: Name | None = None

    async def to_the_end(self) -> Next:
        """Converge, and turn what goes wrong into conditions."""
        self.drift = self.track.drifts(self.subject)
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
        except SecretRefusedError as error:
            return await self._refuse(Refuse(str(error), error.detail))
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
        if is_superseded(self.subject):
            self.subject = await env.objects.unrecord(self.subject)
        wish = await env.desires.of(self.subject, scope)
        desired = wish.desired
        self.drift = self.drift and not desired.unsent  # another secret is news, not drift
        if wish.renames and (then := await self._moved(wish, wish.renames, observer)):
            return then
        self.name = name_of(env.kind, desired.spec, scope, self.subject.status)
        if self.subject.managed:
            env.owners.take(self.name, self.subject.uid)
        observed = self.observed = await self._observe(desired, observer)
        track.observed_at = env.clock()
        for turn in range(MAX_ROUNDS):
            desired = replace(desired, recorded=observed.status)
            decision = decide(env.kind, desired, observed, self._memory())
            if not isinstance(decision, Act):
                return await self._concluded(decision, observed, wish, observer)
            stage = decision.stage
            if turn > 0 and track.fighting and stage.purpose is Purpose.PUT:
                return await self._wait("the same difference came back at once")
            result = await self._act(stage, observer, wish)
            recorded = self.subject.status if stage.purpose is Purpose.CREATE else desired.recorded
            unsent = wish.unsent(result.done, desired.unsent)
            desired = replace(desired, recorded=merged(recorded, result.status), unsent=unsent)
            if result.failed:
                raise result.failed[0][1]
            observed = self.observed = await self._after(stage, result, observed, desired, observer)
        return await self._wait("AWS still shows a difference after several writes")

    async def _moved(self, wish: Wish, change: Difference, observer: Observer) -> Next | None:
        """What comes of another name, while what was made under the old one is there."""
        made = replace(wish.desired, spec=wish.as_made)
        there = await observer.existence(made)
        if not there.exists:
            return None
        decision = moved(self.env.kind, made, there, change, self._memory())
        if not isinstance(decision, Act):
            return await self._concluded(decision, there, wish, observer)
        result = await self._act(decision.stage, observer, wish)
        if result.failed:
            raise result.failed[0][1]
        return await self.converge()

    async def _concluded(self, decision: Conclusion, observed: Observation, wish: Wish, observer: Observer) -> Next:
        """What a decision that calls nothing comes to."""
        match decision:
            case Done():
                return await self._done(observed, wish, observer)
            case Gone() if not await self._disposed(wish, observer):
                return await self._wait("AWS still shows the resource that was replaced")
            case Gone():
                return await self._let_go("Deleted", f"{report.resource(self.subject)} is gone from AWS")
            case Wait(why):
                return await self._wait(why)
            case Refuse():
                return await self._refuse(decision)
            case Missing(message):
                return await self._missing(message)
            case Drifted(differences):
                return await self._drifted(differences)
            case Adopt():
                await self._adopt(observed, wish)
                return await self.converge()
            case Supersede(differences):
                return await self._supersede(differences, wish, observer)

    def _memory(self) -> Memory:
        env, subject = self.env, self.subject
        creating = subject.creating(env.objects.now()) and not self.track.refused
        hands_off = "read-only" if subject.read_only else "paused" if subject.paused else None
        adopts = not (subject.managed and subject.recreates)
        adoption = adopt.policy(subject.annotations.get(ADOPTION_POLICY)) if adopts else None
        replaces = subject.replaces and not env.scopes.retains(subject, env.options.deletion_policy)
        return Memory(subject.managed, self.track.settling(env.clock()), creating, adoption, hands_off, replaces)

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

    async def _act(self, stage: Stage, observer: Observer, wish: Wish) -> Performed:
        """Write the intent where something is made, then carry the stage out, and say what was done."""
        env, claimed = self.env, False
        creates, recorded = stage.purpose is Purpose.CREATE, self.subject.recorded
        if creates:
            if wish.resolved and wish.resolved.blocking:
                raise wish.resolved.blocking
            env.owners.take(self.name, self.subject.uid)
        if creates and (
            recorded or not self.subject.managed or not wish.begun_with(self.subject.state) or not self.subject.state.at
        ):
            self.subject = await env.objects.claim(self.subject, wish.identity, wish.secrets)
            claimed = True
            if recorded:
                self.subject = await env.objects.unrecord(self.subject)
                self.observed = None  # what it shows of the one that is gone
        if stage.purpose is Purpose.PUT:
            self.track.correcting = self.subject.generation if self.drift else None
            self.subject = await env.objects.remember(self.subject, wish.writing(self.subject.state, stage.calls))
        if stage.purpose is Purpose.DELETE and not self.subject.deleting:
            env.recorder.replacing(self.subject, stage.differences)
        reveal = partial(env.desires.secrets.reveal, self.subject.uid)
        result = await perform(env.kind, env.aws, observer.scope, stage, reveal)
        self.subject = await env.objects.remember(self.subject, wish.wrote(self.subject.state, result.done))
        self.track.sent(result.done, env.clock())
        if stage.purpose is Purpose.PUT and result.done and not self.subject.deleting:
            self.track.acting_on(stage.differences)
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
            late_fields = {name for name, *_ in kind.late()}
            return await observer.calmly(desired, also={p.name for p in kind.parts if late_fields & set(p.fields)})
        if stage.purpose is Purpose.DELETE:
            return await observer.existence(desired)
        touched = result.touched
        if any(part.form is Form.VERSIONS for part in kind.parts if part.name in touched):
            touched |= {part.name for part in kind.parts if part.read is None}  # the status says what is in force
        return await observer.again(desired, before, touched)

    async def _supersede(self, differences: tuple[Difference, ...], wish: Wish, observer: Observer) -> Next:
        """Have another resource made; this one goes when that is done, and none is forgotten on the way."""
        if not await self._disposed(wish, observer):
            return await self._wait("AWS still shows the resource that was replaced before")
        self.env.recorder.replacing(self.subject, differences, create_first=True)
        self.subject = await self.env.objects.supersede(self.subject)
        return await self.converge()

    async def _disposed(self, wish: Wish, observer: Observer) -> bool:
        """Whether nothing is left of a resource that was replaced; its deletion is sent where that is due."""
        env, memory = self.env, self._memory()
        self.subject, sent = await dispose(env.objects, observer, self.subject, wish.desired, memory)
        self.track.sent(sent, env.clock())
        return not self.subject.state.replaced

    async def _done(self, observed: Observation, wish: Wish, observer: Observer) -> Next:
        env, track = self.env, self.track
        if not await self._disposed(wish, observer):
            return await self._wait("the new resource is there, the one that it replaces is being deleted")
        self.subject = await env.objects.fill(self.subject, late.missing(env.kind, self.subject.spec, observed.spec))
        if not self.subject.read_only:  # of an object that another made, or that has other fields now
            state = replace(self.subject.state, identity=wish.identity, secrets=wish.secrets)
            self.subject = await env.objects.remember(self.subject, state)
        resolved = wish.resolved
        if resolved and resolved.pending:
            return await self._unresolved(resolved.pending[0].error)
        lacking = late.pending(env.kind, self.subject.spec)
        if not lacking:
            track.finished(self.subject)
        outcome = Outcome(
            synced=not lacking,
            late=not lacking if env.kind.late() else None,
            references="True" if resolved and resolved.any else None,
            advisories=wish.advisories + track.advisories(),
        )
        return await self._publish(outcome, Next.LATE if lacking else Next.SWEEP)

    async def _let_go(self, reason: str, message: str) -> Next:
        self.subject = await self.env.objects.release(self.subject)
        self.env.recorder.event(self.subject, "Normal", reason, message)
        return Next.NEVER

    async def _wait(self, why: str) -> Next:
        outcome = Outcome(synced=False, waiting=why, advisories=self.track.advisories())
        return await self._publish(outcome, Next.SWEEP if self.track.fighting else Next.WAIT)

    async def _adopt(self, observed: Observation, wish: Wish) -> None:
        """Take a resource over: from now on it is ours, as if we had made it."""
        env = self.env
        env.owners.take(self.name, self.subject.uid)
        named = {path[1]: wish.desired.spec.get(path[1]) for path in env.kind.identity if path[0] == "spec"}
        seen = {**observed.spec, **{name: value for name, value in named.items() if value is not None}}
        values = adopt.filling(env.kind, self.subject.spec, seen, wish.desired.tags)
        self.subject = await env.objects.adopt(self.subject, values, wish.identity)
        status = self._known()
        self.subject = await env.objects.publish(self.subject, status)
        env.recorder.event(self.subject, "Normal", "Adopted", f"{report.resource(self.subject)} was taken over")

    async def _missing(self, message: str) -> Next:
        self.env.recorder.event(self.subject, "Warning", "Missing", message)
        return await self._publish(Outcome(synced=None, recoverable=message), Next.RETRY)

    async def _drifted(self, differences: tuple[Difference, ...]) -> Next:
        """AWS is only looked at: tell where it differs, by path."""
        self.env.recorder.metrics.drift(self.env.kind.label, corrected=False)
        advisory = report.drift(differences, "read-only" if self.subject.read_only else "paused")
        stalled = advisory.message if self.subject.read_only else None  # a pause ends, and work goes on
        return await self._publish(Outcome(synced=False, stalled=stalled, advisories=(advisory,)), Next.SWEEP)

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
        if ring := [] if error.terminal else self.env.neighbours.cycle(self.subject.obj):
            text = f"the references form a cycle, in which each waits for the next: {' → '.join(ring)}. Take one away."
            error = UnresolvedError(text, "False", terminal=True)
        self.env.recorder.event(self.subject, "Warning", "ReferenceNotResolved", error.message)
        outcome = Outcome(synced=None, references=error.status, reason=error.message)
        if error.terminal:
            outcome = replace(outcome, synced=False, terminal=error.message)
        return await self._publish(outcome, Next.SWEEP if error.terminal else Next.RETRY)

    async def _failed(self, error: AwsError) -> Next:
        if error.meaning is Meaning.STOPPING:
            return await self._wait("the controller is stopping, and its next start goes on")
        advice = self.env.kind.advice(error.operation, error.code)
        error = replace(error, advice=advice) if advice else error
        self.env.recorder.failed(self.subject, error)
        if error.code in self.env.kind.terminal or error.meaning is Meaning.INVALID:
            return await self._publish(Outcome(synced=False, terminal=str(error)), Next.SWEEP)
        # A throttled account says nothing about the object: what was seen of it last still stands.
        if error.meaning is Meaning.THROTTLED and self.track.converged(self.subject):
            return Next.RETRY
        advisories = self._in_use(error) + ((Advisory("Advice", advice),) if advice else ())
        return await self._publish(Outcome(synced=None, recoverable=str(error), advisories=advisories), Next.RETRY)

    def _in_use(self, error: AwsError) -> tuple[Advisory, ...]:
        """What holds up a deletion, as far as it is known here; its going wakes this object."""
        if not self.subject.deleting or error.meaning is not Meaning.CONFLICT:
            return ()
        if not (blockers := self.env.neighbours.blockers(self.subject.obj)):
            return ()
        return (self.env.recorder.in_use(self.subject, blockers),)

    async def _publish(self, outcome: Outcome, then: Next) -> Next:
        """Write what is known to the status, where it differs."""
        env, subject = self.env, self.subject
        self.track.terminal = outcome.terminal is not None
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

"""What is desired of a resource, from its object: the user's spec with references, memory and adoption laid in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ackpy.aws.scope import Scope
from ackpy.controller.memory import State
from ackpy.controller.options import Options
from ackpy.controller.references import Reader, Resolved, links, resolve
from ackpy.controller.secrets import Sealed, Secrets
from ackpy.controller.subject import ADOPTION_FIELDS, ADOPTION_POLICY, STATE, Subject, controller_tags
from ackpy.kinds.model import Kind
from ackpy.kinds.paths import Json, Path, get, parse, show, with_value
from ackpy.kube.api import FIELD_MANAGER
from ackpy.plan import adopt, late, pending
from ackpy.plan.compare import Difference, differences, is_empty
from ackpy.plan.decide import Desired
from ackpy.plan.outcome import Advisory
from ackpy.services import NORMALISE_DESIRED
from ackpy.wire.call import Call, arn, identified, is_optional, merged, template_words, told_by_arn
from ackpy.wire.convert import ValueRefusedError


@dataclass(frozen=True, slots=True)
class Wish:
    """What is desired, and where it comes from.

    Attributes:
        desired: the plan's input.
        resolved: the references; None on deletion where none was needed.
        identity: what names the resource and may change in the spec, by path: to be remembered.
        secrets: the digests of the secrets' values, by path: to be remembered once they are sent.
        as_made: the spec that is desired, but for what names the resource: that is as it was made.
    """

    desired: Desired
    resolved: Resolved | None
    identity: Mapping[str, Json]
    secrets: Mapping[str, str]
    advisories: tuple[Advisory, ...] = ()
    as_made: Mapping[str, Json] = field(default_factory=dict)

    @property
    def renames(self) -> Difference | None:
        """What in the spec names another resource than the one that was made, and may be there yet."""
        named = {**self.desired.spec, **self.as_made}
        pairs = ((name, self.desired.spec.get(name), self.as_made.get(name)) for name in named)
        return next((Difference((name,), here, made) for name, here, made in pairs if here != made), None)

    def begun_with(self, state: State) -> bool:
        """Whether a creation that was begun sends what this one does."""
        return bool(state.n) and state.secrets == self.secrets

    def writing(self, state: State, calls: Iterable[Call]) -> State:
        """The memory before calls are sent: what they send anew is forgotten, so that a crash can't leave the older."""
        touched = {show(path) for path in self._sent_by(calls)}
        return replace(state, secrets={path: old for path, old in state.secrets.items() if path not in touched})

    def wrote(self, state: State, calls: Iterable[Call]) -> State:
        """The memory after calls worked."""
        return replace(
            state, secrets={**state.secrets, **{show(p): self.secrets[show(p)] for p in self._sent_by(calls)}}
        )

    def unsent(self, calls: Iterable[Call], before: Iterable[Path]) -> tuple[Path, ...]:
        """The secrets that are still to be sent after these calls."""
        return tuple(path for path in before if path not in self._sent_by(calls))

    def _sent_by(self, calls: Iterable[Call]) -> list[Path]:
        written = {path[:1] for call in calls for path in call.sets}
        return [path for path in self.desired.unsent if path[:1] in written]


@dataclass(frozen=True, slots=True)
class Desires:
    """Makes the wishes of one kind's objects. `read` reads the objects that they refer to."""

    kind: Kind
    options: Options
    read: Reader
    secrets: Secrets

    async def of(self, subject: Subject, scope: Scope) -> Wish:
        """What is desired of an object's resource.

        Raises:
            SecretRefusedError: a Secret can't be used.
            UnresolvedError: a reference stands in the way of everything.
            ValueRefusedError: the spec says what AWS can't be told.
            AdoptionRefusedError: the adoption annotations say something that can't be.
            ApiError: the API server couldn't be asked.
        """
        spec: Mapping[str, Json] = late.users_spec(self.kind, subject.obj, FIELD_MANAGER)
        resolved = await self._resolved(subject, spec)
        waiting = [one.link.field for one in resolved.pending] if resolved else []
        spec = _recalled(subject, pending.without(resolved.spec, waiting) if resolved else spec)
        sealed = Sealed(spec, {}) if subject.deleting else await self.secrets.seal(subject, spec)
        spec = sealed.spec if not subject.deleting else _as_made(subject, sealed.spec)
        identity = {show(path): get(spec, path) for path in {*_named_by_reference(subject), *to_remember(self.kind)}}
        named = self.identified(subject, spec)
        spec, recorded = merged(spec, named["spec"]), merged(subject.status, named["status"])
        desired = Desired(
            spec=self._normalised(subject, spec, scope.region),
            recorded=_located(self.kind, spec, recorded, scope),
            deleting=subject.deleting,
            tags=controller_tags(subject, self.options.tags, self.options.version),
            ignored=subject.ignored,
            annotations=subject.annotations,
            pending=tuple(path for path in waiting if show(path) not in subject.state.identity),
            superseded=subject.state.replaced,
            unsent=_unsent(subject, sealed.versions),
            mark=subject.mark if subject.managed else "",
        )
        unset = {show(path[1:]): None for path in self.kind.identity if is_optional(self.kind, path)}
        identity = unset | {path: value for path, value in identity.items() if not is_empty(value)}
        advisories = (resolved.advisories if resolved else ()) + sealed.advisories
        return Wish(desired, resolved, identity, sealed.versions, advisories, _as_made(subject, desired.spec))

    def _normalised(self, subject: Subject, spec: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        """The spec as AWS wants it said; one that can't be said holds no deletion up."""
        normalise = NORMALISE_DESIRED.get(self.kind.label)
        try:
            return normalise(spec, region) if normalise else spec
        except ValueRefusedError:
            if subject.deleting:
                return spec
            raise

    async def _resolved(self, subject: Subject, spec: Mapping[str, Json]) -> Resolved | None:
        """Deletion stands on what was recorded, and asks only for what wasn't."""
        unknown = [path for path in _named_by_reference(subject) if show(path) not in subject.state.identity]
        if subject.deleting and not unknown:
            return None
        resolved = await resolve(self.read, subject, spec, cross_namespace=self.options.cross_namespace)
        missing = (one.error for one in resolved.pending if one.link.field in unknown or not subject.recorded)
        if error := next(missing, None) if subject.deleting else None if subject.recorded else resolved.blocking:
            raise error
        return resolved

    def identified(self, subject: Subject, spec: Mapping[str, Json]) -> Mapping[str, Mapping[str, Json]]:
        """What the adoption fields add to an object that has adopted nothing yet.

        Raises:
            AdoptionRefusedError: they say something that can't be.
        """
        adopts = adopt.policy(subject.annotations.get(ADOPTION_POLICY)) or subject.read_only
        if subject.managed or not adopts:
            return {"spec": {}, "status": {}}
        resource = {"spec": spec, "status": subject.status}
        return adopt.identified_by(self.kind, subject.annotations.get(ADOPTION_FIELDS), resource)


def _located(kind: Kind, spec: Mapping[str, Json], recorded: Mapping[str, Json], scope: Scope) -> Mapping[str, Json]:
    """A status with the ARN, where names make it: so a resource is found whose ARN isn't recorded."""
    if identified(kind, {"spec": spec, "status": recorded}):
        return recorded
    place = {"partition": scope.partition, "region": scope.region, "account": scope.account}
    named = arn(kind, {"spec": spec, "status": recorded}, place)
    return merged(recorded, {"ackResourceMetadata": {"arn": named}}) if named else recorded


def _unsent(subject: Subject, versions: Mapping[str, str]) -> tuple[Path, ...]:
    """The secrets to send. Whoever made a resource that we take over, sent them; to a read-only one nothing is sent."""
    if subject.read_only or (subject.managed and STATE not in subject.annotations):
        return ()
    sent = subject.state.secrets
    return tuple(parse(path) for path, version in versions.items() if sent.get(path) != version)


def _named_by_reference(subject: Subject) -> list[Path]:
    """The spec fields that reads and deletion are filled from and that this object takes from others."""
    kind = subject.kind
    bindings = (kind.exists.binding, kind.delete, *((kind.find.binding,) if kind.find else ()))
    naming = {*kind.identity, *(link.field for binding in bindings for link in binding.inputs)}
    naming |= {
        path for read in (kind.exists, kind.find) if read for path in (*read.match.values(), *read.ends.values())
    }
    used = {link.field for link in links(kind, subject.spec, subject.namespace) if ("spec", *link.field) in naming}
    return sorted(used)


def _renamable(kind: Kind) -> list[Path]:
    """The paths below spec that name the resource, and that users may change."""
    return [path[1:] for path in kind.identity if path[0] == "spec" and not kind.spec.fields[path[1]].immutable]


def to_remember(kind: Kind) -> list[Path]:
    """Those among them that no ARN tells."""
    return [path for path in _renamable(kind) if show(("spec", *path)) not in template_words(kind)]


def _as_made(subject: Subject, spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """A spec that names the resource that was made, whatever it names now."""
    recorded = get(subject.status, ("ackResourceMetadata", "arn")) or ""
    for path in _renamable(subject.kind) if subject.recorded else ():
        made = told_by_arn(subject.kind, ("spec", *path), recorded) or subject.state.identity.get(show(path))
        node = subject.kind.spec.at(path)
        known = not is_empty(made) or show(path) in subject.state.identity
        if known and node is not None and any(differences(node, get(spec, path), made)):
            spec = with_value(spec, path, made)
    return spec


def _recalled(subject: Subject, spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """A spec with what is remembered of the identity where references don't tell it (any more)."""
    referring = _named_by_reference(subject)
    for path, value in ((parse(text), value) for text, value in subject.state.identity.items()):
        taken_out = path not in referring and is_optional(subject.kind, ("spec", *path))
        if is_empty(get(spec, path)) and not taken_out:
            spec = with_value(spec, path, value)
    return spec

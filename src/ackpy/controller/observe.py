"""Observing a resource: the reads of its kind, as few as answer the question."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ackpy.aws.call import Caller
from ackpy.aws.errors import AwsError, Meaning
from ackpy.aws.scope import Scope
from ackpy.controller.subject import RESOURCE_UID
from ackpy.kinds.model import By, Each, Form, InForce, Kind, Part, Read
from ackpy.kinds.paths import Json, get
from ackpy.plan import tags
from ackpy.plan.compare import differences, is_empty
from ackpy.plan.decide import Desired
from ackpy.services import DECODE_OBSERVED, IDENTITY
from ackpy.wire.call import Observation, identified, matching, merged, params, seen


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads one kind's resources in one scope."""

    kind: Kind
    aws: Caller
    scope: Scope

    async def everything(self, desired: Desired) -> Observation:
        """Read the whole resource, existence first.

        Raises:
            AwsError: a read failed in a way that says nothing about the resource.
        """
        return await self._from_existence(self._whose(desired), {part.name for part in self.kind.parts})

    async def existence(self, desired: Desired) -> Observation:
        """See whether the resource is there, what must go before it, and what protects it: all that a deletion needs.

        Raises:
            AwsError: as above.
        """
        protected = self.kind.part_of(self.kind.protected[1]) if self.kind.protected else None
        wanted = {part.name for part in self.kind.parts if part.before_delete or part is protected}
        return await self._from_existence(self._whose(desired), wanted)

    async def calmly(self, desired: Desired, also: Collection[str] = ()) -> Observation:
        """Read what the spec sets, and `also`; the rest stays unknown.

        Raises:
            AwsError: as above.
        """
        desired = self._whose(desired)
        wanted = {part.name for part in self.kind.parts if part.name in also or _is_set(part, desired.spec)}
        shown = [part for part in self.kind.parts if part.form is not Form.SECRET]
        own_reads = {part.name for part in self.kind.parts if part.read is not None and part.name in wanted}
        if not own_reads or any(part.read is None for part in shown) or not self._identified(desired):
            return await self._from_existence(desired, wanted)
        # Any part's read tells of a resource that is gone; the existence read would only repeat it.
        unread = frozenset(part.name for part in self.kind.parts)
        return await self.again(desired, Observation(True, status=desired.recorded, unknown=unread), own_reads)

    async def again(self, desired: Desired, before: Observation, names: Collection[str]) -> Observation:
        """Read some parts anew, at once, after they were written.

        Raises:
            AwsError: as above.
        """
        desired = self._whose(desired)
        parts = [part for part in self.kind.parts if part.name in names and part.form is not Form.SECRET]
        observed = before
        if any(part.read is None or self._goes_by_a_list(part) for part in parts):
            existing = await self._existence(self.kind.exists, desired)
            if existing is None:
                return Observation(False, status=before.status)
            desired = replace(desired, recorded=merged(desired.recorded, existing.status))
            for part in parts:
                if part.read is None:
                    own = {name: value for name, value in existing.spec.items() if name in part.fields}
                    observed = observed.with_part(self.kind, part.name, own, existing.status)
        return await self._with_reads(desired, observed, [part for part in parts if part.read is not None])

    def _whose(self, desired: Desired) -> Desired:
        """What is desired with the account, which some calls name, before a status tells it."""
        account = {"ackResourceMetadata": {"ownerAccountID": self.scope.account}}
        return replace(desired, recorded=merged(account, desired.recorded))

    async def _with_reads(self, desired: Desired, observed: Observation, reads: Iterable[Part]) -> Observation:
        """An observation with what the reads of parts show, all at once."""
        reads = list(reads)
        for part, answer in zip(
            reads, await asyncio.gather(*(self._part(part, desired) for part in reads)), strict=True
        ):
            if answer is _GONE:
                return Observation(False, status=observed.status)
            if isinstance(answer, tuple):
                observed = observed.with_part(self.kind, part.name, *answer)
        return observed

    async def _from_existence(self, desired: Desired, wanted: set[str]) -> Observation:
        status = desired.recorded
        if not self._identified(desired):
            found = await self._found(desired)
            if found is None:
                return Observation(False, status=status)
            status = merged(status, found.status)
            desired = replace(desired, recorded=status)
        there = await self._existence(self.kind.exists, desired)
        if there is None:
            return Observation(False, status=status)
        filled = {part.name for part in self.kind.parts if part.read is None}
        unread = frozenset(part.name for part in self.kind.parts) - filled
        observed = Observation(True, there.spec, merged(status, there.status), unread)
        reads = [part for part in self.kind.parts if part.name in wanted - filled and part.form is not Form.SECRET]
        return await self._with_reads(replace(desired, recorded=observed.status), observed, reads)

    def _goes_by_a_list(self, part: Part) -> bool:
        """Whether a part is read by what only a list says, and what was recorded may be over: the newest version."""
        exists = self.kind.exists
        told = {link.field for link in exists.binding.outputs if len(link.field) == 2 and link.field[0] == "status"}
        read = part.read.binding.inputs if part.read and exists.items else ()
        return any(link.field in told - {*self.kind.identity} for link in read)

    def _identified(self, desired: Desired) -> bool:
        return identified(self.kind, desired.resource)

    async def _found(self, desired: Desired) -> Observation | None:
        """What tells a resource whose identity isn't recorded; None where there is none."""
        read = self.kind.find
        if read is None or (read.by is By.TAG and not desired.mark):
            return None
        listed = await self._shown(read, desired)
        if read.by is By.TAG:
            return await self._marked(desired, listed)
        return next((one for one in listed if read.by is None or self._is_as(read, desired.spec, one)), None)

    def _is_as(self, read: Read, spec: Mapping[str, Json], one: Observation) -> bool:
        """Whether a resource is as a spec says, in all that a list shows; what is unset there must be absent."""
        shown = {link.field[1] for link in read.binding.outputs if link.field[0] == "spec"}
        pairs = [(self.kind.spec.fields[name], spec.get(name), one.spec.get(name)) for name in shown]
        return all(
            is_empty(want) == is_empty(has) and not any(differences(node, want, has)) for node, want, has in pairs
        )

    async def _marked(self, desired: Desired, listed: Iterable[Observation]) -> Observation | None:
        """The listed resource that bears the tag with its object's uid, and isn't on its way out.

        Raises:
            AwsError: a read failed, or every one was denied: ours may be among them.
        """
        denied, read = None, False
        for one in listed:
            its = replace(desired, recorded=one.status)
            try:
                mark = await self._mark(one, its)
            except AwsError as error:
                if error.code in self.kind.not_found:
                    continue  # it went meanwhile
                if error.meaning is not Meaning.DENIED:
                    raise
                denied = error  # others' resources may be hidden from us
                continue
            read = True
            if mark == desired.mark and await self._existence(self.kind.exists, its) is not None:
                return one
        if denied is not None and not read:
            raise denied
        return None

    async def _mark(self, one: Observation, its: Desired) -> str | None:
        """The tag of a listed resource that tells whose it is."""
        assert self.kind.tags is not None
        part, spec = self.kind.part_of(self.kind.tags.path[1]), one.spec
        if part is not None and part.read is not None:
            spec, _ = seen(self.kind, part.read.binding, await self._call(part.read, its))
        return tags.of(self.kind, spec).get(RESOURCE_UID)

    async def _existence(self, read: Read, desired: Desired) -> Observation | None:
        """What a read of the resource itself shows; None where it isn't there."""
        return next(iter(await self._shown(read, desired)), None)

    async def _shown(self, read: Read, desired: Desired) -> list[Observation]:
        """Every resource that a read shows and that may be the one that is meant."""
        try:
            answer = await self._call(read, desired)
        except AwsError as error:
            if error.code in (*self.kind.not_found, *read.absent):
                return []
            raise
        shown = []
        meant = IDENTITY.get(self.kind.label) if read.items else None
        for element in matching(read, desired.resource, answer):
            if meant and not meant(desired.spec, element):
                continue
            spec, status = seen(self.kind, read.binding, element)
            over = any(states.over(get(status, states.path[1:])) for states in self.kind.states)
            if not over and not self._is(desired.superseded, status):
                shown.append(Observation(True, spec, {**self._not_shown(read), **status}))
        return shown

    def _not_shown(self, read: Read) -> dict[str, Json]:
        """Nothing for each status field that a read shows: what an answer lacks isn't there any more."""
        links = [link.field for link in read.binding.outputs if link.field not in self.kind.identity]
        return {field[1]: None for field in links if field[0] == "status" and len(field) == 2}

    def _is(self, named: Mapping[str, Json], status: Mapping[str, Json]) -> bool:
        """Whether a status is of the resource that is named by what stands below another."""
        return bool(named) and all(get(named, path[1:]) == get(status, path[1:]) for path in self.kind.identity)

    async def _part(
        self, part: Part, desired: Desired
    ) -> tuple[dict[str, Json], dict[str, Json], tuple[str, ...]] | str:
        assert part.read is not None
        try:
            answer = await self._call(part.read, desired)
        except AwsError as error:
            if error.code in part.read.absent:
                return {}, {}, ()
            if error.code in self.kind.not_found:
                return _GONE
            if error.meaning is Meaning.DENIED and not _is_set(part, desired.spec):
                return _UNKNOWN  # nothing is asked of it, so nothing depends on seeing it
            raise
        others: tuple[str, ...] = ()
        each = part.read.each
        if isinstance(each, InForce):
            answer, others = await self._in_force(each, answer, desired)
        elif each is not None:
            answer = await self._entries(each, answer, desired)
        return *seen(self.kind, part.read.binding, answer), others

    async def _entries(self, each: Each, listed: Mapping[str, Json], desired: Desired) -> dict[str, Json]:
        """What each of the listed names says; one that went meanwhile isn't there."""
        names = listed.get(each.listed) or ()
        values = await asyncio.gather(*(self._one(each, name, desired) for name in names))
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}

    async def _in_force(
        self, each: InForce, listed: Mapping[str, Json], desired: Desired
    ) -> tuple[Json, tuple[str, ...]]:
        """What the version in force says, and the names of the others, the oldest first."""
        versions: list[Mapping[str, Json]] = sorted(
            listed.get(each.listed) or (), key=lambda one: (one[each.created], len(one[each.name]), one[each.name])
        )
        in_force = [one[each.name] for one in versions if one[each.in_force]]
        value = await self._one(each, in_force[0], desired) if in_force else None
        return value, tuple(one[each.name] for one in versions if not one[each.in_force])

    async def _one(self, each: Each, name: str, desired: Desired) -> Json:
        """What is said of one name; None where it went meanwhile."""
        sent = params(self.kind, each.binding, desired.resource) | {each.name: name}
        try:
            answer = await self.aws.call(self.scope, self.kind.service.aws_name, each.binding.operation, sent)
        except AwsError as error:
            if error.code in self.kind.not_found:
                return None
            raise
        return get(answer, each.value)

    async def _call(self, read: Read, desired: Desired) -> Mapping[str, Json]:
        sent = params(self.kind, read.binding, desired.resource)
        service = self.kind.service_of(read.binding.operation)
        answer = await self.aws.paginate(self.scope, service, read.binding.operation, sent)
        decode = DECODE_OBSERVED.get(self.kind.label)
        return decode(read.binding.operation, answer, desired.spec) if decode else answer


_GONE = "gone"
_UNKNOWN = "unknown"


def _is_set(part: Part, spec: Mapping[str, Json]) -> bool:
    return any(not is_empty(spec.get(name)) for name in part.fields)

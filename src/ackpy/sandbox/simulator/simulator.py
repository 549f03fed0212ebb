"""The simulated AWS: one object that answers calls as AWS would, and as a test wants it to.

Called by the engine's tests in process, and by the HTTP front. It decides nothing itself: botocore's models say what is
well-formed, the service files and the rules say what happens.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from threading import RLock

from ackpy.sandbox.simulator import reading
from ackpy.sandbox.simulator.faults import AwsFault, NotSimulatedError
from ackpy.sandbox.simulator.models import check, operation_model, strangers
from ackpy.sandbox.simulator.request import Answer, Lags, Request
from ackpy.sandbox.simulator.rules import RULES
from ackpy.sandbox.simulator.verbs import VERBS, WRITES
from ackpy.sandbox.simulator.world import World


@dataclass(slots=True)
class Call:
    """One call as it was made, and how it ended: `answer` or `fault`; neither if it was cut off before its effect."""

    service: str
    operation: str
    params: Answer
    region: str
    account: str
    at: float
    answer: Answer | None = None
    fault: AwsFault | None = None


Hook = Callable[[Call], None]


class ManualClock:
    """A clock that moves only when told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time, in seconds since 1970."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(slots=True)
class _Bucket:
    """A token bucket: at most a second's worth of calls at once."""

    per_second: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        self.tokens = min(max(self.per_second, 1.0), self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class _Trouble:
    fault: AwsFault
    times: int


@dataclass(slots=True)
class _Settings:
    """What a test asked of one service."""

    lags: Lags = field(default_factory=Lags)
    bucket: _Bucket | None = None


class Simulator:
    """AWS in one process. Every effect is whole: a call has all of it or none. Safe to share among threads.

    Attributes:
        calls: every call since the start, oldest first (none with `record=False`).
        before_call: hooks run before a call has any effect; what they raise goes to the caller instead of it.
        after_call: hooks run when the effect is done; what they raise goes to the caller instead of the answer.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, seed: int = 0, record: bool = True) -> None:
        self.calls: list[Call] = []
        self.before_call: list[Hook] = []
        self.after_call: list[Hook] = []
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 (tests want the same world twice, not secrecy)
        self._record = record
        self._world = World()
        self._settings: dict[str, _Settings] = defaultdict(_Settings)
        self._troubles: dict[tuple[str, str], _Trouble] = {}
        self._lock = RLock()

    def call(
        self, service: str, operation: str, params: Answer, *, region: str = "us-east-1", account: str = "000000000000"
    ) -> Answer:
        """Do one operation; the answer has the members of its output shape and no others.

        Raises:
            AwsFault: what AWS would answer instead.
            botocore.exceptions.ParamValidationError: if botocore's own clients would refuse to send this.
            NotSimulatedError: if there is no behaviour for the operation.
        """
        if not self.simulates(service, operation):
            raise NotSimulatedError(f"the simulator has no {service} {operation}")
        model = operation_model(service, operation)
        check(model.input_shape, params)
        with self._lock:
            call = Call(service, operation, deepcopy(params), region, account, self._clock())
            if self._record:
                self.calls.append(call)
            for hook in self.before_call:
                hook(call)
            try:
                call.answer = self._answer(call)
            except AwsFault as fault:
                call.fault = fault
            else:
                check(model.output_shape, call.answer)
            for hook in self.after_call:
                hook(call)
        if call.fault:
            raise call.fault
        return deepcopy(call.answer or {})

    def simulates(self, service: str, operation: str) -> bool:
        """Whether there is behaviour for an operation."""
        return service in reading.services() and operation in reading.load(service).actions

    def lag(self, service: str, lags: Lags) -> None:
        """From now on readers of a service see what is written this late."""
        self._settings[service].lags = lags

    def throttle(self, service: str, per_second: float | None) -> None:
        """Refuse calls of a service beyond this rate (a second's worth at once); None lifts it."""
        bucket = None if per_second is None else _Bucket(per_second, max(per_second, 1.0), self._clock())
        self._settings[service].bucket = bucket

    def fail(self, service: str, operation: str, fault: AwsFault, times: int = 1) -> None:
        """The next `times` calls of an operation answer the fault and have no effect."""
        self._troubles[service, operation] = _Trouble(fault, times)

    def _answer(self, call: Call) -> Answer:
        service, settings = reading.load(call.service), self._settings[call.service]
        actions = service.actions[call.operation]
        action = next((action for action in actions if action.kind.fits(call.params)), actions[0])
        request = Request(
            service=service,
            operation=call.operation,
            action=action,
            params=deepcopy(call.params),
            account=call.account,
            region=call.region,
            now=call.at,
            world=self._world,
            lags=settings.lags,
            random=self._random,
        )
        for name, kind in service.kinds.items():
            if kind.lingers:
                self._world.end(call.service, name, call.at)
        trouble = self._troubles.get((call.service, call.operation))
        if trouble and trouble.times > 0:
            trouble.times -= 1
            raise trouble.fault
        if settings.bucket and not settings.bucket.take(call.at):
            raise request.fault(service.throttled)
        for shape, value in strangers(operation_model(call.service, call.operation).input_shape, call.params):
            if value not in service.beyond.get(shape, ()):
                named = (f"{call.operation}.{shape}", shape, "default")
                fault = next(service.invalid[name] for name in named if name in service.invalid)
                raise request.fault(fault.format(value=value))
        if action.kind.malformed and not action.kind.fits(call.params):
            raise request.fault(action.kind.malformed)
        if action.verb == "delete" and action.kind.forgiving and request.slot.current is None:
            return {}
        if action.verb not in {"create", "list"}:
            _find(request)
        rule = RULES[call.service].get(call.operation)
        answer = rule(request) if rule else None
        return VERBS[action.verb](request) if answer is None else answer


def _find(request: Request) -> None:
    """Let the request have the resource that it names.

    Raises:
        AwsFault: if there is none to see, or it is another account's or region's.
    """
    kind, slot = request.action.kind, request.slot
    request.resource = slot.look(request.now)
    found = request.there
    if kind.foreign and {found.account} != {request.account, request.params.get(kind.owner, found.account)}:
        raise request.fault(kind.foreign)
    if kind.elsewhere and found.region != request.region and request.operation not in kind.anywhere:
        raise request.fault(kind.elsewhere)
    if request.action.verb in WRITES:
        request.resource = slot.current
        _ = request.there

"""Differences that come back, and answers that come late: no endless loop, and no call twice for one difference."""

from ackpy.controller.next import Next
from ackpy.controller.options import BREAKER, SETTLE_SECONDS
from ackpy.kinds.model import Kind
from ackpy.kube import Object
from ackpy.sandbox.simulator import Call as AwsCall
from ackpy.sandbox.simulator import Lag, Lags
from ackpy.wire.call import Call
from tests.kit import edits
from tests.kit.edits import Change
from tests.kit.scene import Scene, named
from tests.l1 import laws
from tests.l1.params import each_sample

MANY_SWEEPS = 8


class Rewriter:
    """Somebody, or AWS itself, who puts a value of their own back after each call of the engine's."""

    def __init__(self, scene: Scene, calls: list[Call]) -> None:
        self._scene, self._calls, self._busy = scene, calls, False
        self.active, self.made = True, 0
        scene.world.simulator.after_call.append(self._answer)

    def _answer(self, made: AwsCall) -> None:
        if self.active and not self._busy and made.operation == self._calls[-1].operation:
            self._busy = True
            self.made += 1
            for call in self._calls:
                self._scene.world.simulator.call(
                    made.service, call.operation, dict(call.params), region=made.region, account=made.account
                )
            self._busy = False


async def fought_over(kind: Kind, sample: Object) -> tuple[Scene, Change, Rewriter, str]:
    """A synced object of which one value is rewritten from now on; the value's change, and the operation."""
    scene = Scene(kind, sample)
    await scene.make()
    change = edits.sure(kind, scene.spec)
    _, calls = await laws.first_taken(scene, change)
    return scene, change, Rewriter(scene, calls), calls[-1].operation


@each_sample(changes=True, at_once=True)
async def test_a_value_that_is_always_rewritten_is_fought_for_once_a_sweep(kind: Kind, sample: Object) -> None:
    await ends_in_an_advisory(kind, sample)


async def ends_in_an_advisory(kind: Kind, sample: Object) -> None:
    scene, change, rewriter, operation = await fought_over(kind, sample)

    def writes() -> int:
        return sum(call.operation == operation for call in scene.world.simulator.calls) - rewriter.made

    before = writes()
    scene.world.sweep()
    await scene.settle()
    assert writes() - before <= BREAKER
    advisory = await scene.condition("ACK.Advisory")
    assert advisory["reason"] == "DriftReturns"
    assert named(change.leaf.reported) in advisory["message"]
    assert (await scene.condition("ACK.ResourceSynced"))["status"] == "False"
    for _ in range(MANY_SWEEPS):
        before = writes()
        scene.world.sweep()
        assert await scene.settle() is Next.SWEEP
        assert writes() - before == 1
    rewriter.active = False
    await scene.sweep(2)
    await laws.is_synced(scene)
    assert await scene.condition("ACK.Advisory") == {}
    await laws.stays_calm(scene)


@each_sample(changes=True)
async def test_an_edit_and_its_undoing_are_both_sent_at_once(kind: Kind, sample: Object) -> None:
    scout = Scene(kind, sample)
    await scout.make()
    candidate, _ = await laws.first_taken(scout, edits.sure(kind, scout.spec))
    scene = Scene(kind, sample)
    await scene.make()
    before = scene.aws()
    for _ in range(3):
        for spec in (candidate, scene.spec):
            now = scene.aws()
            await scene.edit(spec)
            assert await scene.step() is Next.SWEEP or kind.states
            assert scene.aws() != now
            await scene.settle()
        assert scene.aws() == before


@each_sample(changes=True)
async def test_the_same_call_is_not_sent_again_while_aws_shows_old_values(kind: Kind, sample: Object) -> None:
    await is_patient(kind, sample)


async def is_patient(kind: Kind, sample: Object) -> None:
    """An edit is sent once, however often AWS is looked at while it shows the old state."""
    scout = Scene(kind, sample)
    await scout.make()
    change = edits.sure(kind, scout.spec)
    candidate, _ = await laws.first_taken(scout, change)
    scene = Scene(kind, sample)
    await scene.make()
    scene.world.simulator.lag(kind.service.aws_name, Lags(changed=Lag(seconds=SETTLE_SECONDS / 2)))
    since = scene.mark()
    await scene.edit(candidate)
    await scene.world.settle(kind, scene.name, pause=0.5)
    await laws.is_synced(scene)
    sent = [(call.operation, str(call.params)) for call in scene.aws_writes(since)]
    assert sent
    assert len(sent) == len(set(sent)), sent

"""Law 5: killed at any boundary, the next process ends where an undisturbed one would, with exactly one resource.

A scenario is led to the moment at which it becomes interesting, disturbed at each of its boundaries in turn, and
compared with its undisturbed run.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.kinds.model import Kind
from ackpy.kinds.schema import Type
from ackpy.kube import Object
from ackpy.sandbox.simulator import Lag, Lags
from tests.kit import edits
from tests.kit.crash import Boundaries, CrashableApi, killed
from tests.kit.scene import Scene, alike, counted
from tests.kit.world import World
from tests.l1 import laws
from tests.l1.params import each_sample, each_whole

LAG_SECONDS = 5.0
LATE = Lag(seconds=LAG_SECONDS)
PAUSE_SECONDS = 0.7
LONG_PAUSE_SECONDS = 20.0  # SQS gives the name of a deleted queue away again only after a minute
LAGS = [
    pytest.param(Lags(), id="at-once"),
    pytest.param(Lags(created=LATE, changed=LATE, deleted=LATE), id="late"),
]


class Stage:
    """A scene with boundaries."""

    def __init__(self, kind: Kind, sample: Object, lags: Lags) -> None:
        self.boundaries = Boundaries()
        self.scene = Scene(kind, sample, World(api=CrashableApi(self.boundaries)))
        self.boundaries.watch(self.scene.world.simulator, self.scene.world.clock)
        self.scene.world.simulator.lag(kind.service.aws_name, lags)

    async def settle(self, pause: float = PAUSE_SECONDS) -> Next:
        return await self.scene.world.settle(self.scene.kind, self.scene.name, pause=pause)


@dataclass(frozen=True)
class Scenario:
    """What leads there, and what the user (or a stranger) does then."""

    prepare: Callable[[Scene], Awaitable[object]]
    begin: Callable[[Scene], Awaitable[object]]
    pause: float = PAUSE_SECONDS


async def _nothing(_: Scene) -> None:
    """There is nothing yet."""


async def _apply(scene: Scene) -> None:
    await scene.world.apply(scene.manifest)


async def _make_stripped(scene: Scene) -> None:
    await scene.make()
    await _strip(scene)
    await scene.settle()


async def _strip(scene: Scene) -> None:
    await scene.edit(edits.stripped(scene.kind, scene.spec))


async def _fill(scene: Scene) -> None:
    await scene.edit(scene.spec)


async def _delete_by_hand(scene: Scene) -> None:
    await scene.hand_deletion()
    scene.world.clock.advance(LAG_SECONDS)


SCENARIOS = {
    "create": Scenario(_nothing, _apply),
    "take-everything-out": Scenario(Scene.make, _strip),
    "put-everything-in": Scenario(_make_stripped, _fill),
    "made-again": Scenario(Scene.make, _delete_by_hand, LONG_PAUSE_SECONDS),
    "delete": Scenario(Scene.make, Scene.delete),
}


async def survives(kind: Kind, sample: Object, scenario: Scenario, lags: Lags) -> None:
    """Run the scenario undisturbed, and then with a crash at each boundary: it ends the same."""

    async def staged() -> Stage:
        stage = Stage(kind, sample, lags)
        await scenario.prepare(stage.scene)
        await scenario.begin(stage.scene)
        return stage

    undisturbed = await staged()
    with undisturbed.boundaries.armed():
        await undisturbed.settle(scenario.pause)
    wanted = await _end(undisturbed.scene)
    boundaries = undisturbed.boundaries.passed
    assert boundaries, "nothing was to be done"
    for number, where in enumerate(boundaries, start=1):
        stage = await staged()
        with stage.boundaries.armed(at=number):
            assert await killed(stage.settle(scenario.pause)), where
        stage.scene.world.restart()
        await stage.settle(scenario.pause)
        assert await _end(stage.scene) == wanted, f"killed {where}"


async def _end(scene: Scene) -> dict[str, Any]:
    """What must be the same in the end. Times, and how often it was tried, need not."""
    obj = await scene.world.get(scene.kind, scene.name)
    aws = scene.aws()
    if obj is None:
        return {"aws": aws}
    await laws.is_synced(scene)
    laws.is_one(scene)
    since = scene.mark()
    await scene.step()
    laws.is_calm(scene, since)
    conditions = [(one["type"], one["status"]) for one in obj["status"]["conditions"]]
    times = {name for name, node in scene.kind.status.fields.items() if node.type is Type.TIMESTAMP}
    lost = _told_by_creation_alone(scene.kind) | times | counted(scene.kind) | {"conditions"}
    told = _timeless({name: value for name, value in obj["status"].items() if name not in lost})
    finalizers = obj["metadata"]["finalizers"]
    end = {"aws": aws, "spec": obj["spec"], "status": told, "conditions": conditions, "finalizers": finalizers}
    found: dict[str, Any] = alike(scene.kind, obj, end)
    return found


def _timeless(value: Any) -> Any:
    """A value with the times that stand in texts (the label of a stream) made the same."""
    if isinstance(value, dict):
        return {key: _timeless(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_timeless(inner) for inner in value]
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", "…", value) if isinstance(value, str) else value


def _told_by_creation_alone(kind: Kind) -> set[str]:
    """Status fields that no read shows: a process that dies with the answer takes them along."""
    reads = [kind.exists, kind.find, *(part.read for part in kind.parts)]
    shown = {link.field for read in reads if read for link in read.binding.outputs} | set(kind.identity)
    return {link.field[1] for link in kind.create.outputs if link.field not in shown} - {"ackResourceMetadata"}


@pytest.mark.parametrize("lags", LAGS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
@each_whole()
async def test_a_crash_at_any_boundary_is_survived(kind: Kind, sample: Object, scenario: Scenario, lags: Lags) -> None:
    await survives(kind, sample, scenario, lags)


@pytest.mark.parametrize("lags", LAGS)
@each_sample()
async def test_nothing_is_orphaned_by_a_crash_in_creation(kind: Kind, sample: Object, lags: Lags) -> None:
    """The user gives up and deletes the object: whatever the dead process made goes too."""
    await leaves_no_orphan(kind, sample, lags)


async def leaves_no_orphan(kind: Kind, sample: Object, lags: Lags) -> None:
    number, crashed = 0, True
    while crashed:
        number += 1
        stage = Stage(kind, sample, lags)
        await stage.scene.world.apply(sample)
        with stage.boundaries.armed(at=number):
            crashed = await killed(stage.settle())
        stage.scene.world.restart()
        await stage.scene.delete()
        await stage.settle()
        if kind.states and await stage.scene.world.get(kind, stage.scene.name):  # refused for what AWS didn't show yet
            stage.scene.world.sweep()
            await stage.settle()
        stage.scene.world.clock.advance(LAG_SECONDS)
        await laws.is_gone(stage.scene)
    assert number > 5

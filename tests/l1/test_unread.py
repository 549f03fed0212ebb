"""What AWS never shows: sent when it changes, told to nobody, and remembered over a restart."""

import json

from ackpy.kinds.registry import load
from tests.kit.samples import alone
from tests.kit.scene import Scene

KIND = next(kind for kind in load() if kind.label == "sns/PlatformApplication")
SECOND = "another-api-key"


def scene() -> Scene:
    return Scene(KIND, next(one for one in alone(KIND) if one["spec"]["platform"] == "GCM"))


async def test_what_aws_never_shows_is_sent_when_it_changes() -> None:
    here = scene()
    await here.make()
    since = here.mark()
    await here.edit({**here.spec, "platformCredential": SECOND})
    await here.settle()
    (call,) = here.aws_writes(since)
    assert (call.operation, call.params["Attributes"]) == (
        "SetPlatformApplicationAttributes",
        {"PlatformCredential": SECOND},
    )
    since = here.mark()
    here.world.restart()
    await here.settle()
    await here.sweep(7)
    assert here.aws_writes(since) == []
    assert here.api_writes(since) == []


async def test_it_is_told_to_nobody() -> None:
    here = scene()
    await here.make()
    since = here.mark()
    await here.edit({**here.spec, "platformCredential": SECOND})
    await here.settle()
    obj = await here.obj()
    assert any("spec.platformCredential" in message for _, message in here.events(since))
    told = json.dumps([here.world.events.told, obj["status"], obj["metadata"].get("annotations")])
    for value in (SECOND, here.spec["platformCredential"]):
        assert value not in told

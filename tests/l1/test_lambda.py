"""What only Lambda has: a resource that is named by what may be left out."""

import pytest

from ackpy.kube import Object
from tests.kit.scene import Scene
from tests.kit.world import condition
from tests.l1 import laws
from tests.l1.params import ALL


@pytest.mark.parametrize(
    ("sample", "qualifier", "told"),
    [
        ("ack-lambda-url", "live", "is without in AWS, 'live' here"),
        ("ack-lambda-url-full", None, "is 'ack-page' in AWS, without here"),
        ("ack-lambda-url-full", "other", "is 'ack-page' in AWS, 'other' here"),
    ],
)
async def test_a_url_keeps_what_it_is_of(sample: str, qualifier: str | None, told: str) -> None:
    """Another one is never made beside it, and setting it back is all it takes."""
    scene = Scene(*next(one for one in ALL if one[1]["metadata"]["name"] == sample))
    await scene.make()
    before, since = scene.aws(), scene.mark()
    spec: Object = scene.spec
    await scene.edit(
        {**spec, "qualifier": qualifier} if qualifier else {k: v for k, v in spec.items() if k != "qualifier"}
    )
    await scene.sweep(2)
    assert told in condition(await scene.obj(), "ACK.Terminal")["message"]
    assert scene.aws_writes(since) == []
    assert scene.aws() == before
    await scene.edit(spec)
    await scene.settle()
    await laws.is_synced(scene)
    await scene.delete()
    await scene.settle()
    await laws.is_gone(scene)

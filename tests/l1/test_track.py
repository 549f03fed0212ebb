"""What a process remembers of an object must not hold back what is due."""

import pytest

from ackpy.controller.track import Track
from ackpy.wire.call import Call, Purpose

WRITE = Call("PutIt", {"A": 1}, Purpose.PUT, sets={("a",): 1})


@pytest.mark.parametrize("purpose", [Purpose.CREATE, Purpose.DELETE])
def test_what_was_sent_to_an_earlier_resource_is_sent_again(purpose: Purpose) -> None:
    track = Track()
    track.sent([WRITE], 0)
    assert WRITE.fingerprint in track.settling(1)
    track.sent([Call("Other", {}, purpose)], 1)
    assert WRITE.fingerprint not in track.settling(1)

"""What all tests of this tier need."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    """The manager freezes what it has loaded; the tests of a session share their process."""
    yield
    gc.unfreeze()

"""How long to wait before trying again: exponential back-off with full jitter.

Full jitter (a uniform draw from zero to the bound) spreads the retries of many clients best when they all failed at
once, as after a restart of the API server. The informer and the work queue use it.
"""

import random

_jitter = random.Random()  # noqa: S311 (spreads load; guards nothing)


def delay(failures: int, base: float, cap: float, rng: random.Random = _jitter) -> float:
    """Seconds to wait after `failures` failures before this one, between 0 and min(cap, base * 2 ** failures)."""
    return rng.uniform(0, min(cap, base * 2 ** min(failures, 32)))  # a larger exponent overflows and is capped anyway

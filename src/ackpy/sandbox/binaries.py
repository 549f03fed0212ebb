"""Where the control plane's binaries are: KUBEBUILDER_ASSETS, a versioned cache, or one build from source.

Called by `ackpy up` and the test fixtures before they start a `ControlPlane`.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ackpy.sandbox import build

_SERVERS = ("etcd", "kube-apiserver", "kube-controller-manager")


class BinariesError(Exception):
    """KUBEBUILDER_ASSETS is set, and doesn't hold what is needed."""


@dataclass(frozen=True)
class Binaries:
    """Paths of the programs. `kubectl` is for the user; it is the one on PATH wherever there is one."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path | None


def locate(console: Console | None = None) -> Binaries:
    """Find the binaries, building those that are missing from the cache (minutes; blocks; reports to `console`).

    Raises:
        BinariesError: KUBEBUILDER_ASSETS lacks one.
        BuildError: they can't be built.
    """
    on_path = shutil.which("kubectl")
    kubectl = Path(on_path) if on_path else None
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _from_assets(Path(assets), kubectl)
    folder = cache_folder()
    wanted = [*_SERVERS, *([] if kubectl else ["kubectl"])]
    if _missing(folder, wanted):
        folder.mkdir(parents=True, exist_ok=True)
        console = console or Console(stderr=True)
        with _only_one_builder(folder.parent, console):
            missing = _missing(folder, wanted)  # again: another process may have built them while this one waited
            if missing:
                console.print(
                    f"Building {', '.join(missing)} from source, once (some minutes), into {folder}", soft_wrap=True
                )
                build.build(missing, folder, console)
    return _binaries(folder, kubectl or folder / "kubectl")


def cache_folder() -> Path:
    """The folder of this version's binaries."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "ackpy" / "control-plane" / f"{build.KUBERNETES_VERSION}-{build.ETCD_VERSION}"


def _from_assets(folder: Path, kubectl: Path | None) -> Binaries:
    missing = _missing(folder, _SERVERS)
    if missing:
        raise BinariesError(
            f"KUBEBUILDER_ASSETS is {folder}, which has no {', '.join(missing)}. "
            "Point it at a folder with etcd, kube-apiserver and kube-controller-manager, or unset it to build them."
        )
    if kubectl is None and not _missing(folder, ["kubectl"]):
        kubectl = folder / "kubectl"
    return _binaries(folder, kubectl)


def _binaries(folder: Path, kubectl: Path | None) -> Binaries:
    return Binaries(folder / "etcd", folder / "kube-apiserver", folder / "kube-controller-manager", kubectl)


def _missing(folder: Path, names: tuple[str, ...] | list[str]) -> list[str]:
    return [name for name in names if not os.access(folder / name, os.X_OK)]


@contextmanager
def _only_one_builder(cache: Path, console: Console) -> Iterator[None]:
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another ackpy is building the control plane: waiting for it", soft_wrap=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

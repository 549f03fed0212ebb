"""Binaries come from KUBEBUILDER_ASSETS, else from the cache, else from one build."""

import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from ackpy.sandbox import binaries, build

SERVERS = ("etcd", "kube-apiserver", "kube-controller-manager")


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch(mode=0o755)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """An empty cache, no kubectl on PATH, and what was built into the cache."""
    names: list[str] = []

    def fake(missing: Iterable[str], into: Path, console: Console) -> None:
        names.extend(missing)
        put(into, *names)

    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(build, "build", fake)
    return names


def test_assets_come_first(built: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    put(tmp_path / "assets", *SERVERS)
    found = binaries.locate()
    assert found.etcd == tmp_path / "assets" / "etcd"
    assert found.kubectl is None
    put(tmp_path / "assets", "kubectl")
    assert binaries.locate().kubectl == tmp_path / "assets" / "kubectl"
    assert built == []


def test_incomplete_assets_are_refused(built: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    put(tmp_path / "assets", "etcd")
    with pytest.raises(binaries.BinariesError, match="has no kube-apiserver, kube-controller-manager"):
        binaries.locate()


def test_what_the_cache_lacks_is_built_once(built: list[str]) -> None:
    found = binaries.locate(Console(quiet=True))
    assert built == [*SERVERS, "kubectl"]
    assert found.kubectl == binaries.cache_folder() / "kubectl"
    assert binaries.locate() == found
    assert len(built) == 4


def test_two_at_once_build_once(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()

    class Listening(Console):
        def print(self, *objects: object, **options: object) -> None:
            if "waiting" in str(objects):
                waits.set()

    def slow(missing: Iterable[str], into: Path, console: Console) -> None:
        built.extend(missing)
        assert waits.wait(60)  # the other one is there, and waits for the lock
        put(into, *missing)

    monkeypatch.setattr(build, "build", slow)
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(binaries.locate, Listening()) for _ in range(2))
        assert first.result(60) == second.result(60)
    assert built == [*SERVERS, "kubectl"]


def test_kubectl_from_path_is_preferred(built: list[str], tmp_path: Path) -> None:
    put(tmp_path / "bin", "kubectl")
    assert binaries.locate(Console(quiet=True)).kubectl == tmp_path / "bin" / "kubectl"
    assert built == list(SERVERS)
    (tmp_path / "bin" / "kubectl").unlink()
    assert binaries.locate(Console(quiet=True)).kubectl == binaries.cache_folder() / "kubectl"
    assert built[3:] == ["kubectl"]


def test_the_build_runs_a_real_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of one file stands for those of Kubernetes and etcd, which take minutes."""

    def write(_: object, folder: Path) -> None:
        (folder / "go.mod").write_text("module small\ngo 1.26.0\n")
        (folder / "main.go").write_text("package main\nfunc main() {}\n")

    if shutil.which("go") is None:
        pytest.skip("no Go on PATH, and PyPI's is 70 MB")
    small = build._Module("small", {"small": "."}, write)
    monkeypatch.setattr(build, "_MODULES", (small,))
    into = tmp_path / "cache"
    into.mkdir()
    build.build(["small"], into, Console(quiet=True))
    assert [file.name for file in into.iterdir()] == ["small"]


def test_a_failing_build_shows_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: object, folder: Path) -> None:
        (folder / "go.mod").write_text("module small\ngo 1.26.0\n")
        (folder / "main.go").write_text("package main\nfunc main() { nonsense }\n")

    if shutil.which("go") is None:
        pytest.skip("no Go on PATH, and PyPI's is 70 MB")
    monkeypatch.setattr(build, "_MODULES", (build._Module("small", {"small": "."}, write),))
    into = tmp_path / "cache"
    into.mkdir()
    with pytest.raises(build.BuildError, match=r"(?s)`go build \.` failed:.*undefined: nonsense"):
        build.build(["small"], into, Console(quiet=True))
    assert list(into.iterdir()) == []

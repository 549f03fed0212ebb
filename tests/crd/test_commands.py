"""`ackpy crds` and `ackpy docs`, and what of theirs is committed."""

from pathlib import Path

import yaml
from click.testing import CliRunner

from ackpy.cli.crds import crds
from ackpy.cli.docs import docs
from ackpy.kinds.registry import services

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> str:
    result = CliRunner().invoke(crds, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def files(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()
    }


def test_stream_holds_the_shared_kinds_and_the_asked_services() -> None:
    names = [crd["metadata"]["name"] for crd in yaml.safe_load_all(run("--services", "sqs"))]
    assert names == [
        "fieldexports.services.k8s.aws",
        "iamroleselectors.services.k8s.aws",
        "queues.sqs.services.k8s.aws",
    ]


def test_unknown_service_is_named_beside_the_known() -> None:
    result = CliRunner().invoke(crds, ["--services", "s4"])
    assert result.exit_code == 2
    assert f"unknown service 's4'; there are {', '.join(services())}" in " ".join(result.output.split())


def test_committed_crds_are_the_generated_ones(tmp_path: Path) -> None:
    run("--output", str(tmp_path))
    assert files(ROOT / "crds") == files(tmp_path), "run `make crds`"


def test_committed_reference_is_the_generated_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(docs, ["--output", str(tmp_path), "--samples", str(ROOT / "samples")])
    assert result.exit_code == 0, result.output
    assert files(ROOT / "docs" / "reference") == files(tmp_path), "run `make docs`"

"""The sample manifests, as the README and the reference pages show them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ackpy.kinds.model import Kind

FOLDER = Path(__file__).parent.parent.parent / "samples"


@cache
def _manifests(service: str) -> tuple[dict[str, Any], ...]:
    files = sorted((FOLDER / service).glob("*.yaml"))
    return tuple(one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")))


def samples(kind: Kind) -> list[dict[str, Any]]:
    """The manifests of a kind."""
    return [one for one in _manifests(kind.service.alias) if one["kind"] == kind.name]

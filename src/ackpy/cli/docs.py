"""`ackpy docs`: the reference pages of all kinds, into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from ackpy.crd.reference import page, place
from ackpy.kinds.registry import load


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder that gets the pages."
)
@click.option(
    "--samples",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("samples"),
    show_default=True,
    help="The folder of the example manifests.",
)
def docs(output: Path, samples: Path) -> None:
    """Write a page of reference documentation for each kind."""
    for kind in load():
        sample = samples / f"{place(kind)}.yaml"
        target = output / f"{place(kind)}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(kind, sample.read_text(encoding="utf-8") if sample.exists() else ""), encoding="utf-8")

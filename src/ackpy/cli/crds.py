"""`ackpy crds`: the CustomResourceDefinitions, to standard output or into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from ackpy.cli.choice import defined, with_kinds
from ackpy.crd.crd import definition, filename, shared, to_yaml


@click.command()
@with_kinds
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="A folder that gets one file for each CRD."
)
def crds(services: str | None, definitions: Path | None, output: Path | None) -> None:
    """Print the CustomResourceDefinitions, or write them into a folder."""
    found = [*shared(), *map(definition, defined(services, definitions))]
    if output is None:
        click.echo(to_yaml(found), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for crd in found:
        (output / filename(crd)).write_text(to_yaml([crd]), encoding="utf-8")

"""`ackpy crds`: the CustomResourceDefinitions, to standard output or into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from ackpy.crd.crd import definition, filename, shared, to_yaml
from ackpy.kinds.registry import UnknownServiceError, load


@click.command()
@click.option("--services", metavar="NAME,…", help="Only the kinds of these services, e.g. s3,sqs.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="A folder that gets one file for each CRD."
)
def crds(services: str | None, output: Path | None) -> None:
    """Print the CustomResourceDefinitions, or write them into a folder."""
    try:
        kinds = load(services.split(",") if services else None)
    except UnknownServiceError as error:
        raise click.BadParameter(str(error), param_hint="--services") from error
    found = [*shared(), *map(definition, kinds)]
    if output is None:
        click.echo(to_yaml(found), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for crd in found:
        (output / filename(crd)).write_text(to_yaml([crd]), encoding="utf-8")

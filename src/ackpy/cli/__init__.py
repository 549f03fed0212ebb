"""The doors: `ackpy up`, `run`, `crds`, `docs`."""

from importlib.metadata import version

import click

from ackpy.cli.crds import crds
from ackpy.cli.docs import docs
from ackpy.cli.run import run
from ackpy.cli.up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("ackpy"), prog_name="ackpy")
def main() -> None:
    """AWS resources as Kubernetes objects, kept as their manifests say."""


for command in (up, run, crds, docs):
    main.add_command(command)

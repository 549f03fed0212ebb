"""`ackpy run`: the controllers alone, for a pod or against any cluster."""

from __future__ import annotations

from pathlib import Path

import click

from ackpy.cli import logs, process
from ackpy.cli.choice import with_kinds
from ackpy.cli.flags import Settings, with_settings
from ackpy.cli.instruments import instruments
from ackpy.kube import connect, load


@click.command()
@click.option("--kubeconfig", metavar="FILE", help="Cluster to use; else KUBECONFIG, else the pod's own cluster.")
@click.option("--context", metavar="NAME", help="The kubeconfig's context; by default the current one.")
@with_kinds
@with_settings()
def run(
    settings: Settings, kubeconfig: str | None, context: str | None, services: str | None, definitions: Path | None
) -> None:
    """Run the controllers against a cluster and AWS."""
    logs.configure(settings.log_level, for_people=settings.enable_development_logging)
    kinds = process.kinds_of(settings, services, definitions)

    async def main() -> None:
        async with instruments() as watching:
            aws = process.caller(settings, None, watching)
            try:
                async with connect(load(kubeconfig, context)) as api:
                    identity = await process.identity_of(settings, aws)
                    await process.control(settings, kinds, api, aws, identity, watching)
            finally:
                await aws.aclose()

    process.until_stopped(main)

"""`ackpy run`: the controllers alone, for a pod or against any cluster."""

from __future__ import annotations

import click
from prometheus_client import CollectorRegistry

from ackpy.cli import logs, process
from ackpy.cli.flags import Settings, with_settings
from ackpy.kube import connect, load


@click.command()
@click.option("--kubeconfig", metavar="FILE", help="Cluster to use; else KUBECONFIG, else the pod's own cluster.")
@click.option("--context", metavar="NAME", help="The kubeconfig's context; by default the current one.")
@click.option("--services", metavar="NAME,…", help="Only the kinds of these services, e.g. s3,sqs.")
@with_settings()
def run(settings: Settings, kubeconfig: str | None, context: str | None, services: str | None) -> None:
    """Run the controllers against a cluster and AWS."""
    logs.configure(settings.log_level, for_people=settings.enable_development_logging)
    kinds = process.kinds_of(settings, services)

    async def main() -> None:
        registry = CollectorRegistry()
        aws = process.caller(settings, None, registry)
        try:
            async with connect(load(kubeconfig, context)) as api:
                identity = await process.identity_of(settings, aws)
                await process.control(settings, kinds, api, aws, identity, registry)
        finally:
            await aws.aclose()

    process.until_stopped(main)

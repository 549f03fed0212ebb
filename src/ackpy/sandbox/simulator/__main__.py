"""`python -m ackpy.sandbox.simulator --port P`: serve a simulator on loopback until interrupted."""

from __future__ import annotations

import asyncio

import click

from ackpy.sandbox.simulator.bridge import serving
from ackpy.sandbox.simulator.server import Front
from ackpy.sandbox.simulator.simulator import Simulator


@click.command()
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--seed", type=int, default=0, help="What AWS chooses freely (orders, ids) follows from it.")
@click.option("--account", default="000000000000", help="The account of access keys that aren't an account id.")
@click.option("--delay-ms", type=int, default=0, help="Added to each answer, as a network would.")
def main(port: int, seed: int, account: str, delay_ms: int) -> None:
    """Serve a simulated AWS. Its URL is the first line of output."""
    asyncio.run(_serve(port, Front(Simulator(seed=seed, record=False), account), delay_ms / 1000))


async def _serve(port: int, front: Front, delay_seconds: float) -> None:
    async with serving(front, port, delay_seconds=delay_seconds) as url:
        click.echo(url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()

"""All benchmarks in order, as the Markdown of benchmarks/report.md: `python -m benchmarks > benchmarks/report.md`."""

from types import ModuleType

from ackpy.sandbox.build import ETCD_VERSION, KUBERNETES_VERSION
from benchmarks import aws_client, decoder, engine, fleet, kube_client
from benchmarks._measure import RUNS, machine

_IN_ORDER: tuple[ModuleType, ...] = (kube_client, aws_client, decoder, engine, fleet)
_PACKAGES = ("aiobotocore", "botocore", "aiohttp", "orjson", "lightkube", "moto")


def main() -> None:
    """Print the report; progress can be followed on it."""
    print("# Measured\n")
    print(
        f"By `python -m benchmarks` on {machine(*_PACKAGES)}, Kubernetes {KUBERNETES_VERSION}, etcd {ETCD_VERSION}.\n"
    )
    print(
        "Everything shares these cores, and other work may have: CPU time, counts and ratios are what to read; seconds "
        f"are upper bounds. Comparisons are medians of {RUNS} fresh processes each, taking turns.\n"
    )
    for module in _IN_ORDER:
        name = module.__name__.rpartition(".")[2]
        print(f"## {name}\n\n{module.__doc__}\n{module.report()}", flush=True)


if __name__ == "__main__":
    main()

"""The manifests that the pages of the documentation show."""

from pathlib import Path

import yaml

from ackpy.kube import Object

DOCS = Path(__file__).parents[2] / "docs"


def manifests(page: str, namespace: str) -> list[Object]:
    """Those of one page, in their order and for a namespace, where they name none; fragments are left out."""
    blocks = (DOCS / page).read_text(encoding="utf-8").split("```yaml\n")[1:]
    docs = [doc for block in blocks for doc in yaml.safe_load_all(block.partition("```")[0])]
    return [{**doc, "metadata": {"namespace": namespace, **doc["metadata"]}} for doc in docs if "apiVersion" in doc]

"""Whether PromQL speaks of metrics that an exporter really prints."""

from collections.abc import Iterable, Iterator, Mapping, Set

import promql_parser as promql
from prometheus_client import Metric

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
_TARGETS = {"job", "instance"}
"""What Prometheus itself adds to each series."""

Printed = Mapping[str, Set[str]]
"""The labels of each series by its name."""


def printed(families: Iterable[Metric]) -> Printed:
    """What an exporter's page has: each family under the names of its samples, with their labels."""
    found: dict[str, Set[str]] = {}
    for family in families:
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        for suffix in _SUFFIXES.get(family.type, ("",)):
            found[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


def wrong(expression: str, there: Printed, words: Mapping[str, Set[str]]) -> list[str]:
    """What of an expression isn't there: names, labels, or a label's values as far as its words are known."""
    tree = promql.parse(expression)
    selectors = [node for node in _nodes(tree) if isinstance(node, promql.VectorSelector)]
    found = [f"no metric {one.name}" for one in selectors if one.name not in there]
    known = [one for one in selectors if one.name in there]
    for one in known:
        for matcher in one.matchers.matchers:
            if matcher.name not in there[str(one.name)]:
                found.append(f"{one.name} has no label {matcher.name}")
            unknown = set(matcher.value.split("|")) - words.get(matcher.name, set(matcher.value.split("|")))
            found += [f"{matcher.name} is never {value}" for value in sorted(unknown)]
    for node in _nodes(tree):
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            below = [one for one in _nodes(node.expr) if isinstance(one, promql.VectorSelector)]
            labels = set[str]().union(*(there.get(str(one.name), ()) for one in below)) | _TARGETS
            found += [f"nothing below has the label {label}" for label in node.modifier.labels if label not in labels]
    return found


def _nodes(tree: promql.Expr) -> Iterator[promql.Expr]:
    nodes: list[promql.Expr] = []
    promql.walk(tree, pre_visit=nodes.append)
    return iter(nodes)

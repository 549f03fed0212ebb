"""Kubernetes label selectors, for the in-memory API."""

import re

from ackpy.kube import Object

_SET = re.compile(r"(?P<key>\S+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^=!\s]+)\s*(?P<op>==|=|!=)\s*(?P<values>.*)")
_COMMA = re.compile(r",\s*(?![^(]*\))")  # not within parentheses


def matches(selector: str | None, obj: Object) -> bool:
    """Whether the object's labels fulfil every requirement of the selector."""
    labels = obj["metadata"].get("labels") or {}
    return all(_fulfilled(requirement.strip(), labels) for requirement in _COMMA.split(selector or "") if requirement)


def _fulfilled(requirement: str, labels: dict[str, str]) -> bool:
    parsed = _SET.fullmatch(requirement) or _EQUAL.fullmatch(requirement)
    if parsed is None:
        return requirement[1:].strip() not in labels if requirement.startswith("!") else requirement in labels
    within = labels.get(parsed["key"]) in {value.strip() for value in parsed["values"].split(",")}
    return not within if parsed["op"] in {"notin", "!="} else within

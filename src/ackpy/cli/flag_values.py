"""Values of flags, read as Go's pflag and the contract read them. Pure: text in, a value or a `ValueError` out.

Each message of a `ValueError` completes "Invalid value for --flag: …".
"""

import csv
import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

_DURATION_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"

# zap's levels, which the contract's flag takes → Python's.
_LOG_LEVELS = {
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "error": "error",
    "dpanic": "critical",
    "panic": "critical",
    "fatal": "critical",
}

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_NAME = r"[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = rf"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?{_LABEL_NAME}"
_LABEL_VALUE = rf"(?:{_LABEL_NAME})?"
_REQUIREMENT = re.compile(
    rf"\s*(?:!\s*{_LABEL_KEY}|{_LABEL_KEY}"
    rf"(?:\s*(?:==|=|!=)\s*{_LABEL_VALUE}|\s*[<>]\s*-?\d+"
    rf"|\s+(?:in|notin)\s*\(\s*{_LABEL_VALUE}(?:\s*,\s*{_LABEL_VALUE})*\s*\))?)\s*",
    re.ASCII,
)


class Address(NamedTuple):
    """Where a server listens; an empty host is every interface."""

    host: str
    port: int


def boolean(text: str) -> bool:
    """`true`, `false` and Go's short forms."""
    match text.lower():
        case "true" | "t" | "1":
            return True
        case "false" | "f" | "0":
            return False
    raise ValueError(f"{text!r} is neither true nor false")


def number(least: int, text: str) -> int:
    """A whole number, at least `least`."""
    if not re.fullmatch(r"[-+]?\d+", text) or int(text) < least:
        raise ValueError(f"{text!r} is no whole number from {least} on")
    return int(text)


def duration(text: str) -> float:
    """Go's durations (`60s`, `1m30s`, `2h45m`, `0`), in seconds."""
    if text == "0":
        return 0.0
    if not re.fullmatch(rf"\+?(?:{_DURATION_PART})+", text):
        raise ValueError(f"{text!r} is no duration: write it as 60s, 1m30s or 2h45m")
    return sum(float(amount) * _DURATION_UNITS[unit] for amount, unit in re.findall(_DURATION_PART, text))


def choice(options: Mapping[str, str], text: str) -> str:
    """One of the options, whatever its case."""
    if text.lower() not in options:
        raise ValueError(f"{text!r} is none of {', '.join(options)}")
    return options[text.lower()]


def log_level(text: str) -> str:
    """A level of zap's, as Python's."""
    return choice(_LOG_LEVELS, text)


def address(text: str) -> Address | None:
    """`HOST:PORT` or `:PORT`; `0` and nothing turn the server off."""
    if text in {"", "0"}:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is no address: write HOST:PORT, or 0 for none")
    return Address(host.strip("[]"), int(port))


def comma_list(text: str) -> tuple[str, ...]:
    """Entries between commas; blanks around them and empty ones are dropped."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def namespaces(text: str) -> tuple[str, ...]:
    """A comma list of namespaces."""
    names = comma_list(text)
    for name in names:
        if not _DNS_LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a namespace")
    return names


def label_selector(text: str) -> str:
    """A label selector in Kubernetes' syntax, checked."""
    for requirement in re.split(r",(?![^()]*\))", text) if text.strip() else ():
        if not _REQUIREMENT.fullmatch(requirement):
            raise ValueError(
                f"{requirement.strip()!r} is no label requirement: write KEY=VALUE, KEY!=VALUE, KEY in (A,B), "
                "KEY notin (A,B), KEY or !KEY"
            )
    return text.strip()


def string_slice(values: Iterable[str]) -> list[str]:
    """pflag's stringSlice: each value is a line of comma separated values."""
    return [entry for row in csv.reader(value for value in values if value) for entry in row]


def tags(values: Iterable[str]) -> Mapping[str, str]:
    """`key=value` entries with exactly one `=`; the value may hold %FORMATS%."""
    found = {}
    for entry in string_slice(values):
        key, equals, value = entry.partition("=")
        if not key or not equals or "=" in value:
            raise ValueError(f"{entry!r} is no tag: write KEY=VALUE with exactly one '='")
        found[key] = value
    return MappingProxyType(found)


def numbers_by_kind(least: int, values: Iterable[str]) -> Mapping[str, int]:
    """`Kind=Number` entries."""
    found = {}
    for entry in values:
        kind, equals, text = entry.partition("=")
        if not kind or not equals:
            raise ValueError(f"{entry!r} names no kind and number: write it as Bucket=60")
        found[kind] = number(least, text)
    return MappingProxyType(found)


def feature_gates(known: Mapping[str, bool], text: str) -> Mapping[str, bool]:
    """`A=true,B=false` over the known gates and their defaults."""
    gates = dict(known)
    for entry in comma_list(text):
        name, equals, value = entry.partition("=")
        if not equals:
            raise ValueError(f"{entry!r} sets no gate: write {entry}=true or {entry}=false")
        if name not in known:
            raise ValueError(f"there is no gate {name!r}{nearest(name, known)}")
        gates[name] = boolean(value)
    return MappingProxyType(gates)


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a message: what may have been meant, else all that is known."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f": did you mean {by_lower[close[0]]}?" if close else f"; known are {', '.join(sorted(known))}"

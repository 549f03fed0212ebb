"""Endpoint URLs of the user: which are allowed. The flags and each client check through here."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url


class EndpointError(ValueError):
    """An endpoint URL can't be used; the message says why and what to write instead."""


def check_endpoint_url(url: str, *, allow_unsafe: bool) -> SplitResult:
    """Check an endpoint URL from a flag or a namespace's annotation.

    Raises:
        EndpointError: it is no absolute http(s) URL, or it is http and `allow_unsafe` is false.
    """
    parts = urlsplit(url)
    valid = is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url)
    if parts.scheme not in {"http", "https"} or not valid:
        raise EndpointError(f"{url!r} is no endpoint URL: write https://HOST[:PORT]")
    if parts.scheme == "http" and not allow_unsafe:
        raise EndpointError(f"{url} is not encrypted: use https, or set --allow-unsafe-aws-endpoint-urls")
    return parts


def is_local(parts: SplitResult) -> bool:
    """Is the host this machine, or an IP address? Such hosts have no `BUCKET.HOST` names."""
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True

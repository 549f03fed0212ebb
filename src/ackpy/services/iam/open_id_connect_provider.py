"""What is odd about OpenID Connect providers."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json

_SCHEME = "https://"


def decoded(operation: str, answer: Mapping[str, Json], _: Mapping[str, Json]) -> Mapping[str, Json]:
    """A URL is given with its scheme and answered without it (IAM API, GetOpenIDConnectProvider)."""
    if operation != "GetOpenIDConnectProvider" or answer["Url"].startswith(_SCHEME):
        return answer
    return {**answer, "Url": _SCHEME + answer["Url"]}

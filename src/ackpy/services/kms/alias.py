"""What is odd about aliases."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json

_PREFIX = "alias/"


def normalised(spec: Mapping[str, Json], _: str) -> Mapping[str, Json]:
    """A spec whose name begins as all names of aliases do; manifests may leave that out."""
    name = spec.get("name") or ""
    return spec if name.startswith(_PREFIX) else {**spec, "name": _PREFIX + name}

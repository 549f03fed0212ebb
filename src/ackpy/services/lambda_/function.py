"""What is odd about functions."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json
from ackpy.wire.convert import ValueRefusedError

_SIGNING = "codeSigningConfigARN"


def normalised(spec: Mapping[str, Json], _: str) -> Mapping[str, Json]:
    """The spec without a signing configuration that is an empty text: AWS refuses that.

    Raises:
        ValueRefusedError: an image is to be signed. The code by which AWS refuses it is one of what may pass, too.
    """
    if not spec.get(_SIGNING):
        return {name: value for name, value in spec.items() if name != _SIGNING}
    if spec.get("packageType") == "Image":
        raise ValueRefusedError(
            f"spec.{_SIGNING}: only code in an archive is signed, and spec.packageType is Image: nothing was "
            "changed. Take one of them out."
        )
    return spec

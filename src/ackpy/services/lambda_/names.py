"""A function may be named by its name, by its ARN, or by half an ARN."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json


def normalised(spec: Mapping[str, Json], _: str) -> Mapping[str, Json]:
    """The spec with the function's name alone: `arn:aws:lambda:us-east-1:123456789012:function:name`, `…:name`.

    What stands behind the name, a version or an alias, is no part of the name (Lambda API, FunctionName).
    """
    given = spec.get("functionName")
    if not isinstance(given, str) or "function:" not in given:
        return spec
    return {**spec, "functionName": given.rpartition("function:")[2].partition(":")[0]}

"""What is odd about versions: a function that hasn't changed since its last one gets no other."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json

_LATEST = "$LATEST"
# What a version has for itself: everything else is the function's, as it was.
_OWN = {
    "Description", "FunctionArn", "LastModified", "LastUpdateStatus", "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode", "MasterArn", "RevisionId", "State", "StateReason", "StateReasonCode", "Version",
    "ConfigSha256", "SnapStart",
}  # fmt: skip


def decoded(operation: str, answer: Mapping[str, Json], _: Mapping[str, Json]) -> Mapping[str, Json]:
    """Of a function's versions, the one that publishing would answer: the newest, if the function is still as it was.

    Source: Lambda API, PublishVersion: "Lambda doesn't publish a version if the function's configuration and code
    haven't changed since the last version."
    """
    if operation != "ListVersionsByFunction":
        return answer
    listed = {one["Version"]: one for one in answer.get("Versions") or ()}
    latest = listed.pop(_LATEST, {})
    newest = max(listed.values(), key=lambda one: int(one["Version"]), default=None)
    same = newest is not None and _code(newest) == _code(latest)
    return {**answer, "Versions": [newest] if same else []}


def _code(version: Mapping[str, Json]) -> Mapping[str, Json]:
    return {member: value for member, value in version.items() if member not in _OWN}

"""What is odd about tables."""

from collections.abc import Callable, Mapping

from ackpy.kinds.paths import Json, get
from ackpy.plan.compare import is_empty


def normalised(spec: Mapping[str, Json], _: str) -> Mapping[str, Json]:
    """The spec without what its billing mode has no use for, and without what says that something is off."""
    without = _on_demand(spec) if spec.get("billingMode") == "PAY_PER_REQUEST" else _provisioned(spec)
    # AWS doesn't show the attribute of a time to live that is off.
    off = not get(spec, ("timeToLive", "enabled"))
    return {name: value for name, value in without.items() if not (off and name == "timeToLive")}


def _on_demand(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without provisioned throughput, which AWS refuses beside PAY_PER_REQUEST (CreateTable, UpdateTable)."""
    table = {name: value for name, value in spec.items() if name != "provisionedThroughput"}
    return _with_indexes(table, lambda one: {name: v for name, v in one.items() if name != "provisionedThroughput"})


def _provisioned(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """With throughput for each index: one unit, as the contract has it, where the spec gives none."""

    def index(one: Mapping[str, Json]) -> Mapping[str, Json]:
        given = {name: units for name, units in (one.get("provisionedThroughput") or {}).items() if units}
        return {**one, "provisionedThroughput": {"readCapacityUnits": 1, "writeCapacityUnits": 1, **given}}

    return _with_indexes(spec, index)


def _with_indexes(
    spec: Mapping[str, Json], made: Callable[[Mapping[str, Json]], Mapping[str, Json]]
) -> Mapping[str, Json]:
    indexes = spec.get("globalSecondaryIndexes")
    return spec if is_empty(indexes) else {**spec, "globalSecondaryIndexes": [made(one) for one in indexes or ()]}

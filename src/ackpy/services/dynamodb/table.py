"""What is odd about tables."""

from collections.abc import Callable, Mapping

from ackpy.kinds.paths import Json, get
from ackpy.plan.compare import is_empty

_OFF = {"timeToLive": "enabled", "streamSpecification": "streamEnabled", "sseSpecification": "enabled"}


def normalised(spec: Mapping[str, Json], _: str) -> Mapping[str, Json]:
    """The spec without what its billing mode has no use for, and without what says that something is off.

    AWS refuses the former (CreateTable, UpdateTable), and of the latter it neither takes nor shows more than that.
    """
    without = _on_demand(spec) if spec.get("billingMode") == "PAY_PER_REQUEST" else _provisioned(spec)
    off = [name for name, flag in _OFF.items() if not get(spec, (name, flag))]
    return _defined({name: value for name, value in without.items() if name not in off})


def _defined(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without definitions of attributes that no key has: AWS drops them, and refuses a new table for them."""
    keyed = [spec, *(spec.get("localSecondaryIndexes") or ()), *(spec.get("globalSecondaryIndexes") or ())]
    used = {key.get("attributeName") for one in keyed for key in one.get("keySchema") or ()}
    given = spec.get("attributeDefinitions") or ()
    defined = [one for one in given if one.get("attributeName") in used]
    return {**spec, "attributeDefinitions": defined} if len(defined) < len(given) else spec


def _on_demand(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without provisioned throughput."""
    return _with_indexes(_less(spec, "provisionedThroughput"), lambda one: _less(one, "provisionedThroughput"))


def _provisioned(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without limits, and with throughput for each index: one unit, as in the contract, where the spec gives none."""

    def index(one: Mapping[str, Json]) -> Mapping[str, Json]:
        given = {name: units for name, units in (one.get("provisionedThroughput") or {}).items() if units}
        units = {"readCapacityUnits": 1, "writeCapacityUnits": 1, **given}
        return {**_less(one, "onDemandThroughput"), "provisionedThroughput": units}

    return _with_indexes(_less(spec, "onDemandThroughput"), index)


def _less(value: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return {key: inner for key, inner in value.items() if key != name}


def _with_indexes(
    spec: Mapping[str, Json], made: Callable[[Mapping[str, Json]], Mapping[str, Json]]
) -> Mapping[str, Json]:
    indexes = spec.get("globalSecondaryIndexes")
    return spec if is_empty(indexes) else {**spec, "globalSecondaryIndexes": [made(one) for one in indexes or ()]}

"""What DynamoDB does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html, .../API_DeleteTable.html,
.../API_UpdateTimeToLive.html, .../API_UpdateContinuousBackups.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules import dynamodb_tables as tables
from ackpy.sandbox.simulator.rules.dynamodb_backups import BACKUPS
from ackpy.sandbox.simulator.rules.dynamodb_tables import BUSY, ON_DEMAND, PROVISIONED, refuse
from ackpy.sandbox.simulator.world import Mark, Resource, instant


def create_table(request: Request) -> None:
    """A table is there at once, and ready a little later."""
    if request.slot.current:
        raise request.fault("ResourceInUseException", f"Table already exists: {request.key}")
    table, indexes = tables.made(request)
    _check_tags(request)
    until = request.now + BUSY
    known = f"{request.account}/{request.region}/{request.key}/{request.slot.deleted}"
    request.initial = {"table": table, "indexes": indexes, "replicas": {}}
    request.marks = {
        "state": Mark("CREATING", until),
        "id": Mark("", shown=str(uuid5(NAMESPACE_URL, known))),
        **{f"index {name}": Mark("CREATING", until) for name in indexes},
        **(_streaming(request) if "StreamViewType" in table else {}),
    }
    made = Resource(request.key, request.account, request.region, request.now, request.now, request.initial)
    request.answer["TableDescription"] = tables.described(request, replace(made, marks=request.marks))


def describe_table(request: Request) -> Answer:
    """A table as it is now."""
    return {"Table": tables.described(request, request.there)}


def delete_table(request: Request) -> Answer:
    """A table that is deleted is there for a moment."""
    table = request.there
    state = tables.status(table, request.now)
    if state in {"CREATING", "UPDATING"}:
        raise _in_use(request, state)
    if request.part("table")["DeletionProtectionEnabled"]:
        raise request.fault(
            "ValidationException",
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
            "first.",
        )
    if request.part("replicas") or tables.busy(table, request.now, "replica"):
        raise request.fault(
            "ValidationException",
            "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the "
            "table in the last 24 hours.",
        )
    if state != "DELETING":
        leaving = replace(table, ends=request.now + BUSY)
        request.slot.write(leaving, request.lags.deleted, request.now)
        table = leaving
    return {"TableDescription": tables.described(request, table)}


def update_table(request: Request) -> Answer:
    """One change at a time, and none while another one is under way."""
    params, table = request.params, request.there
    state = tables.status(table, request.now)
    if state != "ACTIVE":
        raise _in_use(request, state)
    wanted = params.keys() & {*_CHANGES}
    if not wanted:
        refuse(request, "At least one of ProvisionedThroughput, BillingMode, … or ReplicaUpdates is required")
    if tables.busy(table, request.now, "index"):
        online = any(one.keys() & {"Create", "Delete"} for one in params.get("GlobalSecondaryIndexUpdates", ()))
        raise request.fault("LimitExceededException") if online else _in_use(request, "UPDATING")
    if "ReplicaUpdates" in params and tables.busy(table, request.now, "replica"):
        raise _in_use(request, "UPDATING")
    if "ReplicaUpdates" in params and len(wanted) > 1:
        refuse(request, "ReplicaUpdates can't be combined with other updates")
    kept, marks = dict(request.part("table")), {"state": Mark("UPDATING", request.now + BUSY)}
    change = _Change(request, kept, dict(request.part("indexes")), dict(request.part("replicas")), marks)
    for name, apply in _CHANGES.items():
        if name in params:
            apply(change, params[name])
    change.complete()
    changed = replace(
        table,
        parts={**table.parts, "table": change.table, "indexes": change.indexes, "replicas": change.replicas},
        marks={**table.marks, **change.marks},
        modified=request.now,
    )
    request.slot.write(changed, request.lags.changed, request.now)
    return {"TableDescription": tables.described(request, changed)}


class _Change:
    """What one UpdateTable makes of a table."""

    def __init__(
        self, request: Request, table: Answer, indexes: Answer, replicas: Answer, marks: dict[str, Mark]
    ) -> None:
        self.request, self.table, self.indexes, self.replicas, self.marks = request, table, indexes, replicas, marks
        self.mode_before = table["BillingMode"]
        self.slow = request.now + 2 * BUSY

    def billing(self, mode: str) -> None:
        """What was said in one mode is forgotten in the other."""
        if mode == self.mode_before:
            return
        self.table["BillingMode"] = mode
        gone = "ProvisionedThroughput" if mode == ON_DEMAND else "OnDemandThroughput"
        self.table.pop(gone, None)
        self.indexes = {name: {k: v for k, v in one.items() if k != gone} for name, one in self.indexes.items()}

    def units(self, given: Answer) -> None:
        """Throughput that is asked for must be another."""
        tables.check_throughput(self.request, {"ProvisionedThroughput": given}, self.table["BillingMode"])
        if given == self.table.get("ProvisionedThroughput"):
            refuse(self.request, "The provisioned throughput for the table will not change")
        self.table["ProvisionedThroughput"] = given

    def limits(self, given: Answer) -> None:
        """Limits that aren't named stay."""
        tables.check_throughput(self.request, {"OnDemandThroughput": given}, self.table["BillingMode"])
        self.table["OnDemandThroughput"] = {**self.table.get("OnDemandThroughput", {}), **given}

    def stream(self, given: Answer) -> None:
        """A stream is switched on or off; one with another view is another stream."""
        stream, there = tables.stream_of(self.request, given), "StreamViewType" in self.table
        if bool(stream) is there:
            refuse(self.request, f"Table already has {'an enabled' if there else 'a disabled'} stream")
        if there and self.replicas:
            refuse(self.request, "Table has replicas, which its stream feeds")
        self.table.pop("StreamViewType", None)
        self.table |= stream
        self.marks |= _streaming(self.request) if stream else {}

    def encryption(self, given: Answer) -> None:
        """A key that is asked for must be another."""
        key = tables.encryption(self.request, given)
        if key.get("Key") == self.table.get("Key"):
            refuse(
                self.request,
                "Table is already encrypted by given KMSMasterKeyId"
                if key
                else "Table is already encrypted by default",
            )
        self.table.pop("Key", None)
        self.table |= key

    def index_updates(self, given: list[Answer]) -> None:
        """Indexes are made and removed one at a time; their throughput changes with the table's."""
        request = self.request
        online = [one for one in given if one.keys() & {"Create", "Delete"}]
        if len(online) > 1:
            raise request.fault("LimitExceededException")
        if online and ({"ProvisionedThroughput", "BillingMode"} & request.params.keys() or len(given) > 1):
            refuse(request, "An index is made or removed alone")
        names = [action["IndexName"] for one in given for action in one.values()]
        if len(set(names)) < len(names):
            refuse(request, "Only one global secondary index update per index is allowed")
        for one in given:
            if len(one) != 1:
                refuse(request, "One of Update, Create and Delete is required")
            ((what, action),) = one.items()
            {"Create": self._make_index, "Update": self._change_index, "Delete": self._drop_index}[what](action)

    def _make_index(self, given: Answer) -> None:
        request, name = self.request, given["IndexName"]
        known = {**tables.attributes_of(request), **self.table["Attributes"]}
        if any(kind != known[one] for one, kind in tables.attributes_of(request).items()):
            refuse(request, "Cannot change the type of an attribute of a key")
        keys = tables.check_index(request, given, known)
        local = [one["IndexName"] for one in self.table.get("LocalSecondaryIndexes", ())]
        if name in {*self.indexes, *local}:
            refuse(request, f"Attempting to create an index which already exists: {name}")
        tables.check_throughput(request, given, self.table["BillingMode"])
        if self.table["BillingMode"] == PROVISIONED and "ProvisionedThroughput" not in given:
            refuse(request, f"ProvisionedThroughput must be specified for index: {name}")
        self.table["Attributes"] = {**self.table["Attributes"], **{key: known[key] for key in keys}}
        self.indexes[name] = tables.index_of(given)
        self.marks[f"index {name}"] = Mark("CREATING", self.slow)

    def _change_index(self, given: Answer) -> None:
        request, name = self.request, given["IndexName"]
        index = self._index(name)
        tables.check_throughput(request, given, self.table["BillingMode"])
        units = given.get("ProvisionedThroughput")
        if not tables.throughput(given) or (units and units == index.get("ProvisionedThroughput")):
            refuse(request, f"The provisioned throughput for the index {name} will not change")
        limits = {**index.get("OnDemandThroughput", {}), **given.get("OnDemandThroughput", {})}
        self.indexes[name] = {**index, **tables.throughput({**given, "OnDemandThroughput": limits})}
        self.marks[f"index {name}"] = Mark("UPDATING", self.request.now + BUSY)

    def _drop_index(self, given: Answer) -> None:
        name = given["IndexName"]
        self.marks[f"index {name}"] = Mark("DELETING", self.slow, self._index(name))
        del self.indexes[name]
        schemas = [self.table, *self.table.get("LocalSecondaryIndexes", ()), *self.indexes.values()]
        used = {one["AttributeName"] for kept in schemas for one in kept["KeySchema"]}
        self.table["Attributes"] = {one: kind for one, kind in self.table["Attributes"].items() if one in used}

    def _index(self, name: str) -> Answer:
        if name not in self.indexes:
            raise self.request.fault("ResourceNotFoundException", f"Requested resource not found: index {name}")
        found: Answer = self.indexes[name]
        return found

    def replica_updates(self, given: list[Answer]) -> None:
        """Replicas come, change and go one at a time, fed by a stream that has it all."""
        request = self.request
        if len(given) != 1 or len(given[0]) != 1:
            refuse(request, "One replica action is taken at a time")
        ((what, action),) = given[0].items()
        region = action["RegionName"]
        tables.check_region(request, region)
        if region == request.region:
            refuse(request, f"Cannot add, delete, or update the local region through ReplicaUpdates: {region}")
        if what == "Create" and region in self.replicas:
            refuse(
                request,
                "Failed to create a new replica of table because one or more replicas already existed as tables",
            )
        if what != "Create" and region not in self.replicas:
            why = "Replica specified in the Replica Update or Replica Delete action of the request was not found"
            raise request.fault("ValidationException", why)
        self._check_replica(action)
        rest = {name: value for name, value in action.items() if name != "RegionName"}
        if what == "Delete":
            self.marks[f"replica {region}"] = Mark("DELETING", self.slow, self.replicas.pop(region))
            return
        self.replicas[region] = {**self.replicas.get(region, {}), **rest}
        self.marks[f"replica {region}"] = Mark("CREATING" if what == "Create" else "UPDATING", self.slow)

    def _check_replica(self, action: Answer) -> None:
        if self.table.get("StreamViewType") != "NEW_AND_OLD_IMAGES":
            refuse(self.request, "Table must have DynamoDB Streams enabled with NEW_AND_OLD_IMAGES")
        indexes = action.get("GlobalSecondaryIndexes", ())
        overrides = any("ProvisionedThroughputOverride" in one for one in (action, *indexes))
        if overrides and self.table["BillingMode"] == ON_DEMAND:
            refuse(self.request, "ProvisionedThroughputOverride can't be specified when BillingMode is PAY_PER_REQUEST")
        names = [one["IndexName"] for one in indexes]
        if {*names} - {*self.indexes} or len({*names}) < len(names):
            refuse(self.request, "GlobalSecondaryIndexes must be some of the table's")

    def complete(self) -> None:
        """What is provisioned must be so for the table and for each index."""
        for name, kept in {"table": self.table, **self.indexes}.items():
            if self.table["BillingMode"] == PROVISIONED and "ProvisionedThroughput" not in kept:
                refuse(self.request, f"ProvisionedThroughput must be specified for {name}")


# In the order in which the changes of one call depend on each other.
_CHANGES: Mapping[str, Callable[[_Change, Any], None]] = {
    "BillingMode": _Change.billing,
    "ProvisionedThroughput": _Change.units,
    "OnDemandThroughput": _Change.limits,
    "SSESpecification": _Change.encryption,
    "StreamSpecification": _Change.stream,
    "TableClass": lambda change, value: change.table.update(TableClass=value),
    "DeletionProtectionEnabled": lambda change, value: change.table.update(DeletionProtectionEnabled=value),
    "GlobalSecondaryIndexUpdates": _Change.index_updates,
    "ReplicaUpdates": _Change.replica_updates,
}


def update_time_to_live(request: Request) -> Answer:
    """Items expire by one attribute; by another one only after that was switched off."""
    _check_open(request, "ResourceInUseException")
    given = request.params["TimeToLiveSpecification"]
    kept = request.part("timeToLive")
    if kept and given["AttributeName"] != kept["AttributeName"]:
        name = kept["AttributeName"]
        raise request.fault(
            "ValidationException", f"TimeToLive is active on a different AttributeName: current AttributeName is {name}"
        )
    if given["Enabled"] is bool(kept):
        state = "enabled" if kept else "disabled"
        raise request.fault("ValidationException", f"TimeToLive is already {state}")
    if not given["AttributeName"]:
        refuse(request, "AttributeName")
    _switch(request, "timeToLive", {"AttributeName": given["AttributeName"]} if given["Enabled"] else {}, kept)
    return {"TimeToLiveSpecification": given}


def describe_time_to_live(request: Request) -> Answer:
    """The attribute is shown while it counts."""
    kept, mark = request.part("timeToLive"), request.there.mark("timeToLive", request.now)
    shown = kept or (mark.shown if mark else {})
    state = mark.state if mark else "ENABLED" if kept else "DISABLED"
    return {"TimeToLiveDescription": {"TimeToLiveStatus": state, **shown}}


def update_backups(request: Request) -> Answer:
    """Backups of every point in time, kept for 35 days unless it is said."""
    _check_open(request, "ContinuousBackupsUnavailableException")
    given = request.params["PointInTimeRecoverySpecification"]
    days = given.get("RecoveryPeriodInDays", 35)
    request.store("backups", {"Days": days} if given["PointInTimeRecoveryEnabled"] else {})
    stored = request.slot.current
    assert stored is not None
    return _backups(request, stored)


def describe_backups(request: Request) -> Answer:
    """Whether there are backups of every point in time, and since when."""
    return _backups(request, request.there)


def _backups(request: Request, table: Resource) -> Answer:
    kept: Any = table.parts["backups"]
    point: Answer = {"PointInTimeRecoveryStatus": "ENABLED" if kept else "DISABLED"}
    if kept:
        point |= {
            "RecoveryPeriodInDays": kept["Days"],
            "EarliestRestorableDateTime": instant(table.modified),
            "LatestRestorableDateTime": instant(request.now),
        }
    return {
        "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point}
    }


def update_insights(request: Request) -> Answer:
    """Insights are switched on and off; to ask for what is there, is no mistake."""
    _check_open(request, "ResourceNotFoundException")
    on = request.params["ContributorInsightsAction"] == "ENABLE"
    kept = request.part("insights")
    if on is not bool(kept):
        _switch(request, "insights", {"On": True} if on else {}, {})
    return {"TableName": request.key, "ContributorInsightsStatus": "ENABLING" if on else "DISABLING"}


def describe_insights(request: Request) -> Answer:
    """Whether insights are on, or about to be."""
    kept, mark = request.part("insights"), request.there.mark("insights", request.now)
    state = mark.state if mark else "ENABLED" if kept else "DISABLED"
    return {"TableName": request.key, "ContributorInsightsStatus": state}


def tag(request: Request) -> None:
    """Tags stay as they are while a table is made or deleted."""
    _check_open(request, "ResourceInUseException")
    _check_tags(request)


def put_policy(request: Request) -> None:
    """So does its policy."""
    _check_open(request, "ResourceInUseException")


def _switch(request: Request, name: str, value: Answer, shown: Answer) -> None:
    """Something that takes a moment to be on or off."""
    mark = Mark("ENABLING" if value else "DISABLING", request.now + BUSY, shown)
    table = request.there
    changed = replace(
        table, parts={**table.parts, name: value}, marks={**table.marks, name: mark}, modified=request.now
    )
    request.slot.write(changed, request.lags.changed, request.now)


def _check_open(request: Request, fault: str) -> None:
    if tables.status(request.there, request.now) in {"CREATING", "DELETING"}:
        raise request.fault(fault)


def _check_tags(request: Request) -> None:
    given = [tag["Key"] for tag in request.params.get("Tags", ())]
    if len(set(given)) < len(given):
        refuse(request, "Duplicate tag keys")
    if any(key.startswith("aws:") for key in given):
        refuse(request, "Tag keys that start with aws: are reserved")


def _streaming(request: Request) -> dict[str, Mark]:
    return {"stream": Mark("", shown=instant(request.now).strftime("%Y-%m-%dT%H:%M:%S.000"))}


def _in_use(request: Request, state: str) -> Exception:
    return request.fault(
        "ResourceInUseException",
        f"Attempt to change a resource which is still in use: Table is being {state.lower().replace('ing', 'ed')}: "
        + request.key,
    )


RULES: Mapping[str, Callable[[Request], Answer | None]] = {
    "CreateTable": create_table,
    "DeleteResourcePolicy": put_policy,
    "DeleteTable": delete_table,
    "DescribeContinuousBackups": describe_backups,
    "DescribeContributorInsights": describe_insights,
    "DescribeTable": describe_table,
    "DescribeTimeToLive": describe_time_to_live,
    "PutResourcePolicy": put_policy,
    "TagResource": tag,
    "UntagResource": put_policy,
    "UpdateContinuousBackups": update_backups,
    "UpdateContributorInsights": update_insights,
    "UpdateTable": update_table,
    "UpdateTimeToLive": update_time_to_live,
    **BACKUPS,
}

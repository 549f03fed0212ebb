"""Backups of tables, and global tables of the old kind (2017.11.29).

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html,
.../API_CreateGlobalTable.html, .../API_UpdateGlobalTable.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules import dynamodb_tables as tables
from ackpy.sandbox.simulator.rules.dynamodb_tables import BUSY, refuse
from ackpy.sandbox.simulator.world import Mark, Resource, instant


def create_backup(request: Request) -> None:
    """A backup of a table as it is; names needn't be unique."""
    name = request.params["TableName"].rpartition("/")[2]
    table = request.other("Table", name).current
    if table is None:
        raise request.service.fault("TableNotFoundException", key=name)
    if tables.status(table, request.now) in {"CREATING", "DELETING"}:
        raise request.service.fault("TableInUseException", key=name)
    number = f"{int(request.now * 1000):014d}-{request.random.getrandbits(32):08x}"
    request.named = f"{name}/backup/{number}"
    source = tables.described(request, table)
    copied = ("TableName", "TableId", "TableArn", "TableSizeBytes", "KeySchema", "ItemCount")
    request.initial["backup"] = {"BackupName": request.params["BackupName"], "TableName": name}
    request.marks = {
        "state": Mark("CREATING", request.now + BUSY),
        "source": Mark(
            "",
            shown={
                **{key: source[key] for key in copied},
                "TableCreationDateTime": source["CreationDateTime"],
                # botocore's model knows no zero here, which AWS answers for tables that are paid by request.
                "ProvisionedThroughput": {name: units or 1 for name, units in source["ProvisionedThroughput"].items()},
                **source.get("BillingModeSummary", {}),
            },
        ),
    }
    made = Resource(request.named, request.account, request.region, request.now, request.now, request.initial)
    request.answer["BackupDetails"] = _details(request, replace(made, marks=request.marks))


def describe_backup(request: Request) -> Answer:
    """A backup, and the table that it was made of."""
    return _description(request, request.there)


def delete_backup(request: Request) -> Answer:
    """A backup that is being made stays."""
    backup = request.there
    if backup.mark("state", request.now):
        raise request.fault("BackupInUseException")
    request.slot.write(None, request.lags.deleted, request.now)
    return _description(request, backup, "DELETED")


def list_backups(request: Request) -> Answer:
    """Backups, of one table if it is named; the last ARN shown tells where the next page begins."""
    params = request.params
    wanted, after = params.get("TableName", "").rpartition("/")[2], params.get("ExclusiveStartBackupArn", "")
    found = []
    for backup in request.world.look("dynamodb", "Backup", request.now):
        parts: Any = backup.parts
        name = parts["backup"]["TableName"]
        mine = (backup.account, backup.region) == (request.account, request.region)
        if mine and wanted in ("", name):
            found.append({"TableName": name, **_details(request, backup)})
    found = sorted((one for one in found if one["BackupArn"] > after), key=lambda one: str(one["BackupArn"]))
    shown = found[: params.get("Limit", 100)]
    more = {"LastEvaluatedBackupArn": shown[-1]["BackupArn"]} if len(shown) < len(found) else {}
    return {"BackupSummaries": shown, **more}


def _details(request: Request, backup: Resource, state: str = "") -> Answer:
    parts: Any = backup.parts
    mark = backup.mark("state", request.now)
    return {
        "BackupArn": f"arn:aws:dynamodb:{backup.region}:{backup.account}:table/{backup.key}",
        "BackupName": parts["backup"]["BackupName"],
        "BackupSizeBytes": 0,
        "BackupStatus": state or (mark.state if mark else "AVAILABLE"),
        "BackupType": "USER",
        "BackupCreationDateTime": instant(backup.created),
    }


def _description(request: Request, backup: Resource, state: str = "") -> Answer:
    details = _details(request, backup, state)
    return {"BackupDescription": {"BackupDetails": details, "SourceTableDetails": backup.marks["source"].shown}}


def create_global_table(request: Request) -> None:
    """A group of tables of one name, one in each region."""
    if request.slot.current:
        raise request.fault("GlobalTableAlreadyExistsException")
    regions = [one.get("RegionName", "") for one in request.params["ReplicationGroup"]]
    if not regions or len(set(regions)) < len(regions):
        refuse(request, "ReplicationGroup must be of different regions")
    for region in regions:
        _check_table(request, region)
    request.initial["group"] = {"Regions": sorted(regions)}
    request.marks = {"state": Mark("CREATING", request.now + BUSY)}
    made = Resource(request.key, request.account, request.region, request.now, request.now, request.initial)
    request.answer = _global_table(request, replace(made, marks=request.marks))


def describe_global_table(request: Request) -> Answer:
    """A global table, and where its replicas are."""
    return _global_table(request, request.there)


def update_global_table(request: Request) -> Answer:
    """Replicas come and go; with the last one the global table goes."""
    table, regions = request.there, [*request.part("group")["Regions"]]
    if not request.params["ReplicaUpdates"]:
        refuse(request, "ReplicaUpdates is empty")
    for one in request.params["ReplicaUpdates"]:
        if len(one) != 1:
            refuse(request, "One of Create and Delete is required")
        ((what, action),) = one.items()
        region = action["RegionName"]
        if what == "Create":
            if region in regions:
                raise request.fault("ReplicaAlreadyExistsException")
            _check_table(request, region)
            regions.append(region)
        else:
            if region not in regions:
                raise request.fault("ReplicaNotFoundException")
            regions.remove(region)
    changed = replace(
        table,
        parts={**table.parts, "group": {"Regions": sorted(regions)}},
        marks={**table.marks, "state": Mark("UPDATING" if regions else "DELETING", request.now + BUSY)},
        ends=None if regions else request.now + BUSY,
        modified=request.now,
    )
    request.slot.write(changed, request.lags.changed if regions else request.lags.deleted, request.now)
    return _global_table(request, changed)


def _check_table(request: Request, region: str) -> None:
    """Replicas are tables that are there, each with a stream of all that changes."""
    tables.check_region(request, region)
    table = request.world.slot("dynamodb", "Table", (request.account, region, request.key)).current
    if table is None:
        raise request.fault("TableNotFoundException")
    parts: Any = table.parts
    if parts["table"].get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        refuse(request, f"Table in {region} must have DynamoDB Streams enabled with NEW_AND_OLD_IMAGES")


def _global_table(request: Request, table: Resource) -> Answer:
    parts: Any = table.parts
    mark = table.mark("state", request.now)
    regions = [*parts["group"]["Regions"]]
    request.random.shuffle(regions)
    return {
        "GlobalTableDescription": {
            "ReplicationGroup": [{"RegionName": region, "ReplicaStatus": "ACTIVE"} for region in regions],
            "GlobalTableArn": f"arn:aws:dynamodb::{table.account}:global-table/{table.key}",
            "CreationDateTime": instant(table.created),
            "GlobalTableStatus": mark.state if mark else "ACTIVE",
            "GlobalTableName": table.key,
        }
    }


BACKUPS: Mapping[str, Callable[[Request], Answer | None]] = {
    "CreateBackup": create_backup,
    "CreateGlobalTable": create_global_table,
    "DeleteBackup": delete_backup,
    "DescribeBackup": describe_backup,
    "DescribeGlobalTable": describe_global_table,
    "ListBackups": list_backups,
    "UpdateGlobalTable": update_global_table,
}

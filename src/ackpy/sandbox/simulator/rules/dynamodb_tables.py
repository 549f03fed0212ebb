"""What a table is in the simulator: which it may be, and how DescribeTable shows it.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html,
.../API_UpdateTable.html, .../API_TableDescription.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, instant

BUSY = 1.0
"""Seconds that a table is busy with what it was asked for; its indexes and replicas are for twice as long."""
PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_LOCAL_INDEXES, _GLOBAL_INDEXES = 5, 20
_NO_UNITS = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def refuse(request: Request, why: str) -> None:
    """Raise the fault that says that the input is wrong."""
    raise request.fault("ValidationException", f"One or more parameter values were invalid: {why}")


def made(request: Request) -> tuple[Answer, Answer]:
    """The table and its global indexes, as an input to CreateTable asks for them."""
    params = request.params
    if not _NAME.fullmatch(request.key):
        refuse(request, "TableName must be of 3 to 255 letters, digits, _, . and -")
    attributes = attributes_of(request)
    keys = check_keys(request, params.get("KeySchema") or [], attributes)
    local, indexes = params.get("LocalSecondaryIndexes") or [], params.get("GlobalSecondaryIndexes") or []
    names = [one["IndexName"] for one in (*local, *indexes)]
    if len(set(names)) < len(names):
        refuse(request, "Duplicate index name")
    if len(local) > _LOCAL_INDEXES or len(indexes) > _GLOBAL_INDEXES:
        refuse(request, "Number of indexes exceeds per-table limit")
    for one in local:
        ranged = check_index(request, one, attributes)
        if len(keys) == 1 or len(ranged) == 1 or ranged[0] != keys[0]:
            refuse(request, f"Index KeySchema of {one['IndexName']} must have the table's HASH key and a RANGE key")
    used = {*keys, *(name for one in (*local, *indexes) for name in check_index(request, one, attributes))}
    if used != {*attributes}:
        refuse(request, f"Some AttributeDefinitions are not used. Keys used: {sorted(used)}")
    mode = params.get("BillingMode", PROVISIONED)
    table: Answer = {
        "Attributes": attributes,
        "KeySchema": params["KeySchema"],
        "BillingMode": mode,
        "DeletionProtectionEnabled": params.get("DeletionProtectionEnabled", False),
        **({"LocalSecondaryIndexes": local} if local else {}),
        **({"TableClass": params["TableClass"]} if "TableClass" in params else {}),
    }
    for what in (params, *indexes):
        check_throughput(request, what, mode)
        if mode == PROVISIONED and "ProvisionedThroughput" not in what:
            refuse(request, f"ProvisionedThroughput must be specified for {what.get('IndexName', 'the table')}")
    table |= throughput(params)
    if stream := params.get("StreamSpecification"):
        table |= stream_of(request, stream)
    if sse := params.get("SSESpecification"):
        table |= encryption(request, sse)
    return table, {one["IndexName"]: index_of(one) for one in indexes}


def attributes_of(request: Request) -> dict[str, str]:
    """The attributes that an input defines, by name."""
    listed = request.params.get("AttributeDefinitions") or []
    found = {one["AttributeName"]: one["AttributeType"] for one in listed}
    if len(found) < len(listed):
        refuse(request, "Duplicate AttributeName in AttributeDefinitions")
    return found


def check_keys(request: Request, schema: list[Answer], attributes: Mapping[str, str]) -> list[str]:
    """The attributes of a key: one that is hashed, and perhaps one that is sorted by."""
    if [one["KeyType"] for one in schema] not in (["HASH"], ["HASH", "RANGE"]):
        refuse(request, "KeySchema must be a HASH key, or that and a RANGE key")
    names = [one["AttributeName"] for one in schema]
    if len(set(names)) < len(names):
        refuse(request, "Both the Hash Key and the Range Key element in the KeySchema have the same name")
    for name in names:
        if name not in attributes:
            refuse(request, f"Some index key attributes are not defined in AttributeDefinitions: {name}")
    return names


def check_index(request: Request, index: Answer, attributes: Mapping[str, str]) -> list[str]:
    """The attributes of an index's key."""
    if not _NAME.fullmatch(index["IndexName"]):
        refuse(request, "IndexName must be of 3 to 255 letters, digits, _, . and -")
    projection = index["Projection"]
    kind, others = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        refuse(request, "Unknown ProjectionType: null")
    if (kind == "INCLUDE") is not bool(others):
        refuse(request, f"ProjectionType is {kind}, and NonKeyAttributes {'is' if others else 'is not'} specified")
    if others and len(set(others)) < len(others):
        refuse(request, "Duplicate NonKeyAttributes")
    return check_keys(request, index["KeySchema"], attributes)


def check_throughput(request: Request, given: Answer, mode: str) -> None:
    """Units are provisioned in one billing mode, and limited in the other."""
    if mode == ON_DEMAND and "ProvisionedThroughput" in given:
        refuse(request, "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is " + mode)
    if mode == PROVISIONED and "OnDemandThroughput" in given:
        refuse(request, "OnDemandThroughput can be specified only when BillingMode is " + ON_DEMAND)
    for units in (given.get("OnDemandThroughput") or {}).values():
        if units != -1 and units < 1:
            refuse(request, "MaxReadRequestUnits and MaxWriteRequestUnits must be -1, or 1 and more")


def throughput(given: Answer) -> Answer:
    """What an input says of throughput."""
    return {name: given[name] for name in ("ProvisionedThroughput", "OnDemandThroughput") if given.get(name)}


def index_of(given: Answer) -> Answer:
    """A global index, as it is kept."""
    return {"KeySchema": given["KeySchema"], "Projection": given["Projection"], **throughput(given)}


def stream_of(request: Request, given: Answer) -> Answer:
    """A stream, as it is kept; nothing where it is off."""
    if given["StreamEnabled"] is not bool(given.get("StreamViewType")):
        refuse(request, "StreamViewType goes with StreamEnabled true, and only with that")
    return {"StreamViewType": given["StreamViewType"]} if given["StreamEnabled"] else {}


def encryption(request: Request, given: Answer) -> Answer:
    """The key that a table is encrypted with, as it is kept; nothing where it is AWS's own."""
    if not given.get("Enabled"):
        if given.keys() - {"Enabled"}:
            refuse(request, "SSEType and KMSMasterKeyId go with Enabled true")
        return {}
    if given.get("SSEType", "KMS") != "KMS":
        refuse(request, f"Unsupported SSEType: {given['SSEType']}")
    return {"Key": key_arn(request, given.get("KMSMasterKeyId", "alias/aws/dynamodb"))}


def key_arn(request: Request, named: str) -> str:
    """The ARN of a KMS key, however it is named; the key that an alias stands for is made up."""
    last = named.rpartition("/")[2]
    if "alias/" in named:
        last = str(uuid5(NAMESPACE_URL, f"{request.account}/{last}"))
    elif named.startswith("arn:"):
        return named
    return f"arn:aws:kms:{request.region}:{request.account}:key/{last}"


def check_region(request: Request, region: str) -> None:
    """A region is named as AWS names them."""
    if not _REGION.fullmatch(region):
        refuse(request, f"Unsupported Region: {region}")


def status(table: Resource, now: float) -> str:
    """A table's state."""
    passing = table.mark("state", now)
    return "DELETING" if table.ends is not None else passing.state if passing else "ACTIVE"


def busy(table: Resource, now: float, what: str) -> str:
    """The name of an index ("index") or a replica ("replica") that isn't ready; "" if all are."""
    return next((name for name in table.marks if name.startswith(f"{what} ") and table.mark(name, now)), "")


def described(request: Request, table: Resource) -> Answer:
    """A TableDescription."""
    parts: Any = table.parts
    kept, arn = parts["table"], f"arn:aws:dynamodb:{table.region}:{table.account}:table/{table.key}"
    attributes = [{"AttributeName": name, "AttributeType": kind} for name, kind in kept["Attributes"].items()]
    answer: Answer = {
        "AttributeDefinitions": _shuffled(request, attributes),
        "TableName": table.key,
        "KeySchema": kept["KeySchema"],
        "TableStatus": status(table, request.now),
        "CreationDateTime": instant(table.created),
        "ProvisionedThroughput": _units(kept),
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": arn,
        "TableId": table.marks["id"].shown,
        "DeletionProtectionEnabled": kept["DeletionProtectionEnabled"],
    }
    if kept["BillingMode"] != PROVISIONED:
        answer["BillingModeSummary"] = {"BillingMode": kept["BillingMode"]}
    if "OnDemandThroughput" in kept:
        answer["OnDemandThroughput"] = kept["OnDemandThroughput"]
    if "TableClass" in kept:
        answer["TableClassSummary"] = {"TableClass": kept["TableClass"]}
    if "Key" in kept:
        answer["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": kept["Key"]}
    if "StreamViewType" in kept:
        answer["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": kept["StreamViewType"]}
    if "stream" in table.marks:
        label = str(table.marks["stream"].shown)
        answer |= {"LatestStreamLabel": label, "LatestStreamArn": f"{arn}/stream/{label}"}
    if local := kept.get("LocalSecondaryIndexes"):
        answer["LocalSecondaryIndexes"] = [
            {
                **_projected(request, one),
                "IndexSizeBytes": 0,
                "ItemCount": 0,
                "IndexArn": f"{arn}/index/{one['IndexName']}",
            }
            for one in _shuffled(request, local)
        ]
    if indexes := [*_indexes(request, table, parts["indexes"], arn)]:
        answer["GlobalSecondaryIndexes"] = _shuffled(request, indexes)
    if replicas := [*_replicas(table, parts["replicas"], request.now)]:
        answer |= {"Replicas": _shuffled(request, replicas), "GlobalTableVersion": "2019.11.21"}
    return answer


def _units(kept: Answer) -> Answer:
    return {**(kept.get("ProvisionedThroughput") or _NO_UNITS)}


def _projected(request: Request, index: Answer) -> Answer:
    projection = dict(index["Projection"])
    if others := projection.get("NonKeyAttributes"):
        projection["NonKeyAttributes"] = _shuffled(request, others)
    return {**index, "Projection": projection}


def _indexes(request: Request, table: Resource, kept: Answer, arn: str) -> Iterable[Answer]:
    marks = {name: table.mark(f"index {name}", request.now) for name in kept}
    leaving = {
        name.removeprefix("index "): mark
        for name in table.marks
        if name.startswith("index ") and (mark := table.mark(name, request.now)) and mark.state == "DELETING"
    }
    for name, mark in {**marks, **leaving}.items():
        index = kept.get(name) or (mark.shown if mark else {})
        yield {
            **_projected(request, index),
            "IndexName": name,
            "IndexStatus": mark.state if mark else "ACTIVE",
            "ProvisionedThroughput": _units(index),
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{arn}/index/{name}",
            **({"Backfilling": True} if mark and mark.state == "CREATING" else {}),
        }


def _replicas(table: Resource, kept: Answer, now: float) -> Iterable[Answer]:
    leaving = {
        name.removeprefix("replica "): mark.shown
        for name in table.marks
        if name.startswith("replica ") and (mark := table.mark(name, now)) and mark.state == "DELETING"
    }
    for region, replica in {**kept, **leaving}.items():
        mark = table.mark(f"replica {region}", now)
        shown = {name: value for name, value in replica.items() if name != "TableClassOverride"}
        if "TableClassOverride" in replica:
            shown["ReplicaTableClassSummary"] = {"TableClass": replica["TableClassOverride"]}
        yield {**shown, "RegionName": region, "ReplicaStatus": mark.state if mark else "ACTIVE"}


def _shuffled(request: Request, items: Iterable[Any]) -> list[Any]:
    found = [*items]
    request.random.shuffle(found)
    return found

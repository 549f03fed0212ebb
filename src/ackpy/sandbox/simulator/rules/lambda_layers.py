"""What Lambda does with layers, whose versions never change. Called through `RULES`.

Source: https://docs.aws.amazon.com/lambda/latest/api/ (each operation's page).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.lambda_names import refuse, shown, well_formed, without
from ackpy.sandbox.simulator.world import Resource

# A layer is one resource, which is as its newest version is. What else is known of its versions is history: all that
# there are by number, as the parts that each was made with, and the last number that was given.
_VERSIONS, _LAST = "_versions", "_last"


def publish_layer(request: Request) -> Answer:
    """Each version has the next number, and none is given twice."""
    well_formed(request)
    params, slot = request.params, request.slot
    content = params["Content"]
    bucket = [str(content[member]) for member in ("S3Bucket", "S3Key", "S3ObjectVersion") if member in content]
    if ("ZipFile" in content) is bool(bucket) or (bucket and not {"S3Bucket", "S3Key"} <= content.keys()):
        raise refuse(request, "Please provide a source: a ZipFile, or S3Bucket and S3Key.")
    if "ZipFile" in content and not content["ZipFile"].startswith(b"PK"):
        raise refuse(request, "Could not unzip uploaded file. Please check your file, then try to upload again.")
    source: bytes = content.get("ZipFile") or "/".join(bucket).encode()
    members = ("Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")
    made = {
        "layer": {"Description": "", **{member: deepcopy(params[member]) for member in members if member in params}},
        "code": {"CodeSha256": base64.b64encode(hashlib.sha256(source).digest()).decode(), "CodeSize": len(source)},
        "_created": request.now,
    }
    last: Any = slot.current.parts[_LAST] if slot.current else 0
    lag = request.lags.changed if slot.current and slot.current.ends is None else request.lags.created
    slot.write(_layer(request, {**_versions(slot.current), last + 1: made}, last + 1), lag, request.now)
    return _version(request, last + 1, made)


def get_layer(request: Request) -> Answer:
    """One version of a layer."""
    versions, number = _versions(request.there), request.params["VersionNumber"]
    if number not in versions:
        raise request.fault("ResourceNotFoundException", "The resource you requested does not exist.")
    return _version(request, number, versions[number])


def list_layers(request: Request) -> Answer:
    """The versions of a layer, the newest first; of a layer that isn't there, none."""
    versions = _versions(request.slot.look(request.now))
    every = [_version(request, number, versions[number]) for number in sorted(versions, reverse=True)]
    return {"LayerVersions": [{m: v for m, v in one.items() if m not in {"Content", "LayerArn"}} for one in every]}


def delete_layer(request: Request) -> Answer:
    """One version less, if it is there."""
    there = request.there
    left = {number: one for number, one in _versions(there).items() if number != request.params["VersionNumber"]}
    last: Any = there.parts[_LAST]
    request.slot.write(_layer(request, left, last), request.lags.deleted, request.now)
    return {}


def _versions(layer: Resource | None) -> Mapping[int, Mapping[str, Any]]:
    found: Any = layer.parts[_VERSIONS] if layer else {}
    return found  # type: ignore[no-any-return]


def _layer(request: Request, versions: Mapping[int, Mapping[str, Any]], last: int) -> Resource:
    """A layer; one without versions is over, and only its last number is known."""
    newest = versions[max(versions)] if versions else {}
    parts = {**newest, _VERSIONS: versions, _LAST: last}
    ends = None if versions else request.now
    return Resource(request.key, request.account, request.region, request.now, request.now, parts, ends)


def _version(request: Request, number: int, made: Mapping[str, Any]) -> Answer:
    kept = made["layer"]
    own = f"arn:aws:lambda:{request.region}:{request.account}:layer:{request.key}"
    where = f"https://awslambda-us-east-1-layers.s3.amazonaws.com/{request.key}:{number}"
    return {
        **without(deepcopy(kept)),
        "Description": kept["Description"],
        "Content": {"Location": where, **made["code"]},
        "CreatedDate": shown(made["_created"]),
        "LayerArn": own,
        "LayerVersionArn": f"{own}:{number}",
        "Version": number,
    }


RULES = {
    "DeleteLayerVersion": delete_layer,
    "GetLayerVersion": get_layer,
    "ListLayerVersions": list_layers,
    "PublishLayerVersion": publish_layer,
}

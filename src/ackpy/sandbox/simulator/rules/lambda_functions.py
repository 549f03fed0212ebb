"""What Lambda does with functions and their versions. Called through `RULES`.

Source: https://docs.aws.amazon.com/lambda/latest/api/ (each operation's page) and
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ackpy.sandbox.simulator.models import members, operation_model
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.lambda_names import (
    LATEST,
    arn,
    held,
    keep,
    mine,
    name,
    refuse,
    revision,
    seen,
    shown,
    well_formed,
    without,
)
from ackpy.sandbox.simulator.rules.lambda_signing import known
from ackpy.sandbox.simulator.world import Resource, Slot

MAKING_SECONDS = 2.0
CHANGING_SECONDS = 1.0
# What UpdateFunctionConfiguration keeps as it is given.
_SETTINGS = (
    "DeadLetterConfig", "Description", "DurableConfig", "Environment", "EphemeralStorage", "FileSystemConfigs",
    "Handler", "ImageConfig", "KMSKeyArn", "Layers", "LoggingConfig", "MemorySize", "Role", "Runtime",
    "SnapStart", "Timeout", "TracingConfig", "VpcConfig",
)  # fmt: skip


def create_function(request: Request) -> None:
    """A function is made with AWS's defaults; with `Publish`, so is its first version."""
    well_formed(request)
    params = request.params
    request.named = name(params["FunctionName"])
    kind = params.get("PackageType", "Zip")
    _check_kind(request, kind)
    _check_role(request)
    _check_architectures(request)
    config: Answer = {
        "Architectures": params.get("Architectures", ["x86_64"]),
        "Description": "",
        "EphemeralStorage": {"Size": 512},
        "MemorySize": 128,
        "PackageType": kind,
        "SnapStart": {"ApplyOn": "None"},
        "Timeout": 3,
        "TracingConfig": {"Mode": "PassThrough"},
        **({"TenancyConfig": params["TenancyConfig"]} if "TenancyConfig" in params else {}),
    }
    request.initial["config"] = _changed(request, config)
    request.initial["code"] = _code(request, params["Code"])
    if given := params.get("CodeSigningConfigArn"):
        known(request, given)
        request.initial["signing"] = given
    made = Resource(request.named, request.account, request.region, request.now, request.now, request.initial)
    if request.slot.current is None and params.get("Publish"):
        request.initial["published"] = 1
        _version(request, made, 1, "")
        request.answer |= configuration(request, made, version="1")
    elif request.slot.current is None:
        request.answer |= configuration(request, made)


def get_function(request: Request) -> Answer:
    """A function, or a version, with where its code is."""
    found = seen(request)
    code: Any = found.parts["code"]
    where = {"RepositoryType": "S3", "Location": f"https://awslambda-us-east-1-tasks.s3.amazonaws.com/{found.key}"}
    if "ImageUri" in code:
        digest = f"{code['ImageUri'].partition(':')[0]}@sha256:{code['CodeSha256']}"
        where = {"RepositoryType": "ECR", "ImageUri": code["ImageUri"], "ResolvedImageUri": digest}
    whole: Any = request.there.parts
    answer = {"Configuration": configuration(request, found), "Code": where}
    if whole.get("tags"):
        answer["Tags"] = deepcopy(whole["tags"])
    if whole.get("concurrency") is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": whole["concurrency"]}
    return answer


def get_configuration(request: Request) -> Answer:
    """What a function, or a version, is set to."""
    return configuration(request, seen(request))


def update_code(request: Request) -> Answer:
    """Other code keeps the function busy for a while."""
    well_formed(request)
    slot = held(request)
    there = _idle(request, slot)
    given = {
        member: value for member, value in request.params.items() if member not in {"FunctionName", "Architectures"}
    }
    old: Any = there.parts["config"]
    if ("ImageUri" in given) is not (old["PackageType"] == "Image"):
        raise refuse(request, "Please provide the code in the form that the function's package type has.")
    _check_architectures(request)
    code = _code(request, given)
    config = {**old, "Architectures": request.params.get("Architectures", old["Architectures"])}
    if not request.params.get("DryRun"):
        keep(request, slot, "config", config)
        keep(request, slot, "code", code, busy=request.now + CHANGING_SECONDS)
    return configuration(request, _current(slot))


def update_configuration(request: Request) -> Answer:
    """The given settings are taken, the others stay; the function is busy for a while."""
    well_formed(request)
    slot = held(request)
    there = _idle(request, slot)
    old: Any = there.parts["config"]
    image = old["PackageType"] == "Image"
    if image and {"Handler", "Runtime", "Layers"} & request.params.keys():
        raise refuse(request, "Handler, Runtime and Layers are not supported for functions of images.")
    if not image and "ImageConfig" in request.params and request.params["ImageConfig"]:
        raise refuse(request, "ImageConfig is only supported for functions of images.")
    if "Role" in request.params:
        _check_role(request)
    _check_revision(request, there)
    keep(request, slot, "config", _changed(request, old), busy=request.now + CHANGING_SECONDS)
    return configuration(request, _current(slot))


def delete_function(request: Request) -> Answer | None:
    """A version, or the function with all that belongs to it."""
    qualifier = request.params.get("Qualifier")
    if not qualifier:
        return None
    if not qualifier.isdigit():
        raise refuse(request, "$LATEST and aliases can't be deleted so")
    for alias in request.world.there("lambda", "Alias"):
        if alias.key.startswith(f"{request.key}:") and qualifier in _routes(alias):
            raise request.fault("ResourceConflictException", f"Version {qualifier} has an alias")
    slot = request.other("Version", f"{request.key}:{qualifier}")
    slot.write(None, request.lags.deleted, request.now)
    return {}


def publish_version(request: Request) -> Answer:
    """A version of what the function is now; an unchanged one gets no other."""
    well_formed(request)
    function = name(request.params["FunctionName"])
    slot = request.other("Function", function)
    if slot.current is None:
        raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function)}")
    there = _idle(request, slot)
    code: Any = there.parts["code"]
    if request.params.get("CodeSha256", code["CodeSha256"]) != code["CodeSha256"]:
        raise refuse(request, "CodeSHA256 is not the one of the function's code")
    _check_revision(request, there)
    numbers = sorted(int(version.key.rpartition(":")[2]) for version in _versions(request, function))
    newest = request.other("Version", f"{function}:{numbers[-1]}").current if numbers else None
    if newest is not None and _same(newest, there):
        return configuration(request, newest)
    last: Any = there.parts.get("published", 0)
    keep(request, slot, "published", last + 1)
    made = _version(request, there, last + 1, request.params.get("Description", ""))
    return configuration(request, made)


def list_versions(request: Request) -> Answer:
    """The function as it is now, and its versions."""
    function = name(request.params["FunctionName"])
    there = request.other("Function", function).look(request.now)
    if there is None:
        raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function)}")
    every = request.world.look("lambda", "Version", request.now)
    own = [version for version in every if version.key.startswith(f"{function}:") and mine(request, version)]
    own.sort(key=lambda version: int(version.key.rpartition(":")[2]))
    return {"Versions": [configuration(request, one) for one in (there, *own)]}


def tag(request: Request) -> Answer:
    """Tags are no part of what was modified last."""
    keep(request, request.slot, "tags", {**(request.part("tags") or {}), **request.params["Tags"]})
    return {}


def untag(request: Request) -> Answer:
    """As `tag`."""
    there, gone = request.part("tags") or {}, request.params["TagKeys"]
    keep(request, request.slot, "tags", {key: value for key, value in there.items() if key not in gone})
    return {}


def configuration(request: Request, found: Resource, *, version: str = "") -> Answer:
    """A function or a version as answers show it."""
    config: Any = deepcopy(found.parts["config"])
    code: Any = found.parts["code"]
    function, _, number = found.key.partition(":")
    number = version or number
    pending = request.now < found.created + MAKING_SECONDS
    busy = request.now < found.busy
    answer = {
        **without(config),
        "Description": found.parts.get("description") or config["Description"],
        "CodeSha256": code["CodeSha256"],
        "CodeSize": code["CodeSize"],
        "FunctionArn": arn(request, function, *([number] if number else [])),
        "FunctionName": function,
        "LastModified": shown(found.modified),
        "RevisionId": _revision(found),
        "State": "Pending" if pending else "Active",
        "Version": number or LATEST,
    }
    answer["SnapStart"] = {**config["SnapStart"], "OptimizationStatus": "On" if number else "Off"}
    if config["SnapStart"]["ApplyOn"] == "None":
        answer["SnapStart"]["OptimizationStatus"] = "Off"
    if pending:
        answer |= {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    else:
        answer["LastUpdateStatus"] = "InProgress" if busy else "Successful"
    if "ImageConfig" in answer:
        answer["ImageConfigResponse"] = {"ImageConfig": answer.pop("ImageConfig")}
    if "VpcConfig" in answer:
        answer["VpcConfig"] = {
            **answer["VpcConfig"],
            "VpcId": "vpc-0123456789abcdef0",
            "Ipv6AllowedForDualStack": False,
        }
    if "Layers" in answer:
        answer["Layers"] = [{"Arn": one, "CodeSize": 1024} for one in answer["Layers"]]
    output = operation_model("lambda", "GetFunctionConfiguration").output_shape
    return {member: value for member, value in answer.items() if member in members(output)}


def _changed(request: Request, config: Mapping[str, Any]) -> Answer:
    """Settings with those that the input has; what is empty there is taken away."""
    given = {member: deepcopy(request.params[member]) for member in _SETTINGS if member in request.params}
    result: Answer = {**config, **given}
    if not (result.get("Environment") or {}).get("Variables"):
        result.pop("Environment", None)
    if not (result.get("DeadLetterConfig") or {}).get("TargetArn"):
        result.pop("DeadLetterConfig", None)
    if not any((result.get("VpcConfig") or {}).values()):
        result.pop("VpcConfig", None)
    elif not all(result["VpcConfig"].get(member) for member in ("SubnetIds", "SecurityGroupIds")):
        raise refuse(request, "SubnetIds and SecurityGroupIds go together")
    for member in ("FileSystemConfigs", "ImageConfig", "KMSKeyArn", "Layers"):
        if not result.get(member):
            result.pop(member, None)
    logs = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{request.named or request.key}"}
    logs |= result.get("LoggingConfig") or {}
    if logs["LogFormat"] == "JSON":
        logs = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **logs}
    elif {"ApplicationLogLevel", "SystemLogLevel"} & logs.keys():
        raise refuse(request, "Log levels are for the JSON log format only")
    result["LoggingConfig"] = logs
    result["SnapStart"] = {"ApplyOn": "None", **(result.get("SnapStart") or {})}
    result["TracingConfig"] = {"Mode": "PassThrough", **(result.get("TracingConfig") or {})}
    return result


def _check_kind(request: Request, kind: str) -> None:
    params, code = request.params, request.params["Code"]
    if kind == "Image":
        if "ImageUri" not in code or {"Handler", "Runtime", "Layers", "CodeSigningConfigArn"} & params.keys():
            raise refuse(
                request, "A function of an image takes an ImageUri, and no handler, runtime, layers or signing."
            )
    elif "ImageUri" in code or not params.get("Runtime") or not params.get("Handler"):
        raise refuse(
            request, "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    elif params.get("ImageConfig"):
        raise refuse(request, "ImageConfig is only supported for functions of images.")


def _check_role(request: Request) -> None:
    if f"::{request.account}:role/" not in request.params["Role"]:
        raise refuse(request, "Cross-account pass role is not allowed.")


def _check_architectures(request: Request) -> None:
    if len(request.params.get("Architectures", ["x86_64"])) != 1:
        raise refuse(request, "A function has one architecture")


def _check_revision(request: Request, there: Resource) -> None:
    if request.params.get("RevisionId", _revision(there)) != _revision(there):
        raise request.fault("PreconditionFailedException")


def _code(request: Request, given: Mapping[str, Any]) -> Answer:
    """What is kept of code: its size and digest, and the image's name."""
    if uri := given.get("ImageUri"):
        return {"ImageUri": uri, "CodeSha256": hashlib.sha256(uri.encode()).hexdigest(), "CodeSize": 0}
    bucket = [str(given[member]) for member in ("S3Bucket", "S3Key", "S3ObjectVersion") if member in given]
    if ("ZipFile" in given) is bool(bucket) or (bucket and not {"S3Bucket", "S3Key"} <= given.keys()):
        raise refuse(request, "Please provide a source: a ZipFile, or S3Bucket and S3Key.")
    content: bytes = given.get("ZipFile") or "/".join(bucket).encode()
    if "ZipFile" in given and not given["ZipFile"].startswith(b"PK"):
        raise refuse(request, "Could not unzip uploaded file. Please check your file, then try to upload again.")
    return {"CodeSha256": base64.b64encode(hashlib.sha256(content).digest()).decode(), "CodeSize": len(content)}


def _idle(request: Request, slot: Slot) -> Resource:
    """The function, if it can be changed now.

    Raises:
        AwsFault: it is being made, or changed.
    """
    there = _current(slot)
    if request.now < max(there.created + MAKING_SECONDS, there.busy):
        what = "The function is currently in the following state: Pending" if there.busy == 0 else (
            f"An update is in progress for resource: {arn(request, there.key)}"
        )  # fmt: skip
        raise request.fault("ResourceConflictException", f"The operation cannot be performed at this time. {what}")
    return there


def _current(slot: Slot) -> Resource:
    assert slot.current is not None
    return slot.current


def _version(request: Request, function: Resource, number: int, description: str) -> Resource:
    parts = {"config": function.parts["config"], "code": function.parts["code"], "description": description}
    key = f"{function.key}:{number}"
    made = Resource(key, function.account, function.region, request.now, request.now, parts)
    request.other("Version", key).write(made, request.lags.created, request.now)
    return made


def _versions(request: Request, function: str) -> list[Resource]:
    every = request.world.there("lambda", "Version")
    return [version for version in every if version.key.startswith(f"{function}:") and mine(request, version)]


def _same(version: Resource, function: Resource) -> bool:
    """Whether a function is as its version was."""
    return all(version.parts[part] == function.parts[part] for part in ("config", "code"))


def _routes(alias: Resource) -> set[str]:
    """The versions that an alias points to."""
    its: Any = alias.parts["alias"]
    return {its["FunctionVersion"], *((its.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})}


def _revision(found: Resource) -> str:
    return revision(found.key, found.parts["config"], found.parts["code"], found.created)


RULES = {
    "CreateFunction": create_function,
    "DeleteFunction": delete_function,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_configuration,
    "ListVersionsByFunction": list_versions,
    "PublishVersion": publish_version,
    "TagResource": tag,
    "UntagResource": untag,
    "UpdateFunctionCode": update_code,
    "UpdateFunctionConfiguration": update_configuration,
}

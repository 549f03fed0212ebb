"""What Lambda does with functions and what stands beside them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

_HOME = "arn:aws:lambda:us-east-1:123456789012:"
FUNCTION = f"{_HOME}function:f"
_ROLE = "arn:aws:iam::123456789012:role/r"
_QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
_PUBLISHER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/AbCdEfGhIj"


def archive(text: str) -> bytes:
    """A zip archive of one file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(zipfile.ZipInfo("app.py"), text)
    return made.getvalue()


_MADE: Params = {
    "FunctionName": "f",
    "Role": _ROLE,
    "Runtime": "python3.13",
    "Handler": "app.handler",
    "Code": {"ZipFile": archive("one")},
}


def call(operation: str, answer: Params | None = None, *, code: str = "", lacks: str = "", **params: Any) -> Step:
    return Step(operation, {"FunctionName": "f", **params}, answer, code=code, lacks=lacks)


def functions(name: str, *steps: Step, publish: bool = False, not_moto: str = "") -> Scenario:
    """A scenario on a function named f, made first."""
    made = Step("CreateFunction", {**_MADE, "Publish": publish}, {"FunctionName": "f"})
    return Scenario(name, "lambda", (made, *steps), not_moto)


LAMBDA = [
    functions(
        "a function comes and goes",
        call(
            "GetFunction",
            {"Configuration": {"FunctionArn": FUNCTION, "Timeout": 3, "MemorySize": 128, "PackageType": "Zip"}},
        ),
        Step("CreateFunction", _MADE, code="ResourceConflictException"),
        Step("TagResource", {"Resource": FUNCTION, "Tags": {"k": "v", "l": "w"}}),
        Step("UntagResource", {"Resource": FUNCTION, "TagKeys": ["l"]}),
        call("GetFunction", {"Tags": {"k": "v"}}),
        call("DeleteFunction"),
        call("GetFunction", code="ResourceNotFoundException"),
        call("DeleteFunction", code="ResourceNotFoundException"),
        not_moto="moto wants the role to be there",
    ),
    functions(
        "a function that is being made can't be changed",
        call("GetFunction", {"Configuration": {"State": "Pending", "StateReasonCode": "Creating"}}),
        call("UpdateFunctionConfiguration", Timeout=5, code="ResourceConflictException"),
        call("UpdateFunctionCode", ZipFile=archive("two"), code="ResourceConflictException"),
        call("PublishVersion", code="ResourceConflictException"),
        not_moto="moto's functions are active at once",
    ),
    Scenario(
        "what a function needs",
        "lambda",
        (
            Step("CreateFunction", {**_MADE, "Runtime": "python1"}, code="InvalidParameterValueException"),
            Step("CreateFunction", {**_MADE, "Code": {}}, code="InvalidParameterValueException"),
            Step("CreateFunction", {**_MADE, "Code": {"ZipFile": b"x"}}, code="InvalidParameterValueException"),
            Step("CreateFunction", {**_MADE, "MemorySize": 100000}, code="ValidationException"),
            Step("CreateFunction", {**_MADE, "PackageType": "Image"}, code="InvalidParameterValueException"),
        ),
        not_moto="moto takes all of them",
    ),
    functions(
        "concurrency is reserved and released",
        call("GetFunctionConcurrency", lacks="ReservedConcurrentExecutions"),
        call("PutFunctionConcurrency", ReservedConcurrentExecutions=5),
        call("GetFunctionConcurrency", {"ReservedConcurrentExecutions": 5}),
        call("GetFunction", {"Concurrency": {"ReservedConcurrentExecutions": 5}}),
        call("DeleteFunctionConcurrency"),
        call("GetFunctionConcurrency", lacks="ReservedConcurrentExecutions"),
        not_moto="moto answers nothing reserved as null",
    ),
    functions(
        "asynchronous invocations",
        call("GetFunctionEventInvokeConfig", code="ResourceNotFoundException"),
        call("PutFunctionEventInvokeConfig", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60),
        call("GetFunctionEventInvokeConfig", {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}),
        call("DeleteFunctionEventInvokeConfig"),
        call("GetFunctionEventInvokeConfig", code="ResourceNotFoundException"),
        not_moto="moto wants the role to be there",
    ),
    functions(
        "versions and aliases",
        call("GetFunctionConfiguration", {"Version": "1"}, Qualifier="1"),
        call("ListVersionsByFunction", {"Versions": [{"Version": "$LATEST"}, {"Version": "1"}]}),
        call("CreateAlias", {"AliasArn": f"{FUNCTION}:live"}, Name="live", FunctionVersion="1"),
        call("CreateAlias", Name="live", FunctionVersion="1", code="ResourceConflictException"),
        call("UpdateAlias", {"Description": "d", "FunctionVersion": "1"}, Name="live", Description="d"),
        call("GetAlias", {"Description": "d", "FunctionVersion": "1"}, Name="live"),
        call("ListAliases", {"Aliases": [{"Name": "live", "FunctionVersion": "1"}]}),
        call("ListAliases", {"Aliases": []}, FunctionVersion="2"),
        call("GetPolicy", Qualifier="live", code="ResourceNotFoundException"),
        call(
            "AddPermission",
            Qualifier="live",
            StatementId="s",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
        ),
        call(
            "AddPermission",
            Qualifier="live",
            StatementId="s",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            code="ResourceConflictException",
        ),
        call("RemovePermission", Qualifier="live", StatementId="s"),
        call("GetPolicy", Qualifier="live", code="ResourceNotFoundException"),
        call("DeleteFunction", Qualifier="1", code="ResourceConflictException"),
        call("DeleteAlias", Name="live"),
        call("GetAlias", Name="live", code="ResourceNotFoundException"),
        call("DeleteFunction", Qualifier="1"),
        publish=True,
        not_moto="moto takes a permission twice, and deletes versions that aliases point to",
    ),
    functions(
        "an alias needs its version, and some concurrency",
        call("CreateAlias", Name="live", FunctionVersion="2", code="ResourceNotFoundException"),
        call("CreateAlias", Name="live", FunctionVersion="1"),
        call("GetProvisionedConcurrencyConfig", Qualifier="live", code="ProvisionedConcurrencyConfigNotFoundException"),
        call("PutProvisionedConcurrencyConfig", Qualifier="live", ProvisionedConcurrentExecutions=2),
        call(
            "GetProvisionedConcurrencyConfig",
            {"RequestedProvisionedConcurrentExecutions": 2, "Status": "IN_PROGRESS"},
            Qualifier="live",
        ),
        call("DeleteProvisionedConcurrencyConfig", Qualifier="live"),
        call("DeleteFunction"),
        call("GetAlias", Name="live", code="ResourceNotFoundException"),
        publish=True,
        not_moto="moto has no provisioned concurrency",
    ),
    functions(
        "a URL",
        call("CreateFunctionUrlConfig", {"AuthType": "NONE", "FunctionArn": FUNCTION}, AuthType="NONE"),
        call("CreateFunctionUrlConfig", AuthType="NONE", code="ResourceConflictException"),
        call("UpdateFunctionUrlConfig", AuthType="AWS_IAM", Cors={"MaxAge": 5}),
        call("GetFunctionUrlConfig", {"AuthType": "AWS_IAM", "Cors": {"MaxAge": 5}}),
        call("ListFunctionUrlConfigs", {"FunctionUrlConfigs": [{"AuthType": "AWS_IAM"}]}),
        call("DeleteFunctionUrlConfig"),
        call("GetFunctionUrlConfig", code="ResourceNotFoundException"),
        not_moto="moto makes a URL twice",
    ),
    functions(
        "a mapping is made once, and busy at first",
        Step(
            "CreateEventSourceMapping",
            {"FunctionName": "f", "EventSourceArn": _QUEUE},
            {"BatchSize": 10, "State": "Creating"},
            keep=("UUID",),
        ),
        call("CreateEventSourceMapping", EventSourceArn=_QUEUE, code="ResourceConflictException"),
        call("ListEventSourceMappings", {"EventSourceMappings": [{"EventSourceArn": _QUEUE}]}, EventSourceArn=_QUEUE),
        Step("UpdateEventSourceMapping", {"UUID": "{UUID}", "BatchSize": 5}, code="ResourceInUseException"),
        Step("DeleteEventSourceMapping", {"UUID": "{UUID}"}, code="ResourceInUseException"),
        not_moto="moto's mappings are never busy",
    ),
    Scenario(
        "versions of a layer",
        "lambda",
        (
            Step("ListLayerVersions", {"LayerName": "l"}, {"LayerVersions": []}),
            Step("PublishLayerVersion", {"LayerName": "l", "Content": {"ZipFile": archive("a")}}, {"Version": 1}),
            Step("PublishLayerVersion", {"LayerName": "l", "Content": {"ZipFile": archive("a")}}, {"Version": 2}),
            Step("ListLayerVersions", {"LayerName": "l"}, {"LayerVersions": [{"Version": 2}, {"Version": 1}]}),
            Step("GetLayerVersion", {"LayerName": "l", "VersionNumber": 1}, {"LayerVersionArn": f"{_HOME}layer:l:1"}),
            Step("DeleteLayerVersion", {"LayerName": "l", "VersionNumber": 2}),
            Step("DeleteLayerVersion", {"LayerName": "l", "VersionNumber": 2}),
            Step("GetLayerVersion", {"LayerName": "l", "VersionNumber": 2}, code="ResourceNotFoundException"),
            Step("PublishLayerVersion", {"LayerName": "l", "Content": {"ZipFile": archive("a")}}, {"Version": 3}),
        ),
    ),
    Scenario(
        "code that is signed",
        "lambda",
        (
            Step(
                "CreateCodeSigningConfig",
                {"AllowedPublishers": {"SigningProfileVersionArns": [_PUBLISHER]}},
                {"CodeSigningConfig": {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}}},
                keep=("CodeSigningConfig", "CodeSigningConfigArn"),
            ),
            Step("CreateFunction", {**_MADE, "CodeSigningConfigArn": "{CodeSigningConfigArn}"}),
            Step(
                "GetFunctionCodeSigningConfig",
                {"FunctionName": "f"},
                {"CodeSigningConfigArn": "{CodeSigningConfigArn}"},
            ),
            Step(
                "DeleteCodeSigningConfig",
                {"CodeSigningConfigArn": "{CodeSigningConfigArn}"},
                code="ResourceConflictException",
            ),
            Step("DeleteFunctionCodeSigningConfig", {"FunctionName": "f"}),
            Step("GetFunctionCodeSigningConfig", {"FunctionName": "f"}, {"CodeSigningConfigArn": ""}),
            Step("DeleteCodeSigningConfig", {"CodeSigningConfigArn": "{CodeSigningConfigArn}"}),
            Step(
                "GetCodeSigningConfig",
                {"CodeSigningConfigArn": "{CodeSigningConfigArn}"},
                code="ResourceNotFoundException",
            ),
        ),
        not_moto="moto has no code signing",
    ),
]

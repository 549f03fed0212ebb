"""What Lambda does with code signing configurations, and with functions that have one. Called through `RULES`.

Source: https://docs.aws.amazon.com/lambda/latest/api/ (each operation's page).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.lambda_names import keep, refuse, shown, well_formed
from ackpy.sandbox.simulator.world import Resource


def create_signing_config(request: Request) -> None:
    """What isn't said only warns."""
    well_formed(request)
    request.named = f"csc-{request.random.getrandbits(68):017x}"
    request.initial["config"] = _signing(request, {})
    made = Resource(request.named, request.account, request.region, request.now, request.now, request.initial)
    request.answer["CodeSigningConfig"] = _signing_config(made)


def get_signing_config(request: Request) -> Answer:
    """A code signing configuration."""
    return {"CodeSigningConfig": _signing_config(request.there)}


def update_signing_config(request: Request) -> Answer:
    """The given members are taken, the others stay."""
    well_formed(request)
    there: Any = request.there.parts["config"]
    request.store("config", _signing(request, there))
    assert request.slot.current is not None
    return {"CodeSigningConfig": _signing_config(request.slot.current)}


def list_signing_configs(request: Request) -> Answer:
    """All of the region."""
    found = request.world.look("lambda", "CodeSigningConfig", request.now)
    own = [one for one in found if (one.account, one.region) == (request.account, request.region)]
    return {"CodeSigningConfigs": [_signing_config(one) for one in own]}


def get_signing(request: Request) -> Answer:
    """The configuration that the function's code is signed by, if any."""
    return {"FunctionName": request.key, "CodeSigningConfigArn": request.there.parts.get("signing") or ""}


def put_signing(request: Request) -> Answer:
    """Only archives are signed."""
    config: Any = request.there.parts["config"]
    if config["PackageType"] == "Image":
        raise refuse(request, "Code signing isn't supported for functions of images.")
    known(request, request.params["CodeSigningConfigArn"])
    keep(request, request.slot, "signing", request.params["CodeSigningConfigArn"])
    return get_signing(request)


def delete_signing(request: Request) -> Answer:
    """What isn't there needn't be taken away."""
    keep(request, request.slot, "signing", None)
    return {}


def delete_signing_config(request: Request) -> None:
    """One that functions use stays."""
    mine = f"arn:aws:lambda:{request.region}:{request.account}:code-signing-config:{request.key}"
    if any(one.parts.get("signing") == mine for one in request.world.there("lambda", "Function")):
        raise request.fault("ResourceConflictException", "The code signing configuration is in use by functions")


def known(request: Request, given: str) -> None:
    """See that a configuration is there, which its ARN names.

    Raises:
        AwsFault: it isn't.
    """
    if request.other("CodeSigningConfig", given.rpartition(":")[2]).current is None:
        raise request.fault("CodeSigningConfigNotFoundException")


def _signing(request: Request, there: Answer) -> Answer:
    members = ("AllowedPublishers", "CodeSigningPolicies", "Description")
    given = {member: deepcopy(request.params[member]) for member in members if member in request.params}
    result: Answer = {"Description": "", **there, **given}
    result["CodeSigningPolicies"] = {
        "UntrustedArtifactOnDeployment": "Warn", **(result.get("CodeSigningPolicies") or {})
    }  # fmt: skip
    return result


def _signing_config(found: Resource) -> Answer:
    config: Any = deepcopy(found.parts["config"])
    config["AllowedPublishers"]["SigningProfileVersionArns"].sort()
    return {
        **config,
        "CodeSigningConfigArn": f"arn:aws:lambda:{found.region}:{found.account}:code-signing-config:{found.key}",
        "CodeSigningConfigId": found.key,
        "LastModified": shown(found.modified),
    }


RULES = {
    "CreateCodeSigningConfig": create_signing_config,
    "DeleteCodeSigningConfig": delete_signing_config,
    "DeleteFunctionCodeSigningConfig": delete_signing,
    "GetCodeSigningConfig": get_signing_config,
    "GetFunctionCodeSigningConfig": get_signing,
    "ListCodeSigningConfigs": list_signing_configs,
    "PutFunctionCodeSigningConfig": put_signing,
    "UpdateCodeSigningConfig": update_signing_config,
}

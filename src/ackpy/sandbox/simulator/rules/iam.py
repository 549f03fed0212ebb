"""What IAM does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/ (each operation's page) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from ackpy.sandbox.simulator.documents import parsed_policy
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, instant

_PATH = re.compile(r"/|/[\x21-\x7e]+/")
_NAME = re.compile(r"[\w+=,.@-]{1,128}")
_MOST_VERSIONS = 5
_MOST_ATTACHED = 10
_IDS = {"Role": "AROA", "User": "AIDA", "Group": "AGPA", "Policy": "ANPA", "InstanceProfile": "AIPA"}
_FOLDERS = {"InstanceProfile": "instance-profile"}


def create(request: Request) -> Answer | None:
    """Names and paths have rules, policies are policies, a boundary is there; what was made is answered as it is."""
    params, kind = request.params, request.action.kind_name
    name = str(params.get(f"{kind}Name", request.key))
    if not _NAME.fullmatch(name) or not _PATH.fullmatch(params.get("Path", "/")):
        raise request.fault("ValidationError")
    _check_boundary(request)
    for member in ("AssumeRolePolicyDocument", "PolicyDocument"):
        if member in params:
            _check_document(request, params[member], principal=member != "PolicyDocument")
    made = Resource(request.key, request.account, request.region, request.now, request.now)
    entity: Answer = {f"{kind}Name": name, **_named(made, kind, params.get("Path", "/"))}
    if kind == "Role":
        members = ("AssumeRolePolicyDocument", "Description", "MaxSessionDuration")
        entity |= {member: params[member] for member in members if member in params}
    if kind == "InstanceProfile":
        entity["Roles"] = []
    request.answer[kind] = entity
    return None


def create_policy(request: Request) -> None:
    """A policy's first version is in force; its name is given once, whatever its path."""
    params = request.params
    name, path = params["PolicyName"], params.get("Path", "/")
    request.named = f"{path}{name}"
    if any(found.key.rpartition("/")[2] == name for found in _mine(request, "Policy")):
        raise request.fault("EntityAlreadyExists")
    create(request)
    _check_document(request, params["PolicyDocument"])
    version = {"Document": params["PolicyDocument"], "VersionId": "v1", "CreateDate": instant(request.now)}
    request.initial |= _history([version], "v1")
    arn = f"arn:aws:iam::{request.account}:policy{request.named}"
    request.answer["Policy"] |= {"Arn": arn, "DefaultVersionId": "v1", "AttachmentCount": 0, "IsAttachable": True}


def create_provider(request: Request) -> None:
    """A provider is named by its URL without https://."""
    url = request.params["Url"]
    if not url.startswith("https://"):
        raise request.fault("InvalidInput", "Invalid Open ID Connect Provider URL")
    request.named = url.removeprefix("https://").rstrip("/")
    request.answer["OpenIDConnectProviderArn"] = f"arn:aws:iam::{request.account}:oidc-provider/{request.named}"


def create_linked(request: Request) -> None:
    """A service's role is named by the service, and may have a suffix."""
    params = request.params
    service, suffix = params["AWSServiceName"], params.get("CustomSuffix")
    if not service.endswith(".amazonaws.com"):
        raise request.fault("InvalidInput")
    words = re.split(r"[.-]", service.removesuffix(".amazonaws.com"))
    name = "AWSServiceRoleFor" + "".join(word.capitalize() for word in words) + (f"_{suffix}" if suffix else "")
    if request.other("Role", name).current:
        message = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise request.fault("InvalidInput", message)
    trust = '{"Version":"2012-10-17","Statement":[{"Action":["sts:AssumeRole"],"Principal":{"Service":["' + service
    request.params = {
        "RoleName": name,
        "Path": f"/aws-service-role/{service}/",
        "AssumeRolePolicyDocument": trust + '"]},"Effect":"Allow"}]}',
        **({"Description": params["Description"]} if "Description" in params else {}),
    }
    create(request)


def get_entity(request: Request) -> Answer:
    """A role, a user or an instance profile, with what hangs on it."""
    kind = request.action.kind_name
    return {kind: _described(request, kind, request.there)}


def get_group(request: Request) -> Answer:
    """A group and its users."""
    return {"Group": _described(request, "Group", request.there), "Users": []}


def get_policy(request: Request) -> Answer:
    """A policy without its document, which its versions have."""
    return {"Policy": _policy(request, request.there)}


def get_provider(request: Request) -> Answer:
    """A provider's URL is answered without https://."""
    there: Any = request.there.parts
    return {
        "Url": request.there.key,
        "ClientIDList": there.get("clientIDs") or [],
        "ThumbprintList": there["thumbprints"],
        "CreateDate": instant(request.there.created),
        "Tags": _tags(there),
    }


def list_entities(request: Request) -> Answer:
    """Roles, users, groups or instance profiles below a path."""
    kind, items = request.action.kind_name, request.action.kind.listing.items
    prefix = request.params.get("PathPrefix", "/")
    found = [one for one in _mine(request, kind, seen=True) if _path(one).startswith(prefix)]
    return {items: [_described(request, kind, one) for one in found], "IsTruncated": False}


def list_policies(request: Request) -> Answer:
    """Policies below a path."""
    prefix = request.params.get("PathPrefix", "/")
    found = [policy for policy in _mine(request, "Policy", seen=True) if _path(policy).startswith(prefix)]
    return {"Policies": [_policy(request, policy) for policy in found], "IsTruncated": False}


def update_role(request: Request) -> Answer:
    """A duration that isn't given is reset."""
    role = {**request.part("role"), "MaxSessionDuration": request.params.get("MaxSessionDuration", 3600)}
    if "Description" in request.params:
        role["Description"] = request.params["Description"]
    request.store("role", role)
    return {}


def update_trust(request: Request) -> Answer:
    """Who may take a role on."""
    document = request.params["PolicyDocument"]
    _check_document(request, document, principal=True)
    request.store("role", {**request.part("role"), "AssumeRolePolicyDocument": document})
    return {}


def move(request: Request) -> Answer:
    """A user or a group gets another path."""
    path = request.params.get("NewPath", "/")
    if not _PATH.fullmatch(path):
        raise request.fault("ValidationError")
    request.store("entity", {"Path": path})
    return {}


def put_boundary(request: Request) -> None:
    """A boundary is a policy that is there."""
    _check_boundary(request)


def delete_boundary(request: Request) -> None:
    """There must be one."""
    if request.part("boundary") is None:
        raise request.fault("NoSuchEntity")


def attach(request: Request) -> None:
    """A policy that is attached is there, and there aren't too many."""
    _check_policy(request, request.params["PolicyArn"])
    if len({*(request.part("policies") or []), request.params["PolicyArn"]}) > _MOST_ATTACHED:
        raise request.fault("LimitExceeded")


def put_inline(request: Request) -> None:
    """A document is a policy."""
    _check_document(request, request.params["PolicyDocument"])


def delete_principal(request: Request) -> None:
    """What hangs on it, or holds it, goes first."""
    parts = request.there.parts
    held = any(request.key in _listed(profile, "roles") for profile in _mine(request, "InstanceProfile"))
    if parts.get("policies") or parts.get("inline") or (request.action.kind_name == "Role" and held):
        raise request.fault("DeleteConflict")


def delete_profile(request: Request) -> None:
    """Its role goes first."""
    if request.part("roles"):
        raise request.fault("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")


def delete_policy(request: Request) -> None:
    """It hangs on nobody, and has but one version."""
    if len(request.part("_versions")) > 1 or _holders(request, request.params["PolicyArn"]):
        raise request.fault("DeleteConflict")


def delete_linked(request: Request) -> Answer:
    """It goes by and by; here at once."""
    request.slot.write(None, request.lags.deleted, request.now)
    return {"DeletionTaskId": f"task{_path(request.there)}{request.key}/0"}


def create_version(request: Request) -> Answer:
    """Five at most; the number goes up."""
    versions, document = request.part("_versions"), request.params["PolicyDocument"]
    _check_document(request, document)
    if len(versions) >= _MOST_VERSIONS:
        raise request.fault("LimitExceeded", "A managed policy can have up to 5 versions.")
    number = 1 + max(int(version["VersionId"][1:]) for version in versions)
    made = {"Document": document, "VersionId": f"v{number}", "CreateDate": instant(request.now)}
    default = made["VersionId"] if request.params.get("SetAsDefault") else request.part("_default")
    _store(request, [*versions, made], default)
    return {"PolicyVersion": _shown(made, default)}


def delete_version(request: Request) -> Answer:
    """Not the one in force."""
    wanted, versions = request.params["VersionId"], request.part("_versions")
    if wanted not in {version["VersionId"] for version in versions}:
        raise request.fault("NoSuchEntity")
    if wanted == request.part("_default"):
        raise request.fault("DeleteConflict", "Cannot delete the default version of a policy.")
    _store(request, [version for version in versions if version["VersionId"] != wanted], request.part("_default"))
    return {}


def set_default(request: Request) -> Answer:
    """Another version is in force."""
    if request.params["VersionId"] not in {version["VersionId"] for version in request.part("_versions")}:
        raise request.fault("NoSuchEntity")
    _store(request, request.part("_versions"), request.params["VersionId"])
    return {}


def get_version(request: Request) -> Answer:
    """One version, with its document."""
    for version in request.part("_versions"):
        if version["VersionId"] == request.params["VersionId"]:
            return {"PolicyVersion": {**_shown(version, request.part("_default")), "Document": version["Document"]}}
    raise request.fault("NoSuchEntity")


def list_versions(request: Request) -> Answer:
    """All versions, the newest first."""
    default = request.part("_default")
    return {"Versions": [_shown(version, default) for version in reversed(request.part("_versions"))]}


def add_role(request: Request) -> None:
    """A profile has one role, which is there."""
    if request.part("roles"):
        raise request.fault("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    if request.other("Role", request.params["RoleName"]).current is None:
        raise request.fault("NoSuchEntity")


def _described(request: Request, kind: str, found: Resource) -> Answer:
    parts: Any = found.parts
    shown: Answer = {f"{kind}Name": found.key, **_named(found, kind, _path(found)), **parts.get("role", {})}
    if parts.get("boundary"):
        boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": parts["boundary"]}
        shown["PermissionsBoundary"] = boundary
    if kind == "InstanceProfile":
        roles = [request.other("Role", name).current for name in parts.get("roles") or ()]
        shown["Roles"] = [_described(request, "Role", role) for role in roles if role]
    if kind == "Role":
        shown["RoleLastUsed"] = {}
    return shown if kind == "Group" else {**shown, "Tags": _tags(parts)}


def _policy(request: Request, found: Resource) -> Answer:
    parts: Any = found.parts
    arn = f"arn:aws:iam::{found.account}:policy{found.key}"
    return {
        **_named(found, "Policy", _path(found)),
        **parts["policy"],
        "Arn": arn,
        "DefaultVersionId": parts["_default"],
        "AttachmentCount": len(_holders(request, arn)),
        "IsAttachable": True,
        "UpdateDate": instant(found.modified),
        "Tags": _tags(parts),
    }


def _named(found: Resource, kind: str, path: str) -> Answer:
    digest = sha256(f"{found.account}{found.key}{found.created}".encode()).hexdigest()[:17].upper()
    arn = f"arn:aws:iam::{found.account}:{_FOLDERS.get(kind, kind.lower())}{path}{found.key}"
    return {"Path": path, f"{kind}Id": _IDS[kind] + digest, "Arn": arn, "CreateDate": instant(found.created)}


def _path(found: Resource) -> str:
    entity: Any = found.parts["entity"]
    return str(entity["Path"])


def _tags(parts: Any) -> list[Answer]:
    return [{"Key": key, "Value": value} for key, value in (parts.get("tags") or {}).items()]


def _shown(version: Answer, default: str) -> Answer:
    known = {name: version[name] for name in ("VersionId", "CreateDate")}
    return {**known, "IsDefaultVersion": version["VersionId"] == default}


def _mine(request: Request, kind: str, *, seen: bool = False) -> Iterator[Resource]:
    """The caller's: those that there are, or that readers see."""
    world = request.world
    every = world.look("iam", kind, request.now) if seen else world.there("iam", kind)
    return (found for found in every if found.account == request.account)


def _holders(request: Request, policy: str) -> list[Resource]:
    """Whom a policy is attached to, or bounds."""
    every = [found for kind in ("Role", "User", "Group") for found in _mine(request, kind)]
    return [one for one in every if policy in _listed(one, "policies") or policy == one.parts.get("boundary")]


def _listed(found: Resource, part: str) -> list[str]:
    members: Any = found.parts.get(part) or []
    return list(members)


def _history(versions: list[Answer], default: str) -> Answer:
    """The parts of a policy: what is in force, and how it came to be."""
    document = next(version["Document"] for version in versions if version["VersionId"] == default)
    return {"document": document, "_versions": versions, "_default": default}


def _store(request: Request, versions: list[Answer], default: str) -> None:
    there = request.there
    changed = replace(there, parts={**there.parts, **_history(versions, default)}, modified=request.now)
    request.slot.write(changed, request.lags.changed, request.now)


def _check_policy(request: Request, arn: str) -> None:
    if arn.startswith("arn:aws:iam::aws:policy/"):
        return
    if not arn.startswith("arn:aws:iam::"):
        raise request.fault("InvalidInput", f"ARN {arn} is not valid.")
    if request.other("Policy", arn.rpartition(":policy")[2]).current is None:
        raise request.fault("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def _check_boundary(request: Request) -> None:
    if boundary := request.params.get("PermissionsBoundary"):
        _check_policy(request, boundary)


def _check_document(request: Request, document: str, *, principal: bool = False) -> None:
    try:
        statements = parsed_policy(document)
    except ValueError as error:
        raise request.fault("MalformedPolicyDocument", str(error)) from error
    if any(bool({"Principal", "NotPrincipal"} & statement.keys()) is not principal for statement in statements):
        needs = "Has prohibited field Principal" if not principal else "Missing required field Principal"
        raise request.fault("MalformedPolicyDocument", needs)


RULES: dict[str, Callable[[Request], Answer | None]] = {
    **dict.fromkeys(("CreateRole", "CreateUser", "CreateGroup", "CreateInstanceProfile"), create),
    **dict.fromkeys(("GetRole", "GetUser", "GetInstanceProfile"), get_entity),
    **dict.fromkeys(("AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy"), attach),
    **dict.fromkeys(("PutRolePolicy", "PutUserPolicy", "PutGroupPolicy"), put_inline),
    **dict.fromkeys(("DeleteRole", "DeleteUser", "DeleteGroup"), delete_principal),
    **dict.fromkeys(("PutRolePermissionsBoundary", "PutUserPermissionsBoundary"), put_boundary),
    **dict.fromkeys(("DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary"), delete_boundary),
    **dict.fromkeys(("UpdateUser", "UpdateGroup"), move),
    "AddRoleToInstanceProfile": add_role,
    "CreateOpenIDConnectProvider": create_provider,
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_version,
    "CreateServiceLinkedRole": create_linked,
    "DeleteInstanceProfile": delete_profile,
    "DeletePolicy": delete_policy,
    "DeletePolicyVersion": delete_version,
    "DeleteServiceLinkedRole": delete_linked,
    "GetGroup": get_group,
    "GetOpenIDConnectProvider": get_provider,
    "GetPolicy": get_policy,
    "GetPolicyVersion": get_version,
    "ListGroups": list_entities,
    "ListInstanceProfiles": list_entities,
    "ListPolicies": list_policies,
    "ListPolicyVersions": list_versions,
    "ListRoles": list_entities,
    "ListUsers": list_entities,
    "SetDefaultPolicyVersion": set_default,
    "UpdateAssumeRolePolicy": update_trust,
    "UpdateRole": update_role,
}

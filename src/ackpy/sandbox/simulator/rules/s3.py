"""What S3 does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and each operation's own page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ackpy.sandbox.simulator.documents import Json, is_public, listed, parsed_policy
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import canonical_user

_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_GROUPS = "http://acs.amazonaws.com/groups/global/"
_LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_EC2 = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
# Canned ACL → who is granted what beside the owner: a group's URI or a user's ID, and the permission.
_CANNED = {
    "private": (),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "public-read": ((_GROUPS + "AllUsers", "READ"),),
    "public-read-write": ((_GROUPS + "AllUsers", "READ"), (_GROUPS + "AllUsers", "WRITE")),
    "authenticated-read": ((_GROUPS + "AuthenticatedUsers", "READ"),),
    "log-delivery-write": ((_LOG_DELIVERY, "WRITE"), (_LOG_DELIVERY, "READ_ACP")),
    "aws-exec-read": ((_EC2, "READ"),),
}
_GRANTEE = re.compile(r'\s*(\w+)\s*=\s*(?:"([^"]+)"|([^",\s]+))\s*')
_GRANTS = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}
_ACTIONS = {
    "AbortIncompleteMultipartUpload",
    "Expiration",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "Transitions",
}


def create_bucket(request: Request) -> Answer | None:
    """Names, places, and owners; a second creation in us-east-1 by the owner succeeds and changes nothing but ACLs."""
    if not _NAME.fullmatch(request.key):
        raise request.fault("InvalidBucketName")
    configuration = request.params.get("CreateBucketConfiguration", {})
    if request.action.kind_name == "DirectoryBucket":
        _create_directory_bucket(request, configuration)
        return None
    region = _place(request, configuration.get("LocationConstraint"))
    if there := request.slot.current:
        if there.account != request.account:
            raise request.fault("BucketAlreadyExists")
        if request.region == there.region == "us-east-1":
            return {"Location": f"/{request.key}", "BucketArn": f"arn:aws:s3:::{request.key}"}
    request.region = region
    _allow_acl(request)
    if region != "us-east-1":
        request.initial["location"] = {"LocationConstraint": configuration["LocationConstraint"]}
        request.answer["Location"] = f"http://{request.key}.s3.amazonaws.com/"
    if tags := configuration.get("Tags"):
        _check_tags(request, tags)
        request.initial["tagging"] = {"TagSet": tags}
    if request.params.get("ObjectLockEnabledForBucket"):
        request.initial["objectLock"] = {"ObjectLockEnabled": "Enabled"}
        request.initial["versioning"] = {"Status": "Enabled"}
    return None


def _create_directory_bucket(request: Request, configuration: Answer) -> None:
    """A directory bucket is in one zone, which its name says too, and takes nothing else but tags."""
    location, bucket = configuration.get("Location", {}), configuration.get("Bucket", {})
    zone = request.key.removesuffix("--x-s3").rpartition("--")[2]
    if location.get("Name") != zone or bucket.get("Type") != "Directory" or "DataRedundancy" not in bucket:
        raise request.fault("InvalidRequest")
    if {"ObjectLockEnabledForBucket", "ObjectOwnership", "BucketNamespace"} & request.params.keys() or _wanted_acl(
        request
    ):
        raise request.fault("InvalidRequest")
    if "LocationConstraint" in configuration:
        raise request.fault("InvalidLocationConstraint")
    tags = configuration.get("Tags", [])
    _check_tags(request, tags)
    request.initial["tagging"] = {tag["Key"]: tag["Value"] for tag in tags}


def put_accelerate(request: Request) -> None:
    """Acceleration has no place for names with dots."""
    if "." in request.key:
        message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
        raise request.fault("InvalidRequest", message)
    if "Status" not in request.params["AccelerateConfiguration"]:
        raise request.fault("MalformedXML")


def put_acl(request: Request) -> None:
    """Canned names and grant headers become the list of grants that AWS answers."""
    acl = _wanted_acl(request)
    if acl is None:
        raise request.fault("MissingSecurityHeader")
    if not acl.get("Grants") or "Owner" not in acl:
        raise request.fault("MalformedACLError")
    if _ownership(request) == "BucketOwnerEnforced" and not _is_private(request, acl):
        raise request.fault("AccessControlListNotSupported")
    if (request.part("publicAccessBlock") or {}).get("BlockPublicAcls") and _is_public_acl(acl):
        raise request.fault("AccessDenied")
    request.params["AccessControlPolicy"] = acl


def put_lifecycle(request: Request) -> None:
    """A rule needs something to do and something to do it to; the minimum size is a header of its own."""
    configuration = request.params.get("LifecycleConfiguration")
    if not configuration:
        raise request.fault("MalformedXML")
    for rule in configuration["Rules"]:
        if not _ACTIONS & rule.keys():
            raise request.fault("InvalidRequest", "At least one action needs to be specified in a rule")
        if not {"Filter", "Prefix"} & rule.keys():
            raise request.fault("MalformedXML")
    size = request.params.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    configuration["TransitionDefaultMinimumObjectSize"] = size


def put_notification(request: Request) -> None:
    """Names of filter rules are answered with a capital."""
    for targets in request.params["NotificationConfiguration"].values():
        for target in targets if isinstance(targets, list) else ():
            for rule in target.get("Filter", {}).get("Key", {}).get("FilterRules", ()):
                rule["Name"] = rule["Name"].capitalize()


def put_ownership_controls(request: Request) -> None:
    """ACLs that are in use can't be switched off."""
    rules = request.params["OwnershipControls"]["Rules"]
    enforced = any(rule["ObjectOwnership"] == "BucketOwnerEnforced" for rule in rules)
    if enforced and not _is_private(request, request.part("acl")):
        raise request.fault("InvalidBucketAclWithObjectOwnership")


def put_policy(request: Request) -> None:
    """A policy is for its own bucket, and for everybody only where that isn't blocked."""
    try:
        statements = parsed_policy(request.params["Policy"])
    except ValueError as error:
        raise request.fault("MalformedPolicy", str(error)) from error
    for statement in statements:
        if not {"Principal", "NotPrincipal"} & statement.keys():
            raise request.fault("MalformedPolicy", "Missing required field Principal")
        if not all(_is_of_bucket(request, name) for name in _resources(statement)):
            raise request.fault("MalformedPolicy", "Policy has invalid resource")
    blocked = (request.part("publicAccessBlock") or {}).get("BlockPublicPolicy")
    if blocked and any(is_public(statement) for statement in statements):
        raise request.fault("AccessDenied")


def put_tagging(request: Request) -> None:
    """Tags have one value each, and none is AWS's own."""
    _check_tags(request, request.params["Tagging"]["TagSet"])


def put_versioning(request: Request) -> None:
    """Versions stay while replication or object lock needs them."""
    status = request.params["VersioningConfiguration"].get("Status")
    if status is None:
        raise request.fault("MalformedXML")
    for part, name in (("replication", "A replication"), ("objectLock", "An Object Lock")):
        if status != "Enabled" and request.part(part):
            message = f"{name} configuration is present on this bucket, so the versioning state cannot be changed."
            raise request.fault("InvalidBucketState", message)


def put_website(request: Request) -> None:
    """A website has an index or redirects everything."""
    if not {"IndexDocument", "RedirectAllRequestsTo"} & request.params["WebsiteConfiguration"].keys():
        raise request.fault("InvalidArgument", "A value for IndexDocument Suffix must be provided")


def put_object_lock(request: Request) -> None:
    """Object lock can be changed, and never be switched off."""
    if request.params.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
        raise request.fault("MalformedXML")


def _place(request: Request, constraint: str | None) -> str:
    """The region that a new bucket is made in: us-east-1 takes any, the others only themselves."""
    wanted = "eu-west-1" if constraint == "EU" else constraint
    if request.region in {wanted, "us-east-1"}:
        return wanted or "us-east-1"
    message = f"The {constraint or 'unspecified'} location constraint is incompatible for the region specific endpoint"
    raise request.fault("IllegalLocationConstraintException", f"{message} this request was sent to.")


def _allow_acl(request: Request) -> None:
    """Give a new bucket the ownership and the ACL that are asked for, as its block of public access lets them."""
    ownership = request.params.get("ObjectOwnership", "BucketOwnerEnforced")
    request.initial["ownershipControls"] = {"Rules": [{"ObjectOwnership": ownership}]}
    if acl := _wanted_acl(request):
        if ownership == "BucketOwnerEnforced" and not _is_private(request, acl):
            raise request.fault("InvalidBucketAclWithObjectOwnership")
        if _is_public_acl(acl):
            raise request.fault("InvalidBucketAclWithBlockPublicAccessError")
        request.initial["acl"] = acl


def _check_tags(request: Request, tags: list[dict[str, str]]) -> None:
    keys = [tag["Key"] for tag in tags]
    if len(keys) > 50:
        raise request.fault("BadRequest")
    if any(key.lower().startswith("aws:") for key in keys):
        raise request.fault("InvalidTag")
    if len(set(keys)) < len(keys):
        raise request.fault("InvalidTag", "Cannot provide multiple Tags with the same key")


def _wanted_acl(request: Request) -> Answer | None:
    """The ACL that the input asks for, as AWS answers it; None if it asks for none."""
    owner = {"ID": canonical_user(request.account)}
    if canned := request.params.get("ACL"):
        if _GRANTS.keys() & request.params.keys():
            raise request.fault("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed")
        others = [
            _grant("Group", {"URI": who}, permission)
            if who.startswith("http")
            else _grant("CanonicalUser", {"ID": who}, permission)
            for who, permission in _CANNED[canned]
        ]
        return {"Owner": owner, "Grants": [_grant("CanonicalUser", owner, "FULL_CONTROL"), *others]}
    given = [
        grant
        for member, permission in _GRANTS.items()
        for grant in _header_grants(request, request.params.get(member, ""), permission)
    ]
    if given:
        return {"Owner": owner, "Grants": given}
    policy: Answer | None = request.params.get("AccessControlPolicy")
    return policy


def _header_grants(request: Request, header: str, permission: str) -> Iterable[Answer]:
    """The grants of a header like `id="...", uri="..."`."""
    for entry in filter(None, (part.strip() for part in header.split(","))):
        found = _GRANTEE.fullmatch(entry)
        kind, *values = found.groups() if found else ("", "")
        grantee = next(filter(None, values), "")
        match kind.lower():
            case "id":
                yield _grant("CanonicalUser", {"ID": grantee}, permission)
            case "uri":
                yield _grant("Group", {"URI": grantee}, permission)
            case _:
                raise request.fault("InvalidArgument", "Argument format not recognized")


def _grant(kind: str, grantee: dict[str, str], permission: str) -> Answer:
    return {"Grantee": {**grantee, "Type": kind}, "Permission": permission}


def _is_private(request: Request, acl: Answer) -> bool:
    """Whether an ACL gives the owner all, and others nothing."""
    owner = canonical_user(request.account)
    return all(grant["Grantee"].get("ID") == owner and grant["Permission"] == "FULL_CONTROL" for grant in acl["Grants"])


def _is_public_acl(acl: Answer) -> bool:
    return any(grant["Grantee"].get("URI", "").startswith(_GROUPS) for grant in acl["Grants"])


def _ownership(request: Request) -> str:
    """Who owns objects; without controls it is their writer."""
    controls: Any = request.part("ownershipControls")
    return str(controls["Rules"][0]["ObjectOwnership"]) if controls else "ObjectWriter"


def _resources(statement: dict[str, Json]) -> list[Json]:
    return [name for member in ("Resource", "NotResource") if member in statement for name in listed(statement[member])]


def _is_of_bucket(request: Request, name: Json) -> bool:
    arn = request.view(request.there)["arn"]
    return isinstance(name, str) and (name == arn or name.startswith(f"{arn}/"))

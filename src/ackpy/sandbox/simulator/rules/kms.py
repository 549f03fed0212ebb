"""What KMS does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/ (each operation's page) and, for what a key's state allows,
https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ackpy.sandbox.simulator.documents import listed, parsed_policy
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.kms_keys import DAY, described, metadata, uuid
from ackpy.sandbox.simulator.verbs import list_resources
from ackpy.sandbox.simulator.world import Resource, instant

_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")
_GRANT_NAME = re.compile(r"[a-zA-Z0-9:/_-]{1,256}")
_PRINCIPAL = re.compile(r"arn:aws:(iam|sts)::\d{12}:.+|[a-z0-9.-]+\.amazonaws\.com")
_MOST_TAGS = 50


def create_key(request: Request) -> None:
    """A key has what its kind has; who makes it must be able to change its policy later."""
    made = metadata(request)
    _check_tags(request, request.params.get("Tags", []))
    policy = request.params.setdefault("Policy", _own_policy(request.account))
    if not request.params.get("BypassPolicyLockoutSafetyCheck"):
        _check_lockout(request, policy)
    request.named = f"mrk-{uuid(request).replace('-', '')}" if made["MultiRegion"] else uuid(request)
    request.initial["state"] = made
    key = Resource(request.named, request.account, request.region, request.now, request.now, {"state": made})
    request.answer["KeyMetadata"] = described(key)


def describe_key(request: Request) -> Answer:
    """What a key is, and about."""
    return {"KeyMetadata": described(request.there)}


def put_policy(request: Request) -> None:
    """Who changes a policy must be able to change it again."""
    if request.params.get("PolicyName", "default") != "default":
        raise request.fault("NotFoundException", "No such policy exists")
    if not request.params.get("BypassPolicyLockoutSafetyCheck"):
        _check_lockout(request, request.params["Policy"])


def get_policy(request: Request) -> None:
    """There is one policy, of one name."""
    if request.params.get("PolicyName", "default") != "default":
        raise request.fault("NotFoundException", "No such policy exists")


def tag(request: Request) -> None:
    """A key that will be deleted isn't tagged any more."""
    _changeable(request, "PendingDeletion")
    if "Tags" in request.params:
        _check_tags(request, request.params["Tags"])


def rotation_status(request: Request) -> Answer:
    """Of a key that will be deleted it is off."""
    state = _rotatable(request)
    days = 0 if described(request.there)["KeyState"] == "PendingDeletion" else _days(request.there)
    return {"KeyId": _arn(request, request.key), "KeyRotationEnabled": bool(days)} | (
        {"RotationPeriodInDays": days, "NextRotationDate": instant(state["CreationDate"] + days * DAY)} if days else {}
    )


def enable_rotation(request: Request) -> Answer:
    """Only symmetric keys whose material is KMS's own are rotated."""
    state = _rotatable(request)
    if state["Origin"] != "AWS_KMS":
        raise request.fault("UnsupportedOperationException")
    _enabled(request)
    days = request.params.get("RotationPeriodInDays", 365)
    if not 90 <= days <= 2560:
        raise request.fault("ValidationException")
    request.store("rotation", {"days": days})
    return {}


def disable_rotation(request: Request) -> Answer:
    """As `enable_rotation`."""
    state = _rotatable(request)
    if state["Origin"] != "AWS_KMS":
        raise request.fault("UnsupportedOperationException")
    _enabled(request)
    request.store("rotation", {})
    return {}


def switch(request: Request) -> Answer:
    """A key is enabled or disabled."""
    _changeable(request, "PendingDeletion", "PendingImport")
    _store_state(request, {"Enabled": request.operation == "EnableKey"})
    return {}


def schedule_deletion(request: Request) -> Answer:
    """A key is deleted after some days, and can't be used until then."""
    _changeable(request, "PendingDeletion")
    days = request.params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise request.fault("ValidationException")
    ends = request.now + days * DAY
    request.slot.write(replace(request.there, ends=ends, modified=request.now), request.lags.deleted, request.now)
    date = {"KeyId": _arn(request, request.key), "DeletionDate": instant(ends)}
    return date | {"KeyState": "PendingDeletion", "PendingWindowInDays": days}


def cancel_deletion(request: Request) -> Answer:
    """The key is there again, and disabled."""
    if request.there.ends is None:
        raise request.fault("KMSInvalidStateException", f"{_arn(request, request.key)} is not pending deletion.")
    parts: Any = request.there.parts
    kept = replace(request.there, ends=None, parts={**parts, "state": {**parts["state"], "Enabled": False}})
    request.slot.write(kept, request.lags.changed, request.now)
    return {"KeyId": _arn(request, request.key)}


def create_alias(request: Request) -> None:
    """An alias names a key of its account and region. Where the key of one is gone, so is the alias."""
    name = request.params["AliasName"]
    if not name.startswith("alias/"):
        raise request.fault("ValidationException", 'Alias must start with the prefix "alias/"')
    if name.startswith("alias/aws/"):
        raise request.fault("NotAuthorizedException")
    if not _ALIAS.fullmatch(name):
        raise request.fault("InvalidAliasNameException")
    request.params["TargetKeyId"] = _target(request).key
    there: Any = request.slot.current
    if there and request.other("Key", there.parts["target"]["TargetKeyId"]).current is None:
        request.slot.current = None


def update_alias(request: Request) -> None:
    """The other key must be of the same type and usage."""
    target = _target(request)
    request.params["TargetKeyId"] = target.key
    before: Any = request.other("Key", request.part("target")["TargetKeyId"]).current
    new: Any = target.parts["state"]
    if before and _sort(before.parts["state"]) != _sort(new):
        message = "The current and new KMS key must be of the same type and have the same key usage"
        raise request.fault("ValidationException", message)


def list_aliases(request: Request) -> Answer:
    """Those of keys that are there."""
    if "KeyId" in request.params:
        request.params["KeyId"] = _key(request, request.params["KeyId"]).key
    answer = list_resources(request)
    there = [one for one in answer["Aliases"] if request.other("Key", one["TargetKeyId"]).current]
    return {**answer, "Aliases": there}


def create_grant(request: Request) -> Answer | None:
    """A name that is given again with all else is the grant that there is."""
    params = request.params
    key = _key(request, params["KeyId"])
    _usable(request, key, "DisabledException")
    state: Any = key.parts["state"]
    principals = [params[member] for member in ("GranteePrincipal", "RetiringPrincipal") if member in params]
    if not _PRINCIPAL.fullmatch(params.get("GranteePrincipal", "")) and "GranteePrincipal" not in params:
        raise request.fault("ValidationException", "Either GranteePrincipal or GranteeServicePrincipal is needed")
    if not all(_PRINCIPAL.fullmatch(principal) for principal in principals):
        raise request.fault("InvalidArnException")
    if not _GRANT_NAME.fullmatch(params.get("Name", "a")) or not params["Operations"]:
        raise request.fault("ValidationException")
    if params.get("Constraints") and state["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise request.fault("ValidationException", "Constraints are for symmetric keys")
    params["KeyId"], params["Operations"] = _arn(request, key.key), sorted({*params["Operations"]})
    token = f"{request.random.getrandbits(256):064x}"
    for there in request.world.there("kms", "Grant"):
        kept: Any = there.parts["grant"]
        given = {member: params[member] for member in request.action.kind.parts["grant"].members if member in params}
        if "Name" in given and kept == given and (there.account, there.region) == (request.account, request.region):
            return {"GrantId": there.key, "GrantToken": token}
    request.named = f"{request.random.getrandbits(256):064x}"
    request.answer |= {"GrantId": request.named, "GrantToken": token}
    return None


def list_grants(request: Request) -> Answer:
    """Those of one key, each with what it allows."""
    request.params["KeyId"] = _arn(request, _key(request, request.params["KeyId"]).key)
    if "GranteePrincipal" in request.params and "GranteeServicePrincipal" in request.params:
        raise request.fault("ValidationException")
    answer = list_resources(request)
    return {**answer, "Grants": [one | _granted(request, one["GrantId"]) for one in answer["Grants"]]}


def revoke_grant(request: Request) -> None:
    """The key must be the grant's."""
    if _arn(request, _key(request, request.params["KeyId"]).key) != request.part("grant")["KeyId"]:
        raise request.fault("NotFoundException", "Grant ID not found")


def _granted(request: Request, grant_id: str) -> Answer:
    slot = request.other("Grant", grant_id)
    there: Any = slot.current or slot.before
    date = {"CreationDate": instant(there.created), "IssuingAccount": f"arn:aws:iam::{there.account}:root"}
    return {**there.parts["grant"], **date}


def _key(request: Request, given: str) -> Resource:
    """The key that an id or an ARN names.

    Raises:
        AwsFault: there is none.
    """
    found = request.other("Key", given.rpartition("/")[2]).current
    if found is None or "alias/" in given:
        raise request.fault("NotFoundException", f"Key '{_arn(request, given.rpartition('/')[2])}' does not exist")
    return found


def _target(request: Request) -> Resource:
    given = request.params["TargetKeyId"]
    if "alias/" in given:
        raise request.fault("ValidationException", "Aliases must refer to keys. Not aliases")
    key = _key(request, given)
    if key.ends is not None:
        raise request.fault("KMSInvalidStateException", f"{_arn(request, key.key)} is pending deletion.")
    return key


def _changeable(request: Request, *states: str) -> None:
    """Refuse what the key isn't changed in."""
    state = described(request.there)["KeyState"]
    if state in states:
        raise request.fault("KMSInvalidStateException", f"{_arn(request, request.key)} is {state}.")


def _enabled(request: Request) -> None:
    _usable(request, request.there, "DisabledException")


def _usable(request: Request, key: Resource, disabled: str) -> None:
    state = described(key)["KeyState"]
    if state == "Disabled":
        raise request.fault(disabled, f"{_arn(request, key.key)} is disabled.")
    if state not in {"Enabled", "PendingImport"}:
        raise request.fault("KMSInvalidStateException", f"{_arn(request, key.key)} is {state}.")


def _rotatable(request: Request) -> Answer:
    state: Answer = request.part("state")
    if state["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise request.fault("UnsupportedOperationException")
    return {**state, "CreationDate": request.there.created}


def _days(key: Resource) -> int:
    kept: Any = key.parts.get("rotation") or {}
    return int(kept.get("days", 0))


def _store_state(request: Request, members: Answer) -> None:
    request.store("state", {**request.part("state"), **members})


def _sort(state: Answer) -> tuple[bool, bool, str]:
    spec = state["KeySpec"]
    return spec == "SYMMETRIC_DEFAULT", spec.startswith("HMAC"), state["KeyUsage"]


def _check_tags(request: Request, tags: list[Answer]) -> None:
    keys = [one["TagKey"] for one in tags]
    if len(keys) != len({*keys}) or any(key.startswith("aws:") for key in keys) or len(keys) > _MOST_TAGS:
        raise request.fault("TagException")


def _check_lockout(request: Request, policy: str) -> None:
    """The caller's account must be let change the policy; a text that is no policy is refused by who stores it."""
    try:
        statements = parsed_policy(policy)
    except ValueError as error:
        raise request.fault("MalformedPolicyDocumentException", str(error)) from error
    for statement in statements:
        principal = statement.get("Principal")
        who = listed(principal.get("AWS") if isinstance(principal, dict) else principal)
        mine = any(isinstance(one, str) and (one == "*" or request.account in one) for one in who)
        may = {"*", "kms:*", "kms:Put*", "kms:PutKeyPolicy"} & {str(one) for one in listed(statement.get("Action"))}
        if statement["Effect"] == "Allow" and mine and may:
            return
    message = "The new key policy will not allow you to update the key policy in the future."
    raise request.fault("MalformedPolicyDocumentException", message)


def _own_policy(account: str) -> str:
    """What a key that is made without a policy has: its account may do everything."""
    allowed = {
        "Sid": "Enable IAM User Permissions", "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*",
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [allowed]})


def _arn(request: Request, key: str) -> str:
    return f"arn:aws:kms:{request.region}:{request.account}:key/{key.rpartition('/')[2]}"


RULES: dict[str, Callable[[Request], Answer | None]] = {
    "CancelKeyDeletion": cancel_deletion,
    "CreateAlias": create_alias,
    "CreateGrant": create_grant,
    "CreateKey": create_key,
    "DescribeKey": describe_key,
    "DisableKey": switch,
    "DisableKeyRotation": disable_rotation,
    "EnableKey": switch,
    "EnableKeyRotation": enable_rotation,
    "GetKeyPolicy": get_policy,
    "GetKeyRotationStatus": rotation_status,
    "ListAliases": list_aliases,
    "ListGrants": list_grants,
    "PutKeyPolicy": put_policy,
    "RevokeGrant": revoke_grant,
    "ScheduleKeyDeletion": schedule_deletion,
    "TagResource": tag,
    "UntagResource": tag,
    "UpdateAlias": update_alias,
}

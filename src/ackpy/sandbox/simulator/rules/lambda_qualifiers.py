"""What Lambda does with aliases, and with what functions, versions and aliases have. Called through `RULES`.

Source: https://docs.aws.amazon.com/lambda/latest/api/ (each operation's page).
"""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules.lambda_functions import MAKING_SECONDS
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
from ackpy.sandbox.simulator.world import Resource, instant

_READY_SECONDS = 2.0
_CONCURRENT = 1000
_UNRESERVED = 100
# A permission's member → the operator and key of the condition that it becomes.
_CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
}


def create_alias(request: Request) -> None:
    """An alias points to versions that are there."""
    well_formed(request)
    _function(request)
    alias = _alias(request, {})
    request.named = request.key
    request.initial["alias"] = alias
    made = Resource(request.key, request.account, request.region, request.now, request.now, {"alias": alias})
    request.answer |= _described(request, made)


def update_alias(request: Request) -> Answer:
    """The given members are taken, the others stay."""
    well_formed(request)
    there: Any = request.there.parts["alias"]
    if request.params.get("RevisionId", _revision(request.there)) != _revision(request.there):
        raise request.fault("PreconditionFailedException")
    request.store("alias", _alias(request, there))
    stored = request.slot.current
    assert stored is not None
    return _described(request, stored)


def get_alias(request: Request) -> Answer:
    """Where an alias points."""
    return _described(request, request.there)


def add_permission(request: Request) -> Answer:
    """A statement more in the policy."""
    well_formed(request)
    params, slot = request.params, held(request)
    there: Any = slot.current.parts.get("policy") if slot.current else None
    if params["StatementId"] in (there or {}):
        message = f"The statement id ({params['StatementId']}) provided already exists."
        raise request.fault("ResourceConflictException", message)
    if "RevisionId" in params and params["RevisionId"] != revision(there or {}):
        raise request.fault("PreconditionFailedException")
    tests: Answer = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in params:
            tests.setdefault(operator, {})[key] = params[member]
    statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request, params["Principal"]),
        "Action": params["Action"],
        "Resource": arn(request, name(params["FunctionName"]), *_qualifier(request)),
        **({"Condition": tests} if tests else {}),
    }
    keep(request, slot, "policy", {**(there or {}), params["StatementId"]: statement})
    return {"Statement": json.dumps(statement)}


def remove_permission(request: Request) -> Answer:
    """A statement less."""
    slot = held(request)
    there: Any = slot.current.parts.get("policy") if slot.current else None
    left = {sid: one for sid, one in (there or {}).items() if sid != request.params["StatementId"]}
    if len(left) == len(there or {}):
        raise request.fault("ResourceNotFoundException", "No policy is associated with the given resource.")
    if "RevisionId" in request.params and request.params["RevisionId"] != revision(there):
        raise request.fault("PreconditionFailedException")
    keep(request, slot, "policy", left or None)
    return {}


def get_policy(request: Request) -> Answer:
    """All statements; where there are none, there is no policy."""
    found: Any = seen(request).parts.get("policy")
    if not found:
        raise request.fault("ResourceNotFoundException", "The resource you requested does not exist.")
    document = {"Version": "2012-10-17", "Id": "default", "Statement": [*found.values()]}
    return {"Policy": json.dumps(document), "RevisionId": revision(found)}


def put_invoke(request: Request) -> Answer:
    """What isn't given is AWS's default again."""
    well_formed(request)
    slot = held(request)
    members = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    given = {member: deepcopy(request.params[member]) for member in members if member in request.params}
    if not given:
        raise refuse(request, "You must specify at least one of error handling or destination setting.")
    keep(request, slot, "invoke", given)
    return _invoke(request, given)


def get_invoke(request: Request) -> Answer:
    """How asynchronous invocations are treated, where somebody said so."""
    found: Any = seen(request).parts.get("invoke")
    if found is None:
        message = f"The function {arn(request, request.key, *_qualifier(request))} doesn't have an EventInvokeConfig"
        raise request.fault("ResourceNotFoundException", message)
    return _invoke(request, found)


def delete_invoke(request: Request) -> Answer:
    """As `get_invoke`."""
    slot = held(request)
    if slot.current is None or slot.current.parts.get("invoke") is None:
        raise request.fault("ResourceNotFoundException", "The function doesn't have an EventInvokeConfig")
    keep(request, slot, "invoke", None)
    return {}


def put_provisioned(request: Request) -> Answer:
    """Only versions, and aliases of them, are kept warm; it takes a while."""
    well_formed(request)
    slot = held(request)
    if not _qualifier(request) or slot.current is None:
        raise refuse(request, "Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if request.now < slot.current.created + MAKING_SECONDS and request.params["Qualifier"].isdigit():
        raise request.fault("ResourceConflictException", "The function is currently in the following state: Pending")
    keep(request, slot, "_provisioned", request.now)
    keep(request, slot, "provisioned", request.params["ProvisionedConcurrentExecutions"])
    return _provisioned(request, slot.current)


def get_provisioned(request: Request) -> Answer:
    """How many are kept warm."""
    found = seen(request)
    if found.parts.get("provisioned") is None:
        raise request.fault("ProvisionedConcurrencyConfigNotFoundException")
    return _provisioned(request, found)


def delete_provisioned(request: Request) -> Answer:
    """What there isn't needn't be deleted."""
    keep(request, held(request), "provisioned", None)
    return {}


def get_concurrency(request: Request) -> Answer:
    """What is reserved for the function; nothing where nothing is."""
    found: Any = request.there.parts.get("concurrency")
    return {} if found is None else {"ReservedConcurrentExecutions": found}


def put_concurrency(request: Request) -> Answer:
    """Some of the account's must stay for the other functions."""
    well_formed(request)
    wanted = request.params["ReservedConcurrentExecutions"]
    every = [other for other in request.world.there("lambda", "Function") if mine(request, other)]
    others: Any = [other.parts.get("concurrency") or 0 for other in every if other.key != request.key]
    if wanted + sum(others) > _CONCURRENT - _UNRESERVED:
        raise refuse(
            request, "Specified ReservedConcurrentExecutions decreases the account's below its minimum of [100]."
        )
    keep(request, request.slot, "concurrency", wanted)
    return {"ReservedConcurrentExecutions": wanted}


def delete_concurrency(request: Request) -> Answer:
    """What isn't reserved needn't be released."""
    keep(request, request.slot, "concurrency", None)
    return {}


def create_url(request: Request) -> None:
    """A function, or an alias of it, has one URL."""
    well_formed(request)
    held(request)
    if request.params.get("Qualifier", "").isdigit():
        raise refuse(request, "A version has no URL")
    request.named = request.key
    request.initial["url"] = _url(request, {})
    parts = request.initial
    made = Resource(request.key, request.account, request.region, request.now, request.now, parts)
    request.answer |= _url_described(request, made)


def update_url(request: Request) -> Answer:
    """As `update_alias`."""
    well_formed(request)
    there: Any = request.there.parts["url"]
    request.store("url", _url(request, there))
    stored = request.slot.current
    assert stored is not None
    return {**_url_described(request, stored), "LastModifiedTime": shown(request.now)}


def get_url(request: Request) -> Answer:
    """A URL, and who may call it."""
    return {**_url_described(request, request.there), "LastModifiedTime": shown(request.there.modified)}


def list_aliases(request: Request) -> Answer:
    """Those of one function, by name."""
    there, version = _function(request).key, request.params.get("FunctionVersion")
    described = [_described(request, one) for one in _own(request, "Alias", there)]
    return {"Aliases": [one for one in described if version in {None, one["FunctionVersion"]}]}


def list_urls(request: Request) -> Answer:
    """Those of one function and of its aliases."""
    urls = _own(request, "Url", _function(request).key)
    return {
        "FunctionUrlConfigs": [
            {**_url_described(request, one), "LastModifiedTime": shown(one.modified)} for one in urls
        ]
    }


def _own(request: Request, kind: str, function: str) -> list[Resource]:
    """What belongs to a function and can be seen by now."""
    every = request.world.look("lambda", kind, request.now)
    return sorted(
        (one for one in every if one.key.split(":")[0] == function and mine(request, one)), key=lambda one: one.key
    )


def _function(request: Request) -> Resource:
    function = name(request.params["FunctionName"])
    found = request.other("Function", function).current
    if found is None:
        raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function)}")
    return found


def _qualifier(request: Request) -> list[str]:
    given = request.params.get("Qualifier", LATEST)
    return [] if given == LATEST else [given]


def _alias(request: Request, there: Answer) -> Answer:
    """An alias with what the input has."""
    members = ("Description", "FunctionVersion", "RoutingConfig")
    given = {member: deepcopy(request.params[member]) for member in members if member in request.params}
    result: Answer = {"Description": "", **there, **given}
    weights = (result.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        result.pop("RoutingConfig", None)
    if len(weights) > 1 or not all(0 <= weight <= 1 for weight in weights.values()):
        raise refuse(request, "An alias points to one additional version, with a weight from 0 to 1")
    if weights and (LATEST in {*weights, result["FunctionVersion"]} or result["FunctionVersion"] in weights):
        raise refuse(request, "Weights are for two different published versions")
    function = name(request.params["FunctionName"])
    for number in {result["FunctionVersion"], *weights} - {LATEST}:
        if request.other("Version", f"{function}:{number}").current is None:
            raise request.fault("ResourceNotFoundException", f"Function not found: {arn(request, function, number)}")
    return result


def _described(request: Request, alias: Resource) -> Answer:
    its: Any = alias.parts["alias"]
    function, _, own = alias.key.partition(":")
    named = {"AliasArn": arn(request, function, own), "Name": own, "RevisionId": _revision(alias)}
    return {**deepcopy(its), **named}


def _revision(alias: Resource) -> str:
    return revision(alias.key, alias.parts["alias"], alias.created)


def _principal(request: Request, given: str) -> object:
    if given == "*":
        return "*"
    if given.isdigit() and len(given) == 12:
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if given.startswith("arn:aws"):
        return {"AWS": given}
    if "." not in given:
        raise refuse(request, f"The provided principal was invalid. Please check the principal and try again: {given}")
    return {"Service": given}


def _invoke(request: Request, given: Answer) -> Answer:
    own = name(request.params["FunctionName"])
    return {
        **deepcopy(given),
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **given.get("DestinationConfig", {})},
        "FunctionArn": arn(request, own, request.params.get("Qualifier", LATEST)),
        "LastModified": instant(request.now),
    }


def _provisioned(request: Request, found: Resource) -> Answer:
    wanted: Any = found.parts.get("provisioned") or request.params.get("ProvisionedConcurrentExecutions")
    since: Any = found.parts.get("_provisioned", request.now)
    ready = request.now >= since + _READY_SECONDS
    return {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": wanted if ready else 0,
        "AllocatedProvisionedConcurrentExecutions": wanted if ready else 0,
        "Status": "READY" if ready else "IN_PROGRESS",
        "LastModified": shown(since),
    }


def _url(request: Request, there: Answer) -> Answer:
    given: Answer = {
        member: deepcopy(request.params[member]) for member in ("AuthType", "Cors") if member in request.params
    }
    return without({**there, **given})


def _url_described(request: Request, url: Resource) -> Answer:
    its: Any = url.parts["url"]
    function, _, qualifier = url.key.partition(":")
    own = hashlib.sha256(f"{url.account}{url.region}{url.key}".encode()).hexdigest()[:32]
    return {
        **deepcopy(its),
        "CreationTime": shown(url.created),
        "FunctionArn": arn(request, function, *([] if qualifier == LATEST else [qualifier])),
        "FunctionUrl": f"https://{own}.lambda-url.{url.region}.on.aws/",
        "InvokeMode": "BUFFERED",
    }


RULES = {
    "AddPermission": add_permission,
    "CreateAlias": create_alias,
    "CreateFunctionUrlConfig": create_url,
    "DeleteFunctionConcurrency": delete_concurrency,
    "DeleteFunctionEventInvokeConfig": delete_invoke,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned,
    "GetAlias": get_alias,
    "GetFunctionConcurrency": get_concurrency,
    "GetFunctionEventInvokeConfig": get_invoke,
    "GetFunctionUrlConfig": get_url,
    "GetPolicy": get_policy,
    "GetProvisionedConcurrencyConfig": get_provisioned,
    "ListAliases": list_aliases,
    "ListFunctionUrlConfigs": list_urls,
    "PutFunctionConcurrency": put_concurrency,
    "PutFunctionEventInvokeConfig": put_invoke,
    "PutProvisionedConcurrencyConfig": put_provisioned,
    "RemovePermission": remove_permission,
    "UpdateAlias": update_alias,
    "UpdateFunctionUrlConfig": update_url,
}

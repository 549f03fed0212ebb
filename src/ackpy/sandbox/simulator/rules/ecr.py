"""What ECR does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ (each operation's page) and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ (pull-through-cache.html, repository-creation-templates.html,
image-tag-mutability.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ackpy.sandbox.simulator.documents import parsed_policy, rewritten, rewritten_policy
from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, instant

_WORDS = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?=.{{2,256}}$){_WORDS}(?:/{_WORDS})*")
_PREFIX = re.compile(rf"(?=.{{2,30}}$){_WORDS}(?:/{_WORDS})*/?|ROOT")
_TEMPLATE_PREFIX = re.compile(rf"(?=.{{1,256}}$){_WORDS}(?:/{_WORDS})*/?|ROOT")
_SECRET = re.compile(r"arn:aws[\w-]*:secretsmanager:[\w:-]+:secret:ecr-pullthroughcache/[\w/+=.@-]+")
_MOST_TAGS = 50
# Where images may come from, and whether that registry wants to know who asks.
_UPSTREAM = {
    "ecr": (r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com", False),
    "ecr-public": (r"public\.ecr\.aws", False),
    "quay": (r"quay\.io", False),
    "k8s": (r"registry\.k8s\.io", False),
    "docker-hub": (r"registry-1\.docker\.io", True),
    "github-container-registry": (r"ghcr\.io", True),
    "azure-container-registry": (r"[a-z0-9]+\.azurecr\.io", True),
    "gitlab-container-registry": (r"registry\.gitlab\.com", True),
    "chainguard": (r"cgr\.dev", True),
}


def create_repository(request: Request) -> None:
    """Names have a form, tags are few, and a key is known by its ARN."""
    params = request.params
    _check_registry(request)
    if not _NAME.fullmatch(params["repositoryName"]):
        raise request.fault("InvalidParameterException", "Invalid parameter at 'repositoryName'")
    _check_tags(request, {tag["Key"]: tag["Value"] for tag in params.get("tags", [])})
    _check_filters(request, params)
    _name_key(request, managed=True)
    request.answer["repository"] = _repository(_made(request, "settings"))


def describe_repositories(request: Request) -> Answer:
    """Those that are named, which must be there, or all."""
    _check_registry(request)
    return _described(request, "repositoryNames", "Repository", _repository)


def delete_repository(request: Request) -> Answer:
    """What is deleted is told."""
    request.slot.write(None, request.lags.deleted, request.now)
    return {"repository": _repository(request.there)}


def put_scanning(request: Request) -> Answer:
    """The whole configuration is replaced."""
    scanning = {"scanOnPush": False, **request.params["imageScanningConfiguration"]}
    request.store("settings", {**request.part("settings"), "imageScanningConfiguration": scanning})
    return {**_names(request), "imageScanningConfiguration": scanning}


def put_mutability(request: Request) -> Answer:
    """Mutability and its exceptions are replaced together."""
    _check_filters(request, request.params)
    names = ("imageTagMutability", "imageTagMutabilityExclusionFilters")
    rest = {name: value for name, value in request.part("settings").items() if name not in names}
    given = {name: request.params[name] for name in names if name in request.params}
    request.store("settings", {**rest, **given})
    return {**_names(request), **given}


def put_lifecycle(request: Request) -> None:
    """A policy has rules, each with a priority of its own."""
    _check_lifecycle(request, request.params["lifecyclePolicyText"])


def remove_part(request: Request) -> None:
    """What isn't there can't be taken away."""
    if request.part(request.action.part_name) is None:
        raise request.fault(request.action.part.absent)


def set_policy(request: Request) -> None:
    """A policy of a repository says who may."""
    _check_policy(request, request.params["policyText"])


def tag_resource(request: Request) -> None:
    """Tags are few."""
    new = {tag["Key"]: tag["Value"] for tag in request.params["tags"]}
    _check_tags(request, {**(request.part("tags") or {}), **new})


def create_rule(request: Request) -> None:
    """The upstream registry is told by its URL; some want credentials."""
    params = request.params
    _check_registry(request)
    for member in ("ecrRepositoryPrefix", "upstreamRepositoryPrefix"):
        if member in params and not _PREFIX.fullmatch(params[member]):
            raise request.fault("InvalidParameterException", f"Invalid parameter at '{member}'")
    url = params["upstreamRegistryUrl"]
    found = next((name for name, (pattern, _) in _UPSTREAM.items() if re.fullmatch(pattern, url)), None)
    if found is None or params.setdefault("upstreamRegistry", found) != found:
        raise request.fault("UnsupportedUpstreamRegistryException")
    if _UPSTREAM[found][1] and "credentialArn" not in params:
        raise request.fault("InvalidParameterException", f"Credentials are required for the registry {found}.")
    _check_secret(request)
    request.answer |= _without(_rule(_made(request, "rule")), "updatedAt")


def describe_rules(request: Request) -> Answer:
    """Those that are named, which must be there, or all."""
    _check_registry(request)
    return _described(request, "ecrRepositoryPrefixes", "PullThroughCacheRule", _rule)


def update_rule(request: Request) -> Answer:
    """Credentials and role are exchanged."""
    _check_secret(request)
    given = {name: request.params[name] for name in ("credentialArn", "customRoleArn") if name in request.params}
    request.store("rule", {**request.part("rule"), **given})
    stored = request.slot.current
    return _without(_rule(stored), "createdAt", "upstreamRegistry", "upstreamRegistryUrl") if stored else {}


def create_template(request: Request) -> None:
    """A template's parts are checked as a repository's are."""
    if not _TEMPLATE_PREFIX.fullmatch(request.params["prefix"]):
        raise request.fault("InvalidParameterException", "Invalid parameter at 'prefix'")
    request.params |= _checked_template(request)
    made = _template(_made(request, "template"))
    request.answer |= {"registryId": request.account, "repositoryCreationTemplate": made}


def describe_templates(request: Request) -> Answer:
    """Those that are named, of which none need be there, or all."""
    answer = _described(request, "prefixes", "RepositoryCreationTemplate", _template, must_be=False)
    return {"registryId": request.account, **answer}


def update_template(request: Request) -> Answer:
    """What is given is replaced; exceptions go with the mutability that has them, and what is empty goes."""
    given = _checked_template(request)
    old = request.part("template")
    if not given.get("imageTagMutability", old["imageTagMutability"]).endswith("_WITH_EXCLUSION"):
        old = _without(old, "imageTagMutabilityExclusionFilters")
    template = {name: value for name, value in {**old, **given}.items() if value != ""}
    request.store("template", template)
    stored = request.slot.current
    return {"registryId": request.account, "repositoryCreationTemplate": _template(stored) if stored else {}}


def _described(
    request: Request, member: str, kind: str, shown: Callable[[Resource], Answer], *, must_be: bool = True
) -> Answer:
    """The resources that an input names, or all of the region."""
    found: list[Answer] = []
    for name in request.params.get(member) or [one.key for one in _mine(request, kind)]:
        resource = request.other(kind, name).look(request.now)
        if resource is not None:
            found.append(shown(resource))
        elif must_be:
            request.named = name
            raise request.fault(request.service.kinds[kind].absent)
    return {request.action.kind.listing.items: found}


def _made(request: Request, name: str) -> Resource:
    """The resource that is being made, with the record of this name as the creation will store it."""
    part = request.action.kind.parts[name]
    defaults: Any = part.initial or {}
    given = {member: request.params[member] for member in part.members if member in request.params}
    record = {name: {**defaults, **given}}
    return Resource(request.key, request.account, request.region, request.now, request.now, record)


def _mine(request: Request, kind: str) -> Iterator[Resource]:
    for resource in request.world.there(request.service.name, kind):
        if (resource.account, resource.region) == (request.account, request.region):
            yield resource


def _repository(resource: Resource) -> Answer:
    settings: Any = resource.parts["settings"]
    host = f"{resource.account}.dkr.ecr.{resource.region}.amazonaws.com"
    return {
        **settings,
        "repositoryArn": f"arn:aws:ecr:{resource.region}:{resource.account}:repository/{resource.key}",
        "registryId": resource.account,
        "repositoryName": resource.key,
        "repositoryUri": f"{host}/{resource.key}",
        "createdAt": instant(resource.created),
    }


def _rule(resource: Resource) -> Answer:
    rule: Any = resource.parts["rule"]
    times = {"createdAt": instant(resource.created), "updatedAt": instant(resource.modified)}
    return {**rule, **times, "ecrRepositoryPrefix": resource.key, "registryId": resource.account}


def _template(resource: Resource) -> Answer:
    template: Any = resource.parts["template"]
    times = {"createdAt": instant(resource.created), "updatedAt": instant(resource.modified)}
    return {**template, **times, "prefix": resource.key, "appliedFor": sorted(template["appliedFor"])}


def _names(request: Request) -> Answer:
    return {"registryId": request.account, "repositoryName": request.key}


def _without(value: Mapping[str, Any], *names: str) -> Answer:
    return {name: item for name, item in value.items() if name not in names}


def _name_key(request: Request, *, managed: bool) -> None:
    """A key may be given by its ARN, its id or an alias; where none is given, there is the one that AWS manages."""
    given = request.params.get("encryptionConfiguration")
    if given is None or given["encryptionType"] == "AES256":
        if given and given.get("kmsKey"):
            raise request.fault("InvalidParameterException", "A KMS key goes with KMS encryption only.")
        return
    key = given.get("kmsKey") or ("alias/aws/ecr" if managed else "")
    if not key or (key.startswith("arn:") and ":alias/" not in key):
        return
    place = f"arn:aws:kms:{request.region}:{request.account}:"
    if "alias/" in key:
        key = str(uuid5(NAMESPACE_URL, place + "alias/" + key.rpartition("alias/")[2]))
    request.params["encryptionConfiguration"] = {**given, "kmsKey": f"{place}key/{key}"}


def _checked_template(request: Request) -> Answer:
    """A template's members as they are kept."""
    params = request.params
    _name_key(request, managed=False)
    if "imageTagMutability" in params or "imageTagMutabilityExclusionFilters" in params:
        _check_filters(request, params)
    part = request.action.kind.parts["template"]
    given: Answer = {member: params[member] for member in part.members if member in params}
    if given.get("lifecyclePolicy"):
        _check_lifecycle(request, given["lifecyclePolicy"])
        given["lifecyclePolicy"] = rewritten(given["lifecyclePolicy"])
    if given.get("repositoryPolicy"):
        _check_policy(request, given["repositoryPolicy"])
        given["repositoryPolicy"] = rewritten_policy(given["repositoryPolicy"])
    return given


def _check_registry(request: Request) -> None:
    if request.params.get("registryId", request.account) != request.account:
        raise request.fault("AccessDeniedException")


def _check_filters(request: Request, params: Mapping[str, Any]) -> None:
    """Exceptions go with the mutabilities that have some, and only these."""
    wanted = params.get("imageTagMutability", "MUTABLE").endswith("_WITH_EXCLUSION")
    if wanted != bool(params.get("imageTagMutabilityExclusionFilters")):
        raise request.fault("InvalidParameterException", "Invalid parameter at 'imageTagMutabilityExclusionFilters'")


def _check_tags(request: Request, tags: Mapping[str, str]) -> None:
    if len(tags) > _MOST_TAGS:
        raise request.fault("TooManyTagsException")
    if any(key.startswith("aws:") for key in tags):
        raise request.fault("InvalidTagParameterException", "Tag keys can't begin with aws:")


def _check_secret(request: Request) -> None:
    if "credentialArn" in request.params and not _SECRET.fullmatch(request.params["credentialArn"]):
        raise request.fault("InvalidParameterException", "Invalid parameter at 'credentialArn'")


def _check_lifecycle(request: Request, text: str) -> None:
    try:
        rules = json.loads(text)["rules"]
        priorities = [rule["rulePriority"] for rule in rules if rule["selection"] and rule["action"]]
    except (ValueError, KeyError, TypeError) as error:
        raise request.fault("InvalidParameterException", "Lifecycle policy validation failure") from error
    if not rules or len(set(priorities)) != len(rules):
        raise request.fault("InvalidParameterException", "Lifecycle policy validation failure: rule priorities")


def _check_policy(request: Request, text: str) -> None:
    try:
        statements = parsed_policy(text)
    except ValueError as error:
        raise request.fault("InvalidParameterException", "Invalid repository policy provided") from error
    if not all({"Principal", "NotPrincipal"} & statement.keys() for statement in statements):
        raise request.fault("InvalidParameterException", "Invalid repository policy provided")


RULES: Mapping[str, Callable[[Request], Answer | None]] = {
    "CreatePullThroughCacheRule": create_rule,
    "CreateRepository": create_repository,
    "CreateRepositoryCreationTemplate": create_template,
    "DeleteLifecyclePolicy": remove_part,
    "DeleteRepository": delete_repository,
    "DeleteRepositoryPolicy": remove_part,
    "DescribePullThroughCacheRules": describe_rules,
    "DescribeRepositories": describe_repositories,
    "DescribeRepositoryCreationTemplates": describe_templates,
    "PutImageScanningConfiguration": put_scanning,
    "PutImageTagMutability": put_mutability,
    "PutLifecyclePolicy": put_lifecycle,
    "SetRepositoryPolicy": set_policy,
    "TagResource": tag_resource,
    "UpdatePullThroughCacheRule": update_rule,
    "UpdateRepositoryCreationTemplate": update_template,
}

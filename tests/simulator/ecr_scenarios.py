"""What ECR does, as steps.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ (each operation's page).
"""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.doors import ACCOUNT
from tests.simulator.scenarios import Params, Scenario, Step

ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/r"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0d9b6a1e-3c7f-4c55-9f51-6f6c1a7b2e40"
_TAG = {"Key": "k", "Value": "v"}
_SELECTION = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}
_RULE = {"rulePriority": 1, "description": "a hundred are enough", "selection": _SELECTION}
LIFECYCLE = json.dumps({"rules": [{**_RULE, "action": {"type": "expire"}}]})
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
    }
)
_FILTERS = [{"filterType": "WILDCARD", "filter": "dev-*"}]


def repository(operation: str, answer: Params | None = None, *, lacks: str = "", code: str = "", **params: Any) -> Step:
    return Step(operation, {"repositoryName": "team/r", **params}, answer, lacks, code)


def shown(*repositories: Params) -> Step:
    return Step("DescribeRepositories", {"repositoryNames": ["team/r"]}, {"repositories": list(repositories)})


def on_repository(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a repository named team/r, made first."""
    return Scenario(name, "ecr", (repository("CreateRepository"), *steps), not_moto)


def template(operation: str, answer: Params | None = None, *, code: str = "", **params: Any) -> Step:
    wrapped = None if answer is None else {"repositoryCreationTemplate": answer}
    return Step(operation, {"prefix": "p", **params}, wrapped, code=code)


ECR = [
    Scenario(
        "a repository has defaults, a URI, and goes",
        "ecr",
        (
            repository("CreateRepository", {"repository": {"repositoryArn": ARN, "imageTagMutability": "MUTABLE"}}),
            repository("CreateRepository", code="RepositoryAlreadyExistsException"),
            shown(
                {
                    "repositoryName": "team/r",
                    "registryId": ACCOUNT,
                    "repositoryUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/r",
                    "imageScanningConfiguration": {"scanOnPush": False},
                    "encryptionConfiguration": {"encryptionType": "AES256"},
                }
            ),
            repository("DeleteRepository", {"repository": {"repositoryName": "team/r"}}, force=True),
            Step("DescribeRepositories", {"repositoryNames": ["team/r"]}, code="RepositoryNotFoundException"),
            Step("DescribeRepositories", {}, {"repositories": []}),
            repository("DeleteRepository", code="RepositoryNotFoundException"),
        ),
    ),
    Scenario(
        "names, keys and registries",
        "ecr",
        (
            repository("CreateRepository", repositoryName="Upper", code="InvalidParameterException"),
            repository("CreateRepository", registryId="210987654321", code="AccessDeniedException"),
            repository(
                "CreateRepository",
                {"repository": {"encryptionConfiguration": {"kmsKey": KEY}}},
                encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY.rpartition("/")[2]},
            ),
            repository(
                "PutImageTagMutability",
                registryId="210987654321",
                imageTagMutability="MUTABLE",
                code="AccessDeniedException",
            ),
        ),
        not_moto="moto takes a key's id for its ARN",
    ),
    on_repository(
        "scanning and mutability are put",
        repository("PutImageScanningConfiguration", imageScanningConfiguration={"scanOnPush": True}),
        repository("PutImageTagMutability", imageTagMutability="IMMUTABLE"),
        shown({"imageScanningConfiguration": {"scanOnPush": True}, "imageTagMutability": "IMMUTABLE"}),
        repository("PutImageTagMutability", imageTagMutability="SOMETIMES", code="InvalidParameterException"),
    ),
    on_repository(
        "exceptions go with the mutability that has them",
        repository(
            "PutImageTagMutability",
            imageTagMutability="MUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=_FILTERS,
        ),
        shown({"imageTagMutabilityExclusionFilters": _FILTERS}),
        repository(
            "PutImageTagMutability", imageTagMutability="MUTABLE_WITH_EXCLUSION", code="InvalidParameterException"
        ),
        repository("PutImageTagMutability", imageTagMutability="MUTABLE"),
        shown({"imageTagMutability": "MUTABLE", "imageTagMutabilityExclusionFilters": None}),
        not_moto="moto forgets the exceptions",
    ),
    on_repository(
        "policies come and go",
        repository("GetLifecyclePolicy", code="LifecyclePolicyNotFoundException"),
        repository("DeleteLifecyclePolicy", code="LifecyclePolicyNotFoundException"),
        repository("PutLifecyclePolicy", lifecyclePolicyText=LIFECYCLE),
        repository("GetLifecyclePolicy"),
        repository("DeleteLifecyclePolicy"),
        repository("GetRepositoryPolicy", code="RepositoryPolicyNotFoundException"),
        repository("SetRepositoryPolicy", policyText="{}", code="InvalidParameterException"),
        repository("SetRepositoryPolicy", policyText=POLICY),
        repository("GetRepositoryPolicy"),
        repository("DeleteRepositoryPolicy"),
        repository("DeleteRepositoryPolicy", code="RepositoryPolicyNotFoundException"),
    ),
    on_repository(
        "tags are added and removed",
        Step("TagResource", {"resourceArn": ARN, "tags": [_TAG]}),
        Step("ListTagsForResource", {"resourceArn": ARN}, {"tags": [_TAG]}),
        Step("UntagResource", {"resourceArn": ARN, "tagKeys": ["k"]}),
        Step("ListTagsForResource", {"resourceArn": ARN}, {"tags": []}),
        Step("ListTagsForResource", {"resourceArn": ARN + "x"}, code="RepositoryNotFoundException"),
    ),
    Scenario(
        "images are pulled through",
        "ecr",
        (
            Step(
                "CreatePullThroughCacheRule",
                {"ecrRepositoryPrefix": "pub", "upstreamRegistryUrl": "public.ecr.aws"},
                {"registryId": ACCOUNT, "upstreamRegistry": "ecr-public", "upstreamRepositoryPrefix": "ROOT"},
            ),
            Step(
                "CreatePullThroughCacheRule",
                {"ecrRepositoryPrefix": "pub", "upstreamRegistryUrl": "public.ecr.aws"},
                code="PullThroughCacheRuleAlreadyExistsException",
            ),
            Step(
                "CreatePullThroughCacheRule",
                {"ecrRepositoryPrefix": "x1", "upstreamRegistryUrl": "example.com"},
                code="UnsupportedUpstreamRegistryException",
            ),
            Step(
                "CreatePullThroughCacheRule",
                {"ecrRepositoryPrefix": "x1", "upstreamRegistryUrl": "ghcr.io"},
                code="InvalidParameterException",
            ),
            Step("UpdatePullThroughCacheRule", {"ecrRepositoryPrefix": "pub", "customRoleArn": "arn:r"}),
            Step(
                "DescribePullThroughCacheRules",
                {"ecrRepositoryPrefixes": ["pub"]},
                {"pullThroughCacheRules": [{"customRoleArn": "arn:r", "upstreamRegistryUrl": "public.ecr.aws"}]},
            ),
            Step("DeletePullThroughCacheRule", {"ecrRepositoryPrefix": "pub"}),
            Step(
                "DeletePullThroughCacheRule",
                {"ecrRepositoryPrefix": "pub"},
                code="PullThroughCacheRuleNotFoundException",
            ),
            Step(
                "DescribePullThroughCacheRules",
                {"ecrRepositoryPrefixes": ["pub"]},
                code="PullThroughCacheRuleNotFoundException",
            ),
        ),
        not_moto="moto has no pull-through cache rules",
    ),
    Scenario(
        "a template's members are replaced one by one",
        "ecr",
        (
            template(
                "CreateRepositoryCreationTemplate",
                {"imageTagMutability": "MUTABLE", "resourceTags": []},
                appliedFor=["REPLICATION", "PULL_THROUGH_CACHE"],
                description="d",
                repositoryPolicy=POLICY,
            ),
            template("CreateRepositoryCreationTemplate", appliedFor=[], code="TemplateAlreadyExistsException"),
            template(
                "UpdateRepositoryCreationTemplate",
                {"description": "d", "resourceTags": [_TAG], "customRoleArn": "arn:r"},
                resourceTags=[_TAG],
                customRoleArn="arn:r",
                lifecyclePolicy=LIFECYCLE,
            ),
            template(
                "UpdateRepositoryCreationTemplate",
                {"description": None, "repositoryPolicy": None},
                description="",
                repositoryPolicy="",
            ),
            Step(
                "DescribeRepositoryCreationTemplates",
                {"prefixes": ["p", "q"]},
                {"repositoryCreationTemplates": [{"prefix": "p", "appliedFor": ["PULL_THROUGH_CACHE", "REPLICATION"]}]},
            ),
            template("DeleteRepositoryCreationTemplate"),
            template("DeleteRepositoryCreationTemplate", code="TemplateNotFoundException"),
            Step("DescribeRepositoryCreationTemplates", {"prefixes": ["p"]}, {"repositoryCreationTemplates": []}),
        ),
        not_moto="moto has no creation templates",
    ),
]

"""ECR: a repository in parts, each with its call."""

from typing import Any

import pytest

from tests.kit.asked import Sent, asked

REPOSITORY, TEMPLATE = asked("ecr/Repository"), asked("ecr/RepositoryCreationTemplate")
DOCUMENT, OTHER = '{"rules": [1]}', '{"rules": [2]}'
SCAN, MUTABLE = "PutImageScanningConfiguration", "PutImageTagMutability"
FILTERS = [{"filter": "dev*", "filterType": "WILDCARD"}]


def test_policies_follow_the_creation() -> None:
    """Contract, ecr/Repository, behaviour 1: CreateRepository takes neither policy."""
    spec = {"name": "r", "policy": DOCUMENT, "lifecyclePolicy": DOCUMENT}
    first, *rest = REPOSITORY.operations(spec)
    assert first == "CreateRepository"
    assert sorted(rest) == ["PutLifecyclePolicy", "SetRepositoryPolicy"]
    assert REPOSITORY.operations({"name": "r"}) == ["CreateRepository"]


@pytest.mark.parametrize(
    ("spec", "there", "sent"),
    [
        ({"imageScanningConfiguration": {"scanOnPush": True}}, {},
         [(SCAN, {"imageScanningConfiguration": {"scanOnPush": True}})]),
        ({}, {"imageScanningConfiguration": {"scanOnPush": True}},
         [(SCAN, {"imageScanningConfiguration": {"scanOnPush": False}})]),
        ({}, {"imageScanningConfiguration": {"scanOnPush": False}}, []),
        ({"imageTagMutability": "IMMUTABLE"}, {}, [(MUTABLE, {"imageTagMutability": "IMMUTABLE"})]),
        ({}, {"imageTagMutability": "IMMUTABLE"}, [(MUTABLE, {"imageTagMutability": "MUTABLE"})]),
        ({}, {"imageTagMutability": "MUTABLE"}, []),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": FILTERS},
         {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
         [(MUTABLE, {
             "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": FILTERS,
         })]),
        ({"lifecyclePolicy": DOCUMENT}, {"lifecyclePolicy": OTHER},
         [("PutLifecyclePolicy", {"lifecyclePolicyText": DOCUMENT})]),
        ({}, {"lifecyclePolicy": OTHER}, [("DeleteLifecyclePolicy", {})]),
        ({"lifecyclePolicy": ""}, {"lifecyclePolicy": OTHER}, [("DeleteLifecyclePolicy", {})]),
        ({"policy": DOCUMENT}, {"policy": OTHER}, [("SetRepositoryPolicy", {"policyText": DOCUMENT})]),
        ({}, {"policy": OTHER}, [("DeleteRepositoryPolicy", {})]),
        ({"policy": ""}, {"policy": OTHER}, [("DeleteRepositoryPolicy", {})]),
        ({"tags": [{"key": "a", "value": "1"}]}, {"tags": [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]},
         [("UntagResource", {"tagKeys": ["b"]}), ("TagResource", {"tags": [{"Key": "a", "Value": "1"}]})]),
    ],
)  # fmt: skip
def test_each_part_of_a_repository_has_its_call(spec: dict[str, Any], there: dict[str, Any], sent: Sent) -> None:
    """Contract, ecr/Repository, behaviour 2: each only when different, and what unset means."""
    assert REPOSITORY.sent({"name": "r", **spec}, there) == sent


def test_tags_of_a_repository_have_no_order() -> None:
    """Contract, ecr/Repository, behaviour 2: tags are a set."""
    tags = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert REPOSITORY.sent({"name": "r", "tags": tags}, {"tags": tags[::-1]}) == []


@pytest.mark.parametrize(("text", "force"), [("true", True), ("false", False), ("soon", False), (None, False)])
def test_images_go_along_where_the_annotation_says_so(text: str | None, force: bool) -> None:
    """Contract, ecr/Repository, behaviour 3: force-delete."""
    annotations = {} if text is None else {"ecr.services.k8s.aws/force-delete": text}
    assert REPOSITORY.sent({"name": "r"}, {}, deleting=True, annotations=annotations) == [
        ("DeleteRepository", {"force": force})
    ]


def test_a_template_is_changed_and_deleted_by_its_prefix() -> None:
    """Contract, ecr/RepositoryCreationTemplate, behaviour 0."""
    spec = {"prefix": "p", "appliedFor": ["REPLICATION"], "description": "new"}
    assert TEMPLATE.operations(spec) == ["CreateRepositoryCreationTemplate"]
    assert TEMPLATE.operations(spec, {**spec, "description": "old"}) == ["UpdateRepositoryCreationTemplate"]
    assert TEMPLATE.operations(spec, spec, deleting=True) == ["DeleteRepositoryCreationTemplate"]

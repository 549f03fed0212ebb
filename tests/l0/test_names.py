"""One rule gives the Kubernetes name of every AWS member, in all services of the contract; what it can't is listed."""

from collections.abc import Iterator
from typing import Any

import pytest

from ackpy.kinds.names import field_name, plural_name, reference_name
from tests.kit.contract import contract, expand, services

KINDS = [(service, name) for service in services() for name in contract(service)["kinds"]]

# Names of nested fields that don't follow from the member's: definitions say them (service.yaml, names).
NESTED = {
    ("apigateway", "Type", "type"),
    ("ec2", "Type", "type"),
    ("eks", "Type", "type"),
    ("elasticache", "Type", "type"),
    ("lambda", "Type", "type"),
    ("s3", "Type", "type"),
    ("eks", "Cidrs", "cidrs"),
    ("lambda", "URI", "uri"),
}
# Members of create operations that are called otherwise, beside the renames that the contract lists.
TOP = {
    ("apigateway", "type", "type"),
    ("ec2", "RamdiskId", "ramDiskID"),
    ("eks", "type", "type"),
}


def nested(node: Any, *, top: bool = True) -> Iterator[tuple[str, str]]:
    """AWS member and field name of every field below the top; members differ from names in one letter if not marked."""
    if (node if isinstance(node, str) else node.get("type")) in contract("common")["types"]:
        return
    node = expand(node)
    for name, child in node.get("fields", {}).items():
        if not top and (child if isinstance(child, str) else child.get("type")) not in contract("common")["types"]:
            marked = child.get("aws") if isinstance(child, dict) else None
            yield marked or (name if field_name(name) == name else name[0].upper() + name[1:]), name
        yield from nested(child, top=False)
    for key in ("list", "map"):
        if key in node:
            yield from nested(node[key], top=False)


def misnamed(service: str, kind: str) -> set[tuple[str, str, str]]:
    """Members whose nested field has another name than the rule gives."""
    versions = contract(service)["kinds"][kind]["versions"]
    pairs = {pair for version in versions for section in ("spec", "status") for pair in nested(version[section])}
    return {(service, member, name) for member, name in pairs if field_name(member) != name}


def renamed(service: str, kind: str) -> set[tuple[str, str, str]]:
    """Members of the create input whose spec field has another name than the rule or a listed rename gives."""
    known = contract(service)["kinds"][kind]
    create = known["operations"]["create"]
    renames = known.get("generator", {}).get("renames", {}).get(create["operation"], {}).get("input_fields", {})
    go_cased = {member.lower(): field_name(name) for member, name in renames.items()}
    return {
        (service, member, path.removeprefix("spec."))
        for aws, path in create["in"].items()
        if isinstance(path, str) and path.startswith("spec.") and path.count(".") == 1 and not aws.endswith("[]")
        for member in [aws.rpartition(".")[2].removeprefix("@")]
        if path.removeprefix("spec.") not in {field_name(member), go_cased.get(member.lower())}
    }


@pytest.mark.parametrize(("service", "kind"), KINDS, ids=[f"{service}/{kind}" for service, kind in KINDS])
def test_names_follow_from_the_members(service: str, kind: str) -> None:
    assert misnamed(service, kind) <= NESTED
    assert renamed(service, kind) <= TOP


def test_every_exception_is_needed() -> None:
    assert {one for kind in KINDS for one in misnamed(*kind)} == NESTED
    assert {one for kind in KINDS for one in renamed(*kind)} == TOP


def test_the_rule_was_tried_on_every_service() -> None:
    pairs = [
        pair
        for service, kind in KINDS
        for version in contract(service)["kinds"][kind]["versions"]
        for pair in nested(version["spec"])
    ]
    assert len(KINDS) == 130
    assert len(pairs) > 2000


@pytest.mark.parametrize(("service", "kind"), KINDS, ids=[f"{service}/{kind}" for service, kind in KINDS])
def test_plurals_follow_from_kinds(service: str, kind: str) -> None:
    assert plural_name(kind) == contract(service)["kinds"][kind]["plural"]


def test_references_follow_from_their_fields() -> None:
    odd = {
        (one["field"].rpartition(".")[2], one["ref"].rpartition(".")[2])
        for service, kind in KINDS
        for one in contract(service)["kinds"][kind].get("references", ())
        if reference_name(one["field"].rpartition(".")[2], many=one["many"]) != one["ref"].rpartition(".")[2]
    }
    assert odd == set()

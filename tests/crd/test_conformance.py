"""Every definition accepts and shows what the contract does."""

import copy
from typing import Any

import pytest

from ackpy.crd.crd import definition, shared
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import load
from tests.kit.conformance import shortfalls
from tests.kit.contract import contract, services
from tests.kit.contract_crds import contract_crd

KINDS = load()
CONTRACT = [(service, kind) for service in (*services(), "common") for kind in contract(service)["kinds"]]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_kind_keeps_the_contract(kind: Kind) -> None:
    assert shortfalls(contract(kind.service.alias)["kinds"][kind.name], definition(kind)) == []


@pytest.mark.parametrize("crd", shared(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_shared_kind_keeps_the_contract(crd: dict[str, Any]) -> None:
    assert shortfalls(contract("common")["kinds"][crd["spec"]["names"]["kind"]], crd) == []


def test_every_shared_kind_is_there() -> None:
    assert {crd["spec"]["names"]["kind"] for crd in shared()} == set(contract("common")["kinds"])


@pytest.mark.parametrize(("service", "kind"), CONTRACT, ids=[f"{service}/{kind}" for service, kind in CONTRACT])
def test_synthesised_definition_keeps_the_contract(service: str, kind: str) -> None:
    assert shortfalls(contract(service)["kinds"][kind], contract_crd(contract(service), kind)) == []


def queue() -> dict[str, Any]:
    return copy.deepcopy(contract_crd(contract("sqs"), "Queue"))


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        ("tags", {"type": "string"}, "spec.tags is string, not object"),
        ("tags", {"type": "object", "additionalProperties": {"type": "integer"}}, "spec.tags{} is integer, not string"),
        ("delaySeconds", {"type": "string", "pattern": "^[0-9]+$"}, "spec.delaySeconds: newly bounded: pattern"),
        ("fifoQueue", {"type": "string", "enum": ["true"]}, "spec.fifoQueue: newly bounded: enum"),
        ("queueName", {"type": "string"}, "spec.queueName: rules: []"),
        (
            "policyRef",
            {
                "type": "object",
                "required": ["from"],
                "properties": queue()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
                    "properties"
                ]["policyRef"]["properties"],
            },
            "spec.policyRef: newly required: from",
        ),
        ("policy", None, "spec.policy is missing"),
    ],
)
def test_the_check_sees(path: str, change: dict[str, Any] | None, said: str) -> None:
    crd = queue()
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties[path] = change
    (found,) = shortfalls(contract("sqs")["kinds"]["Queue"], crd)
    assert found.startswith(said)


def test_the_check_sees_names_and_columns() -> None:
    crd = queue()
    crd["spec"]["names"]["plural"] = "queue"
    del crd["spec"]["versions"][0]["additionalPrinterColumns"][0]
    found = shortfalls(contract("sqs")["kinds"]["Queue"], crd)
    assert [said.split(":")[0] for said in found] == ["plural", "printer columns"]

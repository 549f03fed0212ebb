"""The real API server takes the definitions and the samples, and refuses what it should, in the contract's words."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from ackpy.crd.crd import definition, shared, to_yaml
from ackpy.kinds.registry import load
from ackpy.sandbox import binaries
from tests.kit.contract import contract, services
from tests.kit.contract_crds import contract_crd

SAMPLES = sorted((Path(__file__).parent.parent.parent / "samples").glob("*/*.yaml"))
NAMESPACE = "crd-tests"
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


class ControlPlane(Protocol):
    kubeconfig: Path


@pytest.fixture(scope="module")
def kubectl(control_plane: ControlPlane) -> Kubectl:
    program = binaries.locate().kubectl
    assert program is not None, "kubectl is neither on PATH nor in KUBEBUILDER_ASSETS"

    def run(*arguments: str, manifest: str | None = None) -> "subprocess.CompletedProcess[str]":
        command = [str(program), f"--kubeconfig={control_plane.kubeconfig}", *arguments]
        return subprocess.run(command, input=manifest, capture_output=True, text=True, check=False)

    return run


def accepted(result: "subprocess.CompletedProcess[str]") -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def installed(kubectl: Kubectl) -> Iterator[Kubectl]:
    """kubectl on an API server that has the definitions, and a namespace of this module's own."""
    crds = [*shared(), *map(definition, load())]
    accepted(kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", manifest=to_yaml(crds)))
    names = [f"crd/{crd['metadata']['name']}" for crd in crds]
    accepted(kubectl("wait", "--for=condition=Established", "--timeout=60s", *names))
    accepted(kubectl("create", "namespace", NAMESPACE))
    yield kubectl
    accepted(kubectl("delete", "namespace", NAMESPACE, "--wait=false"))


def apply(kubectl: Kubectl, manifest: dict[str, Any], *options: str) -> "subprocess.CompletedProcess[str]":
    return kubectl("apply", f"--namespace={NAMESPACE}", *options, "-f", "-", manifest=json.dumps(manifest))


def queue(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "sqs.services.k8s.aws/v1alpha1",
        "kind": "Queue",
        "metadata": {"name": "tried"},
        "spec": spec,
    }


def test_definitions_carry_no_complaint(installed: Kubectl) -> None:
    for crd in json.loads(accepted(installed("get", "crds", "-o", "json")))["items"]:
        conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
        assert conditions["NamesAccepted"] == "True"
        assert conditions.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize("service", [*services(), "common"])
def test_definitions_made_from_the_contract_are_accepted(kubectl: Kubectl, service: str) -> None:
    crds = to_yaml(contract_crd(contract(service), kind) for kind in contract(service)["kinds"])
    accepted(kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", manifest=crds))


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{sample.parent.name}/{sample.stem}" for sample in SAMPLES])
def test_sample_is_accepted_whole(installed: Kubectl, sample: Path) -> None:
    wanted = yaml.safe_load(sample.read_text(encoding="utf-8"))
    taken = json.loads(accepted(apply(installed, wanted, "--dry-run=server", "--validate=strict", "-o", "json")))
    assert taken["spec"] == wanted["spec"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"queueName": "q", "delaySeconds": 5}, 'spec.delaySeconds in body must be of type string: "integer"'),
        ({"delaySeconds": "5"}, "spec.queueName: Required value"),
        ({"queueName": "q", "delaySecond": "5"}, 'unknown field "spec.delaySecond"'),
    ],
)
def test_wrong_manifest_is_refused(installed: Kubectl, spec: dict[str, Any], said: str) -> None:
    result = apply(installed, queue(**spec), "--dry-run=server")
    assert result.returncode != 0
    assert said in result.stderr


def test_immutable_edit_is_refused_in_the_contracts_words(installed: Kubectl) -> None:
    accepted(apply(installed, queue(queueName="first")))
    result = apply(installed, queue(queueName="second"))
    assert result.returncode != 0
    assert "spec.queueName: Invalid value" in result.stderr
    assert contract("common")["messages"]["immutable_field"] in result.stderr
    accepted(apply(installed, queue(queueName="first", delaySeconds="5")))


def export(to_kind: str) -> dict[str, Any]:
    return {
        "apiVersion": "services.k8s.aws/v1alpha1",
        "kind": "FieldExport",
        "metadata": {"name": "arn"},
        "spec": {
            "from": {
                "path": ".status.ackResourceMetadata.arn",
                "resource": {"group": "s3.services.k8s.aws", "kind": "Bucket", "name": "ack-s3-bucket-hama"},
            },
            "to": {"kind": to_kind, "name": "exported"},
        },
    }


def test_field_export(installed: Kubectl) -> None:
    accepted(apply(installed, export("configmap"), "--dry-run=server"))
    refused = apply(installed, export("deployment"), "--dry-run=server")
    assert 'supported values: "configmap", "secret"' in refused.stderr


def test_role_selector(installed: Kubectl) -> None:
    selector = {
        "apiVersion": "services.k8s.aws/v1alpha1",
        "kind": "IAMRoleSelector",
        "metadata": {"name": "web"},
        "spec": {"arn": "arn:aws:iam::123456789012:role/web", "namespaceSelector": {"names": ["web"]}},
    }
    accepted(apply(installed, selector))
    status = {"conditions": [{"type": "s3.services.k8s.aws/Conflict", "status": "True", "message": "both"}]}
    patch = (
        "patch",
        "iamroleselector",
        "web",
        "--subresource=status",
        "--type=merge",
        f"--patch={json.dumps({'status': status})}",
    )
    assert json.loads(accepted(installed(*patch, "--output=json")))["status"] == status
    accepted(installed("delete", "iamroleselector", "web"))

"""FieldExports on a real API server: the contract's under every definitions, and the page of the docs as it stands."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml

from ackpy.controller.field_exports import FIELD_EXPORTS, SECRETS
from ackpy.controller.role_sources import CONFIG_MAPS
from ackpy.kube import NotFound
from tests.kit.live import Live
from tests.kit.waiting import eventually
from tests.kit.world import REGION, condition
from tests.l2.conftest import NAMESPACE, under_our_crds

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
ARN_PAGE, OWN_PAGE = (block.partition("```")[0] for block in PAGE.split("```yaml\n")[1:])
NAME = "exported-bucket"


def manifests(block: str) -> list[dict[str, Any]]:
    """A block of the page, about a bucket of this module's own."""
    return list(yaml.safe_load_all(block.replace("ack-s3-bucket-hama", NAME)))


def apply(live: Live, *objects: dict[str, Any]) -> None:
    for obj in objects:
        live.kubectl("apply", f"--namespace={NAMESPACE}", "-f", "-", manifest=obj)


def delete(live: Live, *objects: dict[str, Any]) -> None:
    for obj in objects:
        live.kubectl("delete", f"--namespace={NAMESPACE}", "-f", "-", manifest=obj)


def bucket() -> dict[str, Any]:
    metadata = {"name": NAME}
    return {
        "apiVersion": "s3.services.k8s.aws/v1alpha1",
        "kind": "Bucket",
        "metadata": metadata,
        "spec": {"name": NAME},
    }


async def data(live: Live, kind: str, name: str) -> dict[str, str]:
    try:
        found = await live.api.get(SECRETS if kind == "secret" else CONFIG_MAPS, NAMESPACE, name)
    except NotFound:
        return {}
    values: dict[str, str] = found.get("data") or {}
    return {key: b64decode(value).decode() for key, value in values.items()} if kind == "secret" else values


async def test_the_contract_s_export(live: Live) -> None:
    config_map, export = manifests(ARN_PAGE)
    apply(live, config_map, export)
    wanted = {"BUCKET_ARN": f"arn:aws:s3:::{NAME}"}

    async def arrived() -> bool:
        return await data(live, "configmap", "app") == wanted

    async def ready() -> bool:
        obj = await live.api.get(FIELD_EXPORTS, NAMESPACE, "bucket-arn")
        return bool(condition(obj, "Ready").get("status") == "True")

    apply(live, bucket())
    await eventually(arrived)
    await eventually(ready)
    before = live.audit_size()
    live.kubectl("annotate", f"--namespace={NAMESPACE}", "fieldexport/bucket-arn", "ackpy.dev/reconcile-at=now")
    sentinel = {
        **export,
        "metadata": {"name": "later"},
        "spec": {**export["spec"], "to": {**export["spec"]["to"], "key": "L"}},
    }
    apply(live, sentinel)

    async def later() -> bool:
        return "L" in await data(live, "configmap", "app")

    await eventually(later)
    assert not [uri for _, uri in live.written_by_ackpy(before) if "fieldexports/bucket-arn" in uri], "it is calm"
    delete(live, sentinel, export)
    assert "BUCKET_ARN" in await data(live, "configmap", "app"), "deletion leaves the key"
    delete(live, config_map, bucket())


@under_our_crds
async def test_several_values_into_a_secret_that_comes_and_goes_with_its_export(live: Live) -> None:
    (export,) = manifests(OWN_PAGE)
    apply(live, bucket(), export)
    wanted = {"name": NAME, "url": f"https://{NAME}.s3.{REGION}.amazonaws.com"}

    async def arrived() -> bool:
        return await data(live, "secret", "bucket") == wanted

    async def gone() -> bool:
        return await data(live, "secret", "bucket") == {}

    await eventually(arrived)
    delete(live, export)
    await eventually(gone)
    delete(live, bucket())


@under_our_crds
@pytest.mark.parametrize(
    ("to", "rest", "name", "said"),
    [
        ({"kind": "secret", "key": "no key"}, {}, "ACK.Terminal", "no key"),
        ({"kind": "secret", "key": "k"}, {"immutable": True}, "ACK.Recoverable", "is immutable, and k would change"),
        ({"kind": "configmap", "key": "k"}, {"immutable": True}, "ACK.Recoverable", "is immutable, and k would change"),
    ],
)
async def test_what_the_api_server_refuses(
    live: Live, to: dict[str, Any], rest: dict[str, Any], name: str, said: str
) -> None:
    kind = {"secret": "Secret", "configmap": "ConfigMap"}[to["kind"]]
    target = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "odd"}, **rest}
    (export,) = manifests(OWN_PAGE)
    source = {**export["spec"]["from"], "path": '"tell-" + "nobody"'}
    export = {**export, "metadata": {"name": "odd"}, "spec": {"from": source, "to": {**to, "name": "odd"}}}
    apply(live, target, bucket(), export)

    async def told() -> bool:
        obj = await live.api.get(FIELD_EXPORTS, NAMESPACE, "odd")
        assert "tell-nobody" not in str(obj.get("status"))
        return said in condition(obj, name).get("message", "")

    await eventually(told)
    events = live.kubectl("get", "events", f"--namespace={NAMESPACE}", "--output=json")
    assert "tell-nobody" not in events
    delete(live, export, target, bucket())

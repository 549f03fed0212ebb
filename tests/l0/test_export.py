"""What a FieldExport says, and what its target lacks."""

import copy
from base64 import b64encode
from typing import Any

import pytest

from ackpy.plan.export import ExportError, Item, Source, Target, change, created, export_of, source_of

RESOURCE = {"group": "s3.services.k8s.aws", "kind": "Bucket", "name": "b"}
OWNER = {"apiVersion": "services.k8s.aws/v1alpha1", "kind": "FieldExport", "name": "e", "uid": "1"}
CONFIG_MAP = Target("configmap", "ns", "t", create=False)
CREATED = CONFIG_MAP._replace(create=True)
SECRET = Target("secret", "ns", "t", create=False)


def export(to: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    spec = {
        "from": {"resource": RESOURCE, "path": ".a"},
        **spec,
        "to": {"kind": "configmap", "name": "t", **(to or {})},
    }
    return {"metadata": {"name": "e", "namespace": "ns", "uid": "1"}, "spec": spec}


def found(data: dict[str, str] | None = None, owners: tuple[dict[str, str], ...] = (), **rest: Any) -> dict[str, Any]:
    metadata = {"name": "t", "namespace": "ns", "resourceVersion": "7", "ownerReferences": list(owners)}
    return {"metadata": metadata, **({} if data is None else {"data": data}), **rest}


def test_the_contract_s_defaults() -> None:
    told = export_of(export())
    assert told.items == (Item("spec.from.path", ".a", "ns.e"),)
    assert told.target == CONFIG_MAP
    assert source_of(export()) == Source("s3.services.k8s.aws", "Bucket", "ns", "b")
    assert source_of({"metadata": {"name": "e", "namespace": "ns"}}) is None


def test_several_fields() -> None:
    told = export_of(export(to={"key": "k"}, fields=[{"path": ".b", "key": "b"}, {"path": ".c", "key": "c"}]))
    assert [(item.path, item.key) for item in told.items] == [(".a", "k"), (".b", "b"), (".c", "c")]
    only = export_of(export(**{"from": {"resource": RESOURCE}}, fields=[{"path": ".b", "key": "b"}]))
    assert only.items == (Item("spec.fields[0].path", ".b", "b"),)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (export(**{"from": {"resource": RESOURCE}}), "nothing to export: give spec.from.path or spec.fields"),
        (export(to={"key": "k"}, fields=[{"path": ".b", "key": "k"}]), "several values for the key k"),
        (export(to={"namespace": "other", "create": True}), "spec.to.create can't be with another spec.to.namespace"),
    ],
)
def test_what_contradicts_itself(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ExportError, match=said) as caught:
        export_of(wrong)
    assert caught.value.terminal


def test_only_what_differs_is_written() -> None:
    assert change(CONFIG_MAP, found(), {"k": "v"}, export()) == {"data": {"k": "v"}}
    assert change(CONFIG_MAP, found({"k": "v", "theirs": "x"}), {"k": "v", "l": "w"}, export()) == {"data": {"l": "w"}}
    assert change(CONFIG_MAP, found({"k": "v"}), {"k": "v"}, export()) == {}


def test_secrets_hold_base64() -> None:
    encoded = b64encode(b"v").decode()
    assert change(SECRET, found(), {"k": "v"}, export()) == {"data": {"k": encoded}}
    assert change(SECRET, found({"k": encoded}), {"k": "v"}, export()) == {}
    assert created(SECRET, {"k": "v"}, export())["data"] == {"k": encoded}


@pytest.mark.parametrize("target", [CONFIG_MAP, SECRET])
def test_what_is_immutable(target: Target) -> None:
    same = found({"k": b64encode(b"v").decode() if target.secret else "v"}, immutable=True)
    assert change(target, same, {"k": "v"}, export()) == {}
    with pytest.raises(ExportError, match=f"the {target} is immutable, and k would change") as caught:
        change(target, same, {"k": "tell-nobody"}, export())
    assert not caught.value.terminal
    assert "tell-nobody" not in str(caught.value)


def test_what_is_created_belongs_to_its_exports() -> None:
    assert created(CREATED, {"k": "v"}, export())["metadata"]["ownerReferences"] == [OWNER]
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "2"}
    another = {**OWNER, "name": "f", "uid": "3"}
    assert change(CREATED, found({"k": "v"}), {"k": "v"}, export()) == {}, "a user's own is never owned"
    assert change(CREATED, found({"k": "v"}, (theirs,)), {"k": "v"}, export()) == {}
    assert change(CREATED, found({"k": "v"}, (OWNER,)), {"k": "v"}, export()) == {}
    joined = {"metadata": {"resourceVersion": "7", "ownerReferences": [another, OWNER]}}
    assert change(CREATED, found({"k": "v"}, (another,)), {"k": "v"}, export()) == joined
    assert change(CONFIG_MAP, found({"k": "v"}, (another,)), {"k": "v"}, export()) == {}


def test_nothing_is_changed_on_the_way() -> None:
    obj, target = export(fields=[{"path": ".b", "key": "b"}]), found({"k": "v"}, ({**OWNER, "uid": "3"},))
    before = copy.deepcopy((obj, target))
    export_of(obj)
    change(CREATED, target, {"k": "w"}, obj)
    assert (obj, target) == before

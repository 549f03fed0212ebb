"""What ackpy relies on of an API server: one suite for the in-memory API and for a real kube-apiserver."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from ackpy.kube import (
    AlreadyExists,
    Conflict,
    Gone,
    Invalid,
    KubeApi,
    NotFound,
    Object,
    PatchType,
    Resource,
    WatchEvent,
)
from tests.kit import managed_fields
from tests.kit.managed_fields import Owner
from tests.kit.memory_api import CONFIG_MAPS
from tests.kube.conftest import WIDGETS


def widget(name: str = "w", spec: Object | None = None, **metadata: Any) -> Object:
    return {
        "apiVersion": WIDGETS.api_version,
        "kind": WIDGETS.kind,
        "metadata": {"name": name, **metadata},
        "spec": {"size": 1} if spec is None else spec,
    }


def version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


async def watch(
    api: KubeApi, namespace: str, since: str, count: int, label_selector: str | None = None
) -> list[WatchEvent]:
    """The first `count` events."""
    events: list[WatchEvent] = []
    stream = api.watch(WIDGETS, namespace, resource_version=since, label_selector=label_selector, timeout_seconds=30)
    async with aclosing(stream):
        async for event in stream:
            if event.type != "BOOKMARK":
                events.append(event)
            if len(events) == count:
                break
    return events


async def test_create_sets_the_server_s_metadata(api: KubeApi, namespace: str) -> None:
    made = await api.create(WIDGETS, namespace, widget() | {"status": {"phase": "ignored"}})

    meta = made["metadata"]
    assert (meta["name"], meta["namespace"], meta["generation"]) == ("w", namespace, 1)
    assert meta["uid"]
    assert meta["creationTimestamp"].endswith("Z")
    assert "status" not in made
    assert await api.get(WIDGETS, namespace, "w") == made


async def test_one_object_is_listed_and_watched_by_its_name(api: KubeApi, namespace: str) -> None:
    for name in ("a", "b"):
        await api.create(WIDGETS, namespace, widget(name))
    page = await api.list(WIDGETS, namespace, field_selector="metadata.name=b")
    assert [one["metadata"]["name"] for one in page.items] == ["b"]
    for name in ("a", "b"):
        await api.patch(WIDGETS, namespace, name, {"spec": {"size": 7}})
    stream = api.watch(
        WIDGETS, namespace, resource_version=page.resource_version, field_selector="metadata.name=b", timeout_seconds=30
    )
    async with aclosing(stream):
        async for event in stream:
            if event.type != "BOOKMARK":
                assert event.object["metadata"]["name"] == "b"
                break


async def test_names_are_unique(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget())
    with pytest.raises(AlreadyExists, match='"w" already exists'):
        await api.create(WIDGETS, namespace, widget())


async def test_what_is_not_there(api: KubeApi, namespace: str) -> None:
    with pytest.raises(NotFound, match=r'widgets\.test\.ackpy\.dev "w" not found'):
        await api.get(WIDGETS, namespace, "w")
    with pytest.raises(NotFound, match='"w" not found'):
        await api.patch(WIDGETS, namespace, "w", {"spec": {"size": 2}})
    with pytest.raises(NotFound, match='"w" not found'):
        await api.delete(WIDGETS, namespace, "w")
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await api.list(Resource("test.ackpy.dev", "v1", "gadgets", "Gadget"))


async def test_merge_patch_changes_only_what_it_names(api: KubeApi, namespace: str) -> None:
    spec = {"size": 1, "colour": "red", "tags": {"a": "1", "b": "2"}, "parts": [{"name": "x"}]}
    await api.create(WIDGETS, namespace, widget(spec=spec))

    patch = {"spec": {"size": 2, "colour": None, "tags": {"b": None, "c": "3"}, "parts": [{"name": "y"}]}}
    patched = await api.patch(WIDGETS, namespace, "w", patch)

    assert patched["spec"] == {"size": 2, "tags": {"a": "1", "c": "3"}, "parts": [{"name": "y"}]}
    assert patched == await api.get(WIDGETS, namespace, "w")


async def test_unknown_fields_are_pruned(api: KubeApi, namespace: str) -> None:
    spec = {
        "size": 1,
        "typo": 1,
        "tags": {"any": "key"},
        "parts": [{"name": "x", "typo": 1}],
        "free": {"any": {"a": 1}},
    }
    made = await api.create(WIDGETS, namespace, widget(spec=spec))
    assert made["spec"] == {"size": 1, "tags": {"any": "key"}, "parts": [{"name": "x"}], "free": {"any": {"a": 1}}}

    patched = await api.patch(WIDGETS, namespace, "w", {"status": {"phase": "A", "typo": 1}}, subresource="status")
    assert patched["status"] == {"phase": "A"}


async def test_spec_and_status_are_written_apart(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget())
    both = {"metadata": {"labels": {"a": "b"}}, "spec": {"size": 2}, "status": {"phase": "A"}}

    by_status = await api.patch(WIDGETS, namespace, "w", both, subresource="status")
    assert (by_status["spec"], by_status["status"]) == ({"size": 1}, {"phase": "A"})
    assert "labels" not in by_status["metadata"]

    by_spec = await api.patch(WIDGETS, namespace, "w", both | {"status": {"phase": "B"}})
    assert (by_spec["spec"], by_spec["status"]) == ({"size": 2}, {"phase": "A"})
    assert by_spec["metadata"]["labels"] == {"a": "b"}


async def test_generation_counts_changes_of_the_spec(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget())

    labelled = await api.patch(WIDGETS, namespace, "w", {"metadata": {"labels": {"a": "b"}}})
    with_status = await api.patch(WIDGETS, namespace, "w", {"status": {"phase": "A"}}, subresource="status")
    resized = await api.patch(WIDGETS, namespace, "w", {"spec": {"size": 2}})

    assert [obj["metadata"]["generation"] for obj in (labelled, with_status, resized)] == [1, 1, 2]
    assert version(labelled) < version(with_status) < version(resized)


async def test_a_write_without_change_makes_no_version(api: KubeApi, namespace: str) -> None:
    made = await api.create(WIDGETS, namespace, widget())
    again = await api.patch(WIDGETS, namespace, "w", {"spec": {"size": 1}})
    assert version(again) == version(made)


@pytest.mark.parametrize("subresource", [None, "status"])
async def test_resource_version_guards_a_patch(api: KubeApi, namespace: str, subresource: str | None) -> None:
    made = await api.create(WIDGETS, namespace, widget())
    guard = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}}
    patch = guard | {"spec": {"size": 2}, "status": {"phase": "A"}}

    await api.patch(WIDGETS, namespace, "w", patch, subresource=subresource)
    with pytest.raises(Conflict, match="the object has been modified"):
        await api.patch(WIDGETS, namespace, "w", patch, subresource=subresource)


async def test_resource_version_guards_a_replacement(api: KubeApi, namespace: str) -> None:
    made = await api.create(WIDGETS, namespace, widget())
    replaced = await api.replace(WIDGETS, namespace, "w", made | {"spec": {"colour": "red"}})
    assert replaced["spec"] == {"colour": "red"}
    with pytest.raises(Conflict, match="the object has been modified"):
        await api.replace(WIDGETS, namespace, "w", made)
    with pytest.raises(Invalid, match="must be specified for an update"):
        await api.replace(WIDGETS, namespace, "w", widget())


async def test_finalizers_hold_an_object(api: KubeApi, namespace: str) -> None:
    made = await api.create(WIDGETS, namespace, widget(finalizers=["test.ackpy.dev/one"]))
    await api.delete(WIDGETS, namespace, "w")
    await api.delete(WIDGETS, namespace, "w")

    held = await api.get(WIDGETS, namespace, "w")
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["generation"] == 2
    with pytest.raises(Invalid, match="no new finalizers can be added if the object is being deleted"):
        await api.patch(WIDGETS, namespace, "w", {"metadata": {"finalizers": ["test.ackpy.dev/two"]}})

    released = await api.patch(WIDGETS, namespace, "w", {"metadata": {"finalizers": []}})
    assert released["metadata"]["uid"] == made["metadata"]["uid"]
    assert "deletionTimestamp" in released["metadata"]
    assert not released["metadata"].get("finalizers")
    with pytest.raises(NotFound):
        await api.get(WIDGETS, namespace, "w")


async def test_without_finalizers_deletion_is_immediate(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget())
    await api.delete(WIDGETS, namespace, "w")
    with pytest.raises(NotFound):
        await api.get(WIDGETS, namespace, "w")


async def test_lists_come_in_pages(api: KubeApi, namespace: str) -> None:
    for name in "abcde":
        await api.create(WIDGETS, namespace, widget(name))

    pages = [await api.list(WIDGETS, namespace, limit=2)]
    while pages[-1].continue_token:
        pages.append(await api.list(WIDGETS, namespace, limit=2, continue_token=pages[-1].continue_token))

    assert [[obj["metadata"]["name"] for obj in page.items] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert len({page.resource_version for page in pages}) == 1


async def test_objects_of_a_list_say_what_they_are(api: KubeApi, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    made = await api.create(CONFIG_MAPS, namespace, body)
    listed = (await api.list(CONFIG_MAPS, namespace)).items
    assert made in listed


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("colour=red", "a"),
        ("colour==red,size=s", "a"),
        ("colour!=red", "bc"),
        ("colour", "ab"),
        ("!colour", "c"),
        ("colour in (red, blue)", "ab"),
        ("colour notin (red)", "bc"),
    ],
)
async def test_labels_select(api: KubeApi, namespace: str, selector: str, names: str) -> None:
    await api.create(WIDGETS, namespace, widget("a", labels={"colour": "red", "size": "s"}))
    await api.create(WIDGETS, namespace, widget("b", labels={"colour": "blue"}))
    await api.create(WIDGETS, namespace, widget("c"))

    page = await api.list(WIDGETS, namespace, label_selector=selector)

    assert "".join(obj["metadata"]["name"] for obj in page.items) == names


async def test_watch_tells_each_change_since_a_version(api: KubeApi, namespace: str) -> None:
    first = await api.create(WIDGETS, namespace, widget("first"))
    await api.create(WIDGETS, namespace, widget(finalizers=["test.ackpy.dev/one"]))
    await api.patch(WIDGETS, namespace, "w", {"spec": {"size": 2}})
    await api.delete(WIDGETS, namespace, "w")
    await api.patch(WIDGETS, namespace, "w", {"metadata": {"finalizers": None}})

    events = await watch(api, namespace, first["metadata"]["resourceVersion"], 4)

    assert [event.type for event in events] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    assert [event.object["metadata"]["name"] for event in events] == ["w"] * 4
    assert events[1].object["spec"] == {"size": 2}
    versions = [version(event.object) for event in events]
    assert versions == sorted(set(versions))


async def test_watch_tells_what_comes_later(api: KubeApi, namespace: str) -> None:
    since = (await api.list(WIDGETS, namespace)).resource_version
    watching = asyncio.create_task(watch(api, namespace, since, 1))
    await asyncio.sleep(0)
    made = await api.create(WIDGETS, namespace, widget())
    assert await watching == [WatchEvent("ADDED", made)]


async def test_watch_of_labels_tells_when_they_no_longer_match(api: KubeApi, namespace: str) -> None:
    since = (await api.list(WIDGETS, namespace)).resource_version
    await api.create(WIDGETS, namespace, widget("other"))
    await api.create(WIDGETS, namespace, widget(labels={"on": "yes"}))
    off = await api.patch(WIDGETS, namespace, "w", {"metadata": {"labels": {"on": "no"}}})
    await api.patch(WIDGETS, namespace, "w", {"metadata": {"labels": {"on": "yes"}}})

    events = await watch(api, namespace, since, 3, label_selector="on=yes")

    assert [event.type for event in events] == ["ADDED", "DELETED", "ADDED"]
    assert version(events[1].object) == version(off)


async def test_watch_ends_by_itself_after_a_bookmark(api: KubeApi, namespace: str) -> None:
    since = (await api.list(WIDGETS, namespace)).resource_version
    marks: list[WatchEvent] = []
    await api.create(WIDGETS, namespace, widget())
    async for event in api.watch(WIDGETS, namespace, resource_version=since, timeout_seconds=5):
        if event.type == "ADDED":  # the watch is open; the server bookmarks only what is news to it
            elsewhere = await api.create(WIDGETS, "default", widget(namespace))
        else:
            marks.append(event)
    assert {mark.type for mark in marks} == {"BOOKMARK"}
    assert version(marks[-1].object) >= version(elsewhere)


async def test_watch_from_a_forgotten_version(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget())
    if hasattr(api, "compact"):
        api.compact()
    with pytest.raises(Gone, match="too old resource version"):
        await watch(api, namespace, "1", 1)


def owners_of(obj: Object, *path: str) -> set[Owner]:
    return {owner for owner, paths in managed_fields.owners(obj).items() if path in paths}


async def test_managed_fields_tell_who_set_a_field(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget(spec={"size": 1, "colour": "red"}), field_manager="user")
    await api.patch(WIDGETS, namespace, "w", {"spec": {"size": 2, "tags": {"a": "b"}}})
    obj = await api.patch(WIDGETS, namespace, "w", {"status": {"phase": "A"}}, subresource="status")

    assert owners_of(obj, "spec", "colour") == {Owner("user", "Update")}
    assert owners_of(obj, "spec", "size") == {Owner("ackpy", "Update")}
    assert owners_of(obj, "spec", "tags", "a") == {Owner("ackpy", "Update")}
    assert owners_of(obj, "status", "phase") == {Owner("ackpy", "Update", "status")}


async def test_server_side_apply(api: KubeApi, namespace: str) -> None:
    async def apply(spec: Object, manager: str, *, force: bool = False) -> Object:
        body = widget(spec=spec)
        return await api.patch(
            WIDGETS, namespace, "w", body, patch_type=PatchType.APPLY, field_manager=manager, force=force
        )

    made = await apply({"size": 1, "colour": "red"}, "user")
    assert owners_of(made, "spec", "size") == {Owner("user", "Apply")}
    added = await api.patch(WIDGETS, namespace, "w", {"spec": {"tags": {"a": "b"}}})
    again = await apply({"size": 1, "colour": "red"}, "user")
    assert version(again) == version(added)

    with pytest.raises(Conflict, match=r'conflict.*"user".*spec\.size'):
        await apply({"size": 2}, "other")
    taken = await apply({"size": 2}, "other", force=True)
    assert owners_of(taken, "spec", "size") == {Owner("other", "Apply")}

    left = await apply({}, "user")
    assert left["spec"] == {"size": 2, "tags": {"a": "b"}}
    assert left["metadata"]["generation"] == 4

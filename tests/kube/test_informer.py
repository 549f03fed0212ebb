"""The informer, with the in-memory API and with a real API server."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog.testing

from ackpy.kube import Forbidden, Gone, Informer, KubeApi, Object, Page, Resource, TooManyRequests, Unreachable
from tests.kit.memory_api import MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running, until
from tests.kube.conftest import WIDGETS
from tests.kube.test_api_contract import version, widget


class Recorded:
    """An informer with the changes that it told: + new, ~ changed, - gone."""

    def __init__(self, api: KubeApi, *namespaces: str, **options: Any) -> None:
        self.changes: list[str] = []
        self.informer = Informer(api, WIDGETS, on_change=self._note, namespaces=namespaces, **options)

    def _note(self, old: Object | None, new: Object | None) -> None:
        sign = "+" if old is None else "-" if new is None else "~"
        self.changes.append(sign + str((new or old or {})["metadata"]["name"]))

    def names(self) -> set[str]:
        return {name for _, name in self.informer.store}


def memory_api() -> MemoryApi:
    memory = MemoryApi()
    memory.register(WIDGETS)
    return memory


async def test_it_lists_then_follows(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget("a"))
    seen = Recorded(api, namespace)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        assert seen.changes == ["+a"]
        await api.create(WIDGETS, namespace, widget("b"))
        changed = await api.patch(WIDGETS, namespace, "a", {"spec": {"size": 2}})
        await api.delete(WIDGETS, namespace, "b")
        await until(lambda: len(seen.changes) == 4)
    assert seen.changes == ["+a", "+b", "~a", "-b"]
    assert seen.informer.store == {(namespace, "a"): changed}
    assert seen.informer.get(namespace, "a") == changed
    assert seen.informer.get(namespace, "b") is None


class TooOld:
    """An API whose first list ends at a version that the server has forgotten."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self.lists = 0

    async def list(self, *args: Any, **kwargs: Any) -> Page:
        self.lists += 1
        page = await self._api.list(*args, **kwargs)
        return page._replace(resource_version="1") if self.lists == 1 else page

    def watch(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        return self._api.watch(*args, **kwargs)


async def test_it_lists_again_when_its_version_is_forgotten(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget("a"))
    if isinstance(api, MemoryApi):
        api.compact()
    forgetful = TooOld(api)
    seen = Recorded(forgetful, namespace)  # type: ignore[arg-type] # it lists and watches only
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        await until(lambda: forgetful.lists == 2)
        await api.create(WIDGETS, namespace, widget("b"))
        await until(lambda: "b" in seen.names())
    assert seen.changes == ["+a", "+b"]


async def test_several_namespaces_and_labels(api: KubeApi, namespace: str) -> None:
    other, outside = f"{namespace}-other", f"{namespace}-outside"
    for name in (other, outside):
        await api.create(
            Resource("", "v1", "namespaces", "Namespace", namespaced=False), None, {"metadata": {"name": name}}
        )
    for place in (namespace, other, outside):
        await api.create(WIDGETS, place, widget("on", labels={"on": "yes"}))
        await api.create(WIDGETS, place, widget("off"))
    seen = Recorded(api, namespace, other, label_selector="on=yes")
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        assert set(seen.informer.store) == {(namespace, "on"), (other, "on")}
        await api.patch(WIDGETS, other, "off", {"metadata": {"labels": {"on": "yes"}}})
        await api.patch(WIDGETS, namespace, "on", {"metadata": {"labels": None}})
        await until(lambda: set(seen.informer.store) == {(other, "on"), (other, "off")})


async def test_our_writes_enter_at_once_and_count_once(api: KubeApi, namespace: str) -> None:
    await api.create(WIDGETS, namespace, widget("a", finalizers=["test.ackpy.dev/one"]))
    seen = Recorded(api, namespace)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        written = await api.patch(WIDGETS, namespace, "a", {"spec": {"size": 2}})
        seen.informer.note_write(written)
        assert seen.informer.get(namespace, "a") == written

        await api.delete(WIDGETS, namespace, "a")
        await until(lambda: "deletionTimestamp" in seen.informer.store[namespace, "a"]["metadata"])
        seen.informer.note_write(await api.patch(WIDGETS, namespace, "a", {"metadata": {"finalizers": None}}))
        assert seen.names() == set()
        await api.create(WIDGETS, namespace, widget("a"))
        await until(lambda: "a" in seen.names())
    assert seen.changes == ["+a", "~a", "~a", "-a", "+a"]


@virtual_time
async def test_old_news_do_not_undo_our_write() -> None:
    api = memory_api()
    await api.create(WIDGETS, "n", widget("a"))
    seen = Recorded(api)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        api.hold_watches()
        await api.patch(WIDGETS, "n", "a", {"spec": {"size": 2}}, field_manager="user")
        ours = await api.patch(WIDGETS, "n", "a", {"spec": {"colour": "red"}})
        seen.informer.note_write(ours)
        seen.informer.note_write(await api.create(WIDGETS, "n", widget("b")))
        api.release_watches()
        after = await api.create(WIDGETS, "n", widget("c"))
        await until(lambda: "c" in seen.names())
    assert version(after) > version(ours)
    assert seen.changes == ["+a", "~a", "+b", "+c"]
    assert seen.informer.get("n", "a") == ours


@virtual_time
async def test_old_news_do_not_revive_what_we_let_go() -> None:
    api = memory_api()
    await api.create(WIDGETS, "n", widget("a", finalizers=["test.ackpy.dev/one"]))
    seen = Recorded(api)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        api.hold_watches()
        await api.delete(WIDGETS, "n", "a")
        seen.informer.note_write(await api.patch(WIDGETS, "n", "a", {"metadata": {"finalizers": None}}))
        seen.informer.note_write(await api.create(WIDGETS, "n", widget("a")))
        api.release_watches()
        await api.create(WIDGETS, "n", widget("c"))
        await until(lambda: "c" in seen.names())
    assert seen.changes == ["+a", "-a", "+a", "+c"]


@virtual_time
async def test_a_late_response_does_not_revive_a_deleted_object() -> None:
    api = memory_api()
    await api.create(WIDGETS, "n", widget("a"))
    seen = Recorded(api)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        response = await api.patch(WIDGETS, "n", "a", {"spec": {"size": 2}})
        await api.delete(WIDGETS, "n", "a")
        await until(lambda: not seen.names())
        seen.informer.note_write(response)
    assert seen.names() == set()


@virtual_time
async def test_what_was_missed_is_found_by_the_next_list() -> None:
    api = memory_api()
    for name in ("a", "b", "c"):
        await api.create(WIDGETS, "n", widget(name))
    seen = Recorded(api)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        api.hold_watches()
        await api.delete(WIDGETS, "n", "a")
        await api.patch(WIDGETS, "n", "b", {"spec": {"size": 2}})
        await api.create(WIDGETS, "n", widget("d"))
        api.break_watches(Gone(410, "Expired", "too old resource version"))
        api.release_watches()
        api.compact()
        await until(lambda: "d" in seen.names())
    assert seen.changes == ["+a", "+b", "+c", "-a", "~b", "+d"]


@virtual_time
async def test_it_goes_on_after_any_failure() -> None:
    api = memory_api()
    api.fail_next(TooManyRequests(429, "TooManyRequests", "storage is (re)initializing", retry_after=5), "list")
    api.fail_next(Unreachable(0, "Unreachable", "no connection"), "watch")
    seen = Recorded(api)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        await api.create(WIDGETS, "n", widget("a"))
        await until(lambda: "a" in seen.names())
        api.break_watches(Unreachable(0, "Unreachable", "the connection was lost"))
        await api.create(WIDGETS, "n", widget("b"))
        await until(lambda: "b" in seen.names())
    assert seen.changes == ["+a", "+b"]


@virtual_time
async def test_a_lasting_failure_is_logged_once() -> None:
    api = memory_api()
    for _ in range(3):
        api.fail_next(Forbidden(403, "Forbidden", 'cannot list resource "widgets"'), "list")
    seen = Recorded(api)
    with structlog.testing.capture_logs() as logs:
        async with running(seen.informer.run()):
            await seen.informer.synced.wait()
    assert [(log["log_level"], log["resource"]) for log in logs] == [("warning", "widgets")]
    assert "RBAC" in logs[0]["error"]


@virtual_time
async def test_it_waits_for_the_kind_to_be_installed() -> None:
    api = MemoryApi()
    seen = Recorded(api)
    with structlog.testing.capture_logs() as logs:
        async with running(seen.informer.run()):
            await asyncio.sleep(3600)
            assert not seen.informer.synced.is_set()
            api.register(WIDGETS)
            await seen.informer.synced.wait()
            await api.create(WIDGETS, "n", widget("a"))
            await until(lambda: "a" in seen.names())
    assert len(logs) == 1


@virtual_time
async def test_objects_are_trimmed() -> None:
    api = memory_api()
    await api.create(WIDGETS, "n", widget("a"))

    def trim(obj: Object) -> Object:
        del obj["metadata"]["managedFields"]
        return obj

    seen = Recorded(api, trim=trim)
    async with running(seen.informer.run()):
        await seen.informer.synced.wait()
        seen.informer.note_write(await api.patch(WIDGETS, "n", "a", {"spec": {"size": 2}}))
    assert "managedFields" not in seen.informer.store["n", "a"]["metadata"]


@pytest.mark.parametrize("count", [0, 1, 1001])
def test_a_list_of_any_length(count: int) -> None:
    @virtual_time
    async def check() -> None:
        api = memory_api()
        for index in range(count):
            await api.create(WIDGETS, "n", widget(f"w{index}"))
        seen = Recorded(api)
        async with running(seen.informer.run()):
            await seen.informer.synced.wait()
        assert len(seen.changes) == count

    check()

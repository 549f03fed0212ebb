"""The event recorder."""

import asyncio

import structlog.testing

from ackpy.kube import EventRecorder, Forbidden, KubeApi
from ackpy.kube.events import EVENTS
from tests.kit.memory_api import MemoryApi
from tests.kit.virtual_time import virtual_time
from tests.kit.waiting import running
from tests.kube.conftest import WIDGETS
from tests.kube.test_api_contract import widget


async def test_like_events_are_counted(api: KubeApi, namespace: str) -> None:
    obj = await api.create(WIDGETS, namespace, widget())
    recorder = EventRecorder(api)
    async with running(recorder.run()):
        for message in ("created", "created", "created", "changed"):
            recorder.record(obj, "Normal", "Created", message)
        await recorder.flush()

    events = {event["message"]: event for event in (await api.list(EVENTS, namespace)).items}

    assert {message: event["count"] for message, event in events.items()} == {"created": 3, "changed": 1}
    event = events["created"]
    assert event["involvedObject"] == {
        "apiVersion": WIDGETS.api_version,
        "kind": "Widget",
        "namespace": namespace,
        "name": "w",
        "uid": obj["metadata"]["uid"],
    }
    assert (event["type"], event["reason"]) == ("Normal", "Created")
    assert (event["source"], event["reportingComponent"]) == ({"component": "ackpy"}, "ackpy")
    assert event["firstTimestamp"] <= event["lastTimestamp"]


async def test_a_removed_event_is_written_anew(api: KubeApi, namespace: str) -> None:
    obj = await api.create(WIDGETS, namespace, widget())
    recorder = EventRecorder(api)
    async with running(recorder.run()):
        for _ in range(2):
            recorder.record(obj, "Warning", "Refused", "no")
            await recorder.flush()
            (event,) = (await api.list(EVENTS, namespace)).items
            await api.delete(EVENTS, namespace, event["metadata"]["name"])
            assert event["count"] == 1


@virtual_time
async def test_after_ten_minutes_it_is_another_event() -> None:
    api = MemoryApi()
    recorder = EventRecorder(api)
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cluster-scoped"}}
    async with running(recorder.run()):
        for pause in (0, 599, 601):
            await asyncio.sleep(pause)
            recorder.record(obj, "Normal", "Created", "created")
            await recorder.flush()
    assert sorted(event["count"] for event in (await api.list(EVENTS, "default")).items) == [1, 2]


@virtual_time
async def test_a_failure_is_logged_and_the_next_event_written() -> None:
    api = MemoryApi()
    api.fail_next(Forbidden(403, "Forbidden", 'cannot create resource "events"'), "create")
    recorder = EventRecorder(api)
    with structlog.testing.capture_logs() as logs:
        async with running(recorder.run()):
            for reason in ("Lost", "Kept"):
                recorder.record(widget() | {"metadata": {"name": "w", "namespace": "n"}}, "Normal", reason, "message")
            await recorder.flush()
    assert [event["reason"] for event in (await api.list(EVENTS, "n")).items] == ["Kept"]
    assert [(log["log_level"], log["reason"]) for log in logs] == [("warning", "Lost")]


@virtual_time
async def test_recording_never_waits() -> None:
    recorder = EventRecorder(MemoryApi())
    with structlog.testing.capture_logs() as logs:
        for index in range(1001):
            recorder.record(widget(), "Normal", "Created", str(index))
    assert [log["log_level"] for log in logs] == ["debug"]

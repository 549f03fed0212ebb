"""Law 7, and when a secret is sent: every other value once, the same value never, whatever dies in between."""

import asyncio
import base64
import gc
import logging
from typing import Any

import pytest

from ackpy.controller.next import Next
from ackpy.controller.objects import resource_of
from ackpy.controller.options import Options
from ackpy.kube import AlreadyExists, Conflict, Object
from ackpy.wire.convert import SecretRef
from tests.kit.contract import contract
from tests.kit.crash import Boundaries, CrashableApi, killed
from tests.kit.house import House
from tests.kit.login_profiles import Iam, login_profile
from tests.kit.memory_api import SECRETS
from tests.kit.scene import Scene
from tests.kit.world import REGION, World, condition
from tests.l1.test_refusals import is_terminal

KIND = login_profile()
ERRORS = contract("common")["messages"]["errors"]
FIRST, SECOND = "correct-horse-1", "battery-staple-2"
STATE = "ackpy.dev/state"


def profile(**ref: str) -> Object:
    return {
        "apiVersion": KIND.api_version,
        "kind": KIND.name,
        "metadata": {"name": "ann"},
        "spec": {"userName": "ann", "password": {"name": "ann", "key": "password", **ref}},
    }


async def keep(api: Any, value: str | bytes, namespace: str = "default", **more: Any) -> None:
    """Make the Secret, or change its value."""
    raw = value if isinstance(value, bytes) else value.encode()
    body = {"metadata": {"name": "ann"}, "data": {"password": base64.b64encode(raw).decode()}, "type": "Opaque"} | more
    try:
        await api.create(SECRETS, namespace, body)
    except AlreadyExists:
        await api.patch(SECRETS, namespace, "ann", body)


def scene(manifest: Object | None = None, boundaries: Boundaries | None = None, **options: Any) -> tuple[Scene, Iam]:
    api = CrashableApi(boundaries) if boundaries else None
    world = World((KIND,), options=Options(region=REGION, **options), api=api)
    aws = Iam(boundaries.cross if boundaries else lambda _: None)
    world.aws = aws  # type: ignore[assignment]  # an AWS with other operations
    world.restart()
    return Scene(KIND, manifest or profile(), world), aws


async def test_a_value_is_sent_once_and_every_other_value_too() -> None:
    here, aws = scene()
    await keep(here.world.api, FIRST)
    await here.make()
    assert aws.passwords == {"ann": FIRST}
    assert aws.writes() == ["CreateLoginProfile"]
    writes = here.mark()
    await here.sweep(7)
    here.world.restart()
    await here.settle()
    assert aws.writes() == ["CreateLoginProfile"]
    assert here.api_writes(writes) == []
    await keep(here.world.api, SECOND)
    await here.settle()
    assert aws.passwords == {"ann": SECOND}
    assert [reason for reason, _ in here.events(writes)] == ["Updated"]
    await here.world.api.patch(SECRETS, "default", "ann", {"metadata": {"labels": {"team": "a"}}})
    await here.settle()
    assert aws.writes() == ["CreateLoginProfile", "UpdateLoginProfile"], "labels are no other value"
    await here.delete()
    await here.settle()
    assert aws.passwords == {}


async def test_it_is_told_nowhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    here, aws = scene()
    for value in (FIRST, "short-3", SECOND):
        await keep(here.world.api, value)
        await here.world.apply(here.manifest)
        await here.settle()
    assert aws.passwords == {"ann": SECOND}
    out, err = capfd.readouterr()
    told = f"{await here.obj()}{here.world.events.told}{caplog.text}{out}{err}{here.world.api.writes}"
    told += repr(vars(here.world._reconcilers[KIND.label].desires.secrets)) + repr(here.world._tracks)
    writes = [write for write in here.world.api.writes if write.resource != SECRETS]
    told = told.replace(str(here.world.api.writes), str(writes))
    for value in (FIRST, "short-3", SECOND):
        for form in (value, base64.b64encode(value.encode()).decode()):
            assert form not in told


async def test_what_aws_refuses_is_told_without_the_value() -> None:
    here, _ = scene()
    await keep(here.world.api, "short-3")
    await here.world.apply(here.manifest)
    assert await here.settle() is Next.SWEEP
    assert (await here.condition("ACK.Terminal"))["message"].endswith("the password … is too short")


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (None, ERRORS["secret_not_found"]),
        ({"data": {"other": ""}}, ERRORS["secret_not_found"]),
        ({"type": "kubernetes.io/tls"}, ERRORS["secret_type"]),
        ({"data": {"password": base64.b64encode(b"\xff\xfe").decode()}}, "the value is not UTF-8 text"),
    ],
)
async def test_what_cannot_be_used_is_refused(secret: Object | None, message: str) -> None:
    here, aws = scene()
    if secret is not None:
        await keep(here.world.api, FIRST, **secret)
    await here.world.apply(here.manifest)
    assert await here.settle() is Next.SWEEP
    terminal = await here.condition("ACK.Terminal")
    assert terminal["message"].endswith(message)
    assert "default/ann" in terminal["message"] + terminal["reason"]
    assert aws.calls == []


async def test_another_namespace() -> None:
    here, aws = scene(profile(namespace="vault"))
    await keep(here.world.api, FIRST, "vault")
    await here.make()
    assert aws.passwords == {"ann": FIRST}
    assert (await here.condition("ACK.Advisory"))["reason"] == "CrossNamespaceOptInRequired"
    here, aws = scene(profile(namespace="vault"), cross_namespace=False)
    await keep(here.world.api, FIRST, "vault")
    await here.world.apply(here.manifest)
    await here.settle()
    text = ERRORS["reference_cross_namespace"].replace("sourceNamespace:NS", "sourceNamespace:default")
    text = text.replace("targetNamespace:NS", "targetNamespace:vault").replace("name:NAME", "name:ann")
    await is_terminal(here, text, text)
    assert aws.calls == []


async def test_a_take_over_sends_nothing_until_the_value_changes() -> None:
    here, aws = scene()
    aws.passwords["ann"] = "as-the-other-controller-sent-it"
    await keep(here.world.api, FIRST)
    await here.world.apply({**here.manifest, "metadata": {"name": "ann", "finalizers": [KIND.finalizer]}})
    status = {"ackResourceMetadata": {"arn": "arn:x", "ownerAccountID": here.world.account, "region": REGION}}
    resource = resource_of(KIND)
    await here.world.api.patch(resource, "default", "ann", {"status": status}, subresource="status")
    await here.settle()
    assert aws.writes() == []
    assert STATE in (await here.obj())["metadata"]["annotations"]
    await keep(here.world.api, SECOND)
    await here.settle()
    assert aws.passwords == {"ann": SECOND}


async def test_an_adopted_resource_gets_what_the_manifest_says() -> None:
    here, aws = scene()
    aws.passwords["ann"] = "by-hand-0"
    await keep(here.world.api, FIRST)
    ack = "services.k8s.aws"
    notes = {f"{ack}/adoption-policy": "adopt", f"{ack}/adoption-fields": '{"userName": "ann"}'}
    await here.world.apply({**here.manifest, "metadata": {"name": "ann", "annotations": notes}})
    await here.settle()
    assert aws.passwords == {"ann": FIRST}


@pytest.mark.parametrize("change", ["create", "change", "change-and-back"])
async def test_a_crash_at_any_boundary_is_survived(change: str) -> None:
    number, crashed = 0, True
    while crashed:
        number += 1
        boundaries = Boundaries()
        here, aws = scene(boundaries=boundaries)
        await keep(here.world.api, FIRST)
        await here.world.apply(here.manifest)
        if change != "create":
            await here.settle()
            await keep(here.world.api, SECOND)
        with boundaries.armed(at=number):
            crashed = await killed(here.settle())
        if change == "change-and-back":
            await keep(here.world.api, FIRST)
        here.world.restart()
        await here.settle()
        assert aws.passwords == {"ann": SECOND if change == "change" else FIRST}, number
        assert condition(await here.obj(), "ACK.ResourceSynced")["status"] == "True"
    assert number > 5


async def test_a_value_that_changes_under_our_hands_is_not_sent() -> None:
    here, _ = scene()
    await keep(here.world.api, FIRST)
    secrets = here.world._reconcilers[KIND.label].desires.secrets
    with pytest.raises(Conflict):
        await secrets.reveal("uid", {"Password": SecretRef("default", "ann", "password", "of-another-value")})


async def test_a_changed_secret_wakes_at_once() -> None:
    house = House(kinds=(KIND,))
    house.aws = aws = Iam()  # type: ignore[assignment]  # an AWS with other operations
    await house.namespace()
    async with house.managed() as manager:
        await house.create(profile())
        await asyncio.sleep(0.3)
        assert aws.calls == []
        for value in (FIRST, SECOND):
            await keep(house.api, value)
            async with asyncio.timeout(20):
                while aws.passwords != {"ann": value}:  # noqa: ASYNC110 - nothing here has events
                    await asyncio.sleep(0.05)
        [watch] = manager._followed._watches.values()
        assert FIRST not in str(watch.informer.store)
        assert base64.b64encode(SECOND.encode()).decode() not in str(watch.informer.store)
    gc.unfreeze()

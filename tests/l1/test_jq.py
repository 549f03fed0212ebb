"""jq on objects: what it gives, and that nothing it is asked harms the process or tells what it shouldn't."""

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ackpy.controller.jq import Jq, PathRefusedError

OBJECT = {
    "metadata": {"name": "b", "annotations": {"a.b/c": "d"}},
    "status": {"arn": "arn:aws:s3:::b", "big": 2**60 + 1, "no": False, "half": 0.5, "list": ["x", "y"], "ü": "ß"},
}


@pytest_asyncio.fixture
async def jq() -> AsyncIterator[Jq]:
    started = Jq()
    yield started
    await started.aclose()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".status.arn", "arn:aws:s3:::b"),
        ('.metadata.annotations["a.b/c"]', "d"),
        (".status.big", str(2**60 + 1)),
        (".status.no", "false"),
        (".status.list | length", "2"),
        (".status.list[]", "x"),
        (".status.list | tojson", '["x","y"]'),
        (r'"\(.metadata.name):\(.status.half)"', "b:0.5"),
        ('.status["ü"]', "ß"),
        (r'"two\nlines"', "two\nlines"),
        ("1, repeat(2)", "1"),
        (".status.absent", None),
        ("empty", None),
    ],
)
async def test_results(jq: Jq, path: str, text: str | None) -> None:
    assert await jq.text(path, OBJECT) == text


@pytest.mark.parametrize(
    ("path", "message", "detail"),
    [
        ("", "unable to parse path", "Top-level program not given"),
        (".status.", "unable to parse path", "syntax error"),
        ("nonsense", "unable to parse path", "nonsense/0 is not defined"),
        (".status.arn[]", "unable to execute query", "Cannot iterate over string"),
        (".status", "unable to execute query", "the result is an object, not a string, boolean or integer"),
        (".status.list", "unable to execute query", "the result is an array,"),
        (".status.half", "unable to execute query", "the result is a fraction,"),
        ("input", "unable to execute query", "break"),
        ('"x" * 2000000', "unable to execute query", "longer than 1 MiB"),
        ("[repeat(1)]", "unable to execute query", "takes too much time or memory"),
        ("repeat(.) | select(false)", "unable to execute query", "takes too much time or memory"),
        ("[range(1e12)] | length", "unable to execute query", "takes too much time or memory"),
        ("def f: 1 + f; f", "unable to execute query", "takes too much time or memory"),
    ],
)
async def test_refusals(jq: Jq, path: str, message: str, detail: str) -> None:
    with pytest.raises(PathRefusedError) as caught:
        await jq.text(path, OBJECT)
    assert caught.value.message == message
    assert detail in caught.value.detail
    assert await jq.text(".metadata.name", OBJECT) == "b", "the next one is served"


async def test_only_jq_s_own_words_may_quote_the_object(jq: Jq) -> None:
    for path, quotes in [(".status.arn[]", True), ("error(.status.arn)", True), (".status", False), ("(", False)]:
        with pytest.raises(PathRefusedError) as caught:
            await jq.text(path, OBJECT)
        assert caught.value.quotes is quotes
        assert quotes or "arn:aws" not in str(caught.value)


@pytest.mark.parametrize("path", ["$ENV | tojson", "env | tojson"])
async def test_the_environment_is_not_told(jq: Jq, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tell-nobody")
    told = json.loads(str(await jq.text(path, {})))
    assert set(told) <= {"LC_CTYPE"}, "Python sets that one itself"


async def test_files_are_not_read(jq: Jq, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('"tell-nobody"')
    (tmp_path / "module.jq").write_text('def told: "tell-nobody";')
    for path in ('import "secret" as $s {search: "%s"}; $s[0]', 'import "module" as m {search: "%s"}; m::told'):
        with pytest.raises(PathRefusedError, match="unable to parse path") as caught:
            await jq.text(path % tmp_path, {})
        assert "tell-nobody" not in str(caught.value)


async def test_a_worker_that_died_is_started_again(jq: Jq) -> None:
    assert await jq.text("1", {}) == "1"
    assert jq._process
    os.kill(jq._process.pid, signal.SIGKILL)
    await jq._process.wait()
    assert await jq.text("2", {}) == "2"

"""`ackpy up` as a process: what it prints works, it stays on loopback, and nothing of it is left."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ackpy.kinds.registry import load
from ackpy.sandbox.process import free_port
from tests.kit import processes
from tests.kit.live import Live
from tests.kit.program import Program, ackpy
from tests.kit.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

LOOPBACK = "0100007F"  # 127.0.0.1, as /proc/net/tcp writes it
NAME = "ack-s3-bucket-hama"


def to_copy(program: Program) -> str:
    """The lines that it says to copy."""
    return program.stdout.partition("In another terminal:\n")[2]


def exports(program: Program) -> str:
    return "\n".join(line for line in to_copy(program).splitlines() if line.startswith(("export ", "alias ")))


def shell(*lines: str) -> str:
    done = subprocess.run(
        ["bash", "-O", "expand_aliases", "-euc", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def is_ready(program: Program) -> None:
    await program.says("kubectl describe bucket")
    await program.says("all objects are listed")


SYNCED = f"kubectl wait bucket/{NAME} --for=condition=ACK.ResourceSynced --timeout=60s"


@on_linux
async def test_what_it_prints_works_and_two_run_side_by_side(tmp_path: Path) -> None:
    with ackpy(tmp_path, "up") as one, ackpy(tmp_path, "up") as other:
        await is_ready(one)
        await is_ready(other)
        shown = shell(to_copy(one), SYNCED, f"kubectl describe bucket {NAME}")
        assert f"arn:aws:s3:::{NAME}" in shown
        assert "ACK.ResourceSynced" in shown
        assert shell(exports(other), "kubectl get buckets --all-namespaces --output=name") == ""

        parts = {program: {program.pid} | processes.descendants(program.pid) for program in (one, other)}
        ports = {program: processes.listening(pids) for program, pids in parts.items()}
        assert all(found.keys() == {LOOPBACK} for found in ports.values()), ports
        assert not ports[one][LOOPBACK] & ports[other][LOOPBACK]
        folders = [Path(kubeconfig(program)).parent for program in (one, other)]

        one.signal(signal.SIGINT)
        assert await one.ended() == 0
        os.kill(processes.named(parts[other], "etcd"), signal.SIGKILL)
        assert await other.ended() == 1
        assert "Error: etcd was killed by SIGKILL" in other.stderr
        assert processes.running(parts[one] | parts[other]) == set()
        assert not any(folder.exists() for folder in folders)


def kubeconfig(program: Program) -> str:
    found = re.search(r"export KUBECONFIG=(\S+)", program.stdout)
    assert found
    return found[1]


@on_linux
async def test_data_is_kept_also_when_it_is_killed(tmp_path: Path) -> None:
    kubernetes, aws = free_port(), free_port()
    flags = [f"--data={tmp_path / 'data'}", f"--kubernetes-port={kubernetes}", f"--aws-port={aws}"]
    with ackpy(tmp_path, "up", *flags) as first:
        await is_ready(first)
        assert f"https://127.0.0.1:{kubernetes}" in first.stdout
        assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{aws}\n" in first.stdout
        shell(to_copy(first), SYNCED)
        parts = processes.descendants(first.pid)
        with ackpy(tmp_path, "up", *flags) as another:
            assert await another.ended() == 1
            assert f"{tmp_path / 'data'} is in use by another instance (process {first.pid})" in another.stderr
        first.kill()
        await until(lambda: not processes.running(parts))
    with ackpy(tmp_path, "up", *flags) as second:
        await is_ready(second)
        # Its AWS is a new one: what the object says is made there again.
        shell(exports(second), SYNCED)
        await second.says(f"Bucket {NAME} was gone from AWS, and was made again")
        second.signal(signal.SIGTERM)
        assert await second.ended() == 0
    assert kubeconfig(second) == str(tmp_path / "data" / "kubeconfig")


async def test_it_asks_before_it_touches_another_cluster(live: Live, tmp_path: Path) -> None:
    since = live.audit_size()
    with ackpy(tmp_path, "up", "--context=ackpy", environment=cluster(live), answer="n\n") as program:
        assert await program.ended() == 1
    where = f"in the cluster of context ackpy ({live.plane.url}) with a simulated AWS"
    assert f"{', '.join(kind.label for kind in load())} {where}" in program.stdout
    assert "Aborted!" in program.stderr
    assert live.written_by_ackpy(since) == []


async def test_definitions_of_another_cluster_are_left_unless_told(live: Live, tmp_path: Path) -> None:
    crd, description = "crd/buckets.s3.services.k8s.aws", "/spec/versions/0/schema/openAPIV3Schema/description"
    change = [{"op": "replace", "path": description, "value": "theirs"}]
    live.kubectl("patch", crd, "--type=json", f"--patch={json.dumps(change)}")

    def described() -> str:
        return live.kubectl("get", crd, "--output=jsonpath={.spec.versions[0].schema.openAPIV3Schema.description}")

    with ackpy(tmp_path, "up", "--context=ackpy", environment=cluster(live), answer="y\n") as program:
        await program.says("ackpy is up")
        assert "Left as they are: " in program.stdout
        assert described() == "theirs"
    with ackpy(tmp_path, "up", "--context=ackpy", "--apply-crds", "--yes", environment=cluster(live)) as program:
        await program.says("ackpy is up")
        assert "Left as they are: " not in program.stdout
        assert described() != "theirs"


def cluster(live: Live) -> dict[str, str]:
    return {"KUBECONFIG": str(live.plane.kubeconfig)}


@on_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_build_can_be_stopped(tmp_path: Path, number: signal.Signals) -> None:
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.0; else exec sleep 600; fi\n')
    go.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path),
        "KUBEBUILDER_ASSETS": "",
    }
    with ackpy(tmp_path, "up", environment=environment) as program:
        await until(lambda: processes.descendants(program.pid))
        await program.says("Building ")
        parts = processes.descendants(program.pid)
        program.signal(number)
        assert await program.ended() == 1
        assert processes.running(parts) == set()

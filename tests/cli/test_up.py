"""`ackpy up` as a process: what it prints works, it stays on loopback, and nothing of it is left."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ackpy.sandbox.process import free_port
from tests.kit import processes
from tests.kit.live import Live
from tests.kit.program import Program, ackpy
from tests.kit.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

LOOPBACK = "0100007F"  # 127.0.0.1, as /proc/net/tcp writes it
NAME = "ack-s3-bucket-hama"


@contextmanager
def up(folder: Path, *arguments: str) -> Iterator[Program]:
    with ackpy(folder, "up", *arguments) as program:
        yield program


def to_copy(program: Program) -> str:
    """The lines that it says to copy."""
    return program.stdout.partition("In another terminal:\n")[2]


def shell(program: Program, more: str = "") -> str:
    """Copy the lines into a shell, and then some."""
    command = ["bash", "-O", "expand_aliases", "-euc", f"{to_copy(program)}\n{more}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def exports(program: Program) -> str:
    return "\n".join(line for line in to_copy(program).splitlines() if line.startswith(("export ", "alias ")))


def ask(program: Program, command: str) -> str:
    """Run a command where the lines to export were copied."""
    command = f"{exports(program)}\n{command}"
    done = subprocess.run(["bash", "-O", "expand_aliases", "-euc", command], capture_output=True, text=True, check=True)
    return done.stdout


async def is_ready(program: Program) -> None:
    await program.says("kubectl describe bucket")
    await program.says("all objects are listed")


SYNCED = f"kubectl wait bucket/{NAME} --for=condition=ACK.ResourceSynced --timeout=60s"


@on_linux
async def test_what_it_prints_works_and_two_run_side_by_side(tmp_path: Path) -> None:
    with up(tmp_path) as one, up(tmp_path) as other:
        await is_ready(one)
        await is_ready(other)
        shown = shell(one, f"{SYNCED}\nkubectl describe bucket {NAME}")
        assert f"arn:aws:s3:::{NAME}" in shown
        assert "ACK.ResourceSynced" in shown
        assert ask(other, "kubectl get buckets --all-namespaces --output=name") == ""

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
    with up(tmp_path, *flags) as first:
        await is_ready(first)
        assert f"https://127.0.0.1:{kubernetes}" in first.stdout
        assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{aws}\n" in first.stdout
        shell(first, SYNCED)
        parts = processes.descendants(first.pid)
        with up(tmp_path, *flags) as another:
            assert await another.ended() == 1
            assert f"{tmp_path / 'data'} is in use by another instance (process {first.pid})" in another.stderr
        first.kill()
        await until(lambda: not processes.running(parts))
    with up(tmp_path, *flags) as second:
        await is_ready(second)
        # Its AWS is a new one: what the object says is made there again.
        ask(second, SYNCED)
        await second.says(f"Bucket {NAME} was gone from AWS, and was made again")
        second.signal(signal.SIGTERM)
        assert await second.ended() == 0
    assert kubeconfig(second) == str(tmp_path / "data" / "kubeconfig")


async def test_it_asks_before_it_touches_another_cluster(live: Live, tmp_path: Path) -> None:
    since = live.audit_size()
    with ackpy(tmp_path, "up", "--context=ackpy", environment=cluster(live), answer="n\n") as program:
        assert await program.ended() == 1
    assert (
        f"s3/Bucket, sqs/Queue in the cluster of context ackpy ({live.plane.url}) with a simulated AWS"
        in program.stdout
    )
    assert "Aborted!" in program.stderr
    assert live.written_by_ackpy(since) == []


async def test_definitions_of_another_cluster_are_left_unless_told(live: Live, tmp_path: Path) -> None:
    crd = "buckets.s3.services.k8s.aws"
    live.kubectl("patch", "crd", crd, "--type=merge", "--patch", '{"spec": {"names": {"shortNames": ["bkt"]}}}')
    with ackpy(tmp_path, "up", "--context=ackpy", environment=cluster(live), answer="y\n") as program:
        await program.says("ackpy is up")
        assert "Left as they are: " in program.stdout
        assert short_names(live, crd) == '["bkt"]'
    with ackpy(tmp_path, "up", "--context=ackpy", "--apply-crds", "--yes", environment=cluster(live)) as program:
        await program.says("ackpy is up")
        assert "Left as they are: " not in program.stdout
        assert short_names(live, crd) == ""


def cluster(live: Live) -> dict[str, str]:
    return {"KUBECONFIG": str(live.plane.kubeconfig)}


def short_names(live: Live, crd: str) -> str:
    return live.kubectl("get", "crd", crd, "--output=jsonpath={.spec.names.shortNames}")

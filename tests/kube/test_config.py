"""Where the cluster is found, and how credentials are got and renewed."""

import os
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ackpy.kube import ConfigError, config, load
from ackpy.sandbox import certificates


def write_kubeconfig(path: Path, *contexts: str, user: Any = None, **cluster: Any) -> str:
    """A kubeconfig whose first context is the current one; a context's server has its name."""
    entries = [{"server": f"http://{name}.test"} | cluster for name in contexts]
    content = {
        "current-context": contexts[0],
        "clusters": [{"name": name, "cluster": entry} for name, entry in zip(contexts, entries, strict=True)],
        "users": [{"name": "me", "user": user or {"token": "t"}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "me", "namespace": f"ns-{name}"}} for name in contexts
        ],
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.fixture(autouse=True)
def _nothing_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any configuration."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(config, "SERVICE_ACCOUNT", str(tmp_path / "serviceaccount"))


def test_nothing_is_found() -> None:
    with pytest.raises(ConfigError, match=r"no cluster found: KUBECONFIG is not set.*--kubeconfig"):
        load()
    with pytest.raises(ConfigError, match=r"no cluster found: missing\.yaml is not a file"):
        load("missing.yaml")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    return certificates.ensure(tmp_path_factory.mktemp("ca") / "pki").authority.certificate.read_text()


async def test_the_order_of_sources(tmp_path: Path, ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/.kube").mkdir(parents=True)
    write_kubeconfig(tmp_path / "home/.kube/config", "home")
    assert load().server == "http://home.test"

    account = tmp_path / "serviceaccount"
    account.mkdir()
    for name, content in {"token": "pod-token", "namespace": "pod-namespace", "ca.crt": ca}.items():
        (account / name).write_text(content)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    in_cluster = load()
    assert (in_cluster.server, in_cluster.context) == ("https://[fd00::1]:443", "in-cluster")
    assert in_cluster.namespace == "pod-namespace"
    assert await in_cluster.credentials.header() == "Bearer pod-token"

    monkeypatch.setenv("KUBECONFIG", write_kubeconfig(tmp_path / "env", "env"))
    assert load().server == "http://env.test"
    assert load(write_kubeconfig(tmp_path / "given", "given")).server == "http://given.test"


def test_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [write_kubeconfig(tmp_path / "one", "a", "b"), write_kubeconfig(tmp_path / "two", "c", "a")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([files[0], str(tmp_path / "missing"), files[1]]))
    assert load().context == "a"
    chosen = load(context="c")
    assert (chosen.server, chosen.namespace) == ("http://c.test", "ns-c")
    with pytest.raises(ConfigError, match=r"context 'd' is not in .*one.*two; there are: a, a, b, c\."):
        load(context="d")


@pytest.mark.parametrize("content", ["", "a: [", "[]", "clusters: 1", "{clusters: [], contexts: [{name: a}]}"])
def test_not_a_kubeconfig(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken").write_text(content)
    with pytest.raises(ConfigError, match="broken is not a kubeconfig"):
        load(str(tmp_path / "broken"))


def test_dangling_names_and_missing_files(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "file", "a")
    dangling = Path(path).read_text().replace("user: me", "user: you")
    (tmp_path / "dangling").write_text(dangling)
    with pytest.raises(ConfigError, match="refers to 'you', which it doesn't define"):
        load(str(tmp_path / "dangling"))
    tls = write_kubeconfig(tmp_path / "tls", "a", server="https://a.test", **{"certificate-authority": "none.crt"})
    with pytest.raises(ConfigError, match="can't use the certificates"):
        load(tls)


def test_a_ca_without_key_usage_can_be_accepted(tmp_path: Path, ca: str) -> None:
    (tmp_path / "ca.crt").write_text(ca)
    path = write_kubeconfig(tmp_path / "file", "a", server="https://a.test", **{"certificate-authority": "ca.crt"})
    lenient = load(path, strict_tls=False).tls
    assert lenient is not None
    assert not lenient.verify_flags & ssl.VERIFY_X509_STRICT
    assert lenient.verify_mode is ssl.CERT_REQUIRED
    assert lenient.check_hostname


async def test_a_token_file_is_read_again_when_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    credentials = load(write_kubeconfig(tmp_path / "file", "a", user={"tokenFile": "token"})).credentials
    assert await credentials.header() == "Bearer one"
    assert not await credentials.renew("Bearer one")
    (tmp_path / "token").write_text("two")
    assert await credentials.header() == "Bearer one"
    assert await credentials.renew("Bearer one")
    assert await credentials.header() == "Bearer two"
    assert await credentials.renew("Bearer one")  # as another request has done already
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="can't get credentials"):
        await credentials.renew("Bearer two")


async def test_other_credentials_have_nothing_to_renew(tmp_path: Path) -> None:
    static = load(write_kubeconfig(tmp_path / "file", "a")).credentials
    assert await static.header() == "Bearer t"
    assert not await static.renew("Bearer t")
    certificate_only = load(write_kubeconfig(tmp_path / "file", "a", user={"username": "no-password"})).credentials
    assert await certificate_only.header() is None
    assert not await certificate_only.renew(None)


_PLUGIN = """
import json, os, pathlib
calls = pathlib.Path(os.environ["CALLS"])
calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
token = f"{asked['apiVersion']}-{len(calls.read_text())}"
print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": {"token": token}}))
"""


@pytest.mark.parametrize("version", ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"])
async def test_an_exec_plugin(tmp_path: Path, version: str) -> None:
    plugin = {
        "apiVersion": version,
        "command": sys.executable,
        "args": ["-c", _PLUGIN],
        "env": [{"name": "CALLS", "value": str(tmp_path / "calls")}],
    }
    credentials = load(write_kubeconfig(tmp_path / "file", "a", user={"exec": plugin})).credentials
    assert await credentials.header() == f"Bearer {version}-1"
    assert await credentials.header() == f"Bearer {version}-1"
    assert await credentials.renew(f"Bearer {version}-1")
    assert await credentials.header() == f"Bearer {version}-2"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-plugin"], "no-such-plugin"),
        ([sys.executable, "-c", "import sys; sys.exit('log in first')"], "log in first"),
        ([sys.executable, "-c", "print('{}')"], "gave no token"),
    ],
)
async def test_a_broken_exec_plugin(tmp_path: Path, command: list[str], message: str) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command[0], "args": command[1:]}
    credentials = load(write_kubeconfig(tmp_path / "file", "a", user={"exec": plugin})).credentials
    with pytest.raises(ConfigError, match=message):
        await credentials.header()


def test_the_proxy_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_kubeconfig(tmp_path / "file", "a")
    assert load(path).proxy is None
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    assert load(path).proxy == "http://proxy.test:3128"
    monkeypatch.setenv("no_proxy", ".test")
    assert load(path).proxy is None

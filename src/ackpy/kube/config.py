"""Which cluster, and as whom: kubeconfig files and in-cluster service accounts.

`lightkube.config` parses kubeconfigs and knows the ways to authenticate (token, token file, exec plugin, password,
client certificate). This module is the border to it: it chooses the source, mends what lightkube refuses or leaves to
its caller, and turns its httpx authenticator into `Credentials`, which kube/client.py asks for one header.
"""

import asyncio
import json
import os
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, SERVICE_ACCOUNT, KubeConfig, SingleConfig
from lightkube.config.models import NameValue, User
from lightkube.core.exceptions import ConfigError as LightkubeConfigError

_EXEC_V1, _EXEC_V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"


class ConfigError(Exception):
    """No usable cluster configuration; the text says what to do."""


class Credentials:
    """The Authorization header, kept until the server refuses it."""

    def __init__(self, auth: httpx2.Auth | None) -> None:
        self._auth = auth
        self._lock = asyncio.Lock()
        self._header: str | None = None

    async def header(self) -> str | None:
        """The header's value; None for client certificates and anonymous access.

        Raises:
            ConfigError: The token file can't be read, or the exec plugin failed.
        """
        if self._header is None and self._auth is not None:
            await self.renew(None)
        return self._header

    async def renew(self, refused: str | None) -> bool:
        """Read the token anew after the server refused it. Concurrent callers share one reading.

        Returns:
            Whether there is another header to try.

        Raises:
            ConfigError: As for `header`.
        """
        async with self._lock:
            if self._header == refused and self._auth is not None:
                self._header = await self._ask(self._auth, refused)
        return self._header is not None and self._header != refused

    @staticmethod
    async def _ask(auth: httpx2.Auth, refused: str | None) -> str | None:
        """Play one exchange with the authenticator: what would it send, and what after a 401?"""
        flow = auth.async_auth_flow(httpx2.Request("GET", "https://kubernetes"))
        try:
            request = await anext(flow)
            if refused is not None and request.headers.get("Authorization") == refused:
                request = await flow.asend(httpx2.Response(401))
        except StopAsyncIteration:  # it has nothing else to offer
            return refused
        except (LightkubeConfigError, OSError) as error:
            raise ConfigError(f"can't get credentials for the Kubernetes API: {error}") from error
        except (KeyError, ValueError) as error:
            raise ConfigError(
                "the kubeconfig's exec plugin gave no token (plugins that give client certificates are not supported)"
            ) from error
        finally:
            await flow.aclose()
        header: str | None = request.headers.get("Authorization")
        return header


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Everything that a connection needs.

    Attributes:
        server: The URL of the API server.
        context: The kubeconfig's context, or "in-cluster"; for messages.
        namespace: The context's namespace.
        tls: How to verify the server and show a client certificate; None for plain HTTP.
        credentials: The source of the Authorization header.
        proxy: The HTTP proxy to go through, by HTTPS_PROXY and NO_PROXY.
    """

    server: str
    context: str
    namespace: str
    tls: ssl.SSLContext | None
    credentials: Credentials
    proxy: str | None = None


def load(kubeconfig: str | None = None, context: str | None = None, *, strict_tls: bool = True) -> ClusterConfig:
    """Find the cluster: the given file, else KUBECONFIG, else the pod's service account, else ~/.kube/config.

    KUBECONFIG may name several files; the first that has the context is used, without merging entries across files.

    Args:
        kubeconfig: The path of a kubeconfig file.
        context: The context to use, instead of the file's current one.
        strict_tls: False accepts a cluster CA without the key-usage extension. Python 3.13 and later refuse such a CA
            (they set VERIFY_X509_STRICT, RFC 5280), though kubectl accepts it and many clusters have one. Signature,
            host name and expiry are verified either way.

    Raises:
        ConfigError: There is no configuration, or it can't be used.
    """
    try:
        single = _select(kubeconfig, context)
        user = _mended(single)
        tls = None
        if single.cluster.server.startswith("https:"):
            tls = verify_cluster(single.cluster, user, single.abs_file)
            if not strict_tls:
                tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return ClusterConfig(
            server=single.cluster.server.rstrip("/"),
            context=single.context_name,
            namespace=single.namespace,
            tls=tls,
            credentials=Credentials(user_auth(user)),
            proxy=_proxy(single.cluster.server),
        )
    except LightkubeConfigError as error:
        raise ConfigError(str(error)) from error
    except KeyError as error:
        raise ConfigError(f"the kubeconfig refers to {error}, which it doesn't define") from error
    except OSError as error:
        raise ConfigError(f"can't use the certificates of the kubeconfig: {error}") from error


def _select(kubeconfig: str | None, context: str | None) -> SingleConfig:
    listed = (
        [kubeconfig] if kubeconfig else [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    )
    if not listed and Path(SERVICE_ACCOUNT, "token").exists() and "KUBERNETES_SERVICE_HOST" in os.environ:
        return KubeConfig.from_service_account(SERVICE_ACCOUNT).get()._replace(context_name="in-cluster")
    paths = [path for path in listed or [DEFAULT_KUBECONFIG] if Path(path).expanduser().is_file()]
    if not paths:
        wanted = (
            f"{', '.join(listed)} is not a file" if listed else "KUBECONFIG is not set, ~/.kube/config is not a file"
        )
        raise ConfigError(f"no cluster found: {wanted}. Give --kubeconfig, or set KUBECONFIG.")
    configs = [_parse(path) for path in paths]
    context = context or next((config.current_context for config in configs if config.current_context), None)
    if context is None:
        raise ConfigError(f"{', '.join(paths)} has no current-context. Choose one with --context.")
    for config in configs:
        if context in config.contexts:
            return config.get(context)
    known = ", ".join(sorted(name for config in configs for name in config.contexts)) or "none"
    raise ConfigError(f"context {context!r} is not in {', '.join(paths)}; there are: {known}.")


def _parse(path: str) -> Any:  # a lightkube KubeConfig
    try:
        return KubeConfig.from_file(path)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise ConfigError(f"{path} is not a kubeconfig: {type(error).__name__}: {error}") from error


def _mended(single: SingleConfig) -> User:
    """The user, with what lightkube leaves undone.

    It refuses version v1 of exec credentials, which differs from v1beta1 in no field that we read, and doesn't tell
    the plugin which version is asked for; and it takes a relative token file from the working directory.
    """
    user = single.user or User()
    if user.token_file:
        user.token_file = str(single.abs_file(user.token_file))
    if user.exec and user.exec.apiVersion in {_EXEC_V1, _EXEC_V1BETA1}:
        asked = {"apiVersion": user.exec.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
        user.exec.env = [*(user.exec.env or ()), NameValue("KUBERNETES_EXEC_INFO", json.dumps(asked))]
        user.exec.apiVersion = _EXEC_V1BETA1
    return user


def _proxy(server: str) -> str | None:
    parts = urlsplit(server)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)

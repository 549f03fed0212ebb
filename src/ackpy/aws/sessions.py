"""The sessions of a process: one with its own identity, and one for each role that it assumes, and the terms of that.

`Clients` asks for the session of a scope. The credentials of a role come from STS when the first call needs them, and
botocore renews them before they expire. All sessions share one loader, so that a role costs no models.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioAssumeRoleCredentialFetcher, AioDeferredRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import NoCredentialsError

from ackpy.aws.clients import own_session
from ackpy.aws.scope import Scope
from ackpy.plan.roles import Terms

_MAX_SESSIONS = 128
_LONGEST_NAME = 64


def session_name(namespace: str) -> str:
    """The name under which roles are assumed: CloudTrail shows it, and trust policies may ask for it.

    Args:
        namespace: the controller's.
    """
    return re.sub(r"[^\w+=,.@-]", "-", f"ackpy-{namespace}", flags=re.ASCII)[:_LONGEST_NAME]


class Sessions:
    """The sessions, least recently used first out. A client keeps the session that it was made from."""

    def __init__(
        self,
        own: AioSession,
        version: str,
        region: str,
        name: str,
        endpoint_url: str | None = None,
        timeout_seconds: float = 60.0,
        max_sessions: int = _MAX_SESSIONS,
    ) -> None:
        """Nothing is assumed yet.

        Args:
            own: with the identity that assumes the roles.
            version: of ackpy.
            region: whose STS is asked.
            name: from `session_name`.
            endpoint_url: of STS; None for AWS's own.
            timeout_seconds: longest silence of STS.
            max_sessions: roles kept.
        """
        self._own, self._version, self._region, self._name, self._endpoint_url = (
            own,
            version,
            region,
            name,
            endpoint_url,
        )
        self._config = AioConfig(read_timeout=timeout_seconds, retries={"mode": "standard"})
        self._max = max_sessions
        self._by_role: OrderedDict[tuple[str, Terms], AioSession] = OrderedDict()

    async def of(self, scope: Scope) -> AioSession:
        """The session whose credentials serve a scope.

        Raises:
            botocore.exceptions.BotoCoreError: the process has no identity to assume a role from.
        """
        if scope.role_arn is None:
            return self._own
        return await self._of_role(scope.role_arn, scope.terms)

    async def _of_role(self, role_arn: str, terms: Terms) -> AioSession:
        key = (role_arn, terms)
        if key not in self._by_role:
            self._by_role[key] = await self._assuming(role_arn, terms)
        self._by_role.move_to_end(key)
        session = self._by_role[key]
        while len(self._by_role) > self._max:
            self._by_role.popitem(last=False)
        return session

    async def _assuming(self, role_arn: str, terms: Terms) -> AioSession:
        """The session of a role that our own identity assumes, or the last role of the chain before it."""
        *before, last = terms.chain or (None,)
        by = await self._of_role(last, Terms(chain=tuple(before))) if last else self._own
        source = await by.get_credentials()
        if source is None:
            raise NoCredentialsError
        arguments: dict[str, object] = {"RoleSessionName": self._name}
        if terms.external_id:
            arguments["ExternalId"] = terms.external_id
        if terms.tags:
            arguments["Tags"] = [{"Key": key, "Value": value} for key, value in terms.tags]
        fetcher = AioAssumeRoleCredentialFetcher(self._sts, source, role_arn, arguments)
        session = own_session(self._version, self._region)
        session.register_component("data_loader", self._own.get_component("data_loader"))
        credentials = AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        session.register_component("credential_provider", _Fixed(credentials))
        return session

    def _sts(self, service: str, **credentials: str | None) -> object:
        """What botocore makes the client with that assumes a role; its credentials are those of who assumes it."""
        return self._own.create_client(
            service, region_name=self._region, endpoint_url=self._endpoint_url, config=self._config, **credentials
        )


class _Fixed:
    """A session's source of credentials that knows only one."""

    def __init__(self, credentials: AioDeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    async def load_credentials(self) -> AioDeferredRefreshableCredentials:
        return self._credentials

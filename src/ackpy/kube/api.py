# ruff: noqa: N818 (the exceptions have the names of Kubernetes' own reasons)
"""The Kubernetes API as ackpy sees it: resources, the `KubeApi` interface and its errors.

kube/client.py implements `KubeApi` over HTTP and tests/kit/memory_api.py in memory; both pass one contract test suite.
The error tree, which is also what a caller has to tell apart:

    ApiError
    ├── Unauthorized      the credentials are refused, also after they were read anew
    ├── Forbidden         RBAC, or an admission rule, says no
    ├── NotFound          no such object, or no such kind
    ├── AlreadyExists     create met an object of this name
    ├── Conflict          the object changed since it was read: read and decide again
    ├── Gone              the resourceVersion is too old: list again
    ├── Invalid           the object is refused: it must change before another try
    └── Retryable         the same request may succeed later
        ├── TooManyRequests
        └── Unreachable   no connection, no answer in time, or the server failed (5xx)
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

# A JSON object of the Kubernetes API. Treat those of an informer as read-only: they are shared, never copied.
Object = dict[str, Any]

FIELD_MANAGER = "ackpy"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type of the API; `group` is empty for the core group."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """What objects carry as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of an object, or of the collection (over all namespaces without a namespace)."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=":"))  # RBAC names hold colons
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


class PatchType(StrEnum):
    """The content type of a patch. JSON is YAML, so an apply body is sent as JSON."""

    MERGE = "application/merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class Page(NamedTuple):
    """A part of a list. All pages of one list carry the same resource_version, from which a watch may start."""

    items: list[Object]
    resource_version: str
    continue_token: str | None


class WatchEvent(NamedTuple):
    """A change; `type` is ADDED, MODIFIED, DELETED or BOOKMARK (then the object has only a resourceVersion)."""

    type: str
    object: Object


class KubeApi(Protocol):
    """The calls that ackpy makes. Every one raises ApiError (see the tree above)."""

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """Read one object."""

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
    ) -> Page:
        """Read a collection, at most `limit` objects a page."""

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
        field_selector: str | None = None,
        timeout_seconds: int = 300,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes after resource_version, with bookmarks, until the server ends the watch after timeout_seconds.

        Close the generator (`contextlib.aclosing`) when leaving early: it holds a connection.
        """

    async def create(
        self, resource: Resource, namespace: str | None, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        """Create an object and return it as stored."""

    async def replace(
        self, resource: Resource, namespace: str | None, name: str, body: Object, *, field_manager: str = FIELD_MANAGER
    ) -> Object:
        """Replace an object. A metadata.resourceVersion in the body guards against changes made since."""

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        subresource: str | None = None,
        patch_type: PatchType = PatchType.MERGE,
        force: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Object:
        """Change an object and return it as stored.

        A metadata.resourceVersion in the body guards against changes made since. `force` is for PatchType.APPLY: take
        over fields that another manager owns.
        """

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Delete an object; with finalizers on it, mark it as being deleted."""


class ApiError(Exception):
    """A request that the API server refused, or that didn't reach it. The text is for users.

    Attributes:
        status: The HTTP status; 0 if there was no answer.
        reason: The machine-readable reason of Kubernetes, as "NotFound".
        message: What went wrong, naming the object.
    """

    advice = ""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(status, reason, message)
        self.status, self.reason, self.message = status, reason, message

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}. {self.advice}" if self.advice else self.message


class Unauthorized(ApiError):
    """The credentials are refused."""

    advice = "Check the credentials of the kubeconfig's user, or of the service account."


class Forbidden(ApiError):
    """Permission is missing."""

    advice = "If ackpy should be allowed to do this, grant it by RBAC."


class NotFound(ApiError):
    """No such object, or the server doesn't serve its kind."""


class AlreadyExists(ApiError):
    """An object of this name exists."""


class Conflict(ApiError):
    """The object changed since it was read, or another field manager owns the fields."""


class Gone(ApiError):
    """The server no longer has this resourceVersion."""


class Invalid(ApiError):
    """The object is not acceptable as it is."""


class Retryable(ApiError):
    """The request may succeed later.

    Attributes:
        retry_after: Seconds that the server asked to wait, if it did.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(status, reason, message)
        self.retry_after = retry_after


class TooManyRequests(Retryable):
    """The API server limits our rate."""


class Unreachable(Retryable):
    """The API server didn't answer, or failed inside."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def error_from_status(status: Object, code: int, retry_after: float | None = None) -> ApiError:
    """The error for a meta/v1 Status object: the body of a refusal, or the object of a watch's ERROR event."""
    reason, message = status.get("reason") or "Unknown", status.get("message") or f"HTTP status {code}"
    details = status.get("details") or {}
    if reason == "AlreadyExists":
        return AlreadyExists(code, reason, message)
    if code == 429 or code >= 500:
        retry_after = retry_after if retry_after is not None else details.get("retryAfterSeconds")
        return (TooManyRequests if code == 429 else Unreachable)(code, reason, message, retry_after)
    return _BY_STATUS.get(code, ApiError)(code, reason, message)

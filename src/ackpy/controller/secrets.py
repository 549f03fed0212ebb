"""Values that come from Secrets: read when a call is sent, and nowhere before, so that nothing else can tell them.

What is desired holds only which key of which Secret, with a digest of its value. The digest of what was sent is
remembered in the object's state; a value that differs from it is sent, an equal one never (docs/decisions/0007).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from ackpy.controller.references import Link, Reader, across
from ackpy.controller.subject import Subject
from ackpy.kinds.model import Kind, Reference
from ackpy.kinds.paths import Json, Path, container, get, places, show, with_value
from ackpy.kube.api import Conflict, NotFound, Object, Resource
from ackpy.plan.compare import is_empty
from ackpy.plan.outcome import Advisory
from ackpy.wire.convert import SecretRef

SECRETS = Resource("", "v1", "secrets", "Secret")

_EDITION = Reference((), (), "", "Secret", ("metadata", "resourceVersion"), skip_state_check=True)
# RFC 7914; a guess costs 16 MiB and some tens of milliseconds, and each object has a salt of its own.
_SCRYPT = {"n": 2**14, "r": 8, "p": 2, "maxmem": 2**26, "dklen": 16}
_KEPT_DIGESTS = 10_000


class SecretRefusedError(ValueError):
    """A Secret can't be used as it is. The text is the contract's; `detail` says which one and what is wrong."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(message)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Sealed:
    """A spec whose secrets are named by namespace and digest.

    Attributes:
        spec: the spec.
        versions: the digests, by path below spec.
    """

    spec: Mapping[str, Json]
    versions: Mapping[str, str]
    advisories: tuple[Advisory, ...] = ()


def secret_links(kind: Kind, spec: Mapping[str, Json], namespace: str) -> Iterator[Link]:
    """The Secrets that a spec names, as links: whoever refers to one is woken by every edition of it."""
    for field, given in _given(kind, spec):
        if given.get("name"):
            yield Link(_EDITION, field, SECRETS, given.get("namespace") or namespace, given["name"])


def trimmed(obj: Object) -> Object:
    """Of a Secret, only which edition it is; anything else as it is."""
    if (obj.get("apiVersion"), obj.get("kind")) != (SECRETS.api_version, SECRETS.kind):
        return obj
    kept = ("name", "namespace", "uid", "resourceVersion")
    return {"metadata": {key: value for key, value in obj["metadata"].items() if key in kept}}


class Secrets:
    """The Secrets of one process."""

    def __init__(
        self, read: Reader, *, cross_namespace: bool, seen: Callable[[str, str], Object | None] = lambda *_: None
    ) -> None:
        """Nothing is read yet.

        Args:
            read: reads a Secret from the API server.
            cross_namespace: whether other namespaces' may be used.
            seen: a Secret's metadata as last heard of, which saves reading it again; None where nothing was heard.
        """
        self._read, self._cross_namespace, self._seen = read, cross_namespace, seen
        self._digests: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def seal(self, subject: Subject, spec: Mapping[str, Json]) -> Sealed:
        """Find out which values a spec's secrets, and what else AWS never shows, have now, without keeping them.

        Raises:
            SecretRefusedError: a Secret isn't there, or not usable.
            UnresolvedError: it is in another namespace, and that isn't allowed.
            ApiError: the API server couldn't be asked.
        """
        versions: dict[str, list[str]] = {}
        advisories = []
        for field, given in _given(subject.kind, spec):
            namespace, name, key = given.get("namespace") or subject.namespace, given.get("name"), given["key"]
            if not name:
                raise SecretRefusedError("kubernetes secret not found", f"spec.{show(field)} names no Secret")
            if namespace != subject.namespace:
                advisories.append(across(subject.namespace, namespace, name, allowed=self._cross_namespace))
            digest = await self._digest(subject.uid, SecretRef(namespace, name, key, ""))
            sealed = {"namespace": namespace, "name": name, "key": key, "digest": digest}
            spec = with_value(spec, field, sealed)
            versions.setdefault(show(container(field)), []).append(digest)
        for path in subject.kind.unread:
            if not is_empty(value := get(spec, path)):
                versions[show(path)] = [_fingerprint(value)]
        joined = {path: ",".join(digests) for path, digests in versions.items()}
        return Sealed(spec, joined, tuple(dict.fromkeys(advisories)))

    async def reveal(self, uid: str, params: Json) -> tuple[Json, list[str]]:
        """A call's input with the values in it, and these alone, to be kept out of whatever AWS answers.

        Raises:
            Conflict: a Secret changed since its digest was made.
            SecretRefusedError, ApiError: as `seal`.
        """
        if isinstance(params, SecretRef):
            value, secret = await self._value(params)
            if await self._hashed(uid, params, secret, value) != params.digest:
                raise Conflict(
                    409, "Conflict", f"the Secret {params.namespace}/{params.name} changed while it was used"
                )
            return value, [value]
        if isinstance(params, Mapping):
            inner = {key: await self.reveal(uid, one) for key, one in params.items()}
            return {key: one for key, (one, _) in inner.items()}, [v for _, found in inner.values() for v in found]
        if isinstance(params, list):
            items = [await self.reveal(uid, one) for one in params]
            return [one for one, _ in items], [value for _, found in items for value in found]
        return params, []

    async def _digest(self, uid: str, ref: SecretRef) -> str:
        heard = self._seen(ref.namespace, ref.name)
        if heard is not None and (known := self._digests.get(_edition(uid, ref, heard))) is not None:
            return known
        value, secret = await self._value(ref)
        return await self._hashed(uid, ref, secret, value)

    async def _value(self, ref: SecretRef) -> tuple[str, Object]:
        where = f"the Secret {ref.namespace}/{ref.name}"
        try:
            secret = await self._read(SECRETS, ref.namespace, ref.name)
        except NotFound as error:
            raise SecretRefusedError("kubernetes secret not found", f"there is no {where[4:]}: create it") from error
        if (kind := secret.get("type")) not in {None, "", "Opaque"}:
            raise SecretRefusedError("only opaque secrets can be used", f"{where} is of type {kind}")
        if ref.key not in (data := secret.get("data") or {}):
            raise SecretRefusedError("kubernetes secret not found", f"{where} has no key {ref.key}: add it")
        try:
            return base64.b64decode(data[ref.key]).decode(), secret
        except UnicodeDecodeError:
            text = f"{where}, key {ref.key}: the value is not UTF-8 text"
            raise SecretRefusedError(text, "AWS takes only texts as secrets") from None  # the cause would show bytes

    async def _hashed(self, uid: str, ref: SecretRef, secret: Object, value: str) -> str:
        edition = _edition(uid, ref, secret)
        async with self._one_at_a_time:
            if edition not in self._digests:
                salt = f"{uid}/{ref.namespace}".encode()
                digest = await asyncio.to_thread(hashlib.scrypt, value.encode(), salt=salt, **_SCRYPT)
                self._digests[edition] = digest.hex()
                if len(self._digests) > _KEPT_DIGESTS:
                    self._digests.popitem(last=False)
            return self._digests[edition]


def _fingerprint(value: Json) -> str:
    """The digest of a value that AWS never shows. It stands in the spec beside its digest: no guess need be dear."""
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=_SCRYPT["dklen"]).hexdigest()


def _edition(uid: str, ref: SecretRef, secret: Object) -> tuple[str, ...]:
    metadata = secret["metadata"]
    return uid, ref.namespace, ref.name, ref.key, metadata["uid"], metadata["resourceVersion"]


def _given(kind: Kind, spec: Mapping[str, Json]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    for path in kind.secrets:
        for field in places(spec, path):
            if isinstance(given := get(spec, field), Mapping):
                yield field, given

"""Where an object's resource lives: account and region, in the contract's order, and what namespaces say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ackpy.aws.scope import Scope
from ackpy.controller.subject import ACK, DEFAULT_REGION, DELETION_POLICY, ENDPOINT_URL, OWNER_ACCOUNT, REGION, Subject
from ackpy.kinds.paths import Json
from ackpy.wire.call import Observation


class ScopeRefusedError(ValueError):
    """The object's region or account can't be changed, or its policy isn't known; nothing was called."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """Scopes of one process.

    Attributes:
        account, partition: of the controller's own identity.
        region: where nothing else says one.
        endpoint_url: of AWS, by flag; None for AWS's own.
        annotations: of a namespace, by name.
    """

    account: str
    partition: str
    region: str
    endpoint_url: str | None
    annotations: Callable[[str], Mapping[str, str]]

    def of(self, subject: Subject) -> Scope:
        """The scope of an object's calls.

        Raises:
            ScopeRefusedError: its annotations ask for another region or account than its resource is in.
        """
        namespace = self.annotations(subject.namespace)
        recorded = subject.status.get("ackResourceMetadata") or {}
        asked = subject.annotations.get(REGION) or namespace.get(DEFAULT_REGION) or self.region
        region = recorded.get("region") or asked
        # A changed flag or namespace default moves nothing; a region on the object itself is a wish that can't be met.
        if subject.annotations.get(REGION, region) != region:
            raise ScopeRefusedError(
                f"Resource already exists in region {region}, but the desired state specifies region {asked}. "
            )
        account = recorded.get("ownerAccountID") or self.account
        if account != self.account:
            raise ScopeRefusedError(
                f"Resource already exists in account {account}, but the role used for reconciliation is in account "
                f"{self.account}. "
            )
        if (owner := namespace.get(OWNER_ACCOUNT, self.account)) != self.account:
            raise ScopeRefusedError(
                f"the namespace belongs to account {owner}, and roles of other accounts are not supported yet by this "
                f"version of ackpy: nothing was made in account {self.account}"
            )
        endpoint = namespace.get(ENDPOINT_URL) or self.endpoint_url
        return Scope(account=account, partition=self.partition, region=region, endpoint_url=endpoint)

    def retains(self, subject: Subject, default: str) -> bool:
        """Whether an object's resource is left alone when the object is deleted: object, namespace, flag.

        Raises:
            ScopeRefusedError: the policy is neither delete nor retain.
        """
        of_namespace = f"{subject.kind.service.alias}.{ACK}/deletion-policy"
        namespace = self.annotations(subject.namespace).get(of_namespace)
        policy = subject.annotations.get(DELETION_POLICY) or namespace or default
        if policy not in {"delete", "retain"}:
            raise ScopeRefusedError(
                f'unrecognized deletion policy {policy}. Supported policies are "delete" and "retain"'
            )
        return policy == "retain"

    def metadata(self, subject: Subject, known: Mapping[str, Json], observed: Observation | None) -> Mapping[str, Json]:
        """`status.ackResourceMetadata`; the ARN only once the resource was seen (`Subject.recorded` stands on that)."""
        region = known.get("region") or subject.annotations.get(REGION)
        region = region or self.annotations(subject.namespace).get(DEFAULT_REGION) or self.region
        base = {"ownerAccountID": self.account, "region": region, "partition": self.partition} | dict(known)
        if not subject.recorded and not (observed is not None and observed.exists):
            base.pop("arn", None)
        elif subject.kind.arn and not base.get("arn"):
            words = {
                "spec": _Dotted(subject.spec),
                "region": region,
                "account": self.account,
                "partition": self.partition,
            }
            base["arn"] = subject.kind.arn.format(**words)
        return base


class _Dotted:
    """Lets a template say {spec.name}."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Json:
        return self._values.get(name, "")

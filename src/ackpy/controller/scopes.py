"""Where an object's resource lives, and as whom it is called: account, region and role, in the contract's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ackpy.aws.scope import Scope
from ackpy.controller.subject import ACK, DEFAULT_REGION, DELETION_POLICY, ENDPOINT_URL, REGION, Subject
from ackpy.kinds.paths import Json
from ackpy.plan.roles import PLAIN, Role
from ackpy.wire.call import Observation, arn


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
        role: of an object; None for the controller's own identity. Raises RoleError.
    """

    account: str
    partition: str
    region: str
    endpoint_url: str | None
    annotations: Callable[[str], Mapping[str, str]]
    role: Callable[[Subject], Role | None]

    def of(self, subject: Subject) -> Scope:
        """The scope of an object's calls.

        Raises:
            ScopeRefusedError: as `under`.
            RoleError: there is no role to make them with.
        """
        return self.under(self.role(subject), subject)

    def under(self, role: Role | None, subject: Subject) -> Scope:
        """The scope of an object's calls under a role.

        Raises:
            ScopeRefusedError: its annotations ask for another region or account than its resource is in.
            RoleRefusedError: the role is none.
        """
        namespace = self.annotations(subject.namespace)
        recorded = subject.place
        asked = subject.annotations.get(REGION) or namespace.get(DEFAULT_REGION) or self.region
        region = recorded.get("region") or asked
        # A changed flag or namespace default moves nothing; a region on the object itself is a wish that can't be met.
        if subject.annotations.get(REGION, region) != region:
            raise ScopeRefusedError(
                f"Resource already exists in region {region}, but the desired state specifies region {asked}. "
            )
        account = role.account if role else self.account
        if (there := recorded.get("ownerAccountID") or account) != account:
            raise ScopeRefusedError(
                f"Resource already exists in account {there}, but the role used for reconciliation is in account "
                f"{account}. "
            )
        return Scope(
            account=account,
            partition=self.partition,
            region=region,
            role_arn=role.arn if role else None,
            terms=role.terms.within(subject.namespace) if role else PLAIN,
            endpoint_url=namespace.get(ENDPOINT_URL) or self.endpoint_url,
        )

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


def metadata(
    scope: Scope, subject: Subject, known: Mapping[str, Json], observed: Observation | None
) -> Mapping[str, Json]:
    """`status.ackResourceMetadata`; the ARN only once the resource was seen (`Subject.recorded` stands on that)."""
    place = {"ownerAccountID": scope.account, "region": scope.region}
    base = {"partition": scope.partition} | dict(known) | place
    if not subject.recorded and not (observed is not None and observed.exists):
        base.pop("arn", None)
    elif subject.kind.arn and not base.get("arn"):
        resource = {"spec": subject.spec, "status": observed.status if observed else subject.status}
        named = arn(subject.kind, resource, base | {"account": scope.account})
        base |= {"arn": named} if named else {}
    return base

"""The one rule that turns an AWS member name into a Kubernetes field name (`KmsKeyId` → `kmsKeyID`).

The rule follows the names that the public CRDs have: initialisms are written in capitals, except at the start of a
name, where they are written small. What the rule can't say is an exception in a definition.
"""

from __future__ import annotations

import re

# Words that AWS writes in mixed case and Kubernetes API conventions write in capitals.
_INITIALISMS = (
    "ACL AMI API ARN ASN AWS CA CD CIDR CPU DB DNS EBS EFS ECMP GPU HTTP HTTPS IAM ID IDC IP IPAM IPv4 IPv6 JSON JWT "
    "KMS RAM SHA SHA256 SNS SQS SSE SSL TDE TLS TTL UI URI URL VPC VPN"
).split()
_PLURALS = ("ACL", "ARN", "CIDR", "ID", "URI", "URL")
# A name that Go keeps for itself gets an underscore in the public CRDs.
_RESERVED = {"type": "type_"}
# Names whose own spelling the public CRDs keep.
_SPELLINGS = {"URI": "uRI"}

_BY_LOWER = {word.lower(): word for word in _INITIALISMS} | {word.lower() + "s": word + "s" for word in _PLURALS}
_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z0-9]*(?:v[46])?|[a-z0-9]+")


def field_name(member: str) -> str:
    """The Kubernetes field name of an AWS member name.

    >>> field_name("KmsMasterKeyId"), field_name("BlockPublicAcls"), field_name("SSEAlgorithm")
    ('kmsMasterKeyID', 'blockPublicACLs', 'sseAlgorithm')
    """
    if member in _SPELLINGS:
        return _SPELLINGS[member]
    if member.lower() in _RESERVED:
        return _RESERVED[member.lower()]
    words = [_BY_LOWER.get(word.lower(), word) for word in _words(member)]
    if not words:
        return member
    first = words[0]
    head = first.lower() if first in _INITIALISMS or first.isupper() else first[0].lower() + first[1:]
    return head + "".join(words[1:])


def reference_name(field: str, *, many: bool = False) -> str:
    """The name of the field that refers to the objects a field's value comes from.

    >>> reference_name("kmsKeyID"), reference_name("subnetIDs", many=True), reference_name("policies", many=True)
    ('kmsKeyRef', 'subnetRefs', 'policyRefs')
    """
    if many:
        one = re.sub(r"(IDs|ARNs|Names|(?<=[^s])s)$", "", field)
        return (one[:-2] + "y" if field.endswith("ies") else one) + "Refs"
    return re.sub(r"(?<=.)(ID|ARN|Name)$", "", field) + "Ref"


def plural_name(kind: str) -> str:
    """The plural of a kind as it stands in API paths: `Policy` → `policies`."""
    lower = kind.lower()
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return lower[:-1] + "ies"
    if lower.endswith(("s", "x", "ch", "sh")):
        return lower + ("" if lower.endswith("options") else "es")
    return lower + "s"


def _words(member: str) -> list[str]:
    """A member name cut where its capitals say: `BlockPublicAcls` → Block, Public, Acls."""
    return _WORD.findall(member)

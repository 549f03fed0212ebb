"""What is odd about ACLs: they are written by a name or as headers, and told as a list of grants.

A grantee is a type and a value, as headers have them: `("id", "79a5…")`, `("uri", "http://…")`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from ackpy.kinds.paths import Json

Grantee: TypeAlias = tuple[str, str]

_IN_HEADER = re.compile(r'\s*(\w+)\s*=\s*("?)([^"]*)\2\s*')

# Permission → the member that grants it, and the field.
_GRANTS = {
    "FULL_CONTROL": ("GrantFullControl", "grantFullControl"),
    "READ": ("GrantRead", "grantRead"),
    "READ_ACP": ("GrantReadACP", "grantReadACP"),
    "WRITE": ("GrantWrite", "grantWrite"),
    "WRITE_ACP": ("GrantWriteACP", "grantWriteACP"),
}
_ALL_USERS = ("uri", "http://acs.amazonaws.com/groups/global/AllUsers")
_AUTHENTICATED = ("uri", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers")
_LOG_DELIVERY = ("uri", "http://acs.amazonaws.com/groups/s3/LogDelivery")
_EC2 = ("id", "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c")

# Canned ACLs, and whom they grant what beside all to the owner (S3 User Guide, "Canned ACL"). The first three are one.
_CANNED: Mapping[str, Mapping[str, set[Grantee]]] = {
    "private": {},
    "bucket-owner-read": {},
    "bucket-owner-full-control": {},
    "public-read": {"READ": {_ALL_USERS}},
    "public-read-write": {"READ": {_ALL_USERS}, "WRITE": {_ALL_USERS}},
    "authenticated-read": {"READ": {_AUTHENTICATED}},
    "log-delivery-write": {"WRITE": {_LOG_DELIVERY}, "READ_ACP": {_LOG_DELIVERY}},
    "aws-exec-read": {"READ": {_EC2}},
}


def alone(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """The spec without grants beside a canned ACL: S3 takes only one of both, and the contract lets that one win."""
    grants = {field for _, field in _GRANTS.values()}
    return {name: value for name, value in spec.items() if name not in grants} if spec.get("acl") else spec


def decoded(answer: Mapping[str, Json], spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """An ACL as what writes it, in the words of the spec where those mean the same; nothing for a private one.

    A spec that grants by headers is told headers, any other the canned name that there is for the grants.
    """
    owner, there = ("id", answer["Owner"]["ID"]), _grants(answer)
    by_headers = any(spec.get(field) for _, field in _GRANTS.values())
    wanted = spec.get("acl")
    meant = [name for name, others in _CANNED.items() if there == {**others, "FULL_CONTROL": {owner}}]
    if meant and not by_headers:
        name = wanted if wanted in meant else meant[0]
        return {} if name == "private" and not wanted else {"ACL": name}
    if by_headers and not spec.get("grantFullControl"):
        there = {**there, "FULL_CONTROL": there.get("FULL_CONTROL", set()) - {owner}}  # the owner's is no stranger's
    headers = {
        member: _header(there[permission], spec.get(field) or "")
        for permission, (member, field) in _GRANTS.items()
        if there.get(permission)
    }
    return {"ACL": "; ".join(f"{member}: {text}" for member, text in headers.items())} if wanted else headers


def _grants(answer: Mapping[str, Json]) -> dict[str, set[Grantee]]:
    """Who has each permission."""
    found: dict[str, set[Grantee]] = defaultdict(set)
    for grant in answer.get("Grants") or ():
        who = grant["Grantee"]
        found[grant["Permission"]].add(("uri", who["URI"]) if who.get("URI") else ("id", who.get("ID", "")))
    return dict(found)


def _header(there: set[Grantee], wanted: str) -> str:
    """The header that grants to these; as it is wanted, if that grants to the same.

    S3 tells the ID of one who was named by an address: any ID may stand for it.
    """
    named = {_grantee(text) for text in wanted.split(",")}
    missing, strange = named - there, there - named
    by_address = all(kind == "emailaddress" for kind, _ in missing) and all(kind == "id" for kind, _ in strange)
    if by_address and len(missing) == len(strange):
        return wanted
    return ", ".join(f'{kind}="{value}"' for kind, value in sorted(there))


def _grantee(text: str) -> Grantee:
    """A grantee of a header; what S3 will refuse stays itself."""
    found = _IN_HEADER.fullmatch(text)
    return (found[1].lower(), found[3].strip()) if found else ("", text)

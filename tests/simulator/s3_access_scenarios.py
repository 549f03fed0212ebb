"""Who may do what with a bucket: ownership, ACLs, policies, and the block of public access."""

from __future__ import annotations

import json

from tests.simulator.s3_scenarios import here, s3

_OPEN = here("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicPolicy": False})


def policy(principal: object, resource: str = "arn:aws:s3:::here/*", **more: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


S3_ACCESS = [
    s3(
        "ownership controls",
        here("DeleteBucketOwnershipControls"),
        here("GetBucketOwnershipControls", code="OwnershipControlsNotFoundError"),
        here("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        here("GetBucketOwnershipControls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}),
    ),
    s3(
        "block of public access",
        here("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicAcls": True}),
        here(
            "GetPublicAccessBlock",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": False}},
        ),
        here("DeletePublicAccessBlock"),
        here("GetPublicAccessBlock", code="NoSuchPublicAccessBlockConfiguration"),
    ),
    s3(
        "a policy is checked",
        here("GetBucketPolicy", code="NoSuchBucketPolicy"),
        here("PutBucketPolicy", code="MalformedPolicy", Policy="{"),
        here("PutBucketPolicy", code="MalformedPolicy", Policy='{"Statement": []}'),
        here("PutBucketPolicy", code="MalformedPolicy", Policy=policy({"AWS": "*"}, "arn:aws:s3:::other/*")),
        here("PutBucketPolicy", code="AccessDenied", Policy=policy("*")),
        here("PutBucketPolicy", Policy=policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        _OPEN,
        here("PutBucketPolicy", Policy=policy("*")),
        here("DeleteBucketPolicy"),
        here("DeleteBucketPolicy"),
        here("GetBucketPolicy", code="NoSuchBucketPolicy"),
        not_moto="moto doesn't read policies",
    ),
    s3(
        "a policy comes back rewritten",
        here("PutBucketPolicy", Policy=policy({"AWS": ["111122223333"]}, Sid="one")),
        here(
            "GetBucketPolicy",
            {
                "Policy": '{"Version":"2012-10-17","Statement":[{"Sid":"one","Effect":"Allow",'
                '"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:GetObject",'
                '"Resource":"arn:aws:s3:::here/*"}]}'
            },
        ),
        not_moto="moto gives the text back as it came",
    ),
    s3(
        "ACLs are off until ownership allows them, and public ones until the block goes",
        here("PutBucketAcl", ACL="private"),
        here("PutBucketAcl", code="AccessControlListNotSupported", ACL="public-read"),
        here("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        here("PutBucketAcl", code="AccessDenied", ACL="public-read"),
        here("DeletePublicAccessBlock"),
        here("PutBucketAcl", ACL="public-read"),
        here(
            "GetBucketAcl",
            {
                "Grants": [
                    {"Grantee": {"Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"},
                    {
                        "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
                        "Permission": "READ",
                    },
                ]
            },
        ),
        here(
            "PutBucketOwnershipControls",
            code="InvalidBucketAclWithObjectOwnership",
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        ),
        here("PutBucketAcl", GrantRead='id="abc", uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'),
        here(
            "GetBucketAcl",
            {
                "Grants": [
                    {"Grantee": {"Type": "CanonicalUser", "ID": "abc"}, "Permission": "READ"},
                    {
                        "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"},
                        "Permission": "READ",
                    },
                ]
            },
        ),
        here("PutBucketAcl", code="InvalidArgument", GrantRead='id="abc"d'),
        here("PutBucketAcl", code="InvalidRequest", ACL="private", GrantRead='id="abc"'),
        here("PutBucketAcl", ACL="log-delivery-write"),
        here(
            "GetBucketAcl",
            {"Grants": [{"Permission": "FULL_CONTROL"}, {"Permission": "WRITE"}, {"Permission": "READ_ACP"}]},
        ),
        here("PutBucketAcl", code="MissingSecurityHeader"),
        not_moto="moto ignores ownership and the block",
    ),
]

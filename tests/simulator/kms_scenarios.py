"""What KMS does with keys, aliases and grants. `{KeyId}` stands for the key that was made last, and so on."""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.scenarios import Params, Scenario, Step

ROLE = "arn:aws:iam::123456789012:role/shop"
READS_ONLY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:Describe*"}


def make(answer: Params | None = None, code: str = "", **params: Any) -> Step:
    return Step("CreateKey", params, {"KeyMetadata": answer or {}}, code=code, keep=("KeyMetadata", "KeyId"))


def key(operation: str, answer: Params | None = None, code: str = "", **params: Any) -> Step:
    return Step(operation, {"KeyId": "{KeyId}", **params}, answer, code=code)


def kms(name: str, *steps: Step, not_moto: str = "") -> Scenario:
    """A scenario on a symmetric key, made first."""
    return Scenario(name, "kms", (make({"KeyState": "Enabled"}), *steps), not_moto)


def rotation(*, on: bool) -> Step:
    return key("GetKeyRotationStatus", {"KeyRotationEnabled": on})


def policy(*statements: Params) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def alias(operation: str, code: str = "", name: str = "alias/a", **params: Any) -> Step:
    return Step(operation, {"AliasName": name, **params}, code=code)


def grant(answer: Params | None = None, code: str = "", **params: Any) -> Step:
    given = {"KeyId": "{KeyId}", "GranteePrincipal": ROLE, "Operations": ["Decrypt"], **params}
    return Step("CreateGrant", given, answer, code=code, keep=("GrantId",))


KMS = [
    kms(
        "a key has defaults",
        key(
            "DescribeKey",
            {
                "KeyMetadata": {
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "Origin": "AWS_KMS",
                    "KeyManager": "CUSTOMER",
                    "Enabled": True,
                    "MultiRegion": False,
                    "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
                }
            },
        ),
        Step("DescribeKey", {"KeyId": "arn:aws:kms:us-east-1:123456789012:key/{KeyId}"}, {"KeyMetadata": {}}),
        Step("ListKeys", {}, {"Keys": [{"KeyId": "{KeyId}"}], "Truncated": False}),
        key("ListResourceTags", {"Tags": []}),
        rotation(on=False),
        Step("DescribeKey", {"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, code="NotFoundException"),
        not_moto="moto forgets the usage of a key",
    ),
    kms(
        "rotation is switched on and off, but not of a disabled key",
        key("EnableKeyRotation"),
        rotation(on=True),
        key("DisableKeyRotation"),
        rotation(on=False),
        key("DisableKey"),
        key("EnableKeyRotation", code="DisabledException"),
        key("EnableKey"),
        key("EnableKeyRotation"),
        not_moto="moto rotates disabled keys",
    ),
    kms(
        "a key is deleted after some days, and can be saved until then",
        key("EnableKeyRotation"),
        key("ScheduleKeyDeletion", code="ValidationException", PendingWindowInDays=6),
        key("ScheduleKeyDeletion", {"KeyState": "PendingDeletion", "PendingWindowInDays": 7}, PendingWindowInDays=7),
        key("DescribeKey", {"KeyMetadata": {"KeyState": "PendingDeletion", "Enabled": False}}),
        rotation(on=False),
        key("ScheduleKeyDeletion", code="KMSInvalidStateException"),
        key("TagResource", code="KMSInvalidStateException", Tags=[{"TagKey": "a", "TagValue": "1"}]),
        alias("CreateAlias", code="KMSInvalidStateException", TargetKeyId="{KeyId}"),
        grant(code="KMSInvalidStateException"),
        key("CancelKeyDeletion"),
        key("DescribeKey", {"KeyMetadata": {"KeyState": "Disabled"}}),
        rotation(on=True),
        key("CancelKeyDeletion", code="KMSInvalidStateException"),
        not_moto="moto schedules twice",
    ),
    kms(
        "a policy that locks its maker out is refused, unless that is asked for",
        key("PutKeyPolicy", code="MalformedPolicyDocumentException", Policy=policy(READS_ONLY)),
        key("PutKeyPolicy", code="MalformedPolicyDocumentException", Policy="{"),
        key("GetKeyPolicy", code="NotFoundException", PolicyName="other"),
        key("PutKeyPolicy", Policy=policy(READS_ONLY), BypassPolicyLockoutSafetyCheck=True),
        make(code="MalformedPolicyDocumentException", Policy=policy(READS_ONLY)),
        make(code="TagException", Tags=[{"TagKey": "aws:a", "TagValue": "1"}]),
        not_moto="moto takes any policy",
    ),
    kms(
        "tags",
        key("TagResource", Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}]),
        key("UntagResource", TagKeys=["b"]),
        key("ListResourceTags", {"Tags": [{"TagKey": "a", "TagValue": "1"}]}),
    ),
    kms(
        "what goes together",
        make(code="ValidationException", KeySpec="ECC_NIST_P256"),
        make(code="ValidationException", KeySpec="HMAC_256", KeyUsage="SIGN_VERIFY"),
        make(code="ValidationException", Origin="AWS_CLOUDHSM"),
        make(code="CustomKeyStoreNotFoundException", Origin="AWS_CLOUDHSM", CustomKeyStoreId="mine"),
        make({"KeyState": "PendingImport", "Enabled": False}, Origin="EXTERNAL"),
        key("EnableKeyRotation", code="UnsupportedOperationException"),
        make(
            {"CloudHsmClusterId": "cluster-1a23b4cdefg"},
            Origin="AWS_CLOUDHSM",
            CustomKeyStoreId="cks-1234567890abcdef0",
        ),
        make({"MultiRegionConfiguration": {"MultiRegionKeyType": "PRIMARY"}}, MultiRegion=True),
        make({"SigningAlgorithms": ["ECDSA_SHA_256"]}, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"),
        key("GetKeyRotationStatus", code="UnsupportedOperationException"),
        alias("CreateAlias", TargetKeyId="{KeyId}"),
        make(),
        alias("UpdateAlias", code="ValidationException", TargetKeyId="{KeyId}"),
        not_moto="moto checks less",
    ),
    kms(
        "an alias comes, moves and goes",
        alias("CreateAlias", code="ValidationException", name="a", TargetKeyId="{KeyId}"),
        alias("CreateAlias", code="NotAuthorizedException", name="alias/aws/a", TargetKeyId="{KeyId}"),
        alias("CreateAlias", code="InvalidAliasNameException", name="alias/a b", TargetKeyId="{KeyId}"),
        alias("CreateAlias", code="NotFoundException", TargetKeyId="1234abcd-12ab-34cd-56ef-1234567890ab"),
        alias("CreateAlias", TargetKeyId="arn:aws:kms:us-east-1:123456789012:key/{KeyId}"),
        alias("CreateAlias", code="AlreadyExistsException", TargetKeyId="{KeyId}"),
        key(
            "ListAliases",
            {
                "Aliases": [
                    {
                        "AliasName": "alias/a",
                        "AliasArn": "arn:aws:kms:us-east-1:123456789012:alias/a",
                        "TargetKeyId": "{KeyId}",
                    }
                ]
            },
        ),
        make(),
        key("ListAliases", {"Aliases": []}),
        alias("UpdateAlias", TargetKeyId="{KeyId}"),
        Step("ListAliases", {}, {"Aliases": [{"TargetKeyId": "{KeyId}"}]}),
        alias("DeleteAlias"),
        alias("DeleteAlias", code="NotFoundException"),
        not_moto="moto lists the aliases that AWS makes, and names them otherwise",
    ),
    kms(
        "a named grant is given once, one without a name each time",
        grant(Name="n"),
        grant({"GrantId": "{GrantId}"}, Name="n"),
        Step(
            "ListGrants",
            {"KeyId": "{KeyId}", "GrantId": "{GrantId}"},
            {
                "Grants": [
                    {
                        "KeyId": "arn:aws:kms:us-east-1:123456789012:key/{KeyId}",
                        "Name": "n",
                        "GranteePrincipal": ROLE,
                        "Operations": ["Decrypt"],
                    }
                ]
            },
        ),
        key("ListGrants", {"Grants": []}, GranteePrincipal=ROLE + "2"),
        key("RevokeGrant", GrantId="{GrantId}"),
        key("RevokeGrant", code="NotFoundException", GrantId="{GrantId}"),
        key("ListGrants", {"Grants": []}),
        grant(),
        grant(),
        key("ListGrants", {"Grants": [{}, {}]}),
        grant(code="InvalidArnException", GranteePrincipal="shop"),
        key("DisableKey"),
        grant(code="DisabledException"),
        not_moto="moto gives another grant each time",
    ),
]

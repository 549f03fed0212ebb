"""What a KMS key is: what may go together, and what DescribeKey shows of it.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html and .../API_KeyMetadata.html
"""

from __future__ import annotations

import re
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.world import Resource, instant

DAY = 86400
_STORE = re.compile(r"cks-[0-9a-f]{17}")
_SYMMETRIC = "SYMMETRIC_DEFAULT"
_STORED = {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}
_RSA_SIGNS = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)]
_ECC_SIGNS = {
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "ECC_NIST_EDWARDS25519": "ED25519_SHA_512",
    "SM2": "SM2DSA",
}


def metadata(request: Request) -> Answer:
    """What is kept of a new key.

    Raises:
        AwsFault: what is asked for doesn't go together.
    """
    params = request.params
    spec = params.get("KeySpec") or params.get("CustomerMasterKeySpec") or _SYMMETRIC
    usage = params.get("KeyUsage") or ("ENCRYPT_DECRYPT" if spec == _SYMMETRIC else "")
    origin, regions = params.get("Origin", "AWS_KMS"), params.get("MultiRegion", False)
    if usage not in _usages(spec):
        raise request.fault("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    if origin in _STORED and (spec != _SYMMETRIC or regions):
        raise request.fault("UnsupportedOperationException")
    if (origin in _STORED) is not ("CustomKeyStoreId" in params):
        raise request.fault("ValidationException", "CustomKeyStoreId goes with keys of custom key stores only")
    if origin in _STORED and not _STORE.fullmatch(params["CustomKeyStoreId"]):
        raise request.fault("CustomKeyStoreNotFoundException")
    if (origin == "EXTERNAL_KEY_STORE") is not ("XksKeyId" in params):
        raise request.fault("ValidationException", "XksKeyId goes with keys of external key stores only")
    kept = {"KeySpec": spec, "KeyUsage": usage, "Origin": origin, "MultiRegion": regions, "Enabled": True}
    store = {"CustomKeyStoreId": params["CustomKeyStoreId"]} if origin in _STORED else {}
    return {**kept, **store, "Description": params.get("Description", "")}


def described(key: Resource) -> Answer:
    """A key as DescribeKey shows it."""
    kept: Any = key.parts["state"]
    state = _state(key, kept)
    arn = f"arn:aws:kms:{key.region}:{key.account}:key/{key.key}"
    answer = {
        **kept,
        "AWSAccountId": key.account,
        "Arn": arn,
        "CreationDate": instant(key.created),
        "CustomerMasterKeySpec": kept["KeySpec"],
        "Enabled": state == "Enabled",
        "KeyId": key.key,
        "KeyManager": "CUSTOMER",
        "KeyState": state,
        **_algorithms(kept["KeySpec"], kept["KeyUsage"]),
    }
    if kept["MultiRegion"]:
        primary = {"Arn": arn, "Region": key.region}
        answer["MultiRegionConfiguration"] = {
            "MultiRegionKeyType": "PRIMARY", "PrimaryKey": primary, "ReplicaKeys": []
        }  # fmt: skip
    if kept["Origin"] == "AWS_CLOUDHSM":
        answer["CloudHsmClusterId"] = "cluster-1a23b4cdefg"
    if key.ends is not None:
        answer["DeletionDate"] = instant(key.ends)
    return answer


def uuid(request: Request) -> str:
    """A random id in its usual print."""
    digits = f"{request.random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _state(key: Resource, kept: Answer) -> str:
    if key.ends is not None:
        return "PendingDeletion"
    if kept["Origin"] == "EXTERNAL":
        return "PendingImport"
    return "Enabled" if kept["Enabled"] else "Disabled"


def _usages(spec: str) -> set[str]:
    if spec == _SYMMETRIC:
        return {"ENCRYPT_DECRYPT"}
    if spec.startswith("HMAC"):
        return {"GENERATE_VERIFY_MAC"}
    if spec.startswith("RSA"):
        return {"ENCRYPT_DECRYPT", "SIGN_VERIFY"}
    if spec.startswith("ECC_NIST_P"):
        return {"SIGN_VERIFY", "KEY_AGREEMENT"}
    return {"SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT"} if spec == "SM2" else {"SIGN_VERIFY"}


def _algorithms(spec: str, usage: str) -> Answer:
    match usage:
        case "ENCRYPT_DECRYPT":
            rsa = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
            known = rsa if spec.startswith("RSA") else ["SM2PKE"] if spec == "SM2" else [_SYMMETRIC]
            return {"EncryptionAlgorithms": known}
        case "GENERATE_VERIFY_MAC":
            return {"MacAlgorithms": [f"HMAC_SHA_{spec.rpartition('_')[2]}"]}
        case "KEY_AGREEMENT":
            return {"KeyAgreementAlgorithms": ["ECDH"]}
    signs = [_ECC_SIGNS.get(spec, "ML_DSA_SHAKE_256")]
    return {"SigningAlgorithms": _RSA_SIGNS if spec.startswith("RSA") else signs}

"""What is odd about buckets."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json, get, with_value
from ackpy.plan.compare import is_empty
from ackpy.services.s3 import acl

_CONSTRAINT = ("createBucketConfiguration", "locationConstraint")


def normalised(spec: Mapping[str, Json], region: str) -> Mapping[str, Json]:
    """The spec with what S3 makes of a bucket by itself: its place, and versions where objects are locked.

    A directory bucket says its place, and has no versions.
    """
    if str(spec.get("name", "")).endswith("--x-s3"):
        return spec
    return acl.alone(_versioned(_located(_named(spec), region)))


def decoded(operation: str, answer: Mapping[str, Json], spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """An answer in the shape that bucket.yaml reads."""
    return acl.decoded(answer, spec) if operation == "GetBucketAcl" else answer


def _named(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """What a name that ends in -an says of its namespace (S3 User Guide, "Namespaces for general purpose buckets")."""
    told = spec.get("namespace") or not str(spec.get("name", "")).endswith("-an")
    return spec if told else {**spec, "namespace": "account-regional"}


def _located(spec: Mapping[str, Json], region: str) -> Mapping[str, Json]:
    """A bucket is made where its region says; us-east-1 alone may not be named (S3 API, CreateBucket)."""
    if region == "us-east-1" or get(spec, _CONSTRAINT):
        return spec
    located: Mapping[str, Json] = with_value(spec, _CONSTRAINT, region)
    return located


def _versioned(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Object lock enables versioning, and forbids to suspend it (S3 User Guide, "Object Lock considerations")."""
    locked = spec.get("objectLockEnabledForBucket") or not is_empty(spec.get("objectLockConfiguration"))
    return {**spec, "versioning": {"status": "Enabled"}} if locked and is_empty(spec.get("versioning")) else spec

"""What is odd about buckets."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json, get, with_value

_CONSTRAINT = ("createBucketConfiguration", "locationConstraint")


def located(spec: Mapping[str, Json], region: str) -> Mapping[str, Json]:
    """A bucket is made where its region says; us-east-1 alone may not be named (S3 API, CreateBucket)."""
    if region == "us-east-1" or get(spec, _CONSTRAINT):
        return spec
    located_spec: Mapping[str, Json] = with_value(spec, _CONSTRAINT, region)
    return located_spec

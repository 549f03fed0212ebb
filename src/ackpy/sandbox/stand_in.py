"""What moto lacks of buckets, done by the simulator in its stead.

Called by the guard. A bucket is moto's: it is made known to the simulator when it is first needed there.
"""

from botocore.exceptions import ParamValidationError

from ackpy.sandbox.aws_protocol import AwsError, Operation, Params
from ackpy.sandbox.repairs import Moto
from ackpy.sandbox.simulator import AwsFault, Simulator

_NEED_VERSIONS = ("PutBucketReplication", "PutObjectLockConfiguration")


class StandIn:
    """A simulator that keeps, of each bucket of moto's, what moto doesn't; thread-safe."""

    def __init__(self) -> None:
        """Know no bucket yet."""
        self._simulator = Simulator(record=False)

    def has(self, operation: Operation) -> bool:
        """Whether it can do an operation."""
        return operation.service == "s3" and self._simulator.simulates("s3", operation.name)

    def has_a_say(self, operation: Operation) -> bool:
        """Whether moto does an operation only if this wouldn't refuse it: what it keeps forbids to suspend versions."""
        return (operation.service, operation.name) == ("s3", "PutBucketVersioning")

    def answer(self, operation: Operation, params: Params, moto: Moto) -> Params:
        """Do an operation on a bucket.

        Raises:
            AwsError: moto has no such bucket, or AWS would refuse.
        """
        moto("GetBucketLocation", {"Bucket": params["Bucket"]})
        bucket = {"Bucket": params["Bucket"]}
        self._call("CreateBucket", bucket)  # changes nothing where it is known
        if operation.name in _NEED_VERSIONS and (versioning := moto("GetBucketVersioning", bucket)):
            self._call("PutBucketVersioning", bucket | {"VersioningConfiguration": versioning})
        return self._call(operation.name, params)

    def forget(self, bucket: str) -> None:
        """The bucket was deleted."""
        self._call("CreateBucket", {"Bucket": bucket})
        self._call("DeleteBucket", {"Bucket": bucket})

    def _call(self, operation: str, params: Params) -> Params:
        try:
            answer: Params = self._simulator.call("s3", operation, params)
            return answer
        except AwsFault as fault:
            raise AwsError(fault.code, fault.message, fault.status) from fault
        except ParamValidationError as error:
            raise AwsError("MalformedXML", str(error)) from error

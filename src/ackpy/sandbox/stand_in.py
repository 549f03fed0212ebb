"""What moto lacks, done by the simulator in its stead: parts of buckets, and whole kinds.

Called by the guard. A kind that moto hasn't is in the simulator's own world.
A bucket is moto's: it is made known to the simulator when it is first needed there.
"""

from botocore.exceptions import ParamValidationError

from ackpy.sandbox.aws_protocol import AwsError, Operation, Params
from ackpy.sandbox.repairs import Moto
from ackpy.sandbox.simulator import AwsFault, Simulator

# What a call stands on that moto keeps: the calls that read, write and remove it, and the member that holds it.
_VERSIONS = ("GetBucketVersioning", "PutBucketVersioning", "", "VersioningConfiguration")
_STANDS_ON = {
    "PutBucketAcl": (
        (
            "GetBucketOwnershipControls",
            "PutBucketOwnershipControls",
            "DeleteBucketOwnershipControls",
            "OwnershipControls",
        ),
        ("GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock", "PublicAccessBlockConfiguration"),
    ),
    "PutBucketReplication": (_VERSIONS,),
    "PutObjectLockConfiguration": (_VERSIONS,),
}


class StandIn:
    """A simulator that keeps, of each bucket of moto's, what moto doesn't; thread-safe."""

    def __init__(self) -> None:
        """Know no bucket yet."""
        self._simulator = Simulator(record=False)

    def has(self, operation: Operation) -> bool:
        """Whether it can do an operation."""
        return self._simulator.simulates(operation.service, operation.name)

    def has_a_say(self, operation: Operation) -> bool:
        """Whether moto does an operation only if this wouldn't refuse it.

        What it keeps forbids to suspend versions, and to turn ACLs off.
        """
        return operation.service == "s3" and operation.name in {"PutBucketVersioning", "PutBucketOwnershipControls"}

    def answer(self, operation: Operation, params: Params, moto: Moto, caller: tuple[str, str]) -> Params:
        """Do an operation, on a bucket or for a caller's account and region.

        Raises:
            AwsError: moto has no such bucket, or AWS would refuse.
        """
        if operation.signed_for != "s3":
            return self._call(operation.name, params, operation.service, *caller)
        moto("GetBucketLocation", {"Bucket": params["Bucket"]})
        bucket = {"Bucket": params["Bucket"]}
        self._call("CreateBucket", bucket)  # changes nothing where it is known
        for read, write, remove, member in _STANDS_ON.get(operation.name, ()):
            try:
                told = moto(read, bucket)
            except AwsError:
                self._call(remove, bucket)
                continue
            if told:
                self._call(write, bucket | {member: told.get(member, told)})
        return self._call(operation.name, params)

    def forget(self, bucket: str) -> None:
        """The bucket was deleted."""
        self._call("CreateBucket", {"Bucket": bucket})
        self._call("DeleteBucket", {"Bucket": bucket})

    def _call(
        self,
        operation: str,
        params: Params,
        service: str = "s3",
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> Params:
        try:
            answer: Params = self._simulator.call(service, operation, params, account=account, region=region)
            return answer
        except AwsFault as fault:
            raise AwsError(fault.code, fault.message, fault.status) from fault
        except ParamValidationError as error:
            raise AwsError("MalformedXML" if service == "s3" else "ValidationException", str(error)) from error

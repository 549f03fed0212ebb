"""Where moto answers differently from AWS, for the parts of S3 and SQS that are used: what AWS does instead.

Called by the guard, in place of moto. A repair gets the input of an operation and moto to ask, and gives the output or
raises AWS' refusal. Each names the behaviour that it restores.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Protocol

from moto.core.utils import get_service_model
from moto.s3.utils import bucket_policy_is_public
from moto.sqs.models import sqs_backends

from ackpy.sandbox.aws_protocol import AwsError, Params


class Moto(Protocol):
    """moto, as the sender of the request sees it."""

    def __call__(self, operation: str, params: Params) -> Params:
        """Ask for an operation of the same service; raises AwsError."""


Repair = Callable[[Params, Moto], Params]


def create_bucket(params: Params, moto: Moto) -> Params:
    """Names have rules; tags may come with the call; a new bucket has no ACLs and is closed to the public.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, and the defaults since April 2023.
    """
    bucket = params["Bucket"]
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")
    was_there = _ask(moto, "HeadBucket", {"Bucket": bucket}, but="404") is not None
    output = moto("CreateBucket", params)
    if was_there:  # us-east-1 lets the owner create a bucket again, which changes nothing
        return output
    if "ObjectOwnership" not in params:
        controls = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        moto("PutBucketOwnershipControls", {"Bucket": bucket, "OwnershipControls": controls})
    closed = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    moto("PutPublicAccessBlock", {"Bucket": bucket, "PublicAccessBlockConfiguration": closed})
    tags = params.get("CreateBucketConfiguration", {}).get("Tags")
    if tags:
        moto("PutBucketTagging", {"Bucket": bucket, "Tagging": {"TagSet": tags}})
    return output


def list_buckets(params: Params, moto: Moto) -> Params:
    """Buckets come sorted by name and, with MaxBuckets, in pages; the token is the last name of the page before."""
    filters: Params = {name: params[name] for name in ("Prefix", "BucketRegion") if name in params}
    output = moto("ListBuckets", filters)
    after = params.get("ContinuationToken", "")
    buckets = sorted((b for b in output["Buckets"] if b["Name"] > after), key=lambda b: str(b["Name"]))
    page = buckets[: params.get("MaxBuckets", len(buckets))]
    output |= {"Buckets": page} | ({"Prefix": params["Prefix"]} if "Prefix" in params else {})
    return output | ({"ContinuationToken": page[-1]["Name"]} if len(page) < len(buckets) else {})


def get_bucket_encryption(params: Params, moto: Moto) -> Params:
    """A bucket without a configuration of its own is encrypted with SSE-S3 (since January 2023)."""
    missing = "ServerSideEncryptionConfigurationNotFoundError"
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    return _ask(moto, "GetBucketEncryption", params, but=missing) or {
        "ServerSideEncryptionConfiguration": {"Rules": [default]}
    }


def get_bucket_tagging(params: Params, moto: Moto) -> Params:
    """A tag with an empty value has a value, which is empty."""
    return {"TagSet": [{"Value": ""} | tag for tag in moto("GetBucketTagging", params)["TagSet"]]}


def put_bucket_policy(params: Params, moto: Moto) -> Params:
    """A policy is a JSON object, and isn't public where the public access block forbids that."""
    policy = params["Policy"]
    if not isinstance(_json(policy), dict):
        raise AwsError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    missing = "NoSuchPublicAccessBlockConfiguration"
    block = _ask(moto, "GetPublicAccessBlock", {"Bucket": params["Bucket"]}, but=missing)
    if block and block["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] and bucket_policy_is_public(policy):
        reason = "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        message = (
            f"User is not authorized to perform: s3:PutBucketPolicy on resource: {params['Bucket']} because {reason}"
        )
        raise AwsError("AccessDenied", message, 403)
    return moto("PutBucketPolicy", params)


def known_values(operation: str) -> Repair:
    """Members with an enumeration take its values only: the XML doesn't fit the schema otherwise."""

    def put(params: Params, moto: Moto) -> Params:
        if not _fits(params, get_service_model("s3").operation_model(operation).input_shape):
            message = "The XML you provided was not well-formed or did not validate against our published schema"
            raise AwsError("MalformedXML", message)
        return moto(operation, params)

    return put


def create_queue(params: Params, moto: Moto) -> Params:
    """Attributes are checked; a queue of the same name and another RedriveAllowPolicy is in the way."""
    attributes = _checked(params.get("Attributes", {}))
    found = _ask(moto, "GetQueueUrl", {"QueueName": params["QueueName"]}, but=_NO_QUEUE)
    if found and attributes.get(_ALLOW, "") not in ("", _redrive_allow_policy(found["QueueUrl"], moto)):
        message = f"A queue already exists with the same name and a different value for attribute {_ALLOW}"
        raise AwsError("QueueAlreadyExists", message)
    return _write_queue("CreateQueue", params | {"Attributes": attributes}, moto)


def set_queue_attributes(params: Params, moto: Moto) -> Params:
    """Attributes are checked; Policy stays as it is when it isn't among them (moto drops it)."""
    attributes = _checked(params["Attributes"])
    if "Policy" not in attributes:
        queue = moto("GetQueueAttributes", {"QueueUrl": params["QueueUrl"], "AttributeNames": ["Policy"]})
        attributes |= queue.get("Attributes", {})
    return _write_queue("SetQueueAttributes", params | {"Attributes": attributes}, moto)


def get_queue_attributes(params: Params, moto: Moto) -> Params:
    """RedriveAllowPolicy is an attribute like others (moto stores it, and doesn't show it)."""
    names = params.get("AttributeNames", [])
    known = params | {"AttributeNames": [name for name in names if name != _ALLOW]}
    attributes = moto("GetQueueAttributes", known).get("Attributes", {})
    policy = _redrive_allow_policy(params["QueueUrl"], moto)
    if policy and not {_ALLOW, "All"}.isdisjoint(names):
        attributes[_ALLOW] = policy
    return {"Attributes": attributes} if attributes else {}


REPAIRS: dict[tuple[str, str], Repair] = {
    ("s3", "CreateBucket"): create_bucket,
    ("s3", "ListBuckets"): list_buckets,
    ("s3", "GetBucketEncryption"): get_bucket_encryption,
    ("s3", "GetBucketTagging"): get_bucket_tagging,
    ("s3", "PutBucketPolicy"): put_bucket_policy,
    ("s3", "PutBucketVersioning"): known_values("PutBucketVersioning"),
    ("s3", "PutBucketOwnershipControls"): known_values("PutBucketOwnershipControls"),
    ("s3", "PutBucketEncryption"): known_values("PutBucketEncryption"),
    ("s3", "PutBucketWebsite"): known_values("PutBucketWebsite"),
    ("sqs", "CreateQueue"): create_queue,
    ("sqs", "SetQueueAttributes"): set_queue_attributes,
    ("sqs", "GetQueueAttributes"): get_queue_attributes,
}

_ALLOW = "RedriveAllowPolicy"
_NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
_JSON_ATTRIBUTES = ("Policy", "RedrivePolicy", _ALLOW)
_RANGES = {  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}


def _checked(attributes: Params) -> Params:
    """Queue attributes as AWS takes them: numbers in range, JSON that parses, one kind of encryption.

    A KMS key turns the encryption with SQS' own keys off.
    """
    for name, value in attributes.items():
        if name in _RANGES:
            low, high = _RANGES[name]
            fits = re.fullmatch(r"\d+", value) is not None and low <= int(value) <= high
        else:
            fits = name not in _JSON_ATTRIBUTES or value == "" or isinstance(_json(value), dict)
        if not fits:
            raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    if not attributes.get("KmsMasterKeyId"):
        return attributes
    if attributes.get("SqsManagedSseEnabled") == "true":
        message = "You can use one type of server-side encryption (SSE) at one time. "
        raise AwsError("InvalidAttributeValue", message + "You can either enable KMS SSE or SQS SSE.")
    return attributes | {"SqsManagedSseEnabled": "false"}


def _write_queue(operation: str, params: Params, moto: Moto) -> Params:
    """A dead letter queue that isn't there is a wrong value, not a missing queue."""
    try:
        return moto(operation, params)
    except AwsError as error:
        if error.code != _NO_QUEUE or "DLQ" not in error.message:
            raise
        value = params["Attributes"]["RedrivePolicy"]
        message = f"Value {value} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
        raise AwsError("InvalidParameterValue", message) from error


def _redrive_allow_policy(queue_url: str, moto: Moto) -> str:
    queue = moto("GetQueueAttributes", {"QueueUrl": queue_url, "AttributeNames": ["QueueArn"]})
    *_, region, account, name = queue["Attributes"]["QueueArn"].split(":")
    return getattr(sqs_backends[account][region].queues[name], "redrive_allow_policy", "")


def _ask(moto: Moto, operation: str, params: Params, *, but: str) -> Params | None:
    """An operation's output, or None if moto refuses with the code `but`."""
    try:
        return moto(operation, params)
    except AwsError as error:
        if error.code != but:
            raise
        return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _fits(value: Any, shape: Any) -> bool:
    if shape.type_name == "structure":
        return all(_fits(member, shape.members[name]) for name, member in value.items())
    if shape.type_name == "list":
        return all(_fits(element, shape.member) for element in value)
    return not getattr(shape, "enum", ()) or value in shape.enum

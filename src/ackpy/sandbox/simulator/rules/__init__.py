"""Where AWS is odd: what the service files can't say. One row an operation; see `Rule`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ackpy.sandbox.simulator.request import Answer, Request
from ackpy.sandbox.simulator.rules import (
    autoscaling,
    dynamodb,
    ecr,
    iam,
    kms,
    lambda_functions,
    lambda_layers,
    lambda_qualifiers,
    lambda_signing,
    lambda_sources,
    s3,
    sns,
    sqs,
    stepfunctions,
)

# Run before the operation's verb: may raise a fault, change the input, or give the answer in the verb's stead.
Rule = Callable[[Request], Answer | None]

RULES: Mapping[str, Mapping[str, Rule]] = {
    "application-autoscaling": autoscaling.RULES,
    "dynamodb": dynamodb.RULES,
    "ecr": ecr.RULES,
    "iam": iam.RULES,
    "kms": kms.RULES,
    "lambda": {
        **lambda_functions.RULES,
        **lambda_layers.RULES,
        **lambda_qualifiers.RULES,
        **lambda_signing.RULES,
        **lambda_sources.RULES,
    },
    "s3": {
        "CreateBucket": s3.create_bucket,
        "PutBucketAccelerateConfiguration": s3.put_accelerate,
        "PutBucketAcl": s3.put_acl,
        "PutBucketLifecycleConfiguration": s3.put_lifecycle,
        "PutBucketNotificationConfiguration": s3.put_notification,
        "PutBucketOwnershipControls": s3.put_ownership_controls,
        "PutBucketPolicy": s3.put_policy,
        "PutBucketTagging": s3.put_tagging,
        "PutBucketVersioning": s3.put_versioning,
        "PutBucketWebsite": s3.put_website,
        "PutObjectLockConfiguration": s3.put_object_lock,
    },
    "s3control": {},
    "sns": {
        "ConfirmSubscription": sns.confirm,
        "ListEndpointsByPlatformApplication": sns.list_endpoints,
        "PutDataProtectionPolicy": sns.put_protection,
        "CreatePlatformApplication": sns.create_application,
        "CreatePlatformEndpoint": sns.create_endpoint,
        "CreateTopic": sns.create_topic,
        "GetSubscriptionAttributes": sns.get_subscription,
        "GetTopicAttributes": sns.get_topic,
        "Subscribe": sns.subscribe,
        "Unsubscribe": sns.unsubscribe,
    },
    "sqs": {
        "CreateQueue": sqs.create_queue,
        "SetQueueAttributes": sqs.set_attributes,
        "TagQueue": sqs.tag_queue,
    },
    "stepfunctions": {
        "CreateActivity": stepfunctions.create_activity,
        "CreateStateMachine": stepfunctions.create_state_machine,
        "CreateStateMachineAlias": stepfunctions.create_alias,
        "DeleteStateMachineVersion": stepfunctions.delete_version,
        "ListStateMachineAliases": stepfunctions.list_aliases,
        "PublishStateMachineVersion": stepfunctions.publish_version,
        "UpdateStateMachine": stepfunctions.update_state_machine,
        "UpdateStateMachineAlias": stepfunctions.update_alias,
    },
}

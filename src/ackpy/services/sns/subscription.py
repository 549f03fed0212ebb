"""What is odd about subscriptions."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json

_PENDING = "PendingConfirmation"


def decoded(operation: str, answer: Mapping[str, Json], _: Mapping[str, Json]) -> Mapping[str, Json]:
    """A list of subscriptions without those whose ARN it hides until they are confirmed (SNS API, Subscribe).

    Asked for such a one again, Subscribe answers the ARN of the one that there is.
    """
    if operation != "ListSubscriptionsByTopic":
        return answer
    listed = answer.get("Subscriptions") or ()
    return {**answer, "Subscriptions": [one for one in listed if one["SubscriptionArn"] != _PENDING]}

"""What SNS does that its file can't say. Called through `RULES`.

Source: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html, .../API_Subscribe.html,
.../API_CreatePlatformEndpoint.html
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from ackpy.sandbox.simulator.request import Answer, Request, render
from ackpy.sandbox.simulator.verbs import list_resources
from ackpy.sandbox.simulator.world import Resource

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FIFO_NAME = re.compile(r"(?=.{1,256}$)[A-Za-z0-9_-]+\.fifo")
_CONFIRMED_BY_OTHERS = frozenset({"http", "https", "email", "email-json"})
_RETRIES = {
    "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
    "numMinDelayRetries": 0, "backoffFunction": "linear",
}  # fmt: skip
_ACTIONS = "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe"
_ACTIONS += " ListSubscriptionsByTopic Publish"


def create_topic(request: Request) -> Answer | None:
    """A name given again is the same topic, if nothing that comes along differs."""
    attributes = request.params.get("Attributes", {})
    name = _FIFO_NAME if attributes.get("FifoTopic") == "true" else _NAME
    if not name.fullmatch(request.key):
        raise request.fault("InvalidParameter", "Invalid parameter: Topic Name")
    there = request.slot.current
    if there is None:
        request.params["Attributes"] = {"Policy": _own_policy(request), **attributes}
        return None
    stored: Any = there.parts
    tags = {tag["Key"]: tag["Value"] for tag in request.params.get("Tags", [])}
    for what, given, kept in (("attributes", attributes, stored.get("attributes")), ("tags", tags, stored.get("tags"))):
        if _differ(given, kept or {}):
            message = f"Invalid parameter: {what.title()} Reason: Topic already exists with different {what}"
            raise request.fault("InvalidParameter", message)
    return _made_before(request, there)


def get_topic(request: Request) -> Answer:
    """A topic shows what it has by default, and how many subscribe."""
    topic, arn = request.there, str(request.view(request.there)["arn"])
    stored = request.part("attributes") or {}
    http = {"defaultHealthyRetryPolicy": _RETRIES, "disableSubscriptionOverrides": False}
    effective = {"http": {**http, **json.loads(stored.get("DeliveryPolicy", "{}")).get("http", {})}}
    pending = [_is_pending(found) for found in _subscriptions(request, topic.key)]
    live = {
        "TopicArn": arn,
        "Owner": topic.account,
        "SubscriptionsConfirmed": str(pending.count(False)),
        "SubscriptionsPending": str(pending.count(True)),
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": json.dumps(effective, separators=(",", ":")),
    }
    return {"Attributes": {"DisplayName": "", **stored, **live}}


def subscribe(request: Request) -> Answer | None:
    """An endpoint subscribes once; some must confirm it."""
    params = request.params
    topic = request.service.kinds["Topic"].named(params)
    if request.other("Topic", topic).current is None:
        raise request.fault("NotFound", "Topic does not exist")
    target = {name: params.get(name, "") for name in ("TopicArn", "Protocol", "Endpoint")}
    pending = target["Protocol"] in _CONFIRMED_BY_OTHERS
    for there in _subscriptions(request, topic):
        kept: Any = there.parts
        if all(kept["target"][name] == value for name, value in target.items()):
            if _differ(params.get("Attributes", {}), kept.get("attributes") or {}):
                message = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
                raise request.fault("InvalidParameter", message)
            hidden = pending and not params.get("ReturnSubscriptionArn")
            return {"SubscriptionArn": "pending confirmation"} if hidden else _made_before(request, there)
    request.named = f"{topic}:{_uuid(request)}"
    shown = f"arn:aws:sns:{request.region}:{request.account}:{request.named}"
    request.initial["target"] = {**target, "shown": "PendingConfirmation" if pending else shown}
    if pending and not params.get("ReturnSubscriptionArn"):
        request.answer["SubscriptionArn"] = "pending confirmation"
    return None


def get_subscription(request: Request) -> Answer:
    """A subscription's target and state are attributes too."""
    there, target = request.there, request.part("target")
    live = {
        "SubscriptionArn": str(request.view(there)["arn"]),
        "TopicArn": target["TopicArn"],
        "Protocol": target["Protocol"],
        "Endpoint": target["Endpoint"],
        "Owner": there.account,
        "ConfirmationWasAuthenticated": str(not _is_pending(there)).lower(),
        "PendingConfirmation": str(_is_pending(there)).lower(),
    }
    return {"Attributes": {"RawMessageDelivery": "false", **(request.part("attributes") or {}), **live}}


def confirm(request: Request) -> Answer:
    """A token, sent to whom it concerns, confirms; here it is the last part of the subscription's ARN."""
    token = request.params["Token"]
    slot = request.other("Subscription", f"{request.key}:{token}")
    if found := slot.current:
        kept: Any = found.parts
        arn = f"arn:aws:sns:{found.region}:{found.account}:{found.key}"
        confirmed = {**kept, "target": {**kept["target"], "shown": arn}}
        slot.write(replace(found, parts=confirmed), request.lags.changed, request.now)
        return {"SubscriptionArn": arn}
    raise request.fault("InvalidParameter", "Invalid parameter: Token")


def put_protection(request: Request) -> Answer | None:
    """An empty policy takes the old one away."""
    if request.params["DataProtectionPolicy"]:
        return None
    request.store(request.action.part_name, None)
    return {}


def list_endpoints(request: Request) -> Answer:
    """Endpoints are listed with their attributes."""
    answer = list_resources(request)
    attributes = {
        f"arn:aws:sns:{found.region}:{found.account}:endpoint/{found.key}": found.parts["attributes"]
        for found in request.world.look("sns", "PlatformEndpoint", request.now)
    }
    listed = answer["Endpoints"]
    return {**answer, "Endpoints": [{**one, "Attributes": attributes[one["EndpointArn"]]} for one in listed]}


def unsubscribe(request: Request) -> None:
    """What isn't confirmed can't be cancelled."""
    if _is_pending(request.there):
        message = "Invalid parameter: SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending"
        raise request.fault("InvalidParameter", f"{message} confirmation")


def create_application(request: Request) -> None:
    """An application's key is its platform and its name."""
    request.named = f"{request.params['Platform']}/{request.params['Name']}"


def create_endpoint(request: Request) -> Answer | None:
    """A token has one endpoint in an application."""
    params = request.params
    application = request.service.kinds["PlatformApplication"].named(params)
    if request.other("PlatformApplication", application).current is None:
        raise request.fault("NotFound", "PlatformApplication does not exist")
    user_data = {"CustomUserData": params["CustomUserData"]} if "CustomUserData" in params else {}
    attributes = {"Enabled": "true", "Token": params["Token"], **user_data, **params.get("Attributes", {})}
    for there in request.world.there("sns", "PlatformEndpoint"):
        kept: Any = there.parts["attributes"]
        mine = (there.account, there.region) == (request.account, request.region)
        if mine and there.key.startswith(f"{application}/") and kept["Token"] == params["Token"]:
            if kept != attributes:
                message = f"Endpoint {request.view(there)['arn']} already exists with the same Token, but different"
                raise request.fault("InvalidParameter", f"Invalid parameter: Token Reason: {message} attributes.")
            return _made_before(request, there)
    request.named = f"{application}/{_uuid(request)}"
    request.initial["attributes"] = attributes
    return None


def _own_policy(request: Request) -> str:
    """What a topic that is made without a policy has: its owner may do everything."""
    arn = f"arn:aws:sns:{request.region}:{request.account}:{request.key}"
    allowed = {
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _ACTIONS.split()], "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": request.account}},
    }  # fmt: skip
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [allowed]})


def _differ(given: Answer, kept: Answer) -> bool:
    """Whether attributes say something else than those that are kept; documents may be written otherwise."""
    return any(_meaning(kept.get(name, "")) != _meaning(value) for name, value in given.items())


def _meaning(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _subscriptions(request: Request, topic: str) -> list[Resource]:
    return [
        found
        for found in request.world.there("sns", "Subscription")
        if found.key.startswith(f"{topic}:") and (found.account, found.region) == (request.account, request.region)
    ]


def _is_pending(subscription: Resource) -> bool:
    target: Any = subscription.parts["target"]
    return bool(target["shown"] == "PendingConfirmation")


def _made_before(request: Request, there: Resource) -> Answer:
    answer: Answer = render(request.action.kind.create.answer, request.view(there))
    return answer


def _uuid(request: Request) -> str:
    digits = f"{request.random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

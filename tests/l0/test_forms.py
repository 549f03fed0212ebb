"""Forms and states that no served kind has yet, on definitions over botocore's models: what is decided."""

from typing import Any

import pytest

from ackpy.kinds import compile as compiler
from ackpy.kinds.definition import parse
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import MODELS
from ackpy.plan.decide import Act, Decision, Desired, Done, Gone, Memory, Refuse, Stage, Wait, decide
from ackpy.wire.call import Observation, predicted

ROLE = """\
kind: Role
identity: {spec.name: RoleName}
exists: {operation: GetRole}
create: {operation: CreateRole}
delete: {operation: DeleteRole}
parts:
  policies:
    form: set
    get: ListAttachedRolePolicies.AttachedPolicies
    element: PolicyArn
    put: AttachRolePolicy.PolicyArn
    remove: DetachRolePolicy.PolicyArn
    before_delete: true
  inlinePolicies:
    form: entries
    get: ListRolePolicies.PolicyNames
    each: GetRolePolicy
    key: PolicyName
    value: PolicyDocument
    put: PutRolePolicy
    remove: DeleteRolePolicy
    before_delete: true
  settings: {form: body, put: UpdateRole, sends: changed}
fields:
  name: {aws: RoleName}
  description: {clear: ""}
  maxSessionDuration: {default: 3600}
"""
KEY = """\
kind: Key
identity: {status.keyID: KeyId}
exists: {operation: DescribeKey}
create: {operation: CreateKey}
delete:
  operation: ScheduleKeyDeletion
  options: {PendingWindowInDays: {annotation: pending-window-in-days, default: 7}}
states:
  - {path: status.keyState, ready: [Enabled], failed: [Unavailable], deleting: [Creating], gone: [PendingDeletion]}
parts:
  enableKeyRotation: {form: toggle, get: GetKeyRotationStatus.KeyRotationEnabled, put: EnableKeyRotation,
    remove: DisableKeyRotation, any_state: true}
  description: {form: body, put: UpdateKeyDescription, exclusive: true}
  policy: {form: sub_resource, get: GetKeyPolicy.Policy, put: PutKeyPolicy.Policy, exclusive: true}
fields:
  description: {clear: ""}
  enableKeyRotation: {default: false}
"""
TOPIC = """\
kind: Topic
identity: {status.ackResourceMetadata.arn: TopicArn}
exists: {operation: GetTopicAttributes}
create: {operation: CreateTopic}
delete: {operation: DeleteTopic}
parts:
  attributes: {form: attributes, get: GetTopicAttributes.Attributes, put: SetTopicAttributes, name: AttributeName,
    value: AttributeValue, members: [DisplayName, Policy]}
fields:
  displayName: {clear: ""}
"""


def compiled(alias: str, text: str) -> Kind:
    service, naming = compiler.service(parse(f"alias: {alias}", "service.yaml"), MODELS)
    return compiler.kind(parse(text, "kind.yaml"), service, naming)


def decided(kind: Kind, spec: Any, there: Any, **more: Any) -> Decision:
    status = {"keyID": "k", "ackResourceMetadata": {"arn": "arn:t"}, **more.pop("status", {})}
    return decide(kind, Desired(spec, status, **more), Observation(True, there, status), Memory())


def stage(decision: Decision) -> Stage:
    assert isinstance(decision, Act)
    return decision.stage


def sent(decision: Decision) -> list[tuple[str, dict[str, Any]]]:
    return [(call.operation, {**call.params}) for call in stage(decision).calls]


def test_members_of_a_set_go_before_others_come() -> None:
    kind = compiled("iam", ROLE)
    spec, there = {"name": "r", "policies": ["a", "c"]}, {"policies": ["b", "a"]}
    decision = decided(kind, spec, there)
    assert sent(decision) == [
        ("DetachRolePolicy", {"RoleName": "r", "PolicyArn": "b"}),
        ("AttachRolePolicy", {"RoleName": "r", "PolicyArn": "c"}),
    ]
    observed = Observation(True, there)
    for call, left in zip(stage(decision).calls, (["a"], ["a", "c"]), strict=True):
        observed = predicted(observed, call)
        assert observed.spec["policies"] == left
    assert isinstance(decided(kind, spec, {"policies": ["c", "a"]}), Done)


def test_entries_are_written_by_name() -> None:
    kind = compiled("iam", ROLE)
    spec, there = {"name": "r", "inlinePolicies": {"a": "1", "b": "2"}}, {"inlinePolicies": {"b": "x", "c": "3"}}
    decision = decided(kind, spec, there)
    assert sent(decision) == [
        ("DeleteRolePolicy", {"RoleName": "r", "PolicyName": "c"}),
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "a", "PolicyDocument": "1"}),
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "b", "PolicyDocument": "2"}),
    ]
    assert isinstance(decided(kind, spec, spec), Done)


def test_what_holds_a_deletion_up_goes_first() -> None:
    kind = compiled("iam", ROLE)
    spec = {"name": "r"}
    assert sent(decided(kind, spec, {"policies": ["a"], "inlinePolicies": {"p": "1"}}, deleting=True)) == [
        ("DetachRolePolicy", {"RoleName": "r", "PolicyArn": "a"}),
        ("DeleteRolePolicy", {"RoleName": "r", "PolicyName": "p"}),
    ]
    assert sent(decided(kind, spec, {}, deleting=True)) == [("DeleteRole", {"RoleName": "r"})]


def test_a_body_sends_what_differs_and_what_clears() -> None:
    kind = compiled("iam", ROLE)
    there = {"description": "old", "maxSessionDuration": 3600}
    assert sent(decided(kind, {"name": "r", "maxSessionDuration": 3600}, there)) == [
        ("UpdateRole", {"RoleName": "r", "Description": ""})
    ]


def test_what_no_call_changes_is_refused() -> None:
    kind = compiled("iam", ROLE)
    decision = decided(kind, {"name": "r", "path": "/a/"}, {"path": "/b/"})
    assert isinstance(decision, Refuse)
    assert decision.message.startswith("spec.path can be set only when the Role is created")


@pytest.mark.parametrize("on", [True, False])
def test_a_toggle_is_switched(on: bool) -> None:
    decision = decided(compiled("kms", KEY), {"enableKeyRotation": on}, {"enableKeyRotation": not on})
    assert sent(decision) == [("EnableKeyRotation" if on else "DisableKeyRotation", {"KeyId": "k"})]


def test_only_one_exclusive_call_is_sent_at_a_time() -> None:
    kind = compiled("kms", KEY)
    spec = {"description": "new", "policy": "{}", "enableKeyRotation": True}
    calls = [operation for operation, _ in sent(decided(kind, spec, {"description": "old", "policy": "[]"}))]
    assert calls == ["EnableKeyRotation", "UpdateKeyDescription"]


def test_a_busy_resource_is_waited_for_but_for_what_any_state_takes() -> None:
    kind = compiled("kms", KEY)
    busy = {"status": {"keyState": "Updating"}}
    assert decided(kind, {"description": "new"}, {"description": "old"}, **busy) == Wait(
        "the Key is Updating: status.keyState"
    )
    assert isinstance(decided(kind, {}, {}, **busy), Wait), "as it should be, and not ready"
    both = decided(kind, {"description": "new", "enableKeyRotation": True}, {"description": "old"}, **busy)
    assert [operation for operation, _ in sent(both)] == ["EnableKeyRotation"]
    assert isinstance(decided(kind, {}, {}, status={"keyState": "Unavailable"}), Refuse)
    assert isinstance(decided(kind, {}, {}, status={"keyState": "Enabled"}), Done)


def test_a_deletion_goes_by_the_state() -> None:
    kind = compiled("kms", KEY)
    assert isinstance(decided(kind, {}, {}, deleting=True, status={"keyState": "PendingDeletion"}), Gone)
    assert isinstance(decided(kind, {}, {}, deleting=True, status={"keyState": "Creating"}), Wait)


@pytest.mark.parametrize(("text", "days"), [("30", 30), ("soon", 7), (None, 7)])
def test_a_deletion_follows_its_annotation(text: str | None, days: int) -> None:
    annotations = {} if text is None else {"kms.services.k8s.aws/pending-window-in-days": text}
    decision = decided(compiled("kms", KEY), {}, {}, deleting=True, annotations=annotations)
    assert sent(decision) == [("ScheduleKeyDeletion", {"KeyId": "k", "PendingWindowInDays": days})]


def test_attributes_are_written_one_a_call() -> None:
    decision = decided(compiled("sns", TOPIC), {"policy": "{}"}, {"displayName": "x"})
    assert sent(decision) == [
        ("SetTopicAttributes", {"TopicArn": "arn:t", "AttributeName": "DisplayName", "AttributeValue": ""}),
        ("SetTopicAttributes", {"TopicArn": "arn:t", "AttributeName": "Policy", "AttributeValue": "{}"}),
    ]


TABLE = """\
kind: Table
identity: {spec.tableName: TableName}
exists: {operation: DescribeTable}
create: {operation: CreateTable}
delete: {operation: DeleteTable}
protected: deletionProtectionEnabled
states:
  - {path: status.tableStatus, ready: [ACTIVE], creating: [CREATING], holding: [UPDATING], deleting: [DELETING]}
  - {path: "status.replicas[].replicaStatus", ready: [ACTIVE]}
parts:
  billing: {form: body, put: UpdateTable, fields: [billingMode, deletionProtectionEnabled], sends: changed,
    joins: [globalSecondaryIndexes], exclusive: true, any_state: true}
  globalSecondaryIndexes:
    form: children
    key: IndexName
    exclusive: true
    in: {AttributeDefinitions: spec.attributeDefinitions}
    put: UpdateTable.GlobalSecondaryIndexUpdates[].Create
    update: UpdateTable.GlobalSecondaryIndexUpdates[].Update
    remove: UpdateTable.GlobalSecondaryIndexUpdates[].Delete
  timeToLive: {form: sub_resource, get: DescribeTimeToLive.TimeToLiveDescription,
    put: UpdateTimeToLive.TimeToLiveSpecification}
fields:
  billingMode: {unmanaged: true}
  deletionProtectionEnabled: {default: false}
  attributeDefinitions: {compare: common, key: attributeName}
  globalSecondaryIndexes[].onDemandThroughput: {default: {maxReadRequestUnits: -1}}
  timeToLive: {default: {enabled: false}}
  timeToLive.enabled: {shown: TimeToLiveStatus, words: {ENABLED: true}}
  timeToLive.attributeName: {create_only: true}
"""
UNITS = {"readCapacityUnits": 5, "writeCapacityUnits": 5}
AWS_UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
ATTRIBUTES = [{"attributeName": "a", "attributeType": "S"}]


def indexes(**named: Any) -> dict[str, Any]:
    return {"globalSecondaryIndexes": [{"indexName": name, **more} for name, more in named.items()]}


def updates(decision: Decision) -> list[Any]:
    return [params.get("GlobalSecondaryIndexUpdates") for _, params in sent(decision)]


def test_elements_are_written_in_one_operation_s_places_one_at_a_time() -> None:
    kind = compiled("dynamodb", TABLE)
    spec = {
        "tableName": "t",
        "attributeDefinitions": ATTRIBUTES,
        **indexes(new={}, kept={"provisionedThroughput": UNITS}),
    }
    there = indexes(old={}, kept={})
    removed = decided(kind, spec, there)
    assert updates(removed) == [[{"Delete": {"IndexName": "old"}}]]
    observed = predicted(Observation(True, there), stage(removed).calls[0])
    changed = decided(kind, spec, observed.spec)
    assert updates(changed) == [[{"Update": {"IndexName": "kept", "ProvisionedThroughput": AWS_UNITS}}]]
    observed = predicted(observed, stage(changed).calls[0])
    made = decided(kind, spec, observed.spec)
    assert updates(made) == [[{"Create": {"IndexName": "new"}}]]
    assert sent(made)[0][1]["AttributeDefinitions"] == [{"AttributeName": "a", "AttributeType": "S"}]
    assert isinstance(decided(kind, spec, predicted(observed, stage(made).calls[0]).spec), Done)


def test_one_of_what_excludes_each_other_is_sent_at_a_time() -> None:
    kind = compiled("dynamodb", TABLE)
    first = decided(kind, {}, indexes(i={}, j={}))
    assert updates(first) == [[{"Delete": {"IndexName": "i"}}]]
    memory = Memory(settling=frozenset(call.fingerprint for call in stage(first).calls))
    shuffled, later = (Observation(True, there) for there in (indexes(j={}, i={}), indexes(j={})))
    assert isinstance(decide(kind, Desired({}), shuffled, memory), Wait)
    assert updates(decide(kind, Desired({}), later, memory)) == [[{"Delete": {"IndexName": "j"}}]]


def test_what_is_said_goes_before_what_unset_means() -> None:
    kind = compiled("dynamodb", TABLE)
    there = indexes(i={"onDemandThroughput": {"maxReadRequestUnits": 9}})
    first = decided(kind, indexes(i={"provisionedThroughput": UNITS}), there)
    assert updates(first) == [[{"Update": {"IndexName": "i", "ProvisionedThroughput": AWS_UNITS}}]]
    after = predicted(Observation(True, there), stage(first).calls[0])
    assert updates(decided(kind, indexes(i={"provisionedThroughput": UNITS}), after.spec)) == [
        [{"Update": {"IndexName": "i", "OnDemandThroughput": {"MaxReadRequestUnits": -1}}}]
    ]


def test_what_aws_wants_at_once_goes_in_one_call() -> None:
    kind = compiled("dynamodb", TABLE)
    units = {"provisionedThroughput": UNITS}
    spec = {"billingMode": "PROVISIONED", **indexes(i=units, j=units, new=units)}
    decision = decided(kind, spec, {"billingMode": "PAY_PER_REQUEST", **indexes(i={}, j={})})
    ((operation, given),) = sent(decision)
    assert (operation, given["BillingMode"]) == ("UpdateTable", "PROVISIONED")
    assert [one["Update"]["IndexName"] for one in given["GlobalSecondaryIndexUpdates"]] == ["i", "j"]
    assert {*stage(decision).calls[0].parts} == {"billing", "globalSecondaryIndexes"}


def test_a_member_that_is_settled_with_what_it_is_in_is_refused_and_goes_along() -> None:
    kind = compiled("dynamodb", TABLE)
    there = {"timeToLive": {"enabled": True, "attributeName": "old"}}
    refused = decided(kind, {"timeToLive": {"enabled": True, "attributeName": "new"}}, there)
    assert isinstance(refused, Refuse)
    assert "spec.timeToLive.attributeName can't be changed" in refused.message
    off = sent(decided(kind, {}, there))
    assert off[0][1]["TimeToLiveSpecification"] == {"Enabled": False, "AttributeName": "old"}
    on = decided(kind, {"timeToLive": {"enabled": True, "attributeName": "new"}}, {"timeToLive": {"enabled": False}})
    assert sent(on)[0][1]["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "new"}


def test_states_of_elements_and_of_creation_are_waited_for() -> None:
    kind = compiled("dynamodb", TABLE)
    busy = {"replicas": [{"replicaStatus": "ACTIVE"}, {"replicaStatus": "CREATING"}]}
    decision = decided(kind, {}, {}, status=busy)
    assert decision == Wait("the Table is CREATING: status.replicas[1].replicaStatus")
    spec = {"billingMode": "PROVISIONED"}
    assert isinstance(decided(kind, spec, {}, status={"tableStatus": "CREATING"}), Wait)
    assert isinstance(decided(kind, spec, {}, status={"tableStatus": "UPDATING"}), Act)
    assert isinstance(decided(kind, {}, {}, deleting=True, status={"tableStatus": "UPDATING"}), Wait)


def test_what_is_protected_is_not_deleted_before_the_manifest_says_so() -> None:
    kind = compiled("dynamodb", TABLE)
    there = {"deletionProtectionEnabled": True}
    assert isinstance(decided(kind, {}, there, deleting=True), Refuse)
    taken_off = decided(kind, {"tableName": "t", "deletionProtectionEnabled": False}, there, deleting=True)
    assert sent(taken_off) == [("UpdateTable", {"TableName": "t", "DeletionProtectionEnabled": False})]
    assert sent(decided(kind, {"tableName": "t"}, {}, deleting=True)) == [("DeleteTable", {"TableName": "t"})]


GLOBAL = """\
kind: GlobalTable
identity: {spec.globalTableName: GlobalTableName}
exists: {operation: DescribeGlobalTable}
create: {operation: CreateGlobalTable}
delete:
  operation: UpdateGlobalTable
  in: {"ReplicaUpdates[].Delete.RegionName": "spec.replicationGroup[].regionName"}
"""


def test_a_deletion_names_what_there_is() -> None:
    kind = compiled("dynamodb", GLOBAL)
    spec = {"globalTableName": "t", "replicationGroup": [{"regionName": "a"}]}
    there = {"replicationGroup": [{"regionName": "a"}, {"regionName": "b"}]}
    assert sent(decided(kind, spec, there, deleting=True)) == [
        (
            "UpdateGlobalTable",
            {"GlobalTableName": "t", "ReplicaUpdates": [{"Delete": {"RegionName": one}} for one in ("a", "b")]},
        )
    ]


GROUP = """
parts:
  replicationGroup: {form: children, exclusive: true, adds_first: true, key: RegionName,
    put: "UpdateGlobalTable.ReplicaUpdates[].Create", remove: "UpdateGlobalTable.ReplicaUpdates[].Delete"}
"""


def test_the_last_of_what_the_resource_consists_of_goes_after_a_new_one_came() -> None:
    kind = compiled("dynamodb", GLOBAL + GROUP)
    wanted, there = ({"replicationGroup": [{"regionName": one}]} for one in ("b", "a"))
    added = decided(kind, wanted, there)
    assert sent(added)[0][1]["ReplicaUpdates"] == [{"Create": {"RegionName": "b"}}]
    both = predicted(Observation(True, there), stage(added).calls[0])
    assert sent(decided(kind, wanted, both.spec))[0][1]["ReplicaUpdates"] == [{"Delete": {"RegionName": "a"}}]

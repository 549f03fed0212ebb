"""A wrong definition is refused with file, line and what was expected; a user's folder adds and overrides kinds."""

import shutil
from pathlib import Path

import pytest

from ackpy.crd.crd import definition
from ackpy.kinds import compile as compiler
from ackpy.kinds.definition import DefinitionError, parse
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import MODELS, UnknownServiceError, load, services
from tests.kit import values
from tests.kit.checks import predict

QUEUE = """\
kind: Queue
identity: {status.queueURL: QueueUrl}
find: {operation: GetQueueUrl, in: {QueueName: spec.queueName}, out: {QueueUrl: status.queueURL}}
create: {operation: CreateQueue}
delete: {operation: DeleteQueue}
errors: {not_found: [QueueDoesNotExist]}
tags: {path: tags}
adoption: {queueURL: status.queueURL}
columns: [{name: Delay, path: spec.delaySeconds, priority: 1}, synced]
parts:
  attributes:
    form: attributes
    exists: true
    get: GetQueueAttributes.Attributes
    put: SetQueueAttributes.Attributes
    constants: {GetQueueAttributes: {AttributeNames: [All]}}
    out: {QueueArn: status.ackResourceMetadata.arn}
    members: [DelaySeconds, KmsMasterKeyId, Policy]
  tags: {form: tags, get: ListQueueTags.Tags, put: TagQueue.Tags, remove: UntagQueue.TagKeys}
fields:
  queueName: {immutable: true}
  delaySeconds: {default: "0", late: required}
  policy: {compare: policy, clear: ""}
  kmsMasterKeyID: {ref: {kind: kms/Key, path: status.keyID}}
  status.queueARN: {type: string}
"""
BUCKET = """\
kind: Bucket
identity: {spec.name: Bucket}
exists: {operation: ListBuckets, items: Buckets, match: {Name: spec.name}}
create: {operation: CreateBucket, in: {CreateBucketConfiguration.Tags: spec.tagging.tagSet}}
delete: {operation: DeleteBucket}
arn: "arn:{partition}:s3:::{spec.name}"
tags: {path: tagging.tagSet, key: key, value: value}
parts:
  policy: {form: sub_resource, get: GetBucketPolicy.Policy, put: PutBucketPolicy.Policy, remove: DeleteBucketPolicy}
  tagging:
    form: sub_resource
    after: [policy]
    get: GetBucketTagging
    put: PutBucketTagging.Tagging
  metrics:
    form: children
    get: ListBucketMetricsConfigurations.MetricsConfigurationList
    put: PutBucketMetricsConfiguration.MetricsConfiguration
    remove: DeleteBucketMetricsConfiguration
    key: Id
  versioning: {form: sub_resource, get: GetBucketVersioning, put: PutBucketVersioning.VersioningConfiguration}
fields:
  name: {aws: Bucket}
  acl: {from: PutBucketAcl.ACL}
  inventory: {list_of: InventoryConfiguration}
  tagging.tagSet: {compare: tags}
  versioning: {default: {status: Suspended}}
variants:
  odd bucket:
    where: {name: "-odd$"}
    refuses: [versioning]
    parts:
      tagging: {form: tags, service: s3control, at: tagSet, get: ListTagsForResource.Tags, put: TagResource.Tags}
    fields:
      tagging: {from: PutBucketTagging.Tagging}
"""
TABLE = """\
kind: Table
identity: {spec.tableName: TableName}
exists: {operation: DescribeTable, out: {Replicas: [spec.replicas, status.replicas]}}
create: {operation: CreateTable}
delete: {operation: DeleteTable}
protected: deletionProtectionEnabled
states: [{path: "status.replicas[].replicaStatus", ready: [ACTIVE]}]
parts:
  settings: {form: body, put: UpdateTable, fields: [deletionProtectionEnabled], joins: [replicas]}
  replicas: {form: children, key: RegionName, put: "UpdateTable.ReplicaUpdates[].Create",
    update: "UpdateTable.ReplicaUpdates[].Update", remove: "UpdateTable.ReplicaUpdates[].Delete"}
  timeToLive: {form: sub_resource, get: DescribeTimeToLive.TimeToLiveDescription,
    put: UpdateTimeToLive.TimeToLiveSpecification}
fields:
  keySchema: {required: true, key: attributeName}
  deletionProtectionEnabled: {default: false}
  timeToLive.enabled: {shown: TimeToLiveStatus, words: {ENABLED: true}}
  status.replicas: {list_of: ReplicaDescription}
"""
SERVICE = """\
alias: s3
model: s3
ignore: [SSES3, VersioningConfiguration.MFADelete]
names: {LocationInfo.Type: type}
"""

WRONG = [
    (QUEUE, "kind: Queue", "knd: Queue", "knd: unknown key 'knd'; did you mean 'kind'?"),
    (QUEUE, "kind: Queue", "kind: [Queue]", "kind: expected a text, found ['Queue']"),
    (QUEUE, "kind: Queue\n", "", "missing key 'kind'"),
    (QUEUE, "kind: Queue", "kind: {", "did not find expected ',' or '}'"),
    (QUEUE, "status.queueURL: Q", "statuss.queueURL: Q", "Queue has no field 'statuss.queueURL'"),
    (QUEUE, "QueueUrl}\nfind", "QueueUr}\nfind", "DeleteQueue has no input member 'QueueUr'"),
    (QUEUE, "QueueName: spec", "QueueNam: spec", "find.in.QueueNam: GetQueueUrl has no input member 'QueueNam'"),
    (QUEUE, "spec.queueName}", "spec.queueNam}", "find.in.QueueName: Queue has no field 'spec.queueNam'"),
    (QUEUE, "out: {QueueUrl:", "out: {Url:", "find.out.Url: there is no member 'Url'; expected one of QueueUrl"),
    (QUEUE, "status.queueURL}}", "status.url}}", "find.out.QueueUrl: Queue has no field 'status.url'"),
    (QUEUE, "create: {operation: CreateQueue}", "create: CreateQueue", "create: expected a mapping"),
    (QUEUE, "create: {operation: CreateQueue}", "create: {}", "create: missing key 'operation'"),
    (QUEUE, "operation: CreateQueue", "operation: MakeQueue", "create: sqs has no operation 'MakeQueue'"),
    (QUEUE, "not_found: [QueueDoesNotExist]", "not_found: x", "errors.not_found: expected a list of texts, found 'x'"),
    (QUEUE, "tags: {path: tags}", "tags: {path: tag}", "tags.path: Queue has no field 'spec.tag'"),
    (QUEUE, "adoption: {queueURL: status", "adoption: {queueURL: spec", "adoption.queueURL: Queue has no field"),
    (QUEUE, "priority: 1", "priority: high", "columns[0].priority: expected a number, found 'high'"),
    (QUEUE, "synced]", "sinced]", "columns[1]: expected one of synced, age, found 'sinced'"),
    (QUEUE, "form: attributes", "form: attribute", "parts.attributes.form: expected one of attributes, body"),
    (QUEUE, "exists: true", "exists: maybe", "parts.attributes.exists: expected true or false, found 'maybe'"),
    (QUEUE, "members: [DelaySeconds,", "members: [Delay,", "SetQueueAttributes knows no attribute 'Delay'"),
    (
        QUEUE,
        "{GetQueueAttributes: {A",
        "{GetAttributes: {A",
        "expected one of the part's operations GetQueueAttributes",
    ),
    (QUEUE, "AttributeNames:", "Attributes:", "there is no member 'Attributes'; expected one of QueueUrl, Attrib"),
    (
        QUEUE,
        "out: {QueueArn:",
        "out: {Arn:",
        "parts.attributes.out.Arn: there is no attribute 'Arn'; expected one of All",
    ),
    (QUEUE, "TagQueue.Tags", "TagQueue.Tag", "TagQueue has no input member 'Tag'; it has QueueUrl, Tags"),
    (
        QUEUE,
        "get: ListQueueTags.Tags",
        "get: ListQueueTags",
        "parts.tags.get: expected a map, as TagQueue takes, found str",
    ),
    (QUEUE, "queueName: {imm", "name: {imm", "fields.name: the kind has no field 'name'"),
    (
        QUEUE,
        "{immutable:",
        "{imutable:",
        "fields.queueName.imutable: unknown key 'imutable'; did you mean 'immutable'?",
    ),
    (QUEUE, 'default: "0"', "default: 0", "fields.delaySeconds.default: expected a string, found 0"),
    (QUEUE, "compare: policy", "compare: policies", "fields.policy.compare: expected one of value, set, caseless"),
    (QUEUE, "compare: policy", "compare: tags", "fields.policy.compare: tags is for fields of type list, not string"),
    (QUEUE, 'clear: ""', "clear: [a]", "fields.policy.clear: expected a string, found ['a']"),
    (QUEUE, "kms/Key", "kms.Key", "fields.kmsMasterKeyID.ref.kind: expected service/Kind"),
    (QUEUE, ", path: status.keyID", "", "fields.kmsMasterKeyID.ref: missing key 'path'"),
    (QUEUE, "{type: string}", "{type: text}", "fields.status.queueARN.type: expected one of string, integer"),
    (BUCKET, "items: Buckets", "items: Bucket", "exists.items: there is no member 'Bucket'; expected one of Buckets"),
    (BUCKET, "items: Buckets", "items: Owner", "exists.items: expected a list, 'Owner' is a structure"),
    (BUCKET, "items: Buckets, ", "", "exists: 'match' says which of the resources that 'items' lists is meant"),
    (BUCKET, "match: {Name:", "match: {Nam:", "exists.match.Nam: there is no member 'Nam'; expected one of Name"),
    (
        BUCKET,
        "Configuration.Tags: spec",
        "Configuration.Tag: spec",
        "there is no member 'CreateBucketConfiguration.Tag'",
    ),
    (BUCKET, "service: s3control", "service: s3ctl", "tagging.service: botocore has no service 's3ctl'"),
    (BUCKET, "[versioning]", "[versions]", "refuses: the kind has no field 'versions'"),
    (BUCKET, "{spec.name}", "{spec.nme}", "arn: Bucket has no field 'spec.nme'"),
    (BUCKET, ", value: value}", "}", "tags: expected the path of a map, or the path of a list with 'key' and 'value'"),
    (BUCKET, "value: value}", "value: v}", "tags: the elements of 'tagging.tagSet' have no field 'v'"),
    (BUCKET, "after: [policy]", "after: [versioning]", "after: expected parts that stand earlier, found 'versioning'"),
    (BUCKET, "get: GetBucketTagging", "get: GetBucketPolicy.Policy", "parts.tagging.get: expected a structure, as"),
    (BUCKET, "name: {aws: Bucket}", "name: {aws: Bukket}", "fields.name: the kind has no field 'name'"),
    (BUCKET, "PutBucketAcl.ACL", "PutBucketAcl.ACLS", "PutBucketAcl has no input member 'ACLS'; it has ACL"),
    (BUCKET, "key: Id", "key: Ident", "parts.metrics.key: expected one of Id, Filter, found 'Ident'"),
    (
        BUCKET,
        "key: Id",
        "key: Filter",
        "parts.metrics.key: DeleteBucketMetricsConfiguration has no input member 'Filter'",
    ),
    (
        BUCKET,
        "get: ListBucketMetricsConfigurations.MetricsConfigurationList",
        "get: GetBucketPolicy",
        "expected a list, found structure",
    ),
    (BUCKET, "InventoryConfiguration}", "Invent}", "fields.inventory.list_of: s3 has no shape 'Invent'"),
    (BUCKET, "status: Suspended", "state: Suspended", "there is no field 'state'; expected one of mfaDelete, status"),
    (BUCKET, "{default: {", "{unmanaged: true, default: {", "'default' and 'unmanaged' exclude each other"),
    (BUCKET, "exists: {operation", "find: {operation", "nothing tells whether the resource exists"),
    (TABLE, "spec.replicas, ", "spec.replica, ", "exists.out.Replicas: Table has no field 'spec.replica'"),
    (
        TABLE,
        "protected: deletionProtectionEnabled",
        "protected: keySchema",
        "expected a boolean field, 'keySchema' is a",
    ),
    (TABLE, "[].replicaStatus", "[].status", "Table has no field 'status.replicas[].status'"),
    (
        TABLE,
        "joins: [replicas]",
        "joins: [timeToLive]",
        "expected parts with an 'update' of their elements, found 'time",
    ),
    (TABLE, "[].Create", "[].Make", "UpdateTable has no input member 'ReplicaUpdates[].Make'"),
    (TABLE, "[].Delete", ".Delete", "UpdateTable has no input member 'ReplicaUpdates.Delete': expected one of []"),
    (TABLE, "key: attributeName", "key: attribute", "expected a member of the list's elements, found 'attribute'"),
    (TABLE, "words: {ENABLED: true}", "words: {ENABLED: yes please}", "expected a boolean, found 'yes please'"),
    (SERVICE, "model: s3", "model: s33", "model: botocore has no service 's33'"),
    (SERVICE, "SSES3", "SSES4", "ignore: s3 has no shape 'SSES4'"),
    (SERVICE, "MFADelete", "MFA", "ignore: there is no member 'MFA'; expected one of MFADelete, Status"),
    (SERVICE, "LocationInfo.Type", "LocationInf.Type", "names.LocationInf.Type: s3 has no shape 'LocationInf'"),
    (SERVICE, "ignore:", "ignored:", "ignored: unknown key 'ignored'; did you mean 'ignore'?"),
]
# The place of what is wrong, where it isn't the line that was changed.
ELSEWHERE = {
    "missing key 'kind'": 1,
    "did not find expected ',' or '}'": 3,
    "nothing tells whether the resource exists": 1,
}


def compiled(text: str) -> Kind | None:
    if text.startswith("alias"):
        compiler.service(parse(text, "file.yaml"), MODELS)
        return None
    alias = "sqs" if "QueueUr" in text else "dynamodb" if "Table" in text else "s3"
    owner, naming = compiler.service(parse(f"alias: {alias}", "service.yaml"), MODELS)
    return compiler.kind(parse(text, "file.yaml"), owner, naming)


@pytest.mark.parametrize("text", [QUEUE, BUCKET, TABLE, SERVICE])
def test_the_right_ones_compile(text: str) -> None:
    compiled(text)


@pytest.mark.parametrize(("text", "old", "new", "said"), WRONG, ids=[f"{new}" for _, _, new, _ in WRONG])
def test_wrong_definition_is_refused_by_line(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    line = ELSEWHERE.get(said, text[: text.index(old)].count("\n") + 1)
    with pytest.raises(DefinitionError) as caught:
        compiled(text.replace(old, new, 1))
    assert str(caught.value).startswith(f"file.yaml:{line}: ")
    assert said in str(caught.value)


def test_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"file.yaml:2: the key 'kind' stands twice"):
        compiled("kind: Queue\n" + QUEUE)


def test_file_that_is_empty_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"file.yaml:1: the file is empty"):
        parse("# nothing\n", "file.yaml")
    (tmp_path / "logs" / "group.yaml").mkdir(parents=True)
    (tmp_path / "logs" / "service.yaml").write_text("alias: logs")
    with pytest.raises(DefinitionError, match=r"group.yaml: can't be read"):
        load(["logs"], extra=tmp_path)


def test_a_wrong_secret_is_refused(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "l1" / "definitions" / "iam" / "loginprofile.yaml").read_text()
    (tmp_path / "iam").mkdir()
    (tmp_path / "iam" / "service.yaml").write_text("alias: iam")
    for number, (old, new, said) in enumerate(
        [
            ("password: {secret: true}", "password: {unmanaged: true}", "'password' isn't marked as a secret"),
            ("{create_only: true}", "{secret: true}", "expected a text or a list of texts, the field is a boolean"),
            ("UpdateLoginProfile.Password", "UpdateLoginProfile", "the member that takes the secret"),
        ]
    ):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "iam", folder / "iam")
        (folder / "iam" / "loginprofile.yaml").write_text(text.replace(old, new))
        with pytest.raises(DefinitionError, match=said):
            load(["iam"], extra=folder)


LOG_GROUP = """\
kind: LogGroup
identity: {spec.logGroupName: logGroupName}
exists:
  operation: DescribeLogGroups
  in: {logGroupNamePrefix: spec.logGroupName}
  out: {arn: status.ackResourceMetadata.arn}
  items: logGroups
  match: {logGroupName: spec.logGroupName}
create: {operation: CreateLogGroup}
delete: {operation: DeleteLogGroup}
errors: {not_found: [ResourceNotFoundException]}
tags: {path: tags}
parts:
  tags: {form: tags, get: ListTagsLogGroup.tags, put: TagLogGroup.tags, remove: UntagLogGroup.tags}
fields:
  logGroupName: {immutable: true}
"""


def test_user_folder_adds_a_kind_without_code(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "service.yaml").write_text("alias: logs")
    (tmp_path / "logs" / "group.yaml").write_text(LOG_GROUP)
    kinds = {kind.label: kind for kind in load(extra=tmp_path)}
    assert kinds.keys() == {"logs/LogGroup", *(kind.label for kind in load())}
    group = kinds["logs/LogGroup"]
    assert definition(group)["metadata"]["name"] == "loggroups.logs.services.k8s.aws"
    assert predict.laws(group, {"logGroupName": "web", "tags": {"team": "web"}}) == []


def test_user_folder_overrides_a_kind_and_needs_no_service_file_for_a_known_service(tmp_path: Path) -> None:
    (tmp_path / "sqs").mkdir()
    (tmp_path / "sqs" / "queue.yaml").write_text(QUEUE)
    (ours,) = load(["sqs"], extra=tmp_path)
    assert ours.source == str(tmp_path / "sqs" / "queue.yaml")
    assert predict.laws(ours, values.spec_of(ours)) == []
    assert load(["sqs"])[0].source != ours.source


def test_folder_must_be_called_like_the_service(tmp_path: Path) -> None:
    (tmp_path / "queues").mkdir()
    (tmp_path / "queues" / "service.yaml").write_text("alias: sqs")
    with pytest.raises(DefinitionError, match=r"the folder is called 'queues', the alias is 'sqs'"):
        load(["queues"], extra=tmp_path)


def test_new_service_needs_a_service_file(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "group.yaml").write_text(LOG_GROUP)
    with pytest.raises(DefinitionError, match=r"service.yaml: can't be read: No such file"):
        load(["logs"], extra=tmp_path)


def test_unknown_service_is_refused_beside_the_known() -> None:
    with pytest.raises(UnknownServiceError, match=f"unknown service 's4'; there are {', '.join(services())}"):
        load(["s4"])

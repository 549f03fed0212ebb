"""A kind as a CustomResourceDefinition, and CustomResourceDefinitions as YAML.

`ackpy crds` writes them, the sandbox installs them, the Helm charts carry them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath

import yaml

from ackpy.crd.describe import about, descriptions
from ackpy.crd.schema import Schema, metadata, schema, status, struct, text
from ackpy.kinds.model import Column, Kind
from ackpy.kinds.names import plural_name
from ackpy.kinds.paths import Json

Definition = dict[str, Json]

_SHARED = FilePath(__file__).parent / "shared.yaml"
_SHARED_GROUP = "services.k8s.aws"
_WIDTH = 120


def definition(kind: Kind) -> Definition:
    """The CustomResourceDefinition of a kind."""
    texts = descriptions(kind)
    own = {name: schema(field, ("status", name), texts) for name, field in kind.status.fields.items()}
    return _definition(
        group=kind.group,
        name=kind.name,
        plural=kind.plural,
        scope="Namespaced",
        version=kind.version,
        description=about(kind),
        spec={"description": "What is wanted.", **schema(kind.spec, ("spec",), texts)},
        # Without a status kstatus takes an object for healthy; a generation that none has makes it InProgress.
        status_schema={**status({"ackResourceMetadata": metadata(), **own}), "default": {"observedGeneration": -1}},
        columns=kind.columns,
    )


def shared() -> tuple[Definition, ...]:
    """The CustomResourceDefinitions that belong to no service: FieldExport and IAMRoleSelector."""
    return tuple(
        _definition(
            group=_SHARED_GROUP,
            name=entry["kind"],
            plural=plural_name(entry["kind"]),
            scope=entry["scope"],
            version="v1alpha1",
            description=entry["description"],
            spec=entry["spec"],
            status_schema=status({}),
        )
        for entry in yaml.safe_load(_SHARED.read_text(encoding="utf-8"))
    )


def filename(crd: Definition) -> str:
    """The file that holds a definition, as controller-gen names it: `s3.services.k8s.aws_buckets.yaml`."""
    return f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"


def to_yaml(crds: Iterable[Definition]) -> str:
    """A stream of YAML documents in block style."""
    return yaml.dump_all(
        crds, Dumper=_Dumper, explicit_start=True, sort_keys=False, allow_unicode=True, width=_WIDTH, indent=2
    )


class _Dumper(yaml.SafeDumper):
    """Folds texts of several lines, and writes no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  the base's signature
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=">" if "\n" in data else None)


_Dumper.add_representer(str, _text)


def _definition(
    *,
    group: str,
    name: str,
    plural: str,
    scope: str,
    version: str,
    description: str,
    spec: Schema,
    status_schema: Schema,
    columns: Sequence[Column] = (),
) -> Definition:
    root = struct(
        {
            "apiVersion": text(f"{group}/{version}"),
            "kind": text(name),
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status_schema,
        }
    )
    shown = {"additionalPrinterColumns": [_column(column) for column in columns]} if columns else {}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": name, "listKind": f"{name}List", "plural": plural, "singular": name.lower()},
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    **shown,
                    "schema": {"openAPIV3Schema": {"description": description, **root}},
                }
            ],
        },
    }


def _column(column: Column) -> Schema:
    priority = {"priority": column.priority} if column.priority else {}
    return {"name": column.name, "type": column.type, "jsonPath": column.path, **priority}

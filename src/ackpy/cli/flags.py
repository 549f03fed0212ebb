"""The flags of the controller: one table, from which the click options, the settings and docs/flags.md are made.

Names, types and defaults are the Go original's (tests/contract/common.json), so that its charts and scripts work
unchanged; `Settings` is the table. `ackpy run` and `ackpy up` take them by `with_settings`.
"""

# ruff: noqa: RUF009 - `_flag` returns a dataclass field

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import click

from ackpy.aws.endpoints import EndpointError, check_endpoint_url
from ackpy.cli import flag_values as values
from ackpy.cli.flag_values import Address

FEATURE_GATES = {
    "ResourceAdoption": True,
    "ReadOnlyResources": True,
    "TeamLevelCARM": False,
    "ServiceLevelCARM": False,
    "IAMRoleSelector": False,
}
_DEFAULT_TAGS = (
    "services.k8s.aws/controller-version=%CONTROLLER_SERVICE%-%CONTROLLER_VERSION%",
    "services.k8s.aws/namespace=%K8S_NAMESPACE%",
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: a row of the table."""

    type: str
    """pflag's type. `stringSlice` and `stringArray` may be repeated."""
    default: str | tuple[str, ...] | None
    """As on the command line. None: unset has a meaning of its own, which the help tells."""
    help: str
    parse: Callable[[Any], Any]
    """Text (a tuple of texts if repeatable) → the setting's value; raises ValueError."""
    environment: str | None = None
    """Variable with the default."""

    def value(self, text: str | tuple[str, ...] | None) -> Any:
        """The setting's value; raises ValueError."""
        return None if text is None else self.parse(text)


def _flag(
    type_: str,
    default: str | tuple[str, ...] | None,
    meaning: str,
    parse: Callable[[Any], Any] = str,
    environment: str | None = None,
) -> Any:
    row = Flag(type_, default, meaning, parse, environment)
    return field(default_factory=lambda: row.value(default), metadata={"flag": row})


def _switch(default: str, meaning: str) -> Any:
    return _flag("bool", default, meaning, values.boolean)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the flags say, typed. The help of each field is its documentation."""

    metrics_addr: Address | None = _flag(
        "string", "0.0.0.0:8080", "Address of /metrics; 0 turns it off.", values.address
    )
    healthz_addr: Address | None = _flag(
        "string", "0.0.0.0:8081", "Address of /healthz and /readyz; 0 turns it off.", values.address
    )
    enable_webhook_server: bool = _switch("false", "Accepted and without effect: there are no webhooks.")
    webhook_server_addr: Address | None = _flag(
        "string", "0.0.0.0:9433", "Accepted and without effect: there are no webhooks.", values.address
    )
    enable_leader_election: bool = _switch("false", "Only the holder of the Lease reconciles; others stand by.")
    enable_field_export_reconciler: bool = _switch("true", "Serve FieldExport objects.")
    enable_carm: bool = _switch(
        "true", "Manage resources of several accounts by the role ConfigMaps (not with the gate IAMRoleSelector)."
    )
    enable_cross_namespace: bool = _switch(
        "true", "Allow references, secrets and field exports to other namespaces (with the Advisory condition)."
    )
    leader_election_namespace: str = _flag(
        "string", "", "Namespace of the Leases; empty means the controller's own namespace."
    )
    enable_development_logging: bool = _switch("false", "Log for people instead of JSON.")
    aws_region: str = _flag(
        "string", "", "Region of objects that name none. Required.", str.strip, environment="AWS_REGION"
    )
    aws_endpoint_url: str = _flag("string", "", "Endpoint of all AWS calls, instead of AWS's own.")
    aws_identity_endpoint_url: str = _flag("string", "", "Endpoint of STS; empty means --aws-endpoint-url.")
    allow_unsafe_aws_endpoint_urls: bool = _switch("false", "Allow endpoints with http, without encryption.")
    aws_endpoint_use_path_style: bool = _switch(
        "false", "S3: HOST/BUCKET instead of BUCKET.HOST. IP addresses and localhost always get it."
    )
    http_client_timeout: float = _flag(
        "duration",
        "60s",
        "Longest wait for an answer of AWS, in Go's syntax (1m30s); 0 waits for ever.",
        values.duration,
    )
    log_level: str = _flag("string", "info", "debug, info, warn, error, dpanic, panic or fatal.", values.log_level)
    resource_tags: Mapping[str, str] = _flag(
        "stringSlice",
        _DEFAULT_TAGS,
        "Tags that every AWS resource gets, as key=value; the user's own value wins. Formats: %CONTROLLER_SERVICE%, "
        "%CONTROLLER_VERSION%, %K8S_NAMESPACE%, %K8S_RESOURCE_NAME%, %K8S_RESOURCE_KIND%, %MANAGED_BY%, %KRO_VERSION%.",
        values.tags,
    )
    watch_namespace: tuple[str, ...] = _flag(
        "string", "", "Namespaces to watch, comma separated; empty means all.", values.namespaces
    )
    watch_selectors: str = _flag(
        "string", "", "Label selector of the objects to reconcile; empty means all.", values.label_selector
    )
    reconcile_default_resync_seconds: int = _flag(
        "int",
        "0",
        "Seconds between two looks at a synced resource. 0 means 10 minutes with jitter, stretched when the account's "
        "rate budget would be exceeded; any other number is obeyed.",
        partial(values.number, 0),
    )
    reconcile_resource_resync_seconds: Mapping[str, int] = _flag(
        "stringArray", (), "The same for one kind: Kind=Seconds.", partial(values.numbers_by_kind, 0)
    )
    reconcile_default_max_concurrent_syncs: int | None = _flag(
        "int",
        None,
        "Objects of one kind reconciled at once. Unset means automatic: many at once, within the account's rate "
        "budget (the Go original: 1); a number is obeyed.",
        partial(values.number, 1),
    )
    reconcile_resource_max_concurrent_syncs: Mapping[str, int] = _flag(
        "stringArray", (), "The same for one kind: Kind=Number.", partial(values.numbers_by_kind, 1)
    )
    feature_gates: Mapping[str, bool] = _flag(
        "string",
        "",
        "Gates as Name=true,Name=false. Defaults: "
        + ", ".join(f"{name}={str(on).lower()}" for name, on in FEATURE_GATES.items())
        + ".",
        partial(values.feature_gates, FEATURE_GATES),
    )
    reconcile_resources: tuple[str, ...] = _flag(
        "string", "", "Kinds to reconcile, comma separated; empty means all.", values.comma_list
    )
    deletion_policy: str = _flag(
        "string",
        "delete",
        "What the deletion of an object does to its AWS resource, unless an annotation says otherwise: delete, retain.",
        partial(values.choice, {"delete": "delete", "retain": "retain"}),
    )

    @property
    def identity_endpoint_url(self) -> str | None:
        """The endpoint of STS; None means AWS's own."""
        return self.aws_identity_endpoint_url or self.aws_endpoint_url or None


FLAGS: Mapping[str, Flag] = {item.name: item.metadata["flag"] for item in fields(Settings)}
"""All flags by the name of their setting; on the command line `_` is `-`."""


def with_settings(defaults: Mapping[str, str] | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a click command: it takes all flags, and is called with `settings`.

    Args:
        defaults: other defaults by setting, as on the command line (`ackpy up` listens on loopback only).
    """
    own = defaults or {}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapper(**parameters: Any) -> Any:
            settings = Settings(**{name: parameters.pop(name) for name in FLAGS})
            check(settings)
            return command(settings=settings, **parameters)

        decorated: Callable[..., Any] = wrapper
        for name, row in reversed(list(FLAGS.items())):
            decorated = _option(name, row, own.get(name, row.default))(decorated)
        return decorated

    return decorate


def check(settings: Settings) -> None:
    """Check the rules between flags.

    Raises:
        click.UsageError: one is broken; the message says what to change.
    """
    if not settings.aws_region:
        raise click.UsageError("no AWS region: set --aws-region or AWS_REGION")
    if settings.enable_carm and settings.feature_gates["IAMRoleSelector"]:
        raise click.UsageError("the gate IAMRoleSelector needs --enable-carm=false: both choose the role")
    for name in ("aws_endpoint_url", "aws_identity_endpoint_url"):
        url = getattr(settings, name)
        try:
            if url:
                check_endpoint_url(url, allow_unsafe=settings.allow_unsafe_aws_endpoint_urls)
        except EndpointError as error:
            raise click.UsageError(f"{_spelled(name)}: {error}") from error


def check_kinds(settings: Settings, known: Collection[str]) -> None:
    """Check that every kind that a flag names is one of the known; the commands know which these are.

    Raises:
        click.UsageError: one is not; the message says which may have been meant.
    """
    for name in ("reconcile_resources", "reconcile_resource_resync_seconds", "reconcile_resource_max_concurrent_syncs"):
        for kind in getattr(settings, name):
            if kind not in known:
                raise click.UsageError(f"{_spelled(name)}: there is no kind {kind!r}{values.nearest(kind, known)}")


def flags_markdown() -> str:
    """The table of docs/flags.md."""
    rows = ["| flag | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, row in FLAGS.items():
        default = ",".join(row.default) if isinstance(row.default, tuple) else row.default or ""
        shown = f"`${row.environment}`" if row.environment else f"`{default}`" if default else ""
        rows.append(f"| `{_spelled(name)}` | {row.type} | {shown} | {row.help} |")
    return "\n".join(rows) + "\n"


def _option(name: str, row: Flag, default: str | tuple[str, ...] | None) -> Callable[[Callable[..., Any]], Any]:
    def callback(_: click.Context, parameter: click.Parameter, text: str | tuple[str, ...] | None) -> Any:
        try:
            return row.value(text)
        except ValueError as error:
            raise click.BadParameter(str(error), param=parameter) from error

    # pflag: a switch alone means true.
    optional_value: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if row.type == "bool" else {}
    return click.option(
        _spelled(name),
        name,
        type=str,
        default=default,
        envvar=row.environment,
        multiple=row.type in {"stringSlice", "stringArray"},
        callback=callback,
        metavar=row.type,
        help=row.help,
        show_default=bool(default),
        **optional_value,
    )


def _spelled(name: str) -> str:
    return "--" + name.replace("_", "-")

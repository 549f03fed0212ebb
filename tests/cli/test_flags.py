"""The flags are the contract's, read as the contract reads them; what is wrong is refused in one plain line."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from ackpy.cli import flag_values
from ackpy.cli.flag_values import Address
from ackpy.cli.flags import FEATURE_GATES, FLAGS, Settings, check_kinds, flags_markdown, with_settings
from tests.kit.contract import contract

CONTRACT = contract("common")
AUTOMATIC = "reconcile-default-max-concurrent-syncs"  # unset has a meaning of its own: docs/deviations.md


def run(*arguments: str, region: str | None = "eu-west-1") -> tuple[Settings | None, Result]:
    seen: list[Settings] = []

    @click.command()
    @with_settings()
    def command(settings: Settings) -> None:
        seen.append(settings)

    result = CliRunner().invoke(command, arguments, env={"AWS_REGION": region})
    return (seen[0] if seen else None), result


def parsed(*arguments: str) -> Settings:
    settings, result = run(*arguments)
    assert settings is not None, result.output
    return settings


def refusal(*arguments: str, region: str | None = "eu-west-1") -> str:
    settings, result = run(*arguments, region=region)
    assert settings is None
    assert result.exit_code == 2
    return result.output.rstrip().splitlines()[-1]


def as_text(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_flags_are_those_of_the_contract() -> None:
    assert [name.replace("_", "-") for name in FLAGS] == list(CONTRACT["cli_flags"])


@pytest.mark.parametrize("name", CONTRACT["cli_flags"])
def test_a_flag_has_the_type_and_default_of_the_contract(name: str) -> None:
    flag, expected = FLAGS[name.replace("-", "_")], CONTRACT["cli_flags"][name]
    default = f"${flag.environment}" if flag.environment else flag.default
    assert flag.type == expected["type"]
    assert default == (None if name == AUTOMATIC else as_text(expected["default"]))
    for option in expected.get("enum", []):
        assert flag.value(option) == option


def test_gates_and_tags_are_those_of_the_contract() -> None:
    assert {name: gate["default"] for name, gate in CONTRACT["feature_gates"].items()} == FEATURE_GATES
    assert list(FLAGS["resource_tags"].default or ()) == CONTRACT["default_tags"]["flag_default"]
    for template in CONTRACT["default_tags"]["formats"]:
        assert template in FLAGS["resource_tags"].help


def test_no_flags_give_the_defaults() -> None:
    assert parsed() == Settings(aws_region="eu-west-1")
    assert parsed().reconcile_default_max_concurrent_syncs is None
    assert parsed().metrics_addr == Address("0.0.0.0", 8080)
    assert parsed().http_client_timeout == 60.0


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("--enable-carm=false", "enable_carm", False),
        ("--enable-leader-election", "enable_leader_election", True),
        ("--enable-leader-election=true", "enable_leader_election", True),
        ("--enable-leader-election=F", "enable_leader_election", False),
        ("--metrics-addr=:9090", "metrics_addr", Address("", 9090)),
        ("--metrics-addr=0", "metrics_addr", None),
        ("--healthz-addr=[::1]:8081", "healthz_addr", Address("::1", 8081)),
        ("--http-client-timeout=1m30s", "http_client_timeout", 90.0),
        ("--http-client-timeout=2h45m", "http_client_timeout", 9900.0),
        ("--http-client-timeout=1.5s", "http_client_timeout", 1.5),
        ("--http-client-timeout=0", "http_client_timeout", 0.0),
        ("--log-level=WARN", "log_level", "warning"),
        ("--log-level=panic", "log_level", "critical"),
        ("--resource-tags=", "resource_tags", {}),
        ("--resource-tags=a=1,b=%K8S_NAMESPACE%", "resource_tags", {"a": "1", "b": "%K8S_NAMESPACE%"}),
        ('--resource-tags="a=1,2",b=', "resource_tags", {"a": "1,2", "b": ""}),
        ("--watch-namespace=a, b,", "watch_namespace", ("a", "b")),
        ("--reconcile-default-resync-seconds=0", "reconcile_default_resync_seconds", 0),
        ("--reconcile-default-max-concurrent-syncs=1", "reconcile_default_max_concurrent_syncs", 1),
        ("--reconcile-resources=Bucket,Queue", "reconcile_resources", ("Bucket", "Queue")),
        ("--deletion-policy=retain", "deletion_policy", "retain"),
        ("--aws-region=us-west-2", "aws_region", "us-west-2"),
        ("--feature-gates=", "feature_gates", FEATURE_GATES),
        (
            "--feature-gates=TeamLevelCARM=true,ResourceAdoption=false",
            "feature_gates",
            {**FEATURE_GATES, "TeamLevelCARM": True, "ResourceAdoption": False},
        ),
    ],
)
def test_a_flag_is_parsed(argument: str, field: str, value: object) -> None:
    assert getattr(parsed(argument), field) == value


def test_lists_may_be_repeated() -> None:
    settings = parsed(
        "--resource-tags=a=1,b=2",
        "--resource-tags=c=3",
        "--reconcile-resource-resync-seconds=Bucket=60",
        "--reconcile-resource-resync-seconds=Queue=0",
        "--reconcile-resource-max-concurrent-syncs",
        "Bucket=5",
    )
    assert settings.resource_tags == {"a": "1", "b": "2", "c": "3"}
    assert settings.reconcile_resource_resync_seconds == {"Bucket": 60, "Queue": 0}
    assert settings.reconcile_resource_max_concurrent_syncs == {"Bucket": 5}


@pytest.mark.parametrize(
    "selector",
    ["", "a=b", "a==b,c!=d", "app.io/x in (a, b),!gone", "x notin (a),y", "tier", "n>3", "a=", "a in (b,c),d=e"],
)
def test_label_selectors(selector: str) -> None:
    assert parsed(f"--watch-selectors={selector}").watch_selectors == selector


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--watch-selectors=a in b", "'a in b' is no label requirement"),
        ("--watch-selectors=a=b,,c", "'' is no label requirement"),
        ("--watch-selectors=-a=b", "'-a=b' is no label requirement"),
        ("--watch-namespace=Team_A", "'Team_A' is no name of a namespace"),
        ("--enable-carm=maybe", "'maybe' is neither true nor false"),
        ("--metrics-addr=8080", "'8080' is no address: write HOST:PORT, or 0 for none"),
        ("--http-client-timeout=60", "'60' is no duration: write it as 60s, 1m30s or 2h45m"),
        ("--http-client-timeout=-1s", "'-1s' is no duration"),
        ("--log-level=loud", "'loud' is none of debug, info"),
        ("--resource-tags=a", "'a' is no tag: write KEY=VALUE with exactly one '='"),
        ("--resource-tags=a=b=c", "'a=b=c' is no tag"),
        ("--reconcile-default-resync-seconds=-1", "'-1' is no whole number from 0 on"),
        ("--reconcile-default-max-concurrent-syncs=0", "'0' is no whole number from 1 on"),
        ("--reconcile-resource-resync-seconds=60", "'60' names no kind and number: write it as Bucket=60"),
        ("--reconcile-resource-max-concurrent-syncs=Bucket=0", "'0' is no whole number from 1 on"),
        ("--deletion-policy=keep", "'keep' is none of delete, retain"),
        (
            "--feature-gates=ResourceAdoptoin=true",
            "there is no gate 'ResourceAdoptoin': did you mean ResourceAdoption?",
        ),
        ("--feature-gates=Nonsense=true", "there is no gate 'Nonsense'; known are IAMRoleSelector,"),
        ("--feature-gates=TeamLevelCARM", "write TeamLevelCARM=true or TeamLevelCARM=false"),
    ],
)
def test_a_bad_value_is_refused(argument: str, message: str) -> None:
    line = refusal(argument)
    assert f"'{argument.split('=', maxsplit=1)[0]}'" in line
    assert message in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--feature-gates=IAMRoleSelector=true"], "the gate IAMRoleSelector needs --enable-carm=false"),
        (["--aws-endpoint-url=http://127.0.0.1:5000"], "set --allow-unsafe-aws-endpoint-urls"),
        (["--aws-identity-endpoint-url=http://sts"], "--aws-identity-endpoint-url: http://sts is not encrypted"),
        (["--aws-endpoint-url=localhost:5000"], "write https://HOST[:PORT]"),
        (["--metrics-adr=:1"], "No such option '--metrics-adr'. Did you mean '--metrics-addr'?"),
    ],
)
def test_a_broken_rule_is_refused(arguments: list[str], message: str) -> None:
    assert message in refusal(*arguments)


def test_a_region_is_required() -> None:
    assert refusal(region=None) == "Error: no AWS region: set --aws-region or AWS_REGION"


def test_the_rules_let_pass_what_keeps_them() -> None:
    parsed("--feature-gates=IAMRoleSelector=true", "--enable-carm=false")
    local = parsed("--aws-endpoint-url=http://127.0.0.1:5000", "--allow-unsafe-aws-endpoint-urls")
    assert local.identity_endpoint_url == "http://127.0.0.1:5000"
    assert parsed("--aws-identity-endpoint-url=https://sts.local").identity_endpoint_url == "https://sts.local"


def test_an_unknown_kind_is_refused() -> None:
    known = {"Bucket", "Queue"}
    check_kinds(parsed("--reconcile-resources=Bucket"), known)
    with pytest.raises(
        click.UsageError, match=r"--reconcile-resources: there is no kind 'bucket': did you mean Bucket\?"
    ):
        check_kinds(parsed("--reconcile-resources=bucket"), known)
    with pytest.raises(click.UsageError, match=r"--reconcile-resource-resync-seconds: there is no kind 'Xyz'"):
        check_kinds(parsed("--reconcile-resource-resync-seconds=Xyz=1"), known)


def test_a_command_may_have_other_defaults() -> None:
    seen: list[Settings] = []

    @click.command()
    @click.option("--more", default=1)
    @with_settings({"metrics_addr": "127.0.0.1:0", "aws_region": "us-east-1"})
    def up(settings: Settings, more: int) -> None:
        seen.append(settings)

    assert CliRunner().invoke(up, [], env={"AWS_REGION": None}).exit_code == 0
    assert seen[0].metrics_addr == Address("127.0.0.1", 0)
    assert seen[0].aws_region == "us-east-1"


def test_the_markdown_has_every_flag_once() -> None:
    lines = flags_markdown().splitlines()
    assert len(lines) == len(FLAGS) + 2
    assert "| `--aws-region` | string | `$AWS_REGION` | Region of objects that name none. Required. |" in lines


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations_add_up(hours: int, minutes: int, seconds: int, millis: int) -> None:
    expected = hours * 3600 + minutes * 60 + seconds + millis / 1000
    assert flag_values.duration(f"{hours}h{minutes}m{seconds}s{millis}ms") == pytest.approx(expected)


def test_the_page_has_this_very_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flags.md").read_text(encoding="utf-8")
    assert page.endswith(flags_markdown())

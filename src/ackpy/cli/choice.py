"""`--services` and `--definitions`: which kinds a command is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ackpy.kinds.definition import DefinitionError
from ackpy.kinds.model import Kind
from ackpy.kinds.registry import UnknownServiceError, load

Command = TypeVar("Command", bound=Callable[..., Any])


def with_kinds(command: Command) -> Command:
    """Decorate a click command: it takes `services` and `definitions`, for `defined`."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    command = click.option(
        "--definitions", type=folder, metavar="DIR", help="Further definitions of kinds, over ackpy's own."
    )(command)
    return click.option("--services", metavar="NAME,…", help="Only the kinds of these services, e.g. s3,sqs.")(command)


def defined(services: str | None, definitions: Path | None) -> tuple[Kind, ...]:
    """The kinds.

    Raises:
        click.BadParameter: a service has no definitions.
        click.ClickException: a definition is wrong; the text names file and line.
    """
    try:
        return load(services.split(",") if services else None, definitions)
    except UnknownServiceError as error:
        raise click.BadParameter(str(error), param_hint="--services") from error
    except DefinitionError as error:
        raise click.ClickException(str(error)) from error

"""Logging for the commands: JSON lines, or a console for people. Object, kind and reason are fields of every line."""

from __future__ import annotations

import logging
import sys

import structlog

from ackpy.aws.call import CallRecord

_calls = structlog.get_logger("ackpy.aws")


def configure(level: str, *, for_people: bool) -> None:
    """Set up structlog for the process.

    Args:
        level: the name of the least level that is shown.
        for_people: a console with colours instead of JSON.
    """
    render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if for_people else _json()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # A role that can't be assumed is told by each object that needs it; botocore would add a traceback a call.
    logging.getLogger("aiobotocore.credentials").setLevel(logging.ERROR)


def log_call(record: CallRecord) -> None:
    """One line for each AWS call: what, how long, how it came out. No parameters: they may hold secrets."""
    _calls.debug(
        "AWS call",
        service=record.service,
        operation=record.operation,
        region=record.scope.region,
        seconds=round(record.seconds, 4),
        outcome=record.outcome,
        request_id=record.request_id,
    )


def _json() -> structlog.processors.JSONRenderer:
    return structlog.processors.JSONRenderer()

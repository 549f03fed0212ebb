"""Evaluates jq in a process of its own, which controller/jq.py starts and which what it is asked may kill.

jq is a language: an expression can loop for ever, take all memory, read the environment (`$ENV`) and files (`import`).
So this process has no environment, can open no file, and the kernel ends it when one expression takes too much. It
imports nothing of ackpy.

Each request is two lines of JSON, expression and object; each answer is one line: {"text": …}, null for null or no
result, or {"error": the contract's text, "detail": …, "quotes": whether the detail may quote the object}.
"""

import json
import resource
import signal
import sys
from functools import lru_cache

import jq

_CPU_SECONDS = 1.0
_MEMORY_BYTES = 512 * 1024 * 1024
_LONGEST_RESULT = 1024 * 1024  # what a ConfigMap or a Secret holds at most
_LONGEST_DETAIL = 200

_compiled = lru_cache(256)(jq.compile)


def _answer(path: str, obj: str) -> object:
    try:
        program = _compiled(path)
    except ValueError as error:
        return {"error": "unable to parse path", "detail": str(error)[:_LONGEST_DETAIL]}
    try:
        value = next(iter(program.input_text(obj)), None)
    except ValueError as error:
        return {"error": "unable to execute query", "detail": str(error)[:_LONGEST_DETAIL], "quotes": True}
    match value:
        case None:
            return None
        case bool():
            return {"text": str(value).lower()}
        case str():
            text = value
        case int():
            text = str(value)
            if abs(value) >= 2**53:  # such a number is rounded on its way into Python, and not by jq itself
                text = str(next(iter(_compiled(f"{path}\n| tostring").input_text(obj))))
        case _:
            name = "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "a fraction"
            said = f"the result is {name}, not a string, boolean or integer"
            return {"error": "unable to execute query", "detail": said}
    if len(text.encode(errors="replace")) > _LONGEST_RESULT:
        return {"error": "unable to execute query", "detail": "the result is longer than 1 MiB"}
    return {"text": text}


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # the standard streams are open: no other file can be
    while path := sys.stdin.buffer.readline():
        obj = sys.stdin.buffer.readline().decode()
        # The signal isn't handled: it ends the process, whatever jq is doing.
        signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)
        answer = _answer(json.loads(path), obj)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

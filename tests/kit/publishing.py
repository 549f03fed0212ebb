"""The versions that samples name and no object makes: people publish them, with plain calls."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ackpy.aws.errors import AwsError, Meaning
from ackpy.kinds.model import Kind
from tests.kit.waiting import eventually

Call = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""An operation of the kind's service, and its input."""

_VERSIONS = 2
"""How many the samples name."""


async def publish(call: Call, kind: Kind, spec: Mapping[str, Any]) -> bool:
    """Publish the versions that a resource stands on; whether any was missing.

    Raises:
        AwsError: what they are versions of isn't there, or is busy.
    """
    if kind.label == "sfn/StateMachineAlias":
        return await _of_the_machine(call, spec)
    if kind.label == "lambda/Alias":
        return await _of_the_function(call, _function(spec))
    if kind.label == "lambda/FunctionURLConfig" and "qualifier" in spec:
        return await _with_an_alias(call, _function(spec), str(spec["qualifier"]))
    return False


async def _of_the_machine(call: Call, spec: Mapping[str, Any]) -> bool:
    machine = {"stateMachineArn": spec["routingConfiguration"][0]["stateMachineVersionARN"].rpartition(":")[0]}
    missing = _VERSIONS - len((await call("ListStateMachineVersions", machine))["stateMachineVersions"])
    for _ in range(missing):
        await call("PublishStateMachineVersion", machine)
    return missing > 0


async def _of_the_function(call: Call, function: Mapping[str, str]) -> bool:
    """A version is made only where something changed since the last."""
    listed = (await call("ListVersionsByFunction", function))["Versions"]
    there = sum(one["Version"] != "$LATEST" for one in listed)
    for number in range(there, _VERSIONS):
        if number:
            await call("UpdateFunctionConfiguration", {**function, "Description": f"release {number}"})
            await _settled(call, function)  # and published before a controller puts it back
        await call("PublishVersion", function)
    return bool(there < _VERSIONS)


async def _settled(call: Call, function: Mapping[str, str]) -> None:
    async def is_settled() -> bool:
        state = await call("GetFunctionConfiguration", function)
        return state.get("State") == "Active" and state.get("LastUpdateStatus") != "InProgress"

    await eventually(is_settled)


async def _with_an_alias(call: Call, function: Mapping[str, str], name: str) -> bool:
    missing = await _of_the_function(call, function)
    try:
        await call("CreateAlias", {**function, "Name": name, "FunctionVersion": "1"})
    except AwsError as error:
        if error.meaning is not Meaning.CONFLICT:
            raise
        return missing
    return True


def _function(spec: Mapping[str, Any]) -> dict[str, str]:
    """The samples' objects are called as their functions are."""
    return {"FunctionName": spec.get("functionName") or spec["functionRef"]["from"]["name"]}

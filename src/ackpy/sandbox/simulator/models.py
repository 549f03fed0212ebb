"""Botocore's service models: what an operation takes and answers. The simulator can't invent a member.

Called by the definitions (do they name what exists?) and by `Simulator.call` (both ways).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from botocore.exceptions import ParamValidationError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service by botocore's name for it ("s3", "stepfunctions").

    Raises:
        botocore.exceptions.UnknownServiceError: if botocore has none.
    """
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation.

    Raises:
        botocore.model.OperationNotFoundError: if the service has none of this name.
    """
    return service_model(service).operation_model(operation)


def members(shape: Shape | None) -> Mapping[str, Shape]:
    """The members of a structure; none of anything else."""
    return shape.members if isinstance(shape, StructureShape) else {}


def check(shape: Shape | None, value: Mapping[str, object]) -> None:
    """Hold a value against a shape: unknown members, missing ones, wrong types.

    Raises:
        botocore.exceptions.ParamValidationError: as botocore's own clients do.
    """
    if shape is None:
        if value:
            raise ParamValidationError(report=f"the operation has no members, not {sorted(value)}")
        return
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def strangers(shape: Shape | None, value: object) -> Iterator[tuple[str, str]]:
    """The (shape name, value) of each string that is none of its shape's enum: botocore's validator lets them pass."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if name in value:
                yield from strangers(member, value[name])
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from strangers(shape.member, item)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for item in value.values():
            yield from strangers(shape.value, item)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield shape.name, str(value)

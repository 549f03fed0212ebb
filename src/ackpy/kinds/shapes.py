"""Looking things up in botocore's service models, with errors that name the definition's line."""

from __future__ import annotations

from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)

from ackpy.kinds.definition import Node
from ackpy.kinds.paths import Path, parse


def operation(model: ServiceModel, node: Node, name: str) -> OperationModel:
    """An operation by name.

    Raises:
        DefinitionError: the service has no such operation.
    """
    try:
        return model.operation_model(name)
    except OperationNotFoundError as error:
        raise node.fail(f"{model.service_name} has no operation '{name}'") from error


def members(shape: Shape | None) -> dict[str, Shape]:
    """The members of a structure; of anything else, none."""
    return dict(shape.members) if isinstance(shape, StructureShape) else {}


def below(shape: Shape | None, path: Path) -> Shape | None:
    """What stands at a path of members, or None where it leads nowhere."""
    for member in path:
        shape = members(shape).get(member)
    return shape


def inputs(op: OperationModel) -> dict[str, Shape]:
    """The members of an operation's input."""
    return members(op.input_shape)


def outputs(op: OperationModel) -> dict[str, Shape]:
    """The members of an operation's output."""
    return members(op.output_shape)


def required(op: OperationModel) -> tuple[str, ...]:
    """The members that an operation's input must have."""
    return tuple(op.input_shape.required_members) if op.input_shape else ()


def is_token(shape: Shape) -> bool:
    """Whether a member is an idempotency token, which AWS's clients fill and no manifest holds."""
    return bool(shape.metadata.get("idempotencyToken"))


def target(node: Node, model: ServiceModel, direction: str) -> tuple[OperationModel, str, Shape | None]:
    """What a text `Operation` or `Operation.Member` in a definition points to.

    Args:
        node: the text.
        model: the service.
        direction: "in" or "out": whose members are meant.

    Returns:
        The operation, the member as AWS writes it (or the empty text) and the member's shape (or the whole one).

    Raises:
        DefinitionError: there is no such operation or member.
    """
    name, _, member = node.text().partition(".")
    op = operation(model, node, name)
    shape = op.input_shape if direction == "in" else op.output_shape
    if not member:
        return op, "", shape
    known = members(shape)
    # SQS's own model writes one member `tags` where its other operations write `Tags`.
    for candidate in known:
        if candidate.lower() == member.lower():
            return op, candidate, known[candidate]
    raise node.fail(f"{name} has no {direction}put member '{member}'; it has {', '.join(known) or 'none'}")


def place(node: Node, model: ServiceModel, direction: str) -> tuple[OperationModel, Path, Shape | None]:
    """What a text `Operation.Outer.Inner` or `Operation.List[].Member` points to, as `target` does for one member.

    Raises:
        DefinitionError: there is no such operation or member.
    """
    name, _, rest = node.text().partition(".")
    op = operation(model, node, name)
    shape: Shape | None = op.input_shape if direction == "in" else op.output_shape
    path = parse(rest.replace("[]", ".[]"))
    for key in path:
        known = members(shape)
        if key == "[]" and isinstance(shape, ListShape):
            shape = shape.member
        elif key in known:
            shape = known[key]
        else:
            raise node.fail(f"{name} has no {direction}put member '{rest}': expected one of {', '.join(known) or '[]'}")
    return op, path, shape


def map_keys(shape: Shape | None) -> tuple[str, ...]:
    """The keys that a map of attributes may have, where the model lists them."""
    return tuple(getattr(shape.key, "enum", ())) if isinstance(shape, MapShape) else ()

"""Reading definition files: YAML with line numbers, so that a wrong line is named with what was expected there.

kinds/compile.py asks for what a definition may say; whatever it doesn't ask for is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

import yaml

from ackpy.kinds.paths import Json

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DefinitionError(ValueError):
    """A definition says something that can't be: the text names file, line and what was expected."""


@dataclass(frozen=True)
class Node:
    """A value in a definition file and where it stands."""

    value: Json
    file: str
    line: int
    path: str = ""
    children: Mapping[str, Node] | None = None

    def fail(self, message: str) -> DefinitionError:
        """The error that names this place."""
        where = f"{self.path}: " if self.path else ""
        return DefinitionError(f"{self.file}:{self.line}: {where}{message}")

    def mapping(self, *allowed: str, required: Iterable[str] = ()) -> Mapping[str, Node]:
        """The children by key; with `allowed` given, other keys are refused.

        Raises:
            DefinitionError: this is no mapping, a key is unknown or a required one is missing.
        """
        if self.children is None:
            raise self.fail(f"expected a mapping, found {self.value!r}")
        for key, child in self.children.items():
            if allowed and key not in allowed:
                near = difflib.get_close_matches(key, allowed, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else f"; expected one of {', '.join(sorted(allowed))}"
                raise child.fail(f"unknown key '{key}'{hint}")
        for key in required:
            if key not in self.children:
                raise self.fail(f"missing key '{key}'")
        return self.children

    def text(self) -> str:
        """The value as a text.

        Raises:
            DefinitionError: it is something else.
        """
        if not isinstance(self.value, str):
            raise self.fail(f"expected a text, found {self.value!r}")
        return self.value

    def choice(self, options: Iterable[str]) -> str:
        """The value as one of the options.

        Raises:
            DefinitionError: it is none of them.
        """
        if self.value not in (known := list(options)):
            raise self.fail(f"expected one of {', '.join(known)}, found {self.value!r}")
        return str(self.value)

    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts.

        Raises:
            DefinitionError: it is something else.
        """
        if not isinstance(self.value, list) or not all(isinstance(item, str) for item in self.value):
            raise self.fail(f"expected a list of texts, found {self.value!r}")
        return tuple(self.value)

    def flag(self) -> bool:
        """The value as true or false.

        Raises:
            DefinitionError: it is something else.
        """
        if not isinstance(self.value, bool):
            raise self.fail(f"expected true or false, found {self.value!r}")
        return self.value

    def number(self) -> int:
        """The value as a whole number.

        Raises:
            DefinitionError: it is something else.
        """
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fail(f"expected a number, found {self.value!r}")
        return self.value


def read(file: FilePath) -> Node:
    """The definition in a file.

    Raises:
        DefinitionError: it can't be read, or isn't YAML.
    """
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise DefinitionError(f"{file}: can't be read: {error.strerror}") from error


def parse(text: str, name: str) -> Node:
    """The definition in a text; `name` stands for the file in messages.

    Raises:
        DefinitionError: it isn't YAML, or a key stands twice.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise DefinitionError(f"{name}:1: the file is empty")
        return _node(loader, root, name, "")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DefinitionError(f"{name}:{line}: {error.problem}") from error
    finally:
        loader.dispose()


def _node(loader: yaml.SafeLoader, node: yaml.Node, name: str, path: str) -> Node:
    line = node.start_mark.line + 1
    value = loader.construct_object(node, deep=True)
    if not isinstance(node, yaml.MappingNode):
        return Node(value, name, line, path)
    children: dict[str, Node] = {}
    for key_node, child in node.value:
        key = str(loader.construct_object(key_node))
        if key in children:
            raise DefinitionError(f"{name}:{key_node.start_mark.line + 1}: the key '{key}' stands twice")
        inner = _node(loader, child, name, f"{path}.{key}" if path else key)
        children[key] = Node(inner.value, name, key_node.start_mark.line + 1, inner.path, inner.children)
    return Node(value, name, line, path, children)

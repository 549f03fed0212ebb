"""All kinds there are: the definitions of ackpy.services, and those of a user's folder over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath

from botocore.loaders import Loader
from botocore.model import ServiceModel

from ackpy.kinds import compile as compiler
from ackpy.kinds.definition import DefinitionError, read
from ackpy.kinds.model import Kind

DEFINITIONS = FilePath(__file__).parent.parent / "services"


class UnknownServiceError(ValueError):
    """A service was asked for that has no definitions."""


class _Models(Mapping[str, ServiceModel]):
    """botocore's service models, loaded when asked for and kept, whatever profile the user has."""

    def __init__(self) -> None:
        self._loader = Loader()
        self._loaded: dict[str, ServiceModel] = {}

    def __getitem__(self, name: str) -> ServiceModel:
        if name not in self._loaded:
            self._loaded[name] = ServiceModel(self._loader.load_service_model(name, "service-2"), name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loader.list_available_services("service-2"))

    def __len__(self) -> int:
        return len(self._loader.list_available_services("service-2"))


MODELS = _Models()


def services(definitions: FilePath = DEFINITIONS) -> tuple[str, ...]:
    """The aliases of all services that have definitions."""
    return tuple(sorted({file.parent.name for file in definitions.glob("*/*.yaml")}))


def load(names: Iterable[str] | None = None, extra: FilePath | None = None) -> tuple[Kind, ...]:
    """The kinds of some services (default: of all), with a user's definitions added or in their place.

    Args:
        names: service aliases.
        extra: a folder laid out like ackpy.services (`<service>/<kind>.yaml`, and for a service that ackpy doesn't know
            `<service>/service.yaml`).

    Raises:
        DefinitionError: a definition says something that can't be.
        UnknownServiceError: a name has no definitions.
    """
    folders = [DEFINITIONS] + ([extra] if extra else [])
    known = sorted({alias for folder in folders for alias in services(folder)})
    wanted = known if names is None else list(names)
    for name in wanted:
        if name not in known:
            raise UnknownServiceError(f"unknown service '{name}'; there are {', '.join(known)}")
    found = {kind.label: kind for folder in folders for name in wanted for kind in _of(folder, name)}
    return tuple(found[label] for label in sorted(found))


@cache
def _of(folder: FilePath, name: str) -> tuple[Kind, ...]:
    home = folder / name
    own = home / "service.yaml"
    described = own if own.exists() else DEFINITIONS / name / "service.yaml"
    if not home.exists():
        return ()
    owner, naming = compiler.service(read(described if described.exists() else own), MODELS)
    if owner.alias != name:
        raise DefinitionError(f"{described}: the folder is called '{name}', the alias is '{owner.alias}'")
    files = sorted(file for file in home.glob("*.yaml") if file.name != "service.yaml")
    return tuple(compiler.kind(read(file), owner, naming) for file in files)

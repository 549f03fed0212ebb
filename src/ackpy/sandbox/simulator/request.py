"""One call on its way through the simulator: what verbs and rules are given to read and to change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from ackpy.sandbox.simulator.definition import Action, Form, Service
from ackpy.sandbox.simulator.faults import AwsFault
from ackpy.sandbox.simulator.world import Lag, Mark, Resource, Slot, World, canonical_user, instant

# Values have the shapes of botocore's models, which no static type knows.
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lags:
    """How late readers see a creation, a change and a deletion."""

    created: Lag = field(default_factory=Lag)
    changed: Lag = field(default_factory=Lag)
    deleted: Lag = field(default_factory=Lag)


@dataclass(slots=True)
class Request:
    """A call, the world it is made in, and the resource it names.

    Attributes:
        params: the input; a rule may change it before the verb sees it.
        resource: what readers see, for a verb that reads; what there is, for one that writes.
        initial: parts that a rule gives to the resource that is being created.
        marks: those that a rule gives to it.
        answer: members that a rule puts into the answer to a creation.
        named: the key that a rule gives to what is being created, where the input doesn't.
    """

    service: Service
    operation: str
    action: Action
    params: Answer
    account: str
    region: str
    now: float
    world: World
    lags: Lags
    random: Random
    resource: Resource | None = None
    initial: Answer = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    answer: Answer = field(default_factory=dict)
    named: str = ""

    def fault(self, name: str, message: str = "") -> AwsFault:
        """The fault of this name from the service's file; `message` is said instead of its text."""
        return self.service.fault(name, message, self.key)

    @property
    def key(self) -> str:
        """The key of the resource that the input names; "" if it names none."""
        return self.named or self.action.kind.named(self.params)

    @property
    def slot(self) -> Slot:
        """The slot of the resource that the input names."""
        key = self.action.kind.scope.key(self.account, self.region, self.key)
        service, _, kind = self.action.kind.home.partition("/")
        return self.world.slot(service or self.service.name, kind or self.action.kind_name, key)

    def other(self, kind: str, key: str) -> Slot:
        """The slot of a resource of another kind, in the caller's account and region."""
        return self.world.slot(
            self.service.name, kind, self.service.kinds[kind].scope.key(self.account, self.region, key)
        )

    @property
    def there(self) -> Resource:
        """The resource.

        Raises:
            AwsFault: if there is none.
        """
        if self.resource is None:
            raise self.fault(self.action.part.gone or self.action.kind.absent)
        return self.resource

    def part(self, name: str) -> Any:
        """What the resource has of a part; None if nothing. Not to be changed in place."""
        return self.there.parts.get(name)

    def store(self, name: str, value: object) -> None:
        """Replace a part of the resource; None removes it."""
        parts = {**self.there.parts, name: value}
        self.slot.write(replace(self.there, parts=parts, modified=self.now), self.lags.changed, self.now)

    def view(self, resource: Resource) -> dict[str, object]:
        """What templates may name of a resource."""
        basic: dict[str, object] = {
            "key": resource.key,
            "account": resource.account,
            "region": resource.region,
            "canonical": canonical_user(resource.account),
            "created": instant(resource.created),
            "modified": instant(resource.modified),
            "created_seconds": str(int(resource.created)),
            "modified_seconds": str(int(resource.modified)),
            "noise": str(self.random.randrange(10)),
        }
        for name, part in self.action.kind.parts.items():
            if part.form is Form.RECORD and isinstance(record := resource.parts.get(name), Mapping):
                basic = {**record, **basic}
        return basic | {name: text.format(**basic) for name, text in self.action.kind.views.items()}


def render(template: object, view: Mapping[str, object]) -> Any:
    """Fill {name} in the texts of a template; a text that is one name alone becomes the value itself."""
    if isinstance(template, Mapping):
        return {name: render(item, view) for name, item in template.items()}
    if isinstance(template, list):
        return [render(item, view) for item in template]
    if not isinstance(template, str):
        return deepcopy(template)
    name = template[1:-1]
    return view[name] if template == f"{{{name}}}" and name in view else template.format(**view)

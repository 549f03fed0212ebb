"""The interpreter: what each verb of a definition does to the world. Called by `Simulator.call` after the rules."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ackpy.sandbox.simulator.definition import Form, Pages, Part, Setting
from ackpy.sandbox.simulator.documents import rewritten, rewritten_policy
from ackpy.sandbox.simulator.models import members, operation_model
from ackpy.sandbox.simulator.request import Answer, Request, render
from ackpy.sandbox.simulator.world import Resource

_REWRITERS: dict[str, Callable[[str], str]] = {"json": rewritten, "policy": rewritten_policy}


def create(request: Request) -> Answer:
    """Make a resource with AWS's defaults, what the input carries and what a rule added."""
    kind, there = request.action.kind, request.slot.current
    if there and kind.create.again is None:
        raise request.fault(kind.create.exists)
    made = Resource(request.key, request.account, request.region, request.now, request.now)
    view = request.view(made)
    parts = {name: render(part.initial, view) for name, part in kind.parts.items() if part.initial is not None}
    for name, part in kind.parts.items():
        if part.form is Form.RECORD:
            parts[name] = {**(parts.get(name) or {}), **_given(request, part)}
    for member, name in kind.create.parts.items():
        if member in request.params:
            part, value = kind.parts[name], request.params[member]
            parts[name] = (
                _merged(request, part, parts.get(name), value)
                if part.form is Form.MAP
                else sorted(set(value))  # nobody knows the order
                if part.form is Form.SET
                else _taken(request, part, value)
            )
    made = replace(made, parts=parts | deepcopy(request.initial), marks=request.marks)
    if there:
        if any(_at(made, path) != _at(there, path) for path in kind.create.again or ()):
            raise request.fault(kind.create.exists)
        return _rendered(kind.create.answer, request.view(there)) | request.answer
    request.slot.write(made, request.lags.created, request.now)
    return _rendered(kind.create.answer, view) | request.answer


def describe(request: Request) -> Answer:
    """Answer a template about the resource."""
    return _rendered(request.action.kind.describe[request.operation], request.view(request.there))


def delete(request: Request) -> Answer:
    """Delete the resource, and what stands below it."""
    for name, kind in request.service.kinds.items():
        if kind.parent == request.action.kind_name:
            for child in list(request.world.look(request.service.name, name, request.now)):
                mine = (child.account, child.region) == (request.account, request.region)
                if mine and child.key.startswith(request.key + kind.joined):
                    slot = request.other(name, child.key)
                    slot.write(None, request.lags.deleted, request.now)
    request.slot.write(None, request.lags.deleted, request.now)
    return {}


def list_resources(request: Request) -> Answer:
    """One page of the resources of the caller's account, and of its region where keys are a region's."""
    kind, listing, params = request.action.kind, request.action.kind.listing, request.params
    found: dict[str, Answer] = {}
    above = ""
    if listing.below:
        parent = request.service.kinds[kind.parent]
        above = parent.named(params)
        if request.other(kind.parent, above).look(request.now) is None:
            raise request.fault(parent.absent)
    for resource in request.world.look(request.service.name, request.action.kind_name, request.now):
        view = request.view(resource)
        if (
            resource.account == request.account
            and (kind.scope != "region" or resource.region == request.region)
            and resource.key.startswith(above and above + kind.joined)
            and resource.key.startswith(params.get(listing.prefix, ""))
            and all(params.get(member, view[name]) == view[name] for member, name in listing.filters.items())
        ):
            found[resource.key] = render(listing.item, view)
    items, rest = _page(request, listing.pages, found)
    caller = Resource("", request.account, request.region, request.now, request.now)
    answer = {listing.items: items, **rest, **render(listing.also, request.view(caller))}
    if listing.omit_empty and not items:
        del answer[listing.items]
    return answer


def put(request: Request) -> Answer:
    """Store a part's value, as AWS completes it."""
    part = request.action.part
    for need in part.requires:
        if (request.part(need.part) or {}).get(need.member) != need.value:
            raise request.fault(need.fault)
    value = _taken(request, part, request.params[part.member])
    request.store(request.action.part_name, value)
    return _spread(request, value)


def get(request: Request) -> Answer:
    """Answer a part's value."""
    part, value = request.action.part, request.part(request.action.part_name)
    if value is None:
        if part.absent:
            raise request.fault(part.absent)
        return {}
    value = deepcopy(value)
    if part.shuffled:
        request.random.shuffle(value[part.shuffled])
    return {part.out: value} if part.out else _spread(request, value)


def remove(request: Request) -> Answer:
    """Remove a part's value; of some there is always one."""
    part = request.action.part
    initial = render(part.initial, request.view(request.there)) if part.reset else None
    request.store(request.action.part_name, initial)
    return {}


def put_child(request: Request) -> Answer:
    """Store one child by its id."""
    part = request.action.part
    child = request.params[part.member]
    if child[part.ids] != request.params[part.ids]:
        raise request.fault(part.invalid)
    request.store(request.action.part_name, {**_children(request), child[part.ids]: _taken(request, part, child)})
    return {}


def get_child(request: Request) -> Answer:
    """Answer one child."""
    return {request.action.part.out: deepcopy(_children(request)[_child_id(request)])}


def remove_child(request: Request) -> Answer:
    """Remove one child."""
    wanted = _child_id(request)
    rest = {name: child for name, child in _children(request).items() if name != wanted}
    request.store(request.action.part_name, rest)
    return {}


def list_children(request: Request) -> Answer:
    """One page of the children, in the order of ids."""
    part = request.action.part
    items, rest = _page(request, part.pages, deepcopy(_children(request)))
    return {part.items: items, **rest} if items else rest


def merge(request: Request) -> Answer:
    """Put entries into a map; the others stay."""
    part, name = request.action.part, request.action.part_name
    old = request.part(name)
    if not part.entry:
        request.store(name, _merged(request, part, old, request.params[part.member]))
        return {}
    key, value = (request.params.get(member) for member in part.entry)
    if value is None:
        request.store(name, {entry: kept for entry, kept in (old or {}).items() if entry != key})
    else:
        request.store(name, _merged(request, part, old, {str(key): value}))
    return {}


def update(request: Request) -> Answer:
    """Put members into a record; the others stay."""
    part, name = request.action.part, request.action.part_name
    request.store(name, {**(request.part(name) or {}), **_given(request, part)})
    stored = request.slot.current
    return _rendered(part.answer, request.view(stored)) | request.answer if stored else {}


def show(request: Request) -> Answer:
    """Answer a record and what AWS adds."""
    part = request.action.part
    value = {**(request.part(request.action.part_name) or {}), **render(part.live, request.view(request.there))}
    return {part.out: value} if part.out else _spread(request, value)


def select(request: Request) -> Answer:
    """Answer the wanted entries of a map."""
    part = request.action.part
    entries = {**(request.part(request.action.part_name) or {}), **render(part.live, request.view(request.there))}
    if part.select:
        wanted = request.params.get(part.select, [])
        entries = {name: value for name, value in entries.items() if name in wanted or "All" in wanted}
    entries = {name: value for name, value in entries.items() if name not in part.secret}
    if part.pairs:
        name_member, value_member = part.pairs
        return {part.out: [{name_member: name, value_member: value} for name, value in entries.items()]}
    return {part.out: entries} if entries else {}


def drop(request: Request) -> Answer:
    """Remove entries from a map by their keys."""
    name, keys = request.action.part_name, request.params[request.action.part.keys]
    request.store(name, {key: value for key, value in (request.part(name) or {}).items() if key not in keys})
    return {}


def add(request: Request) -> Answer:
    """Put a member into a set."""
    name, one = request.action.part_name, request.params[request.action.part.member]
    request.store(name, sorted({*(request.part(name) or ()), one}))
    return {}


def take(request: Request) -> Answer:
    """Remove a member from a set."""
    part, name, one = request.action.part, request.action.part_name, request.params[request.action.part.member]
    kept = request.part(name) or []
    if one not in kept and part.absent:
        raise request.fault(part.absent)
    request.store(name, [member for member in kept if member != one])
    return {}


def list_members(request: Request) -> Answer:
    """One page of a set's members."""
    part = request.action.part
    found = {one: render(part.item, {"one": one, "last": one.rpartition("/")[2]}) for one in _members(request)}
    items, rest = _page(request, part.pages, found)
    return {part.items: items, **rest}


def pick(request: Request) -> Answer:
    """Answer one entry of a map, and who has it."""
    part, entries = request.action.part, request.part(request.action.part_name) or {}
    name = request.params[part.entry[0]]
    if name not in entries:
        raise request.fault(part.absent)
    whose = {part.out: request.there.key} if part.out else {}
    return {**whose, part.entry[0]: name, part.entry[1]: entries[name]}


def drop_one(request: Request) -> Answer:
    """Remove one entry of a map."""
    part, name = request.action.part, request.action.part_name
    entries, wanted = request.part(name) or {}, request.params[part.entry[0]]
    if wanted not in entries:
        raise request.fault(part.absent)
    request.store(name, {key: value for key, value in entries.items() if key != wanted})
    return {}


def list_names(request: Request) -> Answer:
    """One page of the names of a map's entries."""
    part = request.action.part
    items, rest = _page(request, part.pages, {name: name for name in request.part(request.action.part_name) or {}})
    return {part.items: items, **rest}


VERBS: Mapping[str, Callable[[Request], Answer]] = {
    "create": create,
    "describe": describe,
    "delete": delete,
    "list": list_resources,
    "put": put,
    "get": get,
    "remove": remove,
    "put_child": put_child,
    "get_child": get_child,
    "remove_child": remove_child,
    "list_children": list_children,
    "merge": merge,
    "select": select,
    "update": update,
    "show": show,
    "drop": drop,
    "add": add,
    "take": take,
    "list_members": list_members,
    "pick": pick,
    "drop_one": drop_one,
    "list_names": list_names,
}
WRITES = frozenset(
    {"delete", "put", "remove", "put_child", "remove_child", "merge", "drop", "update", "add", "take", "drop_one"}
)


def _rendered(template: Mapping[str, object], view: Mapping[str, object]) -> Answer:
    answer: Answer = render(template, view)
    return answer


def _spread(request: Request, value: object) -> Answer:
    """The members of a value that the operation's output has too."""
    output = members(operation_model(request.service.name, request.operation).output_shape)
    return {name: item for name, item in value.items() if name in output} if isinstance(value, Mapping) else {}


def _taken(request: Request, part: Part, value: object) -> Any:
    """A given value as AWS keeps it; None if that is nothing.

    Raises:
        AwsFault: if it should be a document and isn't.
    """
    if part.document:
        try:
            return _REWRITERS[part.document](str(value))
        except ValueError as error:
            raise request.fault(part.invalid, str(error)) from error
    kept = deepcopy(value)
    if part.empty_is_absent and isinstance(kept, dict) and not any(kept.values()):
        return None
    for path, defaults in part.fill.items():
        for item in _items(kept, path):
            item.update({name: deepcopy(default) for name, default in defaults.items() if name not in item})
    for path, member in part.generate.items():
        for item in _items(kept, path):
            item.setdefault(member, f"{request.random.getrandbits(128):032x}")
    return kept


def _given(request: Request, part: Part) -> Answer:
    """The members of a record that the input has."""
    return {name: deepcopy(request.params[name]) for name in part.members if name in request.params}


def _at(resource: Resource, path: str) -> object:
    """A part, or a member of a part."""
    name, _, member = path.partition(".")
    value = resource.parts.get(name)
    return value.get(member) if member and isinstance(value, Mapping) else value


def _members(request: Request) -> list[str]:
    members: list[str] = request.part(request.action.part_name) or []
    return members


def _items(value: Any, path: str) -> Iterable[Answer]:
    return value.get(path, []) if path else [value]


def _merged(request: Request, part: Part, old: Mapping[str, str] | None, new: Any) -> dict[str, str]:
    """A map with entries put into it.

    Raises:
        AwsFault: if an entry isn't among the settings, or isn't what its setting allows.
    """
    result = dict(old or {})
    if part.pairs:
        new = {pair[part.pairs[0]]: pair.get(part.pairs[1], "") for pair in new}
    for name, value in new.items():
        if part.settings and name not in part.settings:
            raise request.fault(part.unknown, f"Unknown Attribute {name}.")
        if part.blank_removes and value == "":
            result.pop(name, None)
            continue
        try:
            result[name] = _setting(part.settings[name], value) if part.settings else value
        except ValueError as error:
            raise request.fault(part.invalid, f"Invalid value for the parameter {name}.") from error
    return result


def _setting(setting: Setting, value: str) -> str:
    """A map's entry as AWS keeps it.

    Raises:
        ValueError: if the setting doesn't allow it.
    """
    if setting.range and not setting.range[0] <= int(value) <= setting.range[1]:
        raise ValueError(value)
    if setting.one_of and value not in setting.one_of:
        raise ValueError(value)
    return _REWRITERS[setting.document](value) if setting.document else value


def _children(request: Request) -> Answer:
    children: Answer = request.part(request.action.part_name) or {}
    return children


def _child_id(request: Request) -> str:
    wanted: str = request.params[request.action.part.ids]
    if wanted not in _children(request):
        raise request.fault(request.action.part.absent)
    return wanted


def _page(request: Request, pages: Pages, found: Mapping[str, Any]) -> tuple[list[Any], Answer]:
    """The items of the wanted page, and the members that say what comes next. A token is the last key shown."""
    after = request.params.get(pages.token, "")
    last = urlsafe_b64decode(after).decode() if after else ""
    keys = [key for key in sorted(found) if key > last]
    shown = keys[: int(request.params.get(pages.size, pages.limit))]
    rest: Answer = {}
    if pages.truncated:
        rest[pages.truncated] = len(shown) < len(keys)
    if len(shown) < len(keys):
        rest[pages.next] = urlsafe_b64encode(shown[-1].encode()).decode()
    return [found[key] for key in shown], rest

"""All settings of all methods as one set of fields: which of them apply at a moment, and how each method words them.

A setting that several methods have by the same name and title is one field on the page, its slot. What differs between
them (help, choices, default) is brought when another method is chosen; what does not apply is hidden by a style.
"""

import typing
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from studio.methods import METHODS, Method
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.fields import applying, default_of, extra, kind_of, limits, when
from studio.methods.presets import list_presets
from studio.models.hardware import devices_here
from studio.workspace import Workspace

Values = dict[str, Any]
SLIDER_STEPS = 40  # a whole number with at most so many values gets a slider
RATE = "learning_rate"
FIELD = "setting."  # before the key of a field, in the page's choices


@dataclass(frozen=True)
class Slot:
    """One field on the page. method: the first of those that have it; it is drawn as that one words it."""

    key: str
    name: str
    method: Method

    @property
    def info(self) -> FieldInfo:
        return self.method.settings.model_fields[self.name]

    @property
    def advanced(self) -> bool:
        return bool(extra(self.info).get("advanced"))

    @property
    def id(self) -> str:
        return f"setting-{self.key.replace('_', '-').replace('.', '-')}"


@cache
def slots() -> dict[str, Slot]:
    """All fields by their keys, the common ones first. A key is the setting's name, if need be with a method's."""
    return {slot.key: slot for slot in _placed().values()}


def slot_of(method: Method, name: str) -> Slot:
    return _placed()[signature(method, name)]


@cache
def _placed() -> dict[tuple[Any, ...], Slot]:
    schemas = [AdaptSettings, *(method.settings for method in METHODS.values())]
    names = list(dict.fromkeys(name for schema in schemas for name in schema.model_fields))
    found: dict[tuple[Any, ...], Slot] = {}
    for name in names:
        for method in METHODS.values():
            if name in method.settings.model_fields and signature(method, name) not in found:
                taken = any(slot.name == name for slot in found.values())
                found[signature(method, name)] = Slot(f"{name}.{method.name}" if taken else name, name, method)
    return found


def signature(method: Method, name: str) -> tuple[Any, ...]:
    """What two methods must have in common for a setting to be one field."""
    info = method.settings.model_fields[name]
    return name, info.title, bool(extra(info).get("advanced")), shape(name, info)


def shape(name: str, info: FieldInfo) -> str:
    """Which kind of field a setting gets."""
    kind, optional = kind_of(info)
    origin = typing.get_origin(kind)
    if origin in (typing.Literal, list):
        return "choice" if origin is typing.Literal else "table"
    if kind in (bool, int, float):
        low, high = limits(info)
        few = kind is int and not optional and low is not None and high is not None and high - low <= SLIDER_STEPS
        return "slider" if few else {bool: "switch", int: "whole", float: "number"}[kind]
    return "run" if name.endswith("_run") else "text"


def help_of(info: FieldInfo) -> str:
    """The help sentence, with the unit where the title does not already say it."""
    unit = str(extra(info).get("unit") or "")
    words = info.description or ""
    said = f"{info.title} {words}".lower()
    return words if not unit or unit.split()[0] in said else f"{words} In {unit}."


def choices_of(name: str, info: FieldInfo, schema: type[AdaptSettings]) -> list[tuple[str, Any]]:
    """Label and value of each choice of a Literal field; of the ways to train only those that the method can do."""
    words = extra(info).get("words") or {}
    values = typing.get_args(kind_of(info)[0])
    if name == "adapt":
        values = tuple(value for value in values if value in schema.applicable)
    return [(words.get(value, str(value)), value) for value in values]


def wording(name: str, method: Method) -> dict[str, Any]:
    """What a method says of a field, as arguments of the component."""
    info = method.settings.model_fields[name]
    looks: dict[str, Any] = {"info": help_of(info)}
    if typing.get_origin(kind_of(info)[0]) is typing.Literal:
        looks["choices"] = choices_of(name, info, method.settings)
    return looks


@cache
def differing() -> set[str]:
    """The keys of the fields that not all of their methods word in the same way."""
    ways: dict[str, set[str]] = {}
    for method in METHODS.values():
        for name in method.settings.model_fields:
            ways.setdefault(slot_of(method, name).key, set()).add(repr(wording(name, method)))
    return {key for key, words in ways.items() if len(words) > 1}


@cache
def controlling() -> list[str]:
    """The keys of the fields that decide whether others apply, and which learning rate suits."""
    keys = {
        slot_of(method, other).key
        for method in METHODS.values()
        for info in method.settings.model_fields.values()
        for other in ("adapt", *when(info))
    }
    return [key for key in slots() if key in keys]


def values_of(schema: type[BaseModel], overrides: Values) -> Values:
    """The value of every field: its default, or what a preset or draft says instead."""
    return {name: overrides.get(name, default_of(info)) for name, info in schema.model_fields.items()}


def rate_words(schema: type[AdaptSettings], adapt: Any, hidden: int = 0) -> tuple[str, str]:
    """The help of the learning rate, and the rate itself, that an empty field means for this way of training.

    hidden: the hidden size of the chosen model, 0 while it is not known.
    """
    info = schema.model_fields[RATE]
    filled = schema.rate_for(adapt, hidden)
    rate = f"{filled:.10f}".rstrip("0")
    return f"{(info.description or '').split(' Left empty')[0]} Left empty it is {rate}, which suits this way.", rate


def unprefixed(form: Values) -> Values:
    """Of the page's choices the settings, by the keys of their fields."""
    return {name.removeprefix(FIELD): value for name, value in form.items() if name.startswith(FIELD)}


def of_method(method: Method, form: Values) -> Values:
    """From what the fields hold, by their keys, what a method's settings are, by their names."""
    keys = {slot_of(method, name).key: name for name in method.settings.model_fields}
    return {keys[key]: value for key, value in form.items() if key in keys}


def style(method: Method, values: Values, chosen: str = "", workspace: Workspace | None = None) -> str:
    """The style that hides what does not apply: fields, the cards of presets for other methods, and the button that
    deletes a preset unless the chosen one is the person's own.

    A style and not `visible`: with every change of that, Gradio makes half the page anew.
    """
    applies = applying(method.settings, values)
    if devices_here() == 1 and values.get("devices") in (None, 1):  # of several, as in a recipe from elsewhere, it is
        applies = [name for name in applies if name not in ("devices", "spread")]  # said here that they are not there
    shown = {slot_of(method, name).key for name in applies}
    hidden = [f"#{slot.id}" for slot in slots().values() if slot.key not in shown]
    presets = list_presets(None, workspace)
    other = [number for number, preset in enumerate(presets) if not preset.is_for(method.name)]
    hidden += [f"#preset label:nth-of-type({number + 1})" for number in other]
    hidden += [] if any(preset.own and preset.name == chosen for preset in presets) else ["#delete-preset"]
    return f"<style>{','.join(hidden)}{{display:none!important}}</style>" if hidden else ""

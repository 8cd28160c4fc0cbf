"""What is wrong with a method's settings, field by field, in the same sentences with which a run would be refused."""

import math
import typing
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from studio.errors import StudioError
from studio.methods.arguments import bite
from studio.methods.checks import check_context
from studio.methods.fields import default_of, extra, kind_of, limits
from studio.methods.registry import Method
from studio.methods.settings import Misfit
from studio.methods.spreading import check_devices

LONGEST = 40  # characters of what was typed that are repeated
KINDS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "on or off (true or false)", str: "a text"}


def field_errors(method: Method, values: dict[str, Any], context: int = 0, model: str = "This model") -> dict[str, str]:
    """What is wrong with each field: its name, and what was typed, what is allowed, and what to do. Empty: all is well.

    values: as typed, by the settings' names; what is missing is as it is by itself, and what does not apply
    (studio.methods.fields.applied) should be left out. context: tokens that the chosen model reads, 0: not known.
    """
    errors: dict[str, str] = {}
    settings = None
    values = dict(values)
    while settings is None:
        try:
            settings = method.settings.model_validate(values)
        except ValidationError as error:
            refused = [refusal(method.settings, one) for one in error.errors()]
            errors = {**{one.field: one.text for one in refused}, **errors}
            wrong = {one.field for one in refused} & set(values)
            if not wrong:
                return errors
            # What is wrong between other fields only shows once these are right.
            values = {name: value for name, value in values.items() if name not in wrong}
    checks: list[Callable[[], object]] = [
        lambda: bite(settings),
        lambda: check_devices(settings),
        lambda: check_context(settings, context, model),
        lambda: method.check_settings(settings) if method.check_settings else None,
    ]
    for check in checks:
        try:
            check()
        except StudioError as refused_too:
            errors.setdefault(refused_too.field, refused_too.text)
    return errors


def settings_error(error: ValidationError, schema: type[BaseModel]) -> StudioError:
    """The first thing that is wrong with settings, as a run is refused with."""
    return refusal(schema, error.errors()[0])


def refusal(schema: type[BaseModel], error: ErrorDetails) -> StudioError:
    """What pydantic found wrong with a settings class, in words and with the field's name."""
    cause = (error.get("ctx") or {}).get("error")
    if isinstance(cause, Misfit):
        return StudioError(cause.message, cause.hint, cause.field)
    name = str(error["loc"][0]) if error["loc"] else ""
    if name not in schema.model_fields:
        known = ", ".join(schema.model_fields)
        return StudioError(f"settings has a field that is not known: “{name}”.", f"Known here: {known}.", name)
    info = schema.model_fields[name]
    if len(error["loc"]) > 1:
        return inside(name, info, error)
    optional = kind_of(info)[1]
    usual = default_of(info)
    if error["type"] == "value_error":
        said = f"it should be {cause}"
    elif error["input"] is None or error["input"] == "":
        said = f"it is empty, and it takes {allowed(info)}"
    else:
        said = f"it is {shown(error['input'])}, and it takes {allowed(info)}"
    if optional:
        hint = "Change it, or leave it empty."
    elif isinstance(usual, (bool, list, str)):
        hint = "Choose one of those." if typing.get_origin(kind_of(info)[0]) is typing.Literal else "Change it."
    else:
        hint = f"The usual value is {shown(usual)}."
    return StudioError(f"{info.title}: {said}.", hint, name)


def inside(name: str, info: FieldInfo, error: ErrorDetails) -> StudioError:
    """What is wrong inside a field that holds several things, such as rules."""
    number, *rest = error["loc"][1:]
    place = f"number {int(number) + 1}" if isinstance(number, int) else str(number)
    part = f", its “{rest[-1]}”" if rest else ""
    reason = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return StudioError(
        f"{info.title}: {place}{part} should be {reason.rstrip('.')}.", "Change it, or take it out.", name
    )


def allowed(info: FieldInfo) -> str:
    """What a field takes: "a whole number from 1 to 512 tokens"."""
    kind, _ = kind_of(info)
    if typing.get_origin(kind) is typing.Literal:
        words = extra(info).get("words") or {}
        choices = [f"“{words.get(value, value)}” ({value})" for value in typing.get_args(kind)]
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    if typing.get_origin(kind) is list:
        most = next((limit.max_length for limit in info.metadata if hasattr(limit, "max_length")), None)
        return f"a list of at most {most}" if most else "a list"
    return " ".join(part for part in (KINDS[kind], span(info), str(extra(info).get("unit") or "")) if part)


def span(info: FieldInfo) -> str:
    low, high = limits(info)
    opened = {type(limit).__name__ for limit in info.metadata}
    above = f"above {shown(low)}" if "Gt" in opened else f"from {shown(low)}"
    below = f"below {shown(high)}" if "Lt" in opened else f"at most {shown(high)}"
    if low is None or high is None:
        return "" if low is None and high is None else above if high is None else below
    if "Gt" not in opened and "Lt" not in opened:
        return f"from {shown(low)} to {shown(high)}"
    return f"{above} and {below}"


def shown(value: Any) -> str:
    """As a person would write it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = str(value).strip()
        return f"“{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}”"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"{float(value):.3g}"
    return (
        f"{value:,.10g}"
        if math.isfinite(value)
        else {math.inf: "infinite", -math.inf: "minus infinite"}.get(value, "no number")
    )

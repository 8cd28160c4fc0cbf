"""What a settings class says of its fields: their kinds, limits and defaults, and when each of them applies."""

import types
import typing
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Values = dict[str, Any]


def extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def kind_of(info: FieldInfo) -> tuple[Any, bool]:
    """The field's type without None, and whether None is allowed."""
    kind = info.annotation
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return parts[0], len(parts) < len(typing.get_args(kind))
    return kind, False


def limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """Lowest and highest value that the settings class names."""
    low = next((m.ge if isinstance(m, Ge) else m.gt for m in info.metadata if isinstance(m, (Ge, Gt))), None)
    high = next((m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, (Le, Lt))), None)
    return low, high  # type: ignore[return-value]


def default_of(info: FieldInfo) -> Any:
    return info.get_default(call_default_factory=True)


def when(info: FieldInfo) -> dict[str, tuple[Any, ...]]:
    return dict(extra(info).get("when") or {})


def applying(schema: type[BaseModel], values: Values) -> set[str]:
    """The fields that apply while the form has these values; a missing value is the default."""
    fields = schema.model_fields

    def holds(name: str, asked: frozenset[str]) -> bool:
        rules = when(fields[name])
        return all(
            other in fields
            and other not in asked
            and holds(other, asked | {name})
            and (values[other] if other in values else default_of(fields[other])) in allowed
            for other, allowed in rules.items()
        )

    return {name for name in fields if holds(name, frozenset())}


def applied(schema: type[BaseModel], values: Values) -> Values:
    """The values that count: of fields that the method has and that apply now. The others keep their defaults."""
    shown = applying(schema, values)
    return {name: value for name, value in values.items() if name in shown}

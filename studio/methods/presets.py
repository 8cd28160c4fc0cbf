"""Training presets: presets/training/*.toml and a person's own, each listing only its differences from the defaults."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studio.errors import StudioError
from studio.methods.registry import METHODS, find_method
from studio.workspace import PRESETS, Workspace


class RowsRead(BaseModel):
    """How many rows a preset reads in all, those of every pass counted: few are passed over more often, many less."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least: int = Field(1, ge=1, le=1_000_000_000)
    most: int = Field(1_000_000_000, ge=1, le=1_000_000_000)


@dataclass(frozen=True)
class Fitted:
    """What a preset sets for certain rows and a certain model. notes: by the field's name, what was changed and why."""

    settings: dict[str, Any]
    notes: dict[str, str]


class Preset(BaseModel):
    """`methods`: the names of those that it is for, empty for all of them. own: whether the person made it.

    usual: whether it is taken for its methods where nobody has chosen another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = Field(min_length=1, max_length=60)
    sentence: str = Field(max_length=200)
    order: int
    settings: dict[str, Any]
    methods: tuple[str, ...] = ()
    usual: bool = False
    rows_read: RowsRead | None = None
    own: bool = False

    def is_for(self, method: str) -> bool:
        return not self.methods or method in self.methods

    def settings_of(self, schema: type[BaseModel]) -> dict[str, Any]:
        """Its settings, less those that this settings class does not have."""
        return {name: value for name, value in self.settings.items() if name in schema.model_fields}

    def fitted(
        self, schema: type[BaseModel], *, rows: int = 0, context: int = 0, given: dict[str, Any] | None = None
    ) -> Fitted:
        """Its settings for so many training rows and a model that reads so many tokens; 0: not known.

        given: what is chosen besides and overrules it; such a field is left alone.
        """
        given = given or {}
        settings = self.settings_of(schema)
        notes: dict[str, str] = {}
        if rows and self.rows_read and not {"epochs", "max_steps"} & set(given):
            notes |= follow_rows(settings, schema, self.rows_read, rows)
        if context and "max_length" not in given:
            notes |= fit_context(settings, schema, context, given)
        return Fitted(settings, notes)


def follow_rows(settings: dict[str, Any], schema: type[BaseModel], read: RowsRead, rows: int) -> dict[str, str]:
    """Change the passes so that no fewer and no more rows than these are read in all; the note about it."""
    usual = settings.get("epochs", schema.model_fields["epochs"].default)
    most = max(limit.le for limit in schema.model_fields["epochs"].metadata if hasattr(limit, "le"))
    wanted = min(max(usual * rows, read.least), read.most) / rows
    passes = float(f"{min(wanted, most):.3g}")
    if passes == usual:
        return {}
    settings["epochs"] = passes
    if passes > usual:
        why = "in fewer it could hardly learn anything"
    elif passes < 1:
        why = f"it reads {read.most:,} of them, drawn at random, and not all, which would take long"
    else:
        why = f"{read.most:,} examples are enough to read in all"
    return {"epochs": f"With {told(rows)} to learn from it is {passes:g} passes in place of {usual:g}: {why}."}


def told(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def fit_context(
    settings: dict[str, Any], schema: type[BaseModel], context: int, given: dict[str, Any]
) -> dict[str, str]:
    """Lower the longest example to what the model reads beside what is learned or written; the notes about it."""
    fields = schema.model_fields
    all_of_them = {name: info.default for name, info in fields.items()} | settings | given
    begun = all_of_them.get("virtual_tokens", 0) if all_of_them.get("adapt") in ("prompt", "prefix") else 0
    written = all_of_them["answer_length"] if all_of_them.get("on_policy") else 0  # behind the example, by the model
    room, length = context - begun - written, all_of_them["max_length"]
    least = min(limit.ge for limit in fields["max_length"].metadata if hasattr(limit, "ge"))
    if length <= room or room < least:  # with less than the least nothing can be learned, and the check says so
        return {}
    settings["max_length"] = room
    of_it = f", of which the learned beginning takes {begun:,}" if begun else ""
    of_it = f", of which the answer that it writes takes {written:,}" if written else of_it
    notes = {"max_length": f"This model reads {context:,} tokens at once{of_it}, so it is {room:,} and not {length:,}."}
    answer = all_of_them.get("answer_tokens", 0)
    if answer >= room and "answer_tokens" not in given:
        settings["answer_tokens"] = room // 2
        notes["answer_tokens"] = f"Half of the {room:,} tokens are left to the question, so it is {room // 2:,}."
    return notes


def list_presets(method: str | None = None, workspace: Workspace | None = None) -> list[Preset]:
    """The presets for a method, or all of them, in the order of the page; with a workspace the person's own, too."""
    from studio.methods.own_presets import own_presets

    presets = [*shipped(), *(own_presets(workspace).presets if workspace else ())]
    presets = [preset for preset in presets if method is None or preset.is_for(method)]
    return sorted(presets, key=lambda preset: (preset.own, preset.order, preset.name))


@lru_cache(maxsize=1)
def shipped() -> tuple[Preset, ...]:
    files = (PRESETS / "training").glob("*.toml")
    return tuple(read(file.stem, file.read_text("utf-8")) for file in files)


def read(name: str, text: str, own: bool = False) -> Preset:
    """The preset in a TOML document. Raises ValueError for what is no TOML, or no preset of methods that there are."""
    try:
        preset = Preset.model_validate({**tomllib.loads(text), "name": name, "own": own})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"its “{where}” is wrong ({first['msg']})") from error
    if unknown := [method for method in preset.methods if method not in METHODS]:
        raise ValueError(f"it is for a method that is not known, “{unknown[0]}”")
    return preset


def find_preset(name: str, method: str | None = None, workspace: Workspace | None = None) -> Preset:
    """The preset of that name. Raises StudioError when there is none, or when it is not for that method."""
    found = next((preset for preset in list_presets(None, workspace) if preset.name == name), None)
    known = ", ".join(preset.name for preset in list_presets(method, workspace))
    if found is None:
        raise StudioError(f"There is no preset called “{name}”.", f"Use one of: {known}.")
    if method is not None and not found.is_for(method):
        title = find_method(method).title
        raise StudioError(f"The preset “{name}” is not made for “{title}”.", f"Use one of: {known}.")
    return found


def usual_preset(method: str) -> Preset:
    """The preset that is taken for a method where nobody has chosen another."""
    return next(preset for preset in list_presets(method) if preset.usual)

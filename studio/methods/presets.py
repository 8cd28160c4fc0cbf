"""Training presets: presets/training/*.toml, each listing only its differences from the defaults."""

import tomllib
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from studio.errors import StudioError
from studio.methods.registry import find_method
from studio.workspace import PRESETS


@dataclass(frozen=True)
class Preset:
    """`methods`: the names of those that it is for, empty for all of them."""

    name: str
    title: str
    sentence: str
    order: int
    settings: dict[str, Any]
    methods: tuple[str, ...] = ()

    def is_for(self, method: str) -> bool:
        return not self.methods or method in self.methods

    def settings_of(self, schema: type[BaseModel]) -> dict[str, Any]:
        """Its settings, less those that this settings class does not have."""
        return {name: value for name, value in self.settings.items() if name in schema.model_fields}


def list_presets(method: str | None = None) -> list[Preset]:
    """The presets for a method, or all of them, in the order of the page."""
    presets = [read(file.stem, file.read_text("utf-8")) for file in (PRESETS / "training").glob("*.toml")]
    presets = [preset for preset in presets if method is None or preset.is_for(method)]
    return sorted(presets, key=lambda preset: (preset.order, preset.name))


def read(name: str, text: str) -> Preset:
    values = tomllib.loads(text)
    return Preset(name=name, **{**values, "methods": tuple(values.get("methods", ()))})


def find_preset(name: str, method: str | None = None) -> Preset:
    """The preset of that name. Raises StudioError when there is none, or when it is not for that method."""
    found = next((preset for preset in list_presets() if preset.name == name), None)
    known = ", ".join(preset.name for preset in list_presets(method))
    if found is None:
        raise StudioError(f"There is no preset called “{name}”.", f"Use one of: {known}.")
    if method is not None and not found.is_for(method):
        title = find_method(method).title
        raise StudioError(f"The preset “{name}” is not made for “{title}”.", f"Use one of: {known}.")
    return found

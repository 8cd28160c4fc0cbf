"""Training presets: presets/training/*.toml, each listing only its differences from the defaults."""

import tomllib
from dataclasses import dataclass
from typing import Any

from studio.errors import StudioError
from studio.workspace import PRESETS


@dataclass(frozen=True)
class Preset:
    name: str
    title: str
    sentence: str
    order: int
    settings: dict[str, Any]


def list_presets() -> list[Preset]:
    """All presets, in the order of the page."""
    presets = [
        Preset(name=file.stem, **tomllib.loads(file.read_text("utf-8")))
        for file in (PRESETS / "training").glob("*.toml")
    ]
    return sorted(presets, key=lambda preset: preset.order)


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises StudioError when there is none."""
    presets = list_presets()
    for preset in presets:
        if preset.name == name:
            return preset
    raise StudioError(f"There is no preset called “{name}”.", f"Use one of: {', '.join(p.name for p in presets)}.")

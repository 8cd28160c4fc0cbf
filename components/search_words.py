"""What a search calls its settings and their values: short, as there are several beside one another."""

import re
from dataclasses import dataclass
from typing import Any

from studio.methods import find_method
from studio.methods.fields import extra
from studio.sweeps.sweep import Sweep
from studio.training.again import in_figures, term_of


@dataclass(frozen=True)
class Words:
    """titles: by the settings' names. labels: of the choices of those that have some, by their names and values."""

    titles: dict[str, str]
    labels: dict[str, dict[Any, str]]

    def value(self, name: str, value: Any) -> str:
        """ "0.0005", "on", "LoRA"; "" for None."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, (int, float)):
            return in_figures(float(value))
        return short(self.labels.get(name, {}).get(value, str(value)))

    def settings(self, params: dict[str, Any]) -> str:
        """ "learning rate 0.0005, batch size 4"."""
        return ", ".join(f"{self.titles[name]} {self.value(name, value)}" for name, value in params.items())


def words_of(sweep: Sweep) -> Words:
    recipe = sweep.recipe()
    fields = find_method(recipe.method.name).settings.model_fields
    over = list(sweep.search().over)
    labels = {name: dict(extra(fields[name]).get("words") or {}) for name in over}
    return Words({name: term_of(recipe, name) for name in over}, labels)


def short(label: str) -> str:
    """ "LoRA" from “A thin layer everywhere (LoRA)”."""
    found = re.search(r"\(([^,)]+)", label)
    return found.group(1) if found else label

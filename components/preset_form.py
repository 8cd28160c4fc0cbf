"""What a preset puts into the form for the rows and the model that are chosen, and what the person changed of it."""

from typing import Any

from components import draft, settings_fields
from components.data_choice import prepared
from components.html import escape
from studio.datasets.store import load_dataset
from studio.datasets.versions import prepare
from studio.errors import StudioError
from studio.methods import Method
from studio.methods.checks import known_of
from studio.methods.presets import Fitted, Preset, find_preset, list_presets, usual_preset
from studio.models.blueprint import hidden_size
from studio.models.catalogue import find_model
from studio.workspace import Workspace

Values = dict[str, Any]
BEGINNING = ("adapt", "virtual_tokens")  # decide how much of what the model reads is left to an example


def fitted(workspace: Workspace, method: Method, preset: Preset, data: str, model: str, given: Values) -> Fitted:
    """The preset's settings for these rows and this model; `given` are the values that overrule it."""
    rows, context = rows_in(workspace, data), context_of(workspace, model)
    return preset.fitted(method.settings, rows=rows, context=context, given=given)


def rows_in(workspace: Workspace, data: str) -> int:
    """Training rows of what is chosen in Data, 0 while it cannot be used."""
    if not data:
        return 0
    try:
        chosen = prepared(data)
        return prepare(workspace, load_dataset(workspace, chosen.dataset), chosen.steps).rows["train"]
    except StudioError:
        return 0  # Data says why


def context_of(workspace: Workspace, model: str) -> int:
    """Tokens that the chosen model reads at once, 0 when nobody knows."""
    try:
        known = known_of(find_model(workspace, model))
    except StudioError:
        return 0  # Model says why
    return known.context if known else 0


def width_of(workspace: Workspace, model: str) -> int:
    """The hidden size of the chosen model, 0 when nobody knows."""
    try:
        return hidden_size(find_model(workspace, model))
    except StudioError:
        return 0  # Model says why


def changed(workspace: Workspace, method: Method, preset: str, data: str, model: str, form: Values) -> Values:
    """Of the form's values those that the preset has not put there: they stay when rows or model change."""
    given = {name: form[name] for name in BEGINNING if name in form}
    found = fitted(workspace, method, find_preset(preset, None, workspace), data, model, given)
    usual = settings_fields.values_of(method.settings, found.settings)
    return {name: value for name, value in form.items() if name not in usual or value != usual[name]}


def kept_settings(workspace: Workspace, method: Method) -> Values:
    """What the person changed in the form of this method the last time."""
    kept = table(table(draft.load(workspace).get("forms")).get(method.name))
    return {name: value for name, value in kept.items() if name in method.settings.model_fields}


def preset_for(workspace: Workspace, method: str) -> Preset:
    """The preset that was chosen for this method the last time, else its usual one."""
    kept = table(draft.load(workspace).get("presets")).get(method)
    fitting = list_presets(method, workspace)
    return next((preset for preset in fitting if preset.name == kept), None) or usual_preset(method)


def table(value: Any) -> Values:
    return value if isinstance(value, dict) else {}


def note(found: Fitted, form: Values) -> str:
    """What was changed of the preset for these rows and this model, where the form still has it so."""
    said = [words for name, words in found.notes.items() if form.get(name) == found.settings[name]]
    return "".join(f'<p class="ts-help">{escape(words)}</p>' for words in said)

"""The form of Train: a preset and the settings of the chosen method, filled, remembered, and marked where wrong."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from components import draft, earlier_choice, preset_form, rate_part, settings_fields, settings_form
from components.fillings import Fillings
from components.html import hidden, html, moved
from components.kept_forms import keep
from components.page import LATEST, PICKED, First, Page
from components.plan import sentence
from components.speak import plain
from studio.errors import StudioError
from studio.methods import Method, find_method
from studio.methods.field_errors import field_errors
from studio.methods.fields import applied
from studio.methods.presets import Preset, find_preset
from studio.models.catalogue import find_model
from studio.workspace import Workspace


def build_fields(page: Page) -> None:
    page.parts["style"] = html(classes=["ts-hidden"])
    drawn = settings_form.build({settings_fields.RATE: lambda: rate_part.build(page)})
    page.choices.update({f"{settings_fields.FIELD}{key}": field for key, field in drawn.items()})
    page.parts["filled"] = hidden("Form as it was last filled", also="window.tunesmithFilled(props, watch);")
    page.choices["mark"] = hidden("Filling on show, and what was typed since", also="window.tunesmithMark(props);")
    page.parts["field_errors"] = html(
        {},
        elem_id="field-errors",
        html_template="<i hidden></i>",
        classes=["ts-hidden"],
        js_on_load="window.tunesmithFieldErrors(props, watch);",
    )


class Form:
    """What its handlers share. `own`: the choices that it holds, by their names; `parts`: what `filled` updates.

    What was typed into an earlier filling and arrives late is not kept, or it would undo the newer (see fillings); the
    page types it once more into that (assets/js/typed.js).
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        slots = settings_fields.slots()
        self.fields = {key: page.choices[f"{settings_fields.FIELD}{key}"] for key in slots}
        self.runs = {key: s.name for key, s in slots.items() if settings_fields.shape(s.name, s.info) == "run"}
        self.settings = {f"{settings_fields.FIELD}{key}": field for key, field in self.fields.items()}
        self.own = page.inputs("preset", "run_name", "start") | self.settings
        self.parts = [page.parts["filled"], page.parts["preset_note"], page.parts["style"], *self.fields.values()]
        self.fillings = Fillings()

    def filled(self, way: Method, preset: Preset, own: dict[str, Any], data: str, model: str, mark: str) -> list[Any]:
        """Updates of `parts` that show a preset for these rows and this model, with what the person wants besides.

        mark: the page's as it asked for them.
        """
        filling = self.fillings.begin(mark)
        workspace = self.page.workspace
        found = preset_form.fitted(workspace, way, preset, data, model, own)
        values = settings_fields.values_of(way.settings, found.settings | own)
        updates = settings_form.filled(way, values, preset_form.width_of(workspace, model))
        style = settings_fields.style(way, values, preset.name, workspace)
        note = preset_form.note(found, values)
        return [filling, note, style, *(updates.get(key, gr.skip()) for key in self.fields)]

    def fill(self, method: str, start: str, data: str, model: str, mark: str) -> Any:
        """The form of the method that was just chosen, as it was left, else as its preset has it."""
        way = find_method(method)
        preset = preset_form.preset_for(self.page.workspace, method)
        own = preset_form.kept_settings(self.page.workspace, way) | self.shape(way, start)
        return [preset.name, *self.filled(way, preset, own, data, model, mark)]

    def fill_preset(self, preset: str, method: str, start: str, data: str, model: str, mark: str) -> Any:
        way = find_method(method)
        own = self.shape(way, start)
        updates = self.filled(way, find_preset(preset, method, self.page.workspace), own, data, model, mark)
        keep(self.page, way, own, preset=preset)
        return updates

    def shape(self, way: Method, start: str) -> dict[str, Any]:
        """What the adapter that it starts from decides."""
        fixed = earlier_choice.shape_of(self.page.workspace, start)
        return {name: value for name, value in fixed.items() if name in way.settings.model_fields}

    def begin_with(self, method: str, start: str, data: str, model: str, mark: str) -> Any:
        """The form as the adapter wants it that it starts from."""
        way = find_method(method)
        draft.remember(self.page.workspace, start=start)
        own = preset_form.kept_settings(self.page.workspace, way) | self.shape(way, start)
        preset = preset_form.preset_for(self.page.workspace, method)
        updates = self.filled(way, preset, own, data, model, mark)
        keep(self.page, way, own)
        return updates

    def remember(self, preset: str, method: str, run_name: str, data: str, model: str, mark: str, **typed: Any) -> None:
        way = find_method(method)
        values = settings_fields.of_method(way, settings_fields.unprefixed(typed))
        own = preset_form.changed(self.page.workspace, way, preset, data, model, values)
        self.fillings.keep(mark, lambda: keep(self.page, way, own, preset=preset, run_name=run_name))

    def agreed(self, method: str, start: str, data: str, model: str, mark: str) -> Any:
        """The form once more, where an older filling has come after the newest."""
        outdated = self.fillings.outdated(mark)
        return self.fill(method, start, data, model, outdated) if outdated else gr.skip()

    def arrange(self, method: str, preset: str, model: str, **form: Any) -> Any:
        """Which fields apply, when one has changed that decides about others."""
        way = find_method(method)
        values = settings_fields.of_method(way, settings_fields.unprefixed(form))
        style = settings_fields.style(way, values, preset, self.page.workspace)
        hidden = preset_form.width_of(self.page.workspace, model)
        return style, gr.update(**settings_form.rate(way, values.get("adapt"), hidden))

    def first(self, asked: Mapping[str, str]) -> First:
        kept, choices = draft.load(self.page.workspace), self.page.choices
        values = {"run_name": str(kept.get("run_name") or ""), "start": str(kept.get("start") or "")}
        return {choices[name]: {"value": value} for name, value in values.items()}

    def offer(self, model: str, start: str) -> Any:
        """The runs to go on from; one that is not among them any more is let go."""
        workspace = self.page.workspace
        offered = earlier_choice.start_field(workspace, model, start)
        named = [gr.Dropdown(choices=earlier_choice.run_choices(workspace, name)) for name in self.runs.values()]
        return [gr.Dropdown(**offered), *named]

    def wire(self) -> None:
        page, choices, fields = self.page, self.page.choices, self.fields
        chosen_for = page.inputs(
            "method", "start", "data", "model", "mark"
        )  # a preset is fitted to the rows and the model
        another = moved(choices["method"], choices["data"], choices["model"], page.parts["goals"]["taken"])
        gr.on([another], plain(self.fill), inputs_kwargs=chosen_for, outputs=[choices["preset"], *self.parts],
              **LATEST)  # fmt: skip
        gr.on([moved(page.parts["filled"])], plain(self.agreed), inputs_kwargs=chosen_for,
              outputs=[choices["preset"], *self.parts], **LATEST)  # fmt: skip
        gr.on([choices["preset"].input, page.parts["back"].click], plain(self.fill_preset),
              inputs_kwargs=page.inputs("preset") | chosen_for, outputs=self.parts, **LATEST)  # fmt: skip
        gr.on([choices["start"].input], plain(self.begin_with), inputs_kwargs=chosen_for, outputs=self.parts, **LATEST)
        remembered = page.inputs("preset", "method", "run_name", "data", "model", "mark") | self.settings
        gr.on([choice.input for choice in (choices["run_name"], *fields.values())], plain(self.remember),
              inputs_kwargs=remembered, **LATEST)  # fmt: skip
        controls = {f"{settings_fields.FIELD}{key}": fields[key] for key in settings_fields.controlling()}
        gr.on([field.input for field in controls.values()], plain(self.arrange),
              inputs_kwargs=page.inputs("method", "preset", "model") | controls,
              outputs=[page.parts["style"], fields[settings_fields.RATE]],
              **PICKED)  # fmt: skip
        page.first.append(self.first)
        gr.on([moved(page.roster, choices["model"])], plain(self.offer), [choices["model"], choices["start"]],
              [choices["start"], *(fields[key] for key in self.runs)], **LATEST)  # fmt: skip


def wrong_fields(workspace: Workspace, chosen: dict[str, Any]) -> dict[str, str]:
    """What is wrong with each field, by its id on the page."""
    way = find_method(chosen["method"])
    values = applied(way.settings, settings_fields.of_method(way, settings_fields.unprefixed(chosen)))
    try:
        model = find_model(workspace, chosen["model"])
    except StudioError:
        return {}  # Model says why
    context = preset_form.context_of(workspace, model.name)
    wrong = field_errors(way, values, context, model.title)
    titles = {name: f"{info.title}: " for name, info in way.settings.model_fields.items()}
    return {
        settings_fields.slot_of(way, name).id: sentence(words.removeprefix(titles[name]))
        for name, words in wrong.items()
        if name in titles
    }

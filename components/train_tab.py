"""Train: set up a run from a preset, and see what it will take before it is started."""

from pathlib import Path
from typing import Any

import gradio as gr

from components import (
    draft,
    earlier_choice,
    fit_view,
    goal_part,
    history,
    live_view,
    plan,
    preset_form,
    settings_fields,
    settings_form,
)
from components.data_choice import prepared
from components.html import head, html, moved, title
from components.kept_forms import keep
from components.page import LATEST, QUICK, Page
from components.speak import plain
from studio.datasets.store import load_dataset
from studio.methods import Method, find_method
from studio.methods.fields import applied
from studio.methods.presets import Preset, find_preset
from studio.training.chain import model_under
from studio.training.queue import active_run, submit
from studio.training.recipe import new_recipe

FIRST_PRESET = "balanced"
FIELD = "setting."  # before the key of a field, in the page's choices
LEAD = "Pick a preset and start. Every setting below already has a good value, and says what happens if you change it."
SHOWN = ("plan", "why", "to_data", "start", "make_fit", "chain")  # what follows from the choices
DATA = ("dataset", "data", "model", "method")


def build(page: Page) -> None:
    with gr.Tabs(elem_id="train-tabs", elem_classes="ts-subtabs", selected="setup") as page.parts["train_tabs"]:
        with gr.Tab("Set up", id="setup"):
            html(head("Set up training", LEAD))
            build_setup(page)
        with gr.Tab("Live run", id="live"):
            live_view.build(page)
        with gr.Tab("History", id="history") as page.parts["history.tab"]:
            html(head("History", "Every run of this studio stays here until you delete its folder."))
            history.build(page)


def build_setup(page: Page) -> None:
    parts, choices = page.parts, page.choices
    choices["preset"] = gr.Radio(
        plan.preset_cards({}, page.workspace),
        value=FIRST_PRESET,
        label="Preset",
        show_label=False,
        container=False,
        interactive=True,
        elem_id="preset",
        elem_classes=["ts-cards", "ts-four"],
    )
    parts["preset_note"] = html(elem_id="preset-note")
    with gr.Row(elem_classes="ts-side"):
        with gr.Column(), gr.Column(elem_classes="ts-card"):
            with gr.Row(elem_classes="ts-headline"):
                html(title("Settings"))
                parts["back"] = gr.Button(
                    "Back to the preset", size="sm", elem_id="back-to-preset", elem_classes="ts-linkbutton"
                )
            choices["run_name"] = gr.Textbox(
                label="Name of this run",
                info="Shown in History. Left empty, it is named after your data and the preset.",
                max_lines=1,
                max_length=80,
                elem_id="run-name",
                interactive=True,
            )
            choices["start"] = gr.Dropdown(
                [("The model itself", "")],
                value="",
                label="Start from",
                info="The model as it came, or what an earlier run has made of it (transfer).",
                elem_id="start-from",
                interactive=True,
                allow_custom_value=True,
            )
            parts["chain"] = html(elem_id="chain")
            parts["style"] = html(classes=["ts-hidden"])
            drawn = settings_form.build()
            choices.update({f"{FIELD}{key}": field for key, field in drawn.items()})
        with gr.Column(), gr.Column(elem_classes="ts-card", elem_id="plan"):
            parts["plan"] = html(title("Will it fit?"), elem_id="steps-plan")
            parts["make_fit"] = gr.Button("Make it fit", variant="primary", elem_id="make-fit", visible=False)
            parts["made"] = html(elem_id="made-fit")
            parts["why"] = html(elem_id="why-not")
            parts["to_data"] = gr.Button("Go to Data", elem_id="go-to-data", visible=False)
            parts["start"] = gr.Button(
                "Start training", variant="primary", size="lg", elem_id="start", interactive=False
            )
            parts["queue_note"] = html(elem_id="queue-note")
    page.go(parts["to_data"], "data")


def wire(page: Page) -> None:
    live_view.wire(page)
    history.wire(page)
    choices, parts = page.choices, page.parts
    slots = settings_fields.slots()
    fields = {key: choices[f"{FIELD}{key}"] for key in slots}
    runs = {key: slot.name for key, slot in slots.items() if settings_fields.shape(slot.name, slot.info) == "run"}
    settings = {f"{FIELD}{key}": field for key, field in fields.items()}
    own = {name: choices[name] for name in ("preset", "run_name", "start")} | settings
    everything = page.inputs(*DATA) | own
    form = [parts["preset_note"], parts["style"], *fields.values()]
    chosen_for = page.inputs("method", "start", "data", "model")  # a preset is fitted to the rows and the model

    def filled(way: Method, preset: Preset, own: dict[str, Any], data: str, model: str) -> list[Any]:
        """Updates of `form` that show a preset for these rows and this model, with what the person wants besides."""
        found = preset_form.fitted(page.workspace, way, preset, data, model, own)
        values = settings_fields.values_of(way.settings, found.settings | own)
        updates = settings_form.filled(way, values)
        style = settings_fields.style(way, values, page.workspace)
        return [preset_form.note(found, values), style, *(updates.get(key, gr.skip()) for key in fields)]

    def fill(method: str, start: str, data: str, model: str) -> Any:
        """The form of the method that was just chosen, as it was left, else as its preset has it."""
        way = find_method(method)
        preset = preset_form.preset_for(page.workspace, method)
        own = preset_form.kept_settings(page.workspace, way) | shape(way, start)
        return [preset.name, *filled(way, preset, own, data, model)]

    def fill_preset(preset: str, method: str, start: str, data: str, model: str) -> Any:
        way = find_method(method)
        keep(page, way, shape(way, start), preset=preset)
        return filled(way, find_preset(preset, method, page.workspace), shape(way, start), data, model)

    def shape(way: Method, start: str) -> dict[str, Any]:
        """What the adapter that it starts from decides."""
        fixed = earlier_choice.shape_of(page.workspace, start)
        return {name: value for name, value in fixed.items() if name in way.settings.model_fields}

    def begin_with(method: str, start: str, data: str, model: str) -> Any:
        """The form as the adapter wants it that it starts from."""
        way = find_method(method)
        draft.remember(page.workspace, start=start)
        own = preset_form.kept_settings(page.workspace, way) | shape(way, start)
        keep(page, way, own)
        return filled(way, preset_form.preset_for(page.workspace, method), own, data, model)

    def remember(preset: str, method: str, run_name: str, data: str, model: str, **form: Any) -> None:
        way = find_method(method)
        values = settings_fields.of_method(way, unprefixed(form))
        own = preset_form.changed(page.workspace, way, preset, data, model, values)
        keep(page, way, own, preset=preset, run_name=run_name)

    def arrange(method: str, **form: Any) -> Any:
        """Which fields apply, when one has changed that decides about others."""
        way = find_method(method)
        values = settings_fields.of_method(way, unprefixed(form))
        style = settings_fields.style(way, values, page.workspace)
        return style, gr.update(**settings_form.rate(way, values.get("adapt")))

    def restore() -> Any:
        kept = draft.load(page.workspace)
        return kept.get("run_name") or gr.skip(), str(kept.get("start") or "")

    def offer(model: str, start: str) -> Any:
        """The runs to go on from; one that is not among them any more is let go."""
        offered = earlier_choice.start_field(page.workspace, model, start)
        named = [gr.Dropdown(choices=earlier_choice.run_choices(page.workspace, name)) for name in runs.values()]
        return [gr.Dropdown(**offered), *named]

    def look(**chosen: Any) -> Any:
        outlook = plan.outlook(page.workspace, page.xray, page.sizes, **split(chosen))
        return (
            gr.Radio(choices=plan.preset_cards(outlook.seconds, page.workspace)),
            plan.draw(outlook),
            plan.draw_why(outlook),
            gr.Button(visible=outlook.lacks_data),
            gr.Button(interactive=outlook.ready),
            gr.Button(visible=bool(outlook.changes and outlook.changes.changes)),
            earlier_choice.draw_chain(page.workspace, chosen["model"], chosen["start"]),
        )

    def make_fit(**chosen: Any) -> Any:
        """The settings, and where need be the model, with which it fits; and what was changed, in words."""
        found = plan.outlook(page.workspace, page.xray, page.sizes, **split(chosen)).changes
        if found is None:
            return gr.skip()
        way = find_method(chosen["method"])
        own = preset_form.kept_settings(page.workspace, way)
        for change in found.changes:
            own |= change.values
        keep(page, way, own, preset=chosen["preset"])
        draft.remember(page.workspace, model=found.model)
        preset = find_preset(chosen["preset"], way.name, page.workspace)
        return [fit_view.made(found), found.model, *filled(way, preset, own, chosen["data"], found.model)]

    def start(**chosen: Any) -> Any:
        asked = split(chosen)
        asked.pop("dataset")
        data = prepared(asked.pop("data"))
        preset = find_preset(asked.pop("preset"), None, page.workspace)
        asked["model"] = model_under(page.workspace, asked["model"], asked["start"])
        stem = (
            Path(load_dataset(page.workspace, data.dataset).name).stem.replace("_", " ").replace("-", " ").capitalize()
        )
        name = asked.pop("run_name").strip() or f"{stem} · {preset.title}"
        goal = goal_part.chosen_goal(page)
        run = submit(
            page.workspace,
            new_recipe(
                page.workspace,
                name=name,
                goal=goal.name if goal else "",
                success=goal_part.success_for(page, goal, asked["method"]),
                dataset_id=data.dataset,
                steps=data.steps,
                **asked,
            ),
        )
        return run.id, gr.Tabs(selected="live")

    def queue_note() -> str:
        return plan.QUEUE_NOTE if active_run(page.workspace) else ""

    another = [moved(choices["method"]), moved(choices["data"]), moved(choices["model"])]
    gr.on([*another, moved(page.parts["goals"]["taken"])], plain(fill), inputs_kwargs=chosen_for,
          outputs=[choices["preset"], *form], **LATEST)  # fmt: skip
    gr.on([choices["preset"].input, parts["back"].click], plain(fill_preset),
          inputs_kwargs=page.inputs("preset") | chosen_for, outputs=form, **QUICK)  # fmt: skip
    gr.on([choices["start"].input], plain(begin_with), inputs_kwargs=chosen_for, outputs=form, **LATEST)
    gr.on([choice.input for choice in (choices["run_name"], *fields.values())], plain(remember),
          inputs_kwargs=page.inputs("preset", "method", "run_name", "data", "model") | settings, **LATEST)  # fmt: skip
    controls = {f"{FIELD}{key}": fields[key] for key in settings_fields.controlling()}
    gr.on([field.input for field in controls.values()], plain(arrange),
          inputs_kwargs=page.inputs("method") | controls,
          outputs=[parts["style"], fields[settings_fields.RATE]],
          **QUICK, trigger_mode="multiple")  # fmt: skip
    page.demo.load(plain(restore), outputs=[choices["run_name"], choices["start"]], **QUICK)
    gr.on([moved(page.roster), moved(choices["model"])], plain(offer), [choices["model"], choices["start"]],
          [choices["start"], *(fields[key] for key in runs)], **LATEST)  # fmt: skip
    quiet = ("run_name", "data", "method", "model")
    gr.on(
        [
            page.demo.load,
            moved(choices["data"]),
            moved(choices["method"]),
            moved(choices["model"]),
            moved(page.news["sizes"]),
            *(choice.change for name, choice in everything.items() if name not in quiet),
        ],
        plain(look),
        inputs_kwargs=everything,
        outputs=[
            choices["preset"],
            *(parts[name] for name in ("plan", "why", "to_data", "start", "make_fit", "chain")),
        ],
        **LATEST,
    )
    gr.on([parts["make_fit"].click], plain(make_fit), inputs_kwargs=everything,
          outputs=[parts["made"], choices["model"], *form], **QUICK)  # fmt: skip
    gr.on(
        [parts["start"].click],
        plain(start),
        inputs_kwargs=everything,
        outputs=[page.run, parts["train_tabs"]],
        **QUICK,
    )
    gr.on([moved(page.roster)], plain(queue_note), outputs=parts["queue_note"], **LATEST)


def unprefixed(form: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(FIELD): value for name, value in form.items() if name.startswith(FIELD)}


def split(chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices, with the settings that the chosen method has and that apply under `settings`."""
    way = find_method(chosen["method"])
    plainly = {name: value for name, value in chosen.items() if not name.startswith(FIELD)}
    settings = settings_fields.of_method(way, unprefixed(chosen))
    return plainly | {"settings": applied(way.settings, settings)}

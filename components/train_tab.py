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
    own_preset,
    plan,
    preset_form,
    settings_fields,
    train_form,
)
from components.data_choice import prepared
from components.html import head, html, moved, title
from components.kept_forms import keep
from components.page import LATEST, QUICK, Page
from components.speak import plain
from studio.datasets.store import load_dataset
from studio.methods import find_method
from studio.methods.fields import applied
from studio.methods.presets import find_preset
from studio.training.chain import model_under
from studio.training.queue import active_run, submit
from studio.training.recipe import new_recipe

FIRST_PRESET = "balanced"
LEAD = "Pick a preset and start. Every setting below already has a good value, and says what happens if you change it."
SHOWN = ("plan", "why", "to_data", "start", "make_fit", "chain", "field_errors")  # what follows from the choices
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
            train_form.build_fields(page)
            own_preset.build(page)
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
    form = train_form.Form(page)
    everything = page.inputs(*DATA) | form.own

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
            train_form.wrong_fields(page.workspace, chosen),
        )

    def make_fit(mark: str, **chosen: Any) -> Any:
        """The settings, and where need be the model, with which it fits; and what was changed, in words."""
        found = plan.outlook(page.workspace, page.xray, page.sizes, **split(chosen)).changes
        if found is None:
            return gr.skip()
        way = find_method(chosen["method"])
        own = preset_form.kept_settings(page.workspace, way)
        for change in found.changes:
            own |= change.values
        preset = find_preset(chosen["preset"], way.name, page.workspace)
        updates = form.filled(way, preset, own, chosen["data"], found.model, mark)
        keep(page, way, own, preset=chosen["preset"])
        draft.remember(page.workspace, model=found.model)
        return [fit_view.made(found), found.model, *updates]

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

    form.wire()
    own_preset.wire(page, form)
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
            *(parts[name] for name in SHOWN),
        ],
        **LATEST,
    )
    gr.on([parts["make_fit"].click], plain(make_fit), inputs_kwargs=everything | page.inputs("mark"),
          outputs=[parts["made"], choices["model"], *form.parts], **QUICK)  # fmt: skip
    gr.on(
        [parts["start"].click],
        plain(start),
        inputs_kwargs=everything,
        outputs=[page.run, parts["train_tabs"]],
        **QUICK,
    )
    gr.on([moved(page.roster)], plain(queue_note), outputs=parts["queue_note"], **LATEST)


def split(chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices, with the settings that the chosen method has and that apply under `settings`."""
    way = find_method(chosen["method"])
    plainly = {name: value for name, value in chosen.items() if not name.startswith(train_form.FIELD)}
    settings = settings_fields.of_method(way, train_form.unprefixed(chosen))
    return plainly | {"settings": applied(way.settings, settings)}

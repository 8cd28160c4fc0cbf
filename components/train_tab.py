"""Train: set up a run from a preset, and see what it will take before it is started."""

from pathlib import Path
from typing import Any

import gradio as gr

from components import draft, history, live_view, plan, settings_form
from components.data_choice import prepared
from components.html import head, html, moved, title
from components.page import POLL, QUICK, Page
from components.speak import plain
from studio.datasets.store import load_dataset
from studio.methods import METHODS, find_method
from studio.training.presets import find_preset, list_presets
from studio.training.queue import active_run, submit
from studio.training.recipe import new_recipe

FIRST_PRESET = "balanced"
LEAD = "Pick a preset and start. Every setting below already has a good value, and says what happens if you change it."
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
    presets = list_presets()
    choices["preset"] = gr.Radio(
        plan.preset_cards({}),
        value=FIRST_PRESET if any(p.name == FIRST_PRESET for p in presets) else presets[0].name,
        label="Preset",
        show_label=False,
        container=False,
        interactive=True,
        elem_id="preset",
        elem_classes=["ts-cards", "ts-four"],
    )
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
            for method in METHODS.values():
                with gr.Column(visible=method is next(iter(METHODS.values()))) as parts[f"form.{method.name}"]:
                    drawn = settings_form.build(method.settings)
                    choices.update({f"{method.name}.{name}": field for name, field in drawn.items()})
        with gr.Column(), gr.Column(elem_classes="ts-card", elem_id="plan"):
            parts["plan"] = html(title("What it will take"), elem_id="steps-plan")
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
    fields = {name: choice for name, choice in choices.items() if "." in name}
    own = {"preset": choices["preset"], "run_name": choices["run_name"]} | fields
    everything = page.inputs(*DATA) | own

    def fill(preset: str, method: str) -> Any:
        """The fields of the method, as the preset has them."""
        values = settings_form.values_of(find_method(method).settings, find_preset(preset).settings)
        draft.remember(page.workspace, preset=preset, settings={f"{method}.{n}": v for n, v in values.items()})
        return [values.get(name.partition(".")[2]) if name.startswith(f"{method}.") else gr.skip() for name in fields]

    def remember(preset: str, run_name: str, **settings: Any) -> None:
        draft.remember(page.workspace, preset=preset, run_name=run_name, settings=settings)

    def restore() -> Any:
        kept = draft.load(page.workspace)
        settings = kept.get("settings") if isinstance(kept.get("settings"), dict) else {}
        known = {preset.name for preset in list_presets()}
        return [
            kept["preset"] if kept.get("preset") in known else gr.skip(),
            kept.get("run_name") or gr.skip(),
            *(settings[name] if name in settings else gr.skip() for name in fields),
        ]

    def look(**chosen: Any) -> Any:
        outlook = plan.outlook(page.workspace, page.xray, **split(chosen))
        return (
            gr.Radio(choices=plan.preset_cards(outlook.seconds)),
            plan.draw(outlook),
            plan.draw_why(outlook),
            gr.Button(visible=outlook.lacks_data),
            gr.Button(interactive=outlook.ready),
        )

    def start(**chosen: Any) -> Any:
        asked = split(chosen)
        asked.pop("dataset")
        data = prepared(asked.pop("data"))
        preset = find_preset(asked["preset"])
        stem = (
            Path(load_dataset(page.workspace, data.dataset).name).stem.replace("_", " ").replace("-", " ").capitalize()
        )
        name = asked.pop("run_name").strip() or f"{stem} · {preset.title}"
        run = submit(
            page.workspace,
            new_recipe(page.workspace, name=name, dataset_id=data.dataset, steps=data.steps, **asked),
        )
        return run.id, gr.Tabs(selected="live")

    def queue_note() -> str:
        return plan.QUEUE_NOTE if active_run(page.workspace) else ""

    gr.on([choices["preset"].input, parts["back"].click], plain(fill),
          [choices["preset"], choices["method"]], list(fields.values()), **QUICK)  # fmt: skip
    gr.on([choice.input for choice in (choices["run_name"], *fields.values())], plain(remember),
          inputs_kwargs=own, trigger_mode="always_last", **QUICK)  # fmt: skip
    page.demo.load(plain(restore), outputs=list(own.values()), **QUICK)
    gr.on(
        [
            page.demo.load,
            moved(choices["data"]),
            *(choice.change for name, choice in everything.items() if name not in ("run_name", "data")),
        ],
        plain(look),
        inputs_kwargs=everything,
        outputs=[choices["preset"], parts["plan"], parts["why"], parts["to_data"], parts["start"]],
        trigger_mode="always_last",
        **QUICK,
    )
    choices["method"].change(
        lambda method: [gr.Column(visible=name == method) for name in METHODS],
        choices["method"],
        [parts[f"form.{name}"] for name in METHODS],
        **QUICK,
    )
    gr.on(
        [parts["start"].click],
        plain(start),
        inputs_kwargs=everything,
        outputs=[page.run, parts["train_tabs"]],
        **QUICK,
    )
    gr.on([moved(page.roster)], plain(queue_note), outputs=parts["queue_note"], queue=False, **POLL)


def split(chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices with the settings of the chosen method under `settings`, and those of other methods left out."""
    method = chosen.get("method") or ""
    plainly = {name: value for name, value in chosen.items() if "." not in name}
    settings = {n.partition(".")[2]: value for n, value in chosen.items() if n.startswith(f"{method}.")}
    return plainly | {"settings": settings}

"""Train: set up a run from a preset, and see what it will take before it is started."""

from typing import Any

import gradio as gr

from components import (
    draft,
    earlier_choice,
    fit_view,
    history,
    history_copy,
    live_view,
    own_preset,
    plan,
    preset_form,
    queue_view,
    rate_part,
    search_form,
    searches,
    tracking_part,
    train_form,
    watch_part,
)
from components.chosen_recipe import chosen_recipe, split
from components.data_views import problem
from components.html import head, html, moved, title
from components.kept_forms import keep
from components.page import LATEST, QUICK, Page
from components.runs import digest
from components.speak import plain
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.presets import find_preset
from studio.models.catalogue import find_model
from studio.training import fit_test, rate_test
from studio.training.chain import model_under
from studio.training.queue import submit
from studio.training.readiness import expect_run

FIRST_PRESET = "balanced"
LEAD = "Pick a preset and start. Every setting below already has a good value, and says what happens if you change it."
SEARCHES = "Several runs with other settings, one after another, to see which come out best on the check rows."
SHOWN = (
    "plan",
    "why",
    "to_data",
    "start",
    "make_fit",
    "chain",
    "field_errors",
    "test_fit",
    "search.base",
    *rate_part.PARTS,
)  # what follows from the choices
DATA = ("dataset", "data", "model", "method")
KEY = f"{tracking_part.FIELD}key"


def build(page: Page) -> None:
    with gr.Tabs(elem_id="train-tabs", elem_classes="ts-subtabs", selected="setup") as page.parts["train_tabs"]:
        with gr.Tab("Set up", id="setup"):
            html(head("Set up training", LEAD))
            build_setup(page)
        with gr.Tab("Live run", id="live"):
            live_view.build(page)
        with gr.Tab("Searches", id="searches"):
            html(head("Searches", SEARCHES), elem_id="searches-head")
            searches.build(page)
        with gr.Tab("History", id="history") as page.parts["history.tab"]:
            html(
                head(
                    "History",
                    "Every run stays here until you delete it. The one that you pick is shown on the other tabs, too.",
                )
            )
            history.build(page)


def build_setup(page: Page) -> None:
    parts, choices = page.parts, page.choices
    history_copy.build(page)
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
            watch_part.build(page)
            tracking_part.build(page)
            own_preset.build(page)
        with gr.Column(), gr.Column(elem_classes="ts-card", elem_id="plan"):
            parts["plan"] = html(title("Will it fit?"), elem_id="steps-plan")
            parts["test_fit"] = gr.Button(fit_view.TEST, elem_id="test-fit", interactive=False)
            parts["test_problem"] = html(elem_id="test-problem")
            parts["make_fit"] = gr.Button("Make it fit", variant="primary", elem_id="make-fit", visible=False)
            parts["made"] = html(elem_id="made-fit")
            parts["why"] = html(elem_id="why-not")
            parts["to_data"] = gr.Button("Go to Data", elem_id="go-to-data", visible=False)
            parts["start"] = gr.Button(
                "Start training", variant="primary", size="lg", elem_id="start", interactive=False
            )
            parts["queue_note"] = html(elem_id="queue-note")
    search_form.build(page)
    page.go(parts["to_data"], "data")


def wire(page: Page) -> None:
    live_view.wire(page)
    history.wire(page)
    watch_part.wire(page)
    tracking_part.wire(page)
    choices, parts = page.choices, page.parts
    form = train_form.Form(page)
    everything = page.inputs(*DATA, "watch") | form.own | tracking_part.inputs(page)

    def look(**chosen: Any) -> Any:
        outlook = plan.outlook(page.workspace, page.xray, page.sizes, **split(chosen))
        if outlook.ready and page.sizes.tab == "train":
            model = find_model(page.workspace, model_under(page.workspace, chosen["model"], chosen["start"]))
            expect_run(page.workspace, chosen["method"], model.folder)
        return (
            gr.Radio(choices=plan.preset_cards(outlook.seconds, page.workspace)),
            plan.draw(outlook),
            plan.draw_why(outlook),
            gr.Button(visible=outlook.lacks_data),
            gr.Button(interactive=outlook.ready),
            gr.Button(visible=bool(outlook.changes and outlook.changes.changes)),
            earlier_choice.draw_chain(page.workspace, chosen["model"], chosen["start"]),
            train_form.wrong_fields(page.workspace, chosen) | tracking_part.wrong_fields(chosen),
            fit_view.test_button(outlook.tested, outlook.test_seconds, outlook.ready),
            search_form.base_of(chosen, outlook.ready),
            *rate_part.updates(outlook),
        )

    def test_fit(**chosen: Any) -> Any:
        """Begin a test of just these choices; stop it while one is going on."""
        going = fit_test.latest(page.workspace)
        if going and going.view().live:
            fit_test.stop(page.workspace)
            return ""
        try:
            fit = plan.outlook(page.workspace, page.xray, page.sizes, **split(chosen)).fit
            fit_test.start(page.workspace, chosen_recipe(page, chosen), fit.needed if fit else None)
        except StudioError as error:
            return problem(error)
        return ""

    def testing() -> str:
        test = fit_test.latest(page.workspace)
        view = test.view() if test else None
        return digest([test.id, view.status, view.phase, view.step]) if test and view else ""

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
        recipe = chosen_recipe(page, chosen)
        fit_test.stop(page.workspace)
        rate_test.stop(page.workspace)
        run = submit(page.workspace, recipe)
        return run.id, gr.Tabs(selected="live")

    def queue_note() -> str:
        return queue_view.note(page.workspace)

    form.wire()
    own_preset.wire(page, form)
    history_copy.wire(page, form)
    rate_part.wire(page, form, everything)
    search_form.wire(page, everything)
    searches.wire(page)
    quiet = ("run_name", "watch", "data", "method", "model", KEY)
    gr.on(
        [
            moved(
                *(choices[name] for name in ("data", "method", "model", KEY)),
                *(page.news[name] for name in ("sizes", "tests", "rates")),
            ),
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
    page.looks["tests"] = testing
    gr.on([parts["test_fit"].click], plain(test_fit), inputs_kwargs=everything, outputs=parts["test_problem"], **QUICK)
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

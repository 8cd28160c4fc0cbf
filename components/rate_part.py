"""The learning-rate finder in Set up: begins a range test, shows its curve, and fills the rate in on a press."""

from typing import Any

import gradio as gr

from components import preset_form, rate_view
from components.chosen_recipe import chosen_recipe
from components.data_views import problem
from components.html import duration, html
from components.kept_forms import keep
from components.page import QUICK, Page
from components.plan import Outlook
from components.runs import digest
from components.settings_fields import RATE
from components.speak import plain
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.presets import find_preset
from studio.training import rate_test

FIND = "Find a learning rate"
PARTS = ("rate.shown", "rate.find", "rate.use")


def build(page: Page) -> None:
    with gr.Column(elem_id="rate-finder"):
        page.parts["rate.find"] = gr.Button(
            FIND, size="sm", elem_id="find-rate", elem_classes="ts-linkbutton", interactive=False
        )
        page.parts["rate.shown"] = html(rate_view.draw(None), elem_id="rate-shown")
        page.parts["rate.problem"] = html(elem_id="rate-problem")
        page.parts["rate.use"] = gr.Button("Use it", size="sm", elem_id="use-rate", visible=False)


def updates(found: Outlook) -> list[Any]:
    """Of PARTS, for what is chosen now."""
    test = found.rated
    chosen = test.pick.rate if test and test.pick else None
    if test and test.state == "running":
        button = gr.Button("Stop the test", interactive=True)
    else:
        seconds = found.rate_seconds
        words = FIND if seconds is None else f"{FIND} ({duration(max(10, round(seconds, -1)))})"
        button = gr.Button(words, interactive=found.ready)
    return [rate_view.draw(test), button, gr.Button(visible=chosen is not None)]


def wire(page: Page, form: Any, everything: dict[str, Any]) -> None:
    parts = page.parts

    def find(**chosen: Any) -> Any:
        """Begin a test of just these choices; stop it while one is going on."""
        going = rate_test.latest(page.workspace)
        if going and going.view().live:
            rate_test.stop(page.workspace)
            return ""
        try:
            rate_test.start(page.workspace, chosen_recipe(page, chosen))
        except StudioError as error:
            return problem(error)
        return ""

    def use(mark: str, **chosen: Any) -> Any:
        """The rate that was found into the form, which keeps all else that it holds."""
        test = rate_test.latest(page.workspace)
        found = rate_test.outcome(page.workspace, rate_test.key_of_recipe(test.recipe())) if test else None
        if not (found and found.pick and found.pick.rate):
            return gr.skip()
        way = find_method(chosen["method"])
        own = preset_form.kept_settings(page.workspace, way) | {RATE: found.pick.rate}
        preset = find_preset(chosen["preset"], way.name, page.workspace)
        shown = form.filled(way, preset, own, chosen["data"], chosen["model"], mark)
        keep(page, way, own, preset=chosen["preset"])
        return shown

    def testing() -> str:
        test = rate_test.latest(page.workspace)
        view = test.view() if test else None
        return digest([test.id, view.status, view.phase, view.step]) if test and view else ""

    page.looks["rates"] = testing
    gr.on([parts["rate.find"].click], plain(find), inputs_kwargs=everything, outputs=parts["rate.problem"], **QUICK)
    gr.on([parts["rate.use"].click], plain(use), inputs_kwargs=everything | page.inputs("mark"),
          outputs=form.parts, **QUICK)  # fmt: skip

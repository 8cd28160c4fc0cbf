"""Settings kept as a preset of one's own, and given up again."""

from typing import Any

import gradio as gr

from components import plan, preset_form, settings_fields
from components.data_views import problem
from components.html import escape, html
from components.kept_forms import keep
from components.page import QUICK, Page
from components.speak import plain
from components.train_form import Form
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.own_presets import LONGEST, Taken, delete_preset, save_preset
from studio.methods.presets import find_preset, usual_preset

# Buttons that have no use at a moment are hidden by a style, see settings_fields.style.
NO_REPLACING = "<style>#replace-preset{display:none!important}</style>"


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["own_preset"] = parts
    with gr.Accordion("Save as my preset", open=False, elem_id="own-preset", elem_classes="ts-advanced"):
        parts["title"] = gr.Textbox(
            label="Name of your preset",
            info="These settings become a card above, for this way of learning. Your runs keep their own copy.",
            max_lines=1,
            max_length=LONGEST,
            elem_id="own-preset-title",
            interactive=True,
        )
        with gr.Row(elem_classes="ts-own-buttons"):
            parts["save"] = gr.Button("Save", elem_id="save-preset", elem_classes="ts-fit")
            parts["replace"] = gr.Button("Replace the old one", elem_id="replace-preset", elem_classes="ts-fit")
            parts["delete"] = gr.Button(
                "Delete this preset", variant="stop", elem_id="delete-preset", elem_classes="ts-fit"
            )
        parts["said"] = html(NO_REPLACING, elem_id="own-preset-said")


def wire(page: Page, form: Form) -> None:
    parts: dict[str, Any] = page.parts["own_preset"]
    workspace = page.workspace

    def cards(chosen: str) -> Any:
        return gr.Radio(choices=plan.preset_cards({}, workspace), value=chosen)

    def save(title: str, replace: bool, chosen: dict[str, Any]) -> Any:
        way = find_method(chosen["method"])
        values = settings_fields.of_method(way, settings_fields.unprefixed(chosen))
        data, model = chosen["data"], chosen["model"]
        after = find_preset(chosen["preset"], None, workspace)
        rows = preset_form.rows_in(workspace, data)
        try:
            new = save_preset(workspace, title, way.name, values, replace=replace, after=after, rows=rows)
        except StudioError as error:
            said = problem(error) + ("" if isinstance(error, Taken) else NO_REPLACING)
            return [said, *[gr.skip()] * (len(outputs) - 1)]
        own = preset_form.changed(workspace, way, new.name, data, model, values)
        updates = form.filled(way, new, own, data, model, chosen["mark"])
        keep(page, way, own, preset=new.name)
        said = f'<p class="ts-help" role="status">“{escape(new.title)}” is kept, and chosen.</p>{NO_REPLACING}'
        return [said, "", cards(new.name), *updates]

    def delete(preset: str, method: str, data: str, model: str, mark: str) -> Any:
        way = find_method(method)
        gone = find_preset(preset, None, workspace)
        delete_preset(workspace, preset)
        usual = usual_preset(method)
        updates = form.filled(way, usual, {}, data, model, mark)
        keep(page, way, {}, preset=usual.name)
        said = f'<p class="ts-help" role="status">“{escape(gone.title)}” is deleted.</p>{NO_REPLACING}'
        return [said, gr.skip(), cards(usual.name), *updates]

    asked = page.inputs("method", "preset", "data", "model", "mark")
    outputs = [parts["said"], parts["title"], page.choices["preset"], *form.parts]
    for button, replace in ((parts["save"], False), (parts["replace"], True)):

        def handle(own_title: str, replace: bool = replace, **chosen: Any) -> Any:
            return save(own_title, replace, chosen)

        inputs = asked | form.settings | {"own_title": parts["title"]}
        gr.on([button.click], plain(handle), inputs_kwargs=inputs, outputs=outputs, **QUICK)
    gr.on([parts["delete"].click], plain(delete), inputs_kwargs=asked, outputs=outputs, **QUICK)

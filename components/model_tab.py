"""The Model tab: which model learns, and by which method."""

from typing import Any

import gradio as gr

from components import draft
from components import model_views as views
from components.data_views import problem
from components.html import head, html, title
from components.page import QUICK, Page
from components.speak import plain
from studio.errors import StudioError
from studio.methods import METHODS, find_method
from studio.models.catalogue import find_model, list_models
from studio.models.starter import STARTER
from studio.workspace import Workspace

METHOD = next(iter(METHODS))


def build(page: Page) -> None:
    chosen = find_model(page.workspace, STARTER)
    html(head("Choose what learns", "A model that already knows language, and a way to teach it your answers."))
    html(
        title(
            "Choose a model",
            "An instruct model already knows how to hold a conversation. Bigger ones answer better, and need more "
            "memory and time.",
        ),
        classes=["ts-section"],
    )
    model = gr.Radio(
        choices=choices(page.workspace, STARTER),
        value=STARTER,
        label="Model",
        show_label=False,
        container=False,
        interactive=True,
        elem_id="model",
        elem_classes=["ts-cards", "ts-wide"],
    )
    with gr.Column(elem_classes="ts-card"):
        about = html(views.about(chosen), elem_id="about-model")
    with gr.Column(elem_classes="ts-card"), gr.Row(elem_classes="ts-another"):
        another = gr.Textbox(
            label="Another model",
            info=views.ANOTHER_HELP,
            max_lines=1,
            interactive=True,
            elem_id="another-model",
        )
        use = gr.Button("Use this model", elem_id="use-model", elem_classes="ts-fit")
    trouble = html(elem_id="model-problem")
    html(
        title("How should it learn?", "The method decides how much of the model changes."),
        classes=["ts-section"],
    )
    method = gr.Radio(
        choices=[views.method_choice(known) for known in METHODS.values()],
        value=METHOD,
        label="Method",
        show_label=False,
        container=False,
        interactive=True,
        elem_id="method",
        elem_classes=["ts-cards", "ts-wide"],
    )
    with gr.Row(elem_classes="ts-next"):
        forward = gr.Button("Next: set up training", variant="primary", elem_id="next-train", elem_classes="ts-fit")
        note = html(views.next_note(chosen, METHODS[METHOD]), classes=["ts-next-note"])
    page.choices.update(model=model, method=method)
    page.parts["model_tab"] = {
        "model": model, "about": about, "another": another, "use": use, "trouble": trouble, "method": method,
        "forward": forward, "note": note,
    }  # fmt: skip


def choices(workspace: Workspace, chosen: str) -> list[tuple[str, str]]:
    """The models of the catalogue, and the chosen one when it is another."""
    models = list_models(workspace)
    if chosen not in {model.name for model in models}:
        models.append(find_model(workspace, chosen))
    return [views.model_choice(model, STARTER) for model in models]


def wire(page: Page) -> None:
    parts: dict[str, Any] = page.parts["model_tab"]

    def told(model: str, method: str) -> dict[Any, Any]:
        """Everything that follows from the two choices, which are remembered."""
        found = find_model(page.workspace, model)
        draft.remember(page.workspace, model=found.name, method=find_method(method).name)
        return {
            parts["about"]: views.about(found),
            parts["note"]: views.next_note(found, find_method(method)),
            parts["trouble"]: "",
        }

    def use_another(name: str, method: str) -> dict[Any, Any]:
        try:
            if not name.strip():
                raise StudioError("No model is named yet.", "Type a folder, or owner/name from the Hugging Face hub.")
            found = find_model(page.workspace, name)
        except StudioError as error:
            return {parts["trouble"]: problem(error)}
        chosen = gr.Radio(choices=choices(page.workspace, found.name), value=found.name)
        return {parts["model"]: chosen, parts["another"]: "", **told(found.name, method)}

    def restore() -> dict[Any, Any]:
        """What was chosen before the page was loaded again; a model that has gone since is left for the starter."""
        remembered = draft.load(page.workspace)
        method = remembered.get("method")
        method = method if method in METHODS else METHOD
        model, trouble = remembered.get("model") or STARTER, ""
        try:
            offered = choices(page.workspace, model)
        except StudioError as error:
            model, trouble = STARTER, problem(error)
            offered = choices(page.workspace, model)
        return {
            **told(model, method),
            parts["model"]: gr.Radio(choices=offered, value=model),
            parts["method"]: method,
            parts["trouble"]: trouble,
        }

    outputs = [parts[name] for name in ("model", "about", "another", "trouble", "method", "note")]
    quick: dict[str, Any] = {"outputs": outputs, **QUICK}
    gr.on(
        [parts["model"].input, parts["method"].input],
        plain(told),
        inputs_kwargs={"model": parts["model"], "method": parts["method"]},
        **quick,
    )
    gr.on(
        [parts["use"].click, parts["another"].submit],
        plain(use_another),
        inputs_kwargs={"name": parts["another"], "method": parts["method"]},
        **quick,
    )
    page.demo.load(plain(restore), **quick)
    page.go(parts["forward"], "train")

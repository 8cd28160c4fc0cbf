"""Set up: trackers that a run is told to beside its own files, and the key for the one that needs one."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import gradio as gr

from components import draft
from components.html import hidden, html
from components.page import LATEST, PICKED, First, Page
from components.speak import plain
from studio.errors import StudioError
from studio.training.tracking import keys
from studio.training.tracking.part import LOCAL_MLFLOW, PROJECT, TrackingPart, problems

FIELD = "track."  # before the name of a field, in the page's choices
INTRO = (
    '<p class="ts-help">Every run’s curves are also written into its folder, as files that TensorBoard opens. The '
    "programs below are told of a run only while you switch them on, and never get your rows.</p>"
)
MLFLOW = (
    "The run’s name, settings, curves and result go to the server that you name; at the end also the adapter or model, "
    "and the recipe, which names your files and holds texts that you typed here."
)
WANDB = (
    "The run’s name, settings, curves and figures of its result. Unless you send them, they stay in the run’s folder."
)
TRACKIO = "The same, into Trackio’s own folder on this computer. “trackio show” opens it."
KNOWN = "A key is known: the one typed here, which lives until this program ends, or one of your own from before."
# Where a problem is shown, by the field that a StudioError names.
PLACES = {
    "mlflow": "track-mlflow",
    "mlflow.server": "track-mlflow-server",
    "wandb": "track-wandb",
    "wandb.key": "track-wandb-key",
    "trackio": "track-trackio",
}


def build(page: Page) -> None:
    choices = page.choices
    with gr.Accordion("Also record this run elsewhere (trackers)", open=False, elem_id="tracking-part",
                      elem_classes="ts-advanced"):  # fmt: skip
        html(INTRO)
        choices[f"{FIELD}mlflow"] = switch("MLflow", MLFLOW, "track-mlflow")
        with gr.Row(elem_classes="ts-fields", elem_id="track-mlflow-fields"):
            choices[f"{FIELD}server"] = text("Address of the MLflow server", LOCAL_MLFLOW, "track-mlflow-server")
            choices[f"{FIELD}experiment"] = text("MLflow experiment", PROJECT, "track-mlflow-experiment")
        choices[f"{FIELD}wandb"] = switch("Weights & Biases", WANDB, "track-wandb")
        with gr.Row(elem_classes="ts-fields", elem_id="track-wandb-fields"):
            choices[f"{FIELD}wandb_project"] = text("Weights & Biases project", PROJECT, "track-wandb-project")
            choices[f"{FIELD}online"] = switch(
                "Send it to Weights & Biases (online)",
                "It leaves this computer, and needs a key.",
                "track-wandb-online",
            )
        with gr.Column(elem_id="track-wandb-secret"):
            page.parts["track.key"] = gr.Textbox(
                label="Key for Weights & Biases",
                info="Lives in this program’s memory until that ends, and is written down nowhere. Tab hands it over.",
                type="password",
                max_lines=1,
                max_length=400,
                elem_id="track-wandb-key",
                interactive=True,
            )
            page.parts["track.known"] = html(elem_id="track-key-known")
        choices[f"{FIELD}trackio"] = switch("Trackio", TRACKIO, "track-trackio")
        with gr.Row(elem_classes="ts-fields", elem_id="track-trackio-fields"):
            choices[f"{FIELD}trackio_project"] = text("Trackio project", PROJECT, "track-trackio-project")
    choices[f"{FIELD}key"] = hidden("Key of a tracker")  # changes when one was typed, and is not the key


def switch(label: str, info: str, id: str) -> gr.Checkbox:
    return gr.Checkbox(label=label, info=info, value=False, elem_id=id, interactive=True, container=False)


def text(label: str, usual: str, id: str) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=usual, max_lines=1, max_length=120, elem_id=id, interactive=True)


def inputs(page: Page) -> dict[str, Any]:
    """The choices that `chosen` reads."""
    return {name: part for name, part in page.choices.items() if name.startswith(FIELD)}


def wire(page: Page) -> None:
    fields = {name: part for name, part in inputs(page).items() if name != f"{FIELD}key"}
    key, known = page.parts["track.key"], page.parts["track.known"]

    def remember(**typed: Any) -> None:
        draft.remember(page.workspace, tracking={name.removeprefix(FIELD): value for name, value in typed.items()})

    def kept(asked: Mapping[str, str]) -> First:
        """As the fields were left; they come with the page, see opening.py."""
        typed = draft.load(page.workspace).get("tracking")
        typed = typed if isinstance(typed, dict) else {}
        found = {part: name.removeprefix(FIELD) for name, part in fields.items()}
        values = {part: {"value": typed[name]} for part, name in found.items() if name in typed}
        return {**values, known: {"value": say_known()}}

    def hold(typed: str) -> Any:
        """Take the key out of the page, where it stays no longer than it has to."""
        if not typed:
            return gr.skip(), gr.skip(), gr.skip()
        keys.hold(page.workspace, typed)
        return "", uuid4().hex, say_known()

    gr.on([field.change for field in fields.values()], plain(remember), inputs_kwargs=fields, **PICKED)
    gr.on([key.blur, key.submit], plain(hold), key, [key, page.choices[f"{FIELD}key"], known], **LATEST)
    page.first.append(kept)


def say_known() -> str:
    return f'<p class="ts-help" role="status">{KNOWN}</p>' if keys.has_key() else ""


def chosen(form: dict[str, Any]) -> dict[str, Any]:
    """What a recipe says under `tracking`, of the page's choices; empty with every tracker switched off."""
    typed = {name.removeprefix(FIELD): value for name, value in form.items() if name.startswith(FIELD)}

    def named(**fields: str) -> dict[str, str]:
        words = {name: str(typed.get(field) or "").strip() for name, field in fields.items()}
        return {name: value for name, value in words.items() if value}  # what is left empty is as the field shows it

    found: dict[str, Any] = {}
    if typed.get("mlflow"):
        found["mlflow"] = named(server="server", experiment="experiment")
    if typed.get("wandb"):
        found["wandb"] = {**named(project="wandb_project"), "online": bool(typed.get("online"))}
    if typed.get("trackio"):
        found["trackio"] = named(project="trackio_project")
    return found


def wrong(form: dict[str, Any]) -> list[StudioError]:
    """What keeps the trackers that are switched on from being told."""
    return problems(TrackingPart.model_validate(chosen(form)))


def wrong_fields(form: dict[str, Any]) -> dict[str, str]:
    """The same as sentences, by the field's id on the page."""
    return {PLACES[problem.field]: problem.text for problem in wrong(form)}

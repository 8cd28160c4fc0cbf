"""More rows to learn from, made out of those that are there; rewrites are made by a model on this computer."""

import threading
from typing import Any

import gradio as gr
from pydantic import ValidationError

from components import augment_view
from components import data_views as views
from components.background import trouble_of
from components.data_choice import Choice, kept_steps
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.html import html
from components.page import POLL
from studio.datasets.augment.rewriting import Progress, Rewriting, rewrite
from studio.datasets.store import Dataset, load_dataset
from studio.datasets.versions import DataSteps
from studio.errors import StudioError
from studio.models.catalogue import list_models
from studio.training.queue import active_run
from studio.workspace import Workspace

HELP = (
    "For small datasets. Only what is asked changes, never an answer, a number or a name. Made rows are only practised "
    "on, and you can switch them off again at any time."
)
REWRITE_HELP = (
    "Small models write much nonsense: of 40 rewrites by the starter model, 3 held up. What does not hold up is "
    "dropped and counted; read the rest before you use it."
)
WAYS = [("In other words", "paraphrase"), ("Into German and back", "back_translation")]
QUESTIONS = 40


def build(parts: dict[str, Any]) -> None:
    with gr.Accordion("Make more examples out of these", open=False, elem_id="augment", elem_classes="ts-fold"):
        html(f'<p class="ts-help">{HELP}</p>')
        with gr.Row():
            parts["made_ways"] = gr.CheckboxGroup(
                choices=augment_view.WAYS, label="How", interactive=True, elem_id="made-ways"
            )
            parts["made_per_row"] = gr.Number(
                1, label="Made out of each row, at most", precision=0, interactive=True,
                elem_id="made-per-row",
            )  # fmt: skip
        parts["augment_problem"] = html(elem_id="augment-problem")
        parts["made"] = html(elem_id="made")
        with gr.Accordion(
            "Have a model rewrite the questions", open=False, elem_id="rewriting-fold", elem_classes="ts-fold"
        ):
            html(f'<p class="ts-help">{REWRITE_HELP}</p>')
            with gr.Row():
                parts["rewriter"] = gr.Dropdown(
                    choices=[],
                    label="Model on this computer",
                    interactive=True,
                    allow_custom_value=True,
                    elem_id="rewriter",
                )
                parts["rewrite_way"] = gr.Dropdown(
                    choices=WAYS, value=WAYS[0][1], label="How", interactive=True, elem_id="rewrite-way"
                )
                parts["rewrite_most"] = gr.Number(
                    QUESTIONS, label="Questions, at most", precision=0, interactive=True,
                    elem_id="rewrite-most",
                )  # fmt: skip
            parts["rewrite"] = gr.Button("Rewrite them", size="md", elem_id="rewrite", elem_classes="ts-fit")
            parts["stop_rewriting"] = gr.Button(
                "Stop", visible=False, size="md", elem_id="stop-rewriting", elem_classes="ts-fit"
            )
            parts["rewriting"] = html(elem_id="rewriting")


def wished(way: str, model: str, most: float | None) -> Rewriting:
    try:
        return Rewriting.model_validate({"way": way, "model": model, "at_most": None if most is None else int(most)})
    except ValidationError:
        raise StudioError(f"{most:g} questions will not do.", "Write 1 or more, or leave the field empty.") from None


class Rewriter:
    """The one rewriting that may be under way, followed by a thread."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.progress: Progress | None = None
        self.error: StudioError | None = None
        self.stopped = False
        self.dataset = ""  # whose questions are rewritten

    def start(self, workspace: Workspace, dataset: Dataset, steps: DataSteps, wish: Rewriting) -> None:
        if self.thread is not None and self.thread.is_alive():
            raise StudioError("A model is rewriting already.", "Wait until it is done, or stop it.")
        self.progress, self.error, self.stopped = None, None, False
        self.dataset = dataset.id
        self.thread = threading.Thread(target=self.follow, args=(workspace, dataset, steps, wish), daemon=True)
        self.thread.start()

    def follow(self, *question: Any) -> None:
        def listen() -> None:
            for progress in rewrite(*question):
                self.progress = progress
                if self.stopped:
                    return  # leaving the iterator ends its helper

        self.error = trouble_of(listen, "The rewriting broke off.")

    @property
    def busy(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Augmenting:
    """Takes what the section says, and shows what comes of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.workspace, self.rewriter = reading, reading.workspace, Rewriter()

    def chosen(self, choice: Choice, ways: list[str], per_row: float | None) -> Values:
        """Other ways, or another number."""
        try:
            kept = kept_steps(self.workspace, choice.dataset)
            step = augment_view.step_of(ways or [], per_row, kept.augment if kept else None)
        except ValidationError:
            return {"augment_problem": views.problem(StudioError("Choose a number from 1 to 5.", ""))}
        return self.reading.change(choice, "augment_problem", lambda now: {"augment": step})

    def models(self, choice: Choice) -> Values:
        """The models that could rewrite: those on this computer that write at all."""
        here = [model for model in list_models(self.workspace) if model.on_disk and model.family != "encoder"]
        models = [(model.title, model.name) for model in here]
        if choice.model not in [name for _, name in models]:
            models.append((choice.model, choice.model))  # a folder, or one of the hub
        return {
            "rewriter": gr.Dropdown(choices=models, value=choice.model),
            **(self.shown() if self.rewriter.busy else {}),
        }

    def start(self, choice: Choice, model: str | None, way: str, most: float | None) -> Values:
        steps = kept_steps(self.workspace, choice.dataset)
        try:
            if not model:
                raise StudioError("There is no model on this computer yet.", "Get one on the Model tab first.")
            if active_run(self.workspace):
                raise StudioError("A training is running and needs the computer.", "Wait until it has ended.")
            if steps is None:
                raise StudioError("It is not known yet how the rows are read.", "Say so above first.")
            wish = wished(way, model, most)
            self.rewriter.start(self.workspace, load_dataset(self.workspace, choice.dataset or ""), steps, wish)
        except StudioError as error:
            return {"rewriting": views.problem(error)}
        return self.shown()

    def stop(self, choice: Choice) -> Values:
        self.rewriter.stopped = True
        return {"rewriting": '<p class="ts-help" role="status">Stopping. Nothing of it is kept.</p>'}

    def look(self, choice: Choice) -> Values:
        """How far it is; at its end, what was written can be chosen."""
        if self.rewriter.busy:
            return self.shown()
        ended = {"rewriting_timer": gr.Timer(active=False), "stop_rewriting": gr.Button(visible=False)}
        if self.rewriter.stopped:
            return {**ended, "rewriting": '<p class="ts-help" role="status">Stopped. Nothing of it was kept.</p>'}
        if self.rewriter.error:
            return {**ended, "rewriting": views.problem(self.rewriter.error)}
        done = {**ended, "rewriting": augment_view.progress(self.rewriter.progress)}
        if choice.dataset != self.rewriter.dataset:  # they will be there when it is opened again
            return done
        dataset = load_dataset(self.workspace, self.rewriter.dataset)
        return {**done, **augment_view.values(dataset, kept_steps(self.workspace, dataset.id))}

    def shown(self) -> Values:
        return {
            "rewriting": augment_view.progress(self.rewriter.progress),
            "rewriting_timer": gr.Timer(active=True),
            "stop_rewriting": gr.Button(visible=True),
        }


def wire(wiring: Wiring, reading: Reading, load: Any) -> None:
    parts, augmenting = wiring.parts, Augmenting(reading)
    for name in ("made_ways", "made_per_row"):
        wiring.show(parts[name].input, augmenting.chosen, "made_ways", "made_per_row", trigger_mode="always_last")
    wiring.show(parts["rewrite"].click, augmenting.start, "rewriter", "rewrite_way", "rewrite_most")
    wiring.show(parts["stop_rewriting"].click, augmenting.stop)
    wiring.show(parts["rewriting_timer"].tick, augmenting.look, **POLL)
    wiring.show(load, augmenting.models, opens=True)  # they are there whatever dataset is opened meanwhile

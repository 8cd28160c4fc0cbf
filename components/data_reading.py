"""What the Data tab shows for the choices made so far, as new values by the names of its parts."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gradio as gr
import pandas

from components import data_views as views
from components import draft, xray_view
from components.data_xray import Examiner
from studio.datasets.columns import ColumnGuess, guess_columns
from studio.datasets.examples import messages_of
from studio.datasets.store import Dataset, add_file, list_datasets, load_dataset
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.workspace import Workspace

FIRST_ROWS = 8
CELL = 160  # characters of a cell shown in the first rows; the X-ray shows all of them
Values = dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """What is chosen on the tab: a dataset's id, two column names, the instruction, a 1-based row of the file."""

    dataset: str | None
    prompt: str | None
    reply: str | None
    system: str = ""
    row: float | None = 1


class Reading:
    """Turns choices into what the tab shows. It keeps nothing but caches."""

    def __init__(self, workspace: Workspace, examiner: Examiner) -> None:
        self.workspace, self.examiner = workspace, examiner
        self.frame = lru_cache(maxsize=2)(self.read_frame)

    def read_frame(self, dataset_id: str) -> tuple[pandas.DataFrame, ColumnGuess]:
        """The rows of a dataset and which columns they suggest. The file behind an id never changes."""
        frame = load_dataset(self.workspace, dataset_id).frame()
        return frame, guess_columns(frame)

    def bring(self, path: str, model: str, limit: int) -> Values:
        """A file was dropped: take it in and show it, or say why not and leave everything as it was."""
        try:
            dataset = add_file(self.workspace, path)
        except StudioError as error:
            return {"drop": None, "drop_problem": views.problem(error)}
        return {"drop": None, **self.choose(dataset.id, model, limit)}

    def choose(self, dataset_id: str | None, model: str, limit: int) -> Values:
        """Another dataset: with the columns chosen for it last time, else with our guess."""
        if not dataset_id:
            return self.nothing()
        try:
            dataset = load_dataset(self.workspace, dataset_id)
            frame, guess = self.frame(dataset.id)
        except StudioError as error:
            return {**self.nothing(), "drop_problem": views.problem(error)}
        known = draft.load(self.workspace).get("columns", {}).get(dataset.id, {})
        columns = dataset.facts.columns
        prompt = known.get("prompt") if known.get("prompt") in columns else guess.prompt
        reply = known.get("reply") if known.get("reply") in columns else guess.reply
        choice = Choice(dataset.id, prompt, reply, known.get("system", ""), first_usable(frame, prompt, reply))
        return {
            **self.list_of(dataset.id),
            "drop_problem": "",
            "empty": gr.HTML(visible=False),
            "found": gr.Column(visible=True),
            "found_title": views.found(dataset),
            "facts": views.facts(dataset.facts),
            "prompt": gr.Dropdown(choices=columns, value=choice.prompt),
            "reply": gr.Dropdown(choices=columns, value=choice.reply),
            "system": choice.system,
            "first_rows": first_rows(frame),
            **self.read(choice, model, limit),
        }

    def nothing(self) -> Values:
        return {
            **self.list_of(None),
            "empty": gr.HTML(visible=True),
            "found": gr.Column(visible=False),
            "next": gr.Button(interactive=False),
            "next_note": "Choose your data first.",
        }

    def list_of(self, chosen: str | None) -> Values:
        """The list of datasets, newest first."""
        choices = [views.dataset_choice(dataset) for dataset in list_datasets(self.workspace)]
        return {
            "dataset": gr.Radio(choices=choices, value=chosen, visible=bool(choices)),
            "no_datasets": gr.HTML(visible=not choices),
        }

    def read(self, choice: Choice, model: str, limit: int) -> Values:
        """How the rows are read with these columns and this instruction."""
        if not choice.dataset:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        guess = self.frame(dataset.id)[1]
        values = {
            "prompt_sure": views.certainty("prompt", choice.prompt, guess),
            "reply_sure": views.certainty("reply", choice.reply, guess),
            "unused": views.unused(dataset.facts.columns, {choice.prompt, choice.reply}),
        }
        try:
            version = self.version(dataset, choice)
        except StudioError as error:
            return {
                **values,
                "columns_problem": views.problem(error),
                "reading": "",
                "usable": gr.Column(visible=False),
                "next": gr.Button(interactive=False),
                "next_note": "Mend the columns above first.",
            }
        self.keep(choice)
        return {
            **values,
            "columns_problem": "",
            "usable": gr.Column(visible=True),
            "split": views.split(version),
            "next": gr.Button(interactive=True),
            "next_note": views.ready(version),
            **self.examine(choice, model, limit),
        }

    def version(self, dataset: Dataset, choice: Choice) -> Version:
        if not choice.prompt or not choice.reply:
            raise StudioError(
                f"We could not tell which columns of {dataset.name} hold the questions and the answers.",
                "Choose both in the lists above.",
            )
        return prepare(
            self.workspace,
            dataset,
            DataSteps(prompt=choice.prompt, reply=choice.reply, system=(choice.system or "").strip()),
        )

    def keep(self, choice: Choice) -> None:
        columns = draft.load(self.workspace).get("columns", {})
        mine = {"prompt": choice.prompt, "reply": choice.reply, "system": choice.system}
        draft.remember(self.workspace, dataset=choice.dataset, columns={**columns, str(choice.dataset): mine})

    def examine(self, choice: Choice, model: str, limit: int) -> Values:
        """One row as question and answer, and as tokens."""
        if not choice.dataset or not choice.prompt or not choice.reply:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        frame = self.frame(dataset.id)[0]
        if choice.prompt not in frame.columns or choice.reply not in frame.columns:
            return {}
        row = min(max(int(choice.row or 1), 1), len(frame))
        prompt, reply = (frame[column].iloc[row - 1].strip() for column in (choice.prompt, choice.reply))
        system = (choice.system or "").strip()
        shown: Values = {
            "row": row,
            "row_of": f'<p class="ts-row-of">of {len(frame):,}</p>',
            "reading": views.reading(row, system, prompt, reply),
        }
        if not prompt or not reply:
            return {
                **shown,
                "xray": xray_view.unusable(row),
                "this_row": "",
                "waiting": gr.Timer(active=False),
            }
        try:
            view = self.examiner.show(model, messages_of(system, prompt, reply), limit)
            lengths = view and self.examiner.lengths(model, self.version(dataset, choice), limit)
        except StudioError as error:
            return {
                **shown,
                "xray": views.problem(error),
                "this_row": "",
                "all_rows": "",
                "waiting": gr.Timer(active=False),
            }
        return {
            **shown,
            "xray": xray_view.example(view) if view else xray_view.PREPARING,
            "this_row": xray_view.this_row(view) if view else xray_view.SOON,
            "all_rows": xray_view.all_rows(lengths) if lengths else xray_view.COUNTING,
            "waiting": gr.Timer(active=not lengths),
        }


def first_usable(frame: pandas.DataFrame, prompt: str | None, reply: str | None) -> int:
    """The first row (1-based) that has both a question and an answer."""
    if not prompt or not reply:
        return 1
    usable = (frame[prompt].str.strip() != "") & (frame[reply].str.strip() != "")
    return int(usable.to_numpy().argmax()) + 1


def first_rows(frame: pandas.DataFrame) -> Any:
    """The top of the table, long cells shortened, columns as wide as their text asks for."""
    top = frame.head(FIRST_ROWS).map(lambda cell: cell if len(cell) <= CELL else cell[:CELL].rstrip() + "…")
    widths = [
        f"{min(max(96, 24 + 8 * max(len(str(column)), int(top[column].str.len().mean()))), 460)}px"
        for column in top.columns
    ]
    return gr.Dataframe(value=top, column_widths=widths)

"""Runs to choose from in Compare and Export, and the rows that a run set aside for its test."""

from datetime import datetime
from functools import lru_cache

import gradio as gr
import pandas

from components.data_views import when
from components.page import PICKED, Page
from components.runs import digest, find, name_of, recipe_of
from studio.datasets.pictures import picture_file
from studio.datasets.rows import Messages, content_of, unpack
from studio.errors import StudioError
from studio.evaluation.few_shot import chosen_shots
from studio.training.run import Run, load_run
from studio.workspace import Workspace

SHOTS = 3  # training rows that the base is given in its prompt, where it is asked for


def picker(elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(choices=[], label="Run", filterable=False, interactive=True, elem_id=elem_id, min_width=260)


def offer(
    workspace: Workspace, finished: str, on_show: str, current: str | None
) -> tuple[list[tuple[str, str]], str | None]:
    """The runs that kept something, newest first, and which of them to show.

    That is the run on show when it kept something, else the one picked here before, else the newest.
    """
    runs = [find(workspace, id) for id in (finished or "").split(",")]
    choices = [(label(run), run.id) for run in runs if run]
    known = [id for _, id in choices]
    chosen = next((id for id in (on_show, current) if id in known), known[0] if known else None)
    return choices, chosen


def on_offer(workspace: Workspace, choices: list[tuple[str, str]], chosen: str | None) -> str:
    """A short text that is another one when the runs are, or what they are called: see `renamed`."""
    run = find(workspace, chosen)
    return f"{chosen} {digest([(run and name_of(run),)])} {digest(choices)}"


def renamed(before: str, now: str) -> bool:
    """Whether the same run is chosen as before, under another name. Both are texts of `on_offer`."""
    (one, name, *_), (other, new, *_) = before.split(), now.split()
    return one == other and name != new


def label(run: Run) -> str:
    """A run as people tell it from others: its name, and when it started."""
    started: datetime | None = run.glance().started
    name = name_of(run)
    return f"{name}, {when(started)}" if started else name


@lru_cache(maxsize=8)
def test_rows(workspace: Workspace, run_id: str) -> pandas.DataFrame:
    """Columns prompt, reply, rejected, picture, row. Empty when the data is no longer here, or too small for a test.

    rejected: the worse answer of a pair; picture: the file that a row is about; "" for other rows.
    """
    run = load_run(workspace, run_id)
    try:
        version = recipe_of(run).version(workspace)
    except StudioError:
        return pandas.DataFrame({"prompt": [], "reply": [], "rejected": [], "picture": [], "row": []})
    frame = version.frame("test")
    worse = [unpack(packed) for packed in frame["rejected"]]
    pictures = [str(picture_file(version.folder, name)) if version.kind == "picture" else "" for name in frame["label"]]
    texts = version.texts("test")
    return texts.assign(rejected=[content_of(turns[-1]) if turns else "" for turns in worse], picture=pictures)


@lru_cache(maxsize=8)
def shots(workspace: Workspace, run_id: str) -> list[Messages]:
    """A few training rows to be put before a question, as the run's own report takes them; by its seed.

    Raises StudioError when the data is no longer here, or no row can be put there.
    """
    recipe = recipe_of(load_run(workspace, run_id))
    version = recipe.version(workspace)
    found = chosen_shots(version.frame("train"), version.kind, int(recipe.settings.get("seed", 42)), SHOTS)
    if not found:
        raise StudioError("None of the training rows can be put into a prompt as an example.", "Ask without examples.")
    return found


def follow(page: Page, dropdown: gr.Dropdown) -> None:
    """Picking a run here puts it on show everywhere."""
    dropdown.input(
        lambda run: run,
        inputs=dropdown,
        outputs=page.run,
        **PICKED,
    )

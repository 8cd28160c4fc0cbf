"""Runs to choose from in Compare and Export, and the rows that a run set aside for its test."""

from datetime import datetime
from functools import lru_cache

import gradio as gr
import pandas

from components.data_views import when
from components.page import QUICK, Page
from components.runs import find, recipe_of
from studio.errors import StudioError
from studio.training.run import Run, load_run
from studio.workspace import Workspace


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


def label(run: Run) -> str:
    """A run as people tell it from others: its name, and when it started."""
    started: datetime | None = run.view().started
    name = recipe_of(run).name
    return f"{name}, {when(started)}" if started else name


@lru_cache(maxsize=8)
def test_rows(workspace: Workspace, run_id: str) -> pandas.DataFrame:
    """Columns prompt, reply, row. Empty when the data is no longer here, or too small for a test."""
    run = load_run(workspace, run_id)
    try:
        return recipe_of(run).version(workspace).texts("test")
    except StudioError:
        return pandas.DataFrame({"prompt": [], "reply": [], "row": []})


def follow(page: Page, dropdown: gr.Dropdown) -> None:
    """Picking a run here puts it on show everywhere."""
    dropdown.input(
        lambda run: run,
        inputs=dropdown,
        outputs=page.run,
        **QUICK,
    )

"""What every tab needs to know of the page: the engine behind it, and the components that hold a person's choices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from components.sizing import Sizes
from studio.chat.client import Chat
from studio.datasets.inspection import Inspector
from studio.datasets.xray import XRay
from studio.workspace import Workspace

First = dict[Any, dict[str, Any]]  # what parts begin with: props by part
NEWS = ("sizes", "downloads", "exports", "tests", "rates", "queue", "searches")


@dataclass
class Page:
    """One page, handed to `build(page)` and then to `wire(page)` of each tab.

    The components in `choices` hold the truth: an action takes its inputs from there, by name, with
    `gr.on(..., inputs_kwargs=page.inputs("dataset", "data"))`. Their names and owners:

    - data tab: `dataset` (id), `data` (JSON of data_choice.Prepared, "" while the data cannot be used)
    - model tab: `goal`, `model`, `method` (names), `success`, `success_value` (see goal_part)
    - train tab: `preset` (name), `run_name` (text), `start` (id of a run, "" for the model itself), `watch` (questions,
      one a line), `track.FIELD` for each field of tracking_part, `setting.FIELD` for each setting of any method, and
      `mark` of the form as the page shows it (see train_form.Form), and the search over them: `search_over` (names),
      `search_ranges` (JSON, see search_fields), `search_way`, `search_pruning`, `search_runs`, `search_minutes`,
      `search_steps`
    """

    workspace: Workspace
    xray: XRay
    chat: Chat
    inspector: Inspector
    sizes: Sizes
    demo: gr.Blocks
    # Made by app.py before any tab is built:
    run: gr.HTML  # hidden: id of the run on show, "" for none
    seen: gr.HTML  # hidden: changes whenever anything about any run has changed; views listen to its `moved`
    roster: gr.HTML  # hidden: changes when a run appears or its status changes, not at every step
    finished: gr.HTML  # hidden: ids of the runs with an adapter, newest first, separated by commas
    timer: gr.Timer  # the one timer: a tick each second while the page is in view
    news: dict[str, gr.HTML]  # hidden: what `looks` said under these names at the last tick
    looks: dict[str, Callable[[], str]] = field(default_factory=dict)  # asked at each tick, must answer at once
    # What parts begin with, for a page that is being opened at an address with these `?name=value`.
    first: list[Callable[[Mapping[str, str]], First]] = field(default_factory=list)
    tabs: gr.Tabs = field(init=False)  # the five tabs
    choices: dict[str, Component] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)  # components that one module keeps from build to wire

    def inputs(self, *names: str) -> dict[str, Component]:
        """The named choices for `inputs_kwargs=`. Raises KeyError for a name that no tab has put there."""
        return {name: self.choices[name] for name in names}

    def offer(self, path: Path) -> None:
        """Let the browser fetch this file, or the files of this folder, and no other in the studio's home."""
        if str(path) not in self.demo.allowed_paths:
            self.demo.allowed_paths.append(str(path))

    def go(self, button: gr.Button, tab: str) -> Any:
        """Let a button select a tab, in the browser alone: "data", "model", "train", "compare" or "export"."""
        return button.click(None, js=f"() => window.tunesmithGo('{tab}')", api_visibility="private")


# Drop-downs that the server fills take any value (allow_custom_value): Gradio refuses one that is not among the choices
# before any handler runs, and then every event that has the drop-down among its inputs fails without a word.

# Nothing is drawn over: Gradio's page would otherwise mark every output of every event as pending and done, and for
# that read the whole tree below each Tabs and Column among them, 0.3 s a click (measured on 6.31).
CALM: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
# Handlers that answer in milliseconds skip the queue, which costs two more requests and up to half a second.
QUICK: dict[str, Any] = {**CALM, "queue": False}
# What a person picks, and our own HTML tells: Gradio drops an event while an earlier one of its kind is under way, and
# the page would show one choice and the server know another.
PICKED: dict[str, Any] = {**QUICK, "trigger_mode": "multiple"}
# What follows a hidden text (see html.hidden): when it has moved again meanwhile, once more at the end, or the last
# news would be lost.
LATEST: dict[str, Any] = {**QUICK, "trigger_mode": "always_last"}
# Polls answer in milliseconds and must never wait for one another, nor make the page look busy.
POLL: dict[str, Any] = {**CALM, "concurrency_limit": None}

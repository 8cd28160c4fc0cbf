"""What every tab needs to know of the page: the engine behind it, and the components that hold a person's choices."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from components import draft
from components.speak import plain
from studio.chat.client import Chat
from studio.datasets.xray import XRay
from studio.workspace import Workspace


@dataclass
class Page:
    """One page, handed to `build(page)` and then to `wire(page)` of each tab.

    The components in `choices` hold the truth: an action takes its inputs from there, by name, with
    `gr.on(..., inputs_kwargs=page.inputs("dataset", "prompt"))`. Their names and owners:

    - data tab: `dataset` (id), `prompt`, `reply` (column names), `system` (text)
    - model tab: `model`, `method` (names)
    - train tab: `preset` (name), `run_name` (text), and `METHOD.FIELD` for each setting of a method
    """

    workspace: Workspace
    xray: XRay
    chat: Chat
    demo: gr.Blocks
    # Made by app.py before any tab is built:
    run: gr.HTML  # hidden: id of the run on show, "" for none
    seen: gr.HTML  # hidden: changes whenever anything about any run has changed; views listen to its `moved`
    roster: gr.HTML  # hidden: changes when a run appears or its status changes, not at every step
    finished: gr.HTML  # hidden: ids of the runs with an adapter, newest first, separated by commas
    timer: gr.Timer  # the one timer: a tick each second while the page is in view
    tabs: gr.Tabs = field(init=False)  # the five tabs; `go` selects one
    choices: dict[str, Component] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)  # components that one module keeps from build to wire

    def inputs(self, *names: str) -> dict[str, Component]:
        """The named choices for `inputs_kwargs=`. Raises KeyError for a name that no tab has put there."""
        return {name: self.choices[name] for name in names}

    def offer(self, folder: Path) -> None:
        """Let the browser fetch the files of this folder, and of no other in the studio's home."""
        if str(folder) not in self.demo.allowed_paths:
            self.demo.allowed_paths.append(str(folder))

    def go(self, button: gr.Button, tab: str) -> Any:
        """Let a button select a tab: "data", "model", "train", "compare" or "export"."""

        def select() -> gr.Tabs:
            draft.remember(self.workspace, tab=tab)
            return gr.Tabs(selected=tab)

        return button.click(
            plain(select), outputs=self.tabs, show_progress="hidden", queue=False, api_visibility="private"
        )


# Handlers that answer in milliseconds skip the queue, which costs two more requests and up to half a second.
QUICK: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
# Polls answer in milliseconds and must never wait for one another, nor make the page look busy.
POLL: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}

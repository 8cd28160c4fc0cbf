"""The page: its frame and the tabs, built once for everybody who opens it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import gradio as gr

from components import (
    compare_tab,
    data_tab,
    draft,
    export_tab,
    gradio_mend,
    method_choice,
    model_tab,
    notify,
    opening,
    runbar,
    topbar,
    train_tab,
)
from components.html import hidden, html, moved
from components.page import LATEST, NEWS, PICKED, First, Page
from components.sizing import Sizes
from components.speak import plain
from studio import __version__
from studio.chat.client import Chat
from studio.datasets.inspection import Inspector
from studio.datasets.xray import XRay
from studio.models.starter import STARTER
from studio.training.queue import active_run
from studio.workspace import ASSETS, Workspace

TABS = {
    "data": data_tab,
    "model": model_tab,
    "train": train_tab,
    "compare": compare_tab,
    "export": export_tab,
}
FOOT = (
    '<footer class="ts-row ts-between"><span>Nothing leaves this computer unless you say so. No account needed.</span>'
    f"<span>Tunesmith {__version__}</span></footer>"
)


def build_app(workspace: Workspace, xray: XRay, chat: Chat, inspector: Inspector, sizes: Sizes) -> gr.Blocks:
    """The whole page, not yet served. Nothing in it holds a connection open (see the rules in DESIGN)."""
    gradio_mend.mend()
    with gr.Blocks(title="Tunesmith", fill_width=True, analytics_enabled=False) as demo:
        page = Page(
            workspace,
            xray,
            chat,
            inspector,
            sizes,
            demo,
            run=hidden("Run on show"),
            seen=hidden("State of all runs"),
            roster=hidden("Runs and their status"),
            finished=hidden("Runs that kept something"),
            timer=gr.Timer(1.0),
            news={name: hidden(f"News of {name}") for name in NEWS},
        )
        # Outside the tabs: what stands in a tab that was never opened does not report its changes.
        page.choices["method"] = hidden("Method", method_choice.FIRST)
        page.choices["model"] = hidden("Model", STARTER)
        page.choices["goal"] = hidden("Goal")
        data_tab.build_unseen(page)
        page.looks["sizes"] = lambda: page.sizes.news_number
        topbar.build(page)
        runbar.build(page)
        notify.build(page)
        with gr.Tabs(elem_id="tabs", selected="data") as page.tabs:
            places = {}
            for name, module in TABS.items():
                with gr.Tab(name.capitalize(), id=name, elem_id=f"tab-{name}") as places[name]:
                    module.build(page)
        html(FOOT, elem_id="foot")
        runbar.wire(page)
        notify.wire(page)
        for module in TABS.values():
            module.wire(page)
        remember_place(page, places)
    opening.begin_with(page)
    return demo


def remember_place(page: Page, places: dict[str, gr.Tab]) -> None:
    """After a reload the same tab and the same run are shown, a live run in Live run; `?tab=train` names a tab too."""

    def back(asked: Mapping[str, str]) -> First:
        tab = asked.get("tab", draft.load(page.workspace).get("tab", "data"))
        inner = {page.parts["train_tabs"]: {"selected": "live"}} if active_run(page.workspace) else {}
        return {
            page.tabs: {"selected": tab if tab in TABS else "data"},
            **inner,
        }

    page.first.append(back)
    for name, place in places.items():
        place.select(plain(partial(draft.remember, page.workspace, tab=name)), **PICKED)
    # Once obeyed, the tab leaves the address, or a later reload would go back to it.
    page.demo.load(None, js="() => history.replaceState(null, '', location.pathname)", api_visibility="private")
    gr.on([moved(page.run)], plain(lambda run: draft.remember(page.workspace, run=run)), page.run, **LATEST)


def head() -> str:
    """For the page's head: our scripts, before anything is drawn."""
    return "".join(f"<script>{file.read_text('utf-8')}</script>" for file in sorted((ASSETS / "js").glob("*.js")))


def login_message() -> str:
    """What stands above the two fields of the login, and its style, which Gradio has no other place for."""
    style = "".join((ASSETS / name).read_text("utf-8") for name in ("css/tokens.css", "login.css"))
    return f"Any name, and the password that was set when Tunesmith was started.<style>{style}</style>"


def styles() -> list[Path]:
    """Our style files; the tokens and the frame come first, the tabs' own files last."""
    first = [ASSETS / "css" / f"{name}.css" for name in ("tokens", "frame", "parts")]
    return first + sorted(set((ASSETS / "css").glob("*.css")) - set(first))

"""The page: its frame and the tabs, built once for everybody who opens it."""

from functools import partial
from pathlib import Path

import gradio as gr

from components import (
    compare_tab,
    data_tab,
    draft,
    export_tab,
    gradio_mend,
    live_view,
    method_choice,
    model_tab,
    runbar,
    topbar,
    train_tab,
)
from components.html import hidden, html, moved
from components.page import LATEST, NEWS, PICKED, QUICK, Page
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
    '<footer class="ts-row ts-between"><span>Everything stays on this computer. No account needed.</span>'
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
        page.looks["sizes"] = lambda: page.sizes.news_number
        topbar.build(page)
        runbar.build(page)
        with gr.Tabs(elem_id="tabs", selected="data") as page.tabs:
            places = {}
            for name, module in TABS.items():
                with gr.Tab(name.capitalize(), id=name, elem_id=f"tab-{name}") as places[name]:
                    module.build(page)
        html(FOOT, elem_id="foot")
        runbar.wire(page)
        for module in TABS.values():
            module.wire(page)
        remember_place(page, places)
    return demo


def remember_place(page: Page, places: dict[str, gr.Tab]) -> None:
    """After a reload the same tab and the same run are shown, a live run in Live run; `?tab=train` names a tab too."""
    # Gradio also reports the tab that a page begins with; that one nobody chose.
    restored = hidden("Restored")

    def chosen(name: str, restored: str) -> None:
        if restored:
            draft.remember(page.workspace, tab=name)

    def back(request: gr.Request) -> tuple[str, str, gr.Tabs]:
        kept = draft.load(page.workspace)
        asked = request.query_params.get("tab", kept.get("tab", "data"))
        tab = asked if asked in TABS else "data"
        draft.remember(page.workspace, tab=tab)
        inner = gr.Tabs(selected="live") if active_run(page.workspace) else gr.skip()
        return tab, live_view.run_on_show(page, str(kept.get("run", ""))), inner

    # Once obeyed, the tab leaves the address, or a later reload would go back to it.
    shown = [restored, page.run, page.parts["train_tabs"]]
    page.demo.load(plain(back), outputs=shown, **QUICK).then(
        None, restored, js="(tab) => window.tunesmithBack(tab)", api_visibility="private"
    )
    for name, place in places.items():
        place.select(plain(partial(chosen, name)), restored, **PICKED)
    gr.on([moved(page.run)], plain(lambda run: draft.remember(page.workspace, run=run)), page.run, **LATEST)


def head() -> str:
    """For the page's head: our scripts, before anything is drawn."""
    scripts = [file.read_text("utf-8") for file in sorted((ASSETS / "js").glob("*.js"))]
    return "".join(f"<script>{script}</script>" for script in [*scripts, gradio_mend.script()])


def login_message() -> str:
    """What stands above the two fields of the login, and its style, which Gradio has no other place for."""
    style = "".join((ASSETS / name).read_text("utf-8") for name in ("css/tokens.css", "login.css"))
    return f"Any name, and the password that was set when Tunesmith was started.<style>{style}</style>"


def styles() -> list[Path]:
    """Our style files; the tokens and the frame come first, the tabs' own files last."""
    first = [ASSETS / "css" / f"{name}.css" for name in ("tokens", "frame", "parts")]
    return first + sorted(set((ASSETS / "css").glob("*.css")) - set(first))

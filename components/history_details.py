"""The run on show in History: its name, tags and note to be changed, archiving it, and deleting it."""

from typing import Any

import gradio as gr

from components import draft, history_facts, python_copy
from components.dialogs import ON_DECIDED, question
from components.html import escape, hidden, html, megabytes, moved
from components.page import LATEST, PICKED, QUICK, Page
from components.runs import digest, find, name_of, recipe_of
from components.speak import plain
from studio.training.about import LONGEST_NAME, LONGEST_NOTE, say_about
from studio.training.removal import delete_run, removal
from studio.training.run import list_runs, load_run

CONFIRM = question("delete", "Delete this run?", ("", "keep", "Keep it"), ("delete", "away", "Delete it"))
ON_LINKS = "window.tunesmithLinks(element, (run) => trigger('opened', { run }));"
ON_SAID = "element.setAttribute('role', 'status');"
FIELDS = ("name", "tags", "note")


def build(page: Page) -> None:
    parts = page.parts
    parts["history.of"] = hidden("Run whose details are filled in")
    parts["history.frame"] = hidden("Whether details are on show")
    parts["history.confirm"] = html(CONFIRM, elem_id="confirm-delete", classes=["ts-dialog"], js_on_load=ON_DECIDED)
    parts["history.said"] = html(elem_id="history-said", js_on_load=ON_SAID)
    with gr.Column(elem_classes="ts-card", elem_id="run-details", visible=False) as parts["history.details"]:
        parts["history.facts"] = html(elem_id="run-facts", js_on_load=ON_LINKS)
        with gr.Row(elem_classes="ts-fields"):
            parts["history.name"] = gr.Textbox(
                label="Name",
                info="Left empty, it has the name that it began with.",
                max_lines=1,
                max_length=LONGEST_NAME,
                elem_id="about-name",
                interactive=True,
            )
            parts["history.tags"] = gr.Textbox(
                label="Tags",
                info="Short words to find it by, with commas between them.",
                max_lines=1,
                elem_id="about-tags",
                interactive=True,
            )
        parts["history.note"] = gr.Textbox(
            label="Note",
            info="Whatever you want to remember about this run.",
            lines=2,
            max_lines=8,
            max_length=LONGEST_NOTE,
            elem_id="about-note",
            interactive=True,
        )
        with gr.Row(elem_classes="ts-next"):
            parts["history.copy"] = gr.Button(
                "Use these settings in a new run", variant="primary", elem_id="copy-settings", elem_classes="ts-fit"
            )
            parts["history.save"] = gr.Button("Save name, tags, note", elem_id="save-about", elem_classes="ts-fit")
            parts["history.live"] = gr.Button("Open in Live run", elem_id="open-live", elem_classes="ts-fit")
            parts["history.archive"] = gr.Button("Archive", elem_id="archive-run", elem_classes="ts-fit")
            parts["history.delete"] = gr.Button("Delete", variant="stop", elem_id="delete-run", elem_classes="ts-fit")
        parts["history.why"] = html(elem_id="why-not-deleted")
        parts["history.python"] = python_copy.build("history")
    parts["history.delete"].click(None, js="() => window.tunesmithDelete()", api_visibility="private")


def wire(page: Page) -> None:
    parts = page.parts
    python: python_copy.PythonPart = parts["history.python"]
    fields = [parts[f"history.{name}"] for name in FIELDS]

    def show(run_id: str, of: str, frame: str) -> dict[Any, Any]:
        """The details anew; the fields only where another run is on show, or something else was said about it."""
        run = find(page.workspace, run_id)
        now = "shown" if run else "empty"
        values: dict[Any, Any] = {}
        if now != frame:
            values = {parts["history.frame"]: now, parts["history.details"]: gr.Column(visible=run is not None)}
        if run is None:
            return values or gr.skip()
        about, view = run.about, run.view()
        found = removal(run, view)
        filled = f"{run.id} {digest([(about,)])}"
        if filled != of:
            said = (about.name or recipe_of(run).name, ", ".join(about.tags), about.note)
            values |= {parts["history.of"]: filled, **dict(zip(fields, said, strict=True))}
        why = f"{found.refusal.message} {found.refusal.hint}" if found.refusal else ""
        return values | {
            parts["history.facts"]: history_facts.draw(run, view, found),
            parts["history.archive"]: "Take out of the archive" if about.archived else "Archive",
            parts["history.delete"]: gr.Button(
                f"Delete (frees {megabytes(found.bytes / 1e6)})", interactive=found.refusal is None
            ),
            parts["history.why"]: f'<p class="ts-help">{escape(why)}</p>' if why else "",
        }

    def save(run_id: str, name: str, tags: str, note: str) -> str:
        run = load_run(page.workspace, run_id)
        own = "" if name.strip() == recipe_of(run).name else name
        say_about(run.folder, name=own, tags=tags.split(","), note=note)
        return spoken(f"Saved: {name_of(run)}.")

    def archive(run_id: str) -> str:
        run = load_run(page.workspace, run_id)
        away = not run.about.archived
        say_about(run.folder, archived=away)
        where = "archived: “Show archived” above the table brings it back into sight" if away else "in the table again"
        return spoken(f"“{name_of(run)}” is {where}.")

    def decided(event: gr.EventData) -> Any:
        """The newest of the other runs is on show then."""
        name = load_run(page.workspace, str(event.run)).name
        freed = delete_run(page.workspace, str(event.run))
        left = list_runs(page.workspace)
        return spoken(f"“{name}” was deleted, and {megabytes(freed / 1e6)} are free again."), left[0].id if left else ""

    def live(run_id: str) -> Any:
        draft.remember(page.workspace, tab="train")
        return gr.Tabs(selected="live")

    drawn = ("of", "frame", "details", *FIELDS, "facts", "archive", "delete", "why")
    gr.on(
        [moved(page.roster, page.run, where="#run-tools")],
        plain(show),
        [page.run, parts["history.of"], parts["history.frame"]],
        [parts[f"history.{name}"] for name in drawn],
        **LATEST,
    )
    said = parts["history.said"]
    gr.on([parts["history.save"].click, parts["history.name"].submit, parts["history.tags"].submit],
          plain(save), [page.run, *fields], said, **QUICK)  # fmt: skip
    parts["history.archive"].click(plain(archive), page.run, said, **QUICK)
    parts["history.live"].click(plain(live), page.run, parts["train_tabs"], **QUICK)
    python_copy.wire(page, python, page.run)
    gr.on(
        [moved(page.run), moved(page.roster), moved(page.news["exports"])],
        plain(lambda run_id, drawn: python_copy.values(page, python, run_id, drawn) or gr.skip()),
        [page.run, python.drawn],
        python.outputs,
        **LATEST,
    )
    parts["history.confirm"].decided(plain(decided), outputs=[said, page.run], **PICKED)


def spoken(words: str) -> str:
    return f'<p class="ts-help">{escape(words)}</p>'

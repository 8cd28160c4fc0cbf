"""Every version made of a dataset: what was done to it, going back to it, and taking the rows away."""

import time
from typing import Any

import gradio as gr

from components import version_differences
from components.data_choice import Prepared, keep, prepared
from components.data_views import rows_of, when
from components.html import escape, hidden, html, moved, title
from components.page import LATEST, PICKED, QUICK, Page
from components.speak import plain
from studio.datasets.downloads import FORMATS
from studio.datasets.step_changes import step_changes
from studio.datasets.store import load_dataset
from studio.datasets.versions import DataSteps, Version, list_versions, load_version, prepare
from studio.workspace import Workspace

SHOWN = 12
DIFFERENCES = 4  # that a line names
NAMES = {"csv": "Spreadsheet (CSV)", "jsonl": "JSON Lines", "parquet": "Parquet"}
EVENTS = """
element.addEventListener('click', (event) => {
  const version = event.target.closest('[data-version]');
  if (version) trigger('wanted', { version: version.dataset.version });
  const other = event.target.closest('[data-compare]');
  if (other) trigger('compared', { version: other.dataset.compare });
});
"""


def build(parts: dict[str, Any]) -> None:
    html(
        title("Versions", "States of the rows that you can go back to. What a run learned from is always kept."),
        classes=["ts-section"],
    )
    with gr.Column(elem_classes="ts-card"):
        parts["versions"] = html(elem_id="versions", js_on_load=EVENTS)
        parts["differences"] = html(elem_id="differences")
        with gr.Row(elem_classes="ts-row-filter"):
            parts["format"] = gr.Dropdown(
                choices=[(NAMES[name], name) for name in FORMATS],
                value="csv",
                label="Take the rows away as",
                interactive=True,
                elem_id="format",
            )
            parts["pack"] = gr.Button("Prepare the file", size="md", elem_id="pack", elem_classes="ts-fit")
            parts["packed"] = gr.DownloadButton("Download", visible=False, elem_id="packed", elem_classes="ts-fit")
        parts["packed_for"] = hidden("Version that was packed")
        parts["versions_of"] = hidden("Version that the list was drawn for")


def wire(page: Page) -> Any:
    """Going back and taking away. Returns the event after which another version is on show.

    The text behind it begins with the id of the dataset.
    """
    parts = page.parts["data_tab"]

    def draw_all(data: str, packed_for: str, drawn_for: str) -> Any:
        # What was packed of another version must not be taken for this one, nor what was compared with another. The
        # same rows may be told again, and what a person has asked for meanwhile then stays.
        button = gr.DownloadButton(visible=same_rows(packed_for, data))
        known = Prepared.told(data)
        lines = draw(page.workspace, known) if known and known.ready else ""
        return lines, gr.skip() if same_rows(drawn_for, data) else "", button, data

    def wanted(event: gr.EventData, dataset: str) -> str:
        version = load_version(load_dataset(page.workspace, dataset), str(event.version))
        keep(page.workspace, dataset, version.steps)
        return f"{dataset} as {version.folder.name} has it {time.monotonic()}"

    def compared(event: gr.EventData, data: str) -> str:
        chosen = prepared(data)
        known = load_dataset(page.workspace, chosen.dataset)
        other, now = load_version(known, str(event.version)), prepare(page.workspace, known, chosen.steps)
        found = page.inspector.compare(known.id, other.folder.name, now.folder.name)
        return version_differences.draw(found, named(other))

    def pack(data: str, format: str) -> Any:
        chosen, folder = prepared(data), page.workspace.scratch / "downloads"
        path = page.inspector.download(chosen.dataset, chosen.steps, format, folder)
        page.offer(folder)
        return gr.DownloadButton(f"Download {path.name}", value=str(path), visible=True), data

    data, packed = parts["data"], [parts["packed"], parts["packed_for"]]
    shown = [parts["versions"], parts["differences"], parts["packed"], parts["versions_of"]]
    known = [data, parts["packed_for"], parts["versions_of"]]
    gr.on([moved(data)], plain(draw_all), known, shown, **LATEST)
    parts["pack"].click(plain(pack), [data, parts["format"]], packed, **QUICK)
    parts["versions"].compared(plain(compared), data, parts["differences"], **PICKED)
    parts["versions"].wanted(plain(wanted), parts["dataset"], parts["went_back"], **PICKED)
    return moved(parts["went_back"])


def same_rows(one: str, other: str) -> bool:
    """Whether two states of the page's choice `data` stand for the same rows."""
    known, now = Prepared.told(one), Prepared.told(other)
    return known is not None and now is not None and (known.dataset, known.steps) == (now.dataset, now.steps)


def draw(workspace: Workspace, chosen: Prepared) -> str:
    """A line for each version, the newest first."""
    versions = list_versions(load_dataset(workspace, chosen.dataset))
    return f'<ul class="ts-versions">{"".join(line(version, chosen.steps) for version in versions[:SHOWN])}</ul>'


def line(version: Version, chosen: DataSteps) -> str:
    name = escape(version.folder.name)
    if version.steps == chosen:
        said, end = "", "<b>in use</b>"
    else:
        others = list(dict.fromkeys(change.what for change in step_changes(version.steps, chosen)))
        more = f" and {len(others) - DIFFERENCES} more" if len(others) > DIFFERENCES else ""
        said = f"otherwise: {', '.join(others[:DIFFERENCES]).lower()}{more}"
        end = (
            f'<span><button type="button" class="ts-link" data-compare="{name}">Compare</button> '
            f'<button type="button" class="ts-link" data-version="{name}">Go back to it</button></span>'
        )
    return (
        f"<li><span><b>{rows_of(version, sum(version.rows.values()))}</b> · {when(version.made)} · {escape(said)} "
        f'<span class="ts-mono ts-subtle">{version.fingerprint[:10]}</span></span>{end}</li>'
    )


def named(version: Version) -> str:
    return f"The version of {when(version.made)} ({version.fingerprint[:6]}) beside the one in use"

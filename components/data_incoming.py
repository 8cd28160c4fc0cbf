"""A file on its way in: large ones and documents are read by a helper, with progress, first rows and Cancel."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pandas

from components.html import escape, table
from studio.datasets.reading import Reading as FileReading
from studio.errors import StudioError
from studio.workspace import Workspace, write_atomic

# Small plain tables are read at once; whatever is large, or takes a parser for documents, goes to the helper.
AT_ONCE = {".csv", ".tsv", ".jsonl"}
SMALL = 3_000_000  # bytes


def paste(workspace: Workspace, text: str) -> str:
    """Rows pasted from a spreadsheet, a text or a program as a file to bring; returns its path.

    Raises StudioError when there is nothing.
    """
    text = text.strip("\r\n ")  # a tab in front is an empty first cell
    if not text:
        raise StudioError("There is nothing to bring.", "Paste your rows into the field first.")
    first = text.split("\n", 1)[0]
    ending = (
        "jsonl" if first.startswith("{") else "json" if first.startswith("[") else "tsv" if "\t" in first else "csv"
    )
    return saved(workspace, f"Pasted rows {datetime.now():%d %b %H.%M.%S}.{ending}", text + "\n")


def typed(workspace: Workspace, table: pandas.DataFrame) -> str:
    """Rows typed into the page's table as a file to bring, less the empty ones; returns its path.

    Raises StudioError when there are fewer than two.
    """
    table = table.fillna("").astype(str)
    table = table[table.apply(lambda row: any(cell.strip() for cell in row), axis=1)]
    if len(table) < 2:
        raise StudioError("One example is not enough to learn from.", "Type at least two rows into the table first.")
    return saved(workspace, f"Typed rows {datetime.now():%d %b %H.%M.%S}.csv", table.to_csv(index=False))


def saved(workspace: Workspace, name: str, text: str) -> str:
    folder = workspace.scratch / "pasted"
    folder.mkdir(exist_ok=True)
    write_atomic(folder / name, text)
    return str(folder / name)


@dataclass(frozen=True)
class News:
    """What has come since the last look: the id of the dataset, or what the hub offers, or what to show until then."""

    dataset: str = ""
    offer: dict[str, Any] | None = None
    shown: str = ""


class Incoming:
    """The one file, or dataset of the hub, that is on its way in."""

    def __init__(self, workspace: Workspace) -> None:
        self.reading = FileReading(workspace)
        self.name = ""

    def takes(self, path: str) -> bool:
        """Whether this file is one for the helper."""
        file = Path(path)
        return file.suffix.lower() not in AT_ONCE or file.stat().st_size > SMALL

    def start(self, path: str, name: str | None = None, sheet: str | None = None) -> str:
        """Begin to read a file; what to show. Raises StudioError while another one is on its way."""
        self.reading.start(path, name, sheet)
        return self.expect(name or Path(path).name)

    def ask_hub(self, name: str) -> str:
        """Begin to ask the hub what a dataset offers, like `start`."""
        self.reading.look_hub(name)
        return self.expect(name)

    def start_hub(self, name: str, configuration: str, split: str, revision: str) -> str:
        """Begin to bring a dataset of the hub, like `start`."""
        self.reading.start_hub(name, configuration, split, revision)
        return self.expect(name)

    def expect(self, name: str) -> str:
        self.name = name
        return progress(name)

    @property
    def expected(self) -> bool:
        """Whether there is something of which the end has not been told yet."""
        return bool(self.name)

    def cancel(self) -> None:
        self.reading.cancel()
        self.name = ""

    def look(self) -> News:
        """Raises StudioError, once, when it cannot be read."""
        try:
            reply = self.reading.latest()
        except StudioError:
            self.name = ""
            raise
        if "dataset" in reply or "found" in reply:
            self.name = ""
            return News(str(reply.get("dataset", "")), reply.get("found"))
        return News(shown=progress(self.name, **{name: reply[name] for name in TOLD if name in reply}))


TOLD = ("rows", "share", "head", "note")


def progress(name: str, rows: int = 0, share: float = 0, head: dict[str, Any] | None = None, note: str = "") -> str:
    """How far the reading is, and the first rows as soon as they are known. note: how far a download is."""
    lines = [[str(cell)[:120] for cell in line] for line in head["data"][:4]] if head and head["columns"] else []
    far = escape(note) if note else f"{rows:,} rows so far"
    return (
        f'<div class="ts-incoming" role="status"><p><b>Reading {escape(name)}</b>, {far}</p>'
        f'<div class="ts-mem" role="img" aria-label="{share:.0%} read"><i style="width:{100 * share:.0f}%"></i></div>'
        f"{table(head['columns'] if head and lines else (), lines, named=False)}</div>"
    )


def values(shown: str) -> dict[str, Any]:
    """The parts of the page while a file is being read, or, with nothing to show, afterwards."""
    return {"incoming": shown, "cancel": gr.Button(visible=bool(shown)), "coming": gr.Timer(active=bool(shown))}

"""A file on its way in: large ones and documents are read by a helper, with progress, first rows and Cancel."""

from datetime import datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pandas

from components.html import escape
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

    Raises StudioError when there are none.
    """
    table = table.fillna("").astype(str)
    table = table[table.apply(lambda row: any(cell.strip() for cell in row), axis=1)]
    if table.empty:
        raise StudioError("There is nothing to bring.", "Type at least two rows into the table first.")
    return saved(workspace, f"Typed rows {datetime.now():%d %b %H.%M.%S}.csv", table.to_csv(index=False))


def saved(workspace: Workspace, name: str, text: str) -> str:
    folder = workspace.scratch / "pasted"
    folder.mkdir(exist_ok=True)
    write_atomic(folder / name, text)
    return str(folder / name)


class Incoming:
    """The one file that is being read."""

    def __init__(self, workspace: Workspace) -> None:
        self.reading = FileReading(workspace)
        self.name = ""

    def takes(self, path: str) -> bool:
        """Whether this file is one for the helper."""
        file = Path(path)
        return file.suffix.lower() not in AT_ONCE or file.stat().st_size > SMALL

    def start(self, path: str, name: str | None = None, sheet: str | None = None) -> None:
        """Begin. Raises StudioError while another file is being read."""
        self.reading.start(path, name, sheet)
        self.name = name or Path(path).name

    @property
    def expected(self) -> bool:
        """Whether there is a file of which the end has not been told yet."""
        return bool(self.name)

    def cancel(self) -> None:
        self.reading.cancel()
        self.name = ""

    def look(self) -> tuple[str | None, str]:
        """The id of the dataset once it is there, and what to show until then.

        Raises StudioError, once, when the file cannot be read.
        """
        try:
            reply = self.reading.latest()
        except StudioError:
            self.name = ""
            raise
        if "dataset" in reply:
            self.name = ""
            return str(reply["dataset"]), ""
        return None, progress(self.name, reply.get("rows", 0), reply.get("share", 0.0), reply.get("head"))


def progress(name: str, rows: int, share: float, head: dict[str, Any] | None) -> str:
    """How far the reading is, and the first rows as soon as they are known."""
    table = ""
    if head:
        columns = "".join(f"<th scope=col>{escape(column)}</th>" for column in head["columns"])
        lines = "".join(
            "<tr>" + "".join(f"<td>{escape(str(cell)[:120])}</td>" for cell in line) + "</tr>"
            for line in head["data"][:4]
        )
        table = f'<table class="ts-before-after"><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table>'
    return (
        f'<div class="ts-incoming" role="status"><p><b>Reading {escape(name)}</b>, {rows:,} rows so far</p>'
        f'<div class="ts-mem" role="img" aria-label="{share:.0%} read"><i style="width:{100 * share:.0f}%"></i></div>'
        f"{table}</div>"
    )


def values(shown: str) -> dict[str, Any]:
    """The parts of the page while a file is being read, or, with nothing to show, afterwards."""
    return {"incoming": shown, "cancel": gr.Button(visible=bool(shown)), "waiting": gr.Timer(active=bool(shown))}

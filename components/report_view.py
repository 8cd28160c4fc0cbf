"""“Save a report”: a dialog that lists what will be in the zip, and the download of it."""

from typing import Any
from urllib.parse import quote

import gradio as gr

from components.html import escape, hidden, html, moved
from components.page import LATEST, PICKED, Page
from components.speak import plain
from studio.training.report import CONTENTS, LEFT_OUT, save_report
from studio.training.run import load_run

ITEMS = "".join(f"<li><b>{escape(name)}</b> {escape(words)}</li>" for name, words in CONTENTS.items())
DIALOG = f"""
<dialog aria-labelledby="report-title" aria-describedby="report-text">
  <form method="dialog">
    <h2 id="report-title">Save a report</h2>
    <p id="report-text">One zip file for somebody who helps. It is saved on this computer and sent to nobody. In it:</p>
    <ul class="ts-report-parts">{ITEMS}</ul>
    <p>{escape(LEFT_OUT)}</p>
    <div class="ts-answers">
      <button type="submit" value="save" class="ts-primary" id="report-save">Save the report</button>
      <button type="submit" value="" id="report-cancel">Cancel</button>
    </div>
  </form>
</dialog>
"""
ON_DIALOG = """
const dialog = element.querySelector('dialog');
dialog.addEventListener('close', () => { if (dialog.returnValue) trigger('saved', { run: dialog.dataset.run }); });
"""
# For any run, whatever became of it; see assets/js/ending.js.
LINK = '<p class="ts-report-link"><button type="button" class="ts-link" data-report>Save a report</button></p>'


def build(page: Page) -> None:
    page.parts["report"] = html(DIALOG, elem_id="report-dialog", classes=["ts-dialog"], js_on_load=ON_DIALOG)
    page.parts["report.file"] = hidden("Report to fetch")


def wire(page: Page) -> None:
    def saved(event: gr.EventData) -> str:
        path = save_report(load_run(page.workspace, str(event.run)))
        page.offer(path)
        gr.Info(f"{escape(path.name)} is being saved ({path.stat().st_size / 1000:,.0f} KB).", duration=8)
        # The time makes it another text each time, or a second report of the same run would not be fetched.
        return f"/gradio_api/file={quote(path.as_posix())}?at={path.stat().st_mtime_ns}"

    report: Any = page.parts["report"]
    file = page.parts["report.file"]
    report.saved(plain(saved), outputs=file, **PICKED)
    # Not what follows `saved`: that would come after a report that could not be made, too, and fetch the one before.
    gr.on([moved(file)], None, file, js="(address) => window.tunesmithFetch(address)", **LATEST)

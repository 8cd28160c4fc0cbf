"""Walking through the rows: which ones, and the one on show in plain words and as tokens."""

from functools import lru_cache

import gradio as gr
import pandas

from components import data_rows, row_view, xray_view
from components import data_views as views
from components.data_choice import Choice
from components.data_wiring import Values
from components.data_xray import Examiner
from components.health_view import Report
from components.health_watch import Watch
from components.picture_view import small_picture
from studio.datasets.pictures import picture_file
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.errors import StudioError


class Walk:
    """Shows one row of a version after the other. `last`: the last row of the file, 1-based."""

    def __init__(self, examiner: Examiner, watch: Watch) -> None:
        self.examiner, self.watch = examiner, watch
        self.search = lru_cache(maxsize=32)(examiner.inspector.search)  # each tick asks, and no version changes

    def numbers(self, choice: Choice, version: Version, last: int, report: Report) -> list[int] | None:
        """The rows of the file that the person walks through; None for all."""
        numbers = None
        if choice.only and choice.only != data_rows.EVERY:
            numbers = next((finding.rows for finding in report.findings if finding.name == choice.only), [])
        if numbers is not None:
            numbers = [number for number in numbers if number <= last]  # beyond are rows of a test file
        words = (choice.words or "").strip()
        if words:
            hits = self.search(choice.dataset or "", version.folder.name, words)
            hits = tuple(number for number in hits if number <= last)
            numbers = list(hits) if numbers is None else sorted(set(numbers) & set(hits))
        return numbers

    def values(self, choice: Choice, version: Version, last: int, report: Report) -> Values:
        """One row in plain words, and as tokens."""
        number = min(choice.at, last)
        rows = version.row(number)
        busy = self.watch.busy or not report.done
        prompt, reply = data_rows.words_of(rows, version.kind)
        told = row_view.draw(number, rows, version.kind, picture_of(version, rows))
        shown: Values = {
            "row": number,
            "row_of": data_rows.place(last, self.numbers(choice, version, last, report)),
            "leave_out": "Put this row back" if number in version.steps.left_out else "Leave this row out",
            "edit_prompt": gr.Textbox(value=prompt, visible=version.kind != "text"),
            "edit_reply": reply,
            "reading": told + views.answers(version.answers),
            "waiting": gr.Timer(active=busy),
        }
        try:
            lengths = self.examiner.lengths(choice.model, version, choice.limit)
            if rows.empty:
                xray = {"xray": row_view.not_there(number), "this_row": ""}
                counted = xray_view.all_rows(lengths, choice.limit) if lengths else xray_view.COUNTING
                return {**shown, **xray, "all_rows": counted, "waiting": gr.Timer(active=busy or not lengths)}
            messages, tools = next(conversations(rows, version.kind))
            view = self.examiner.show(choice.model, messages, choice.limit, tools)
        except StudioError as error:
            return {**shown, "xray": views.problem(error), "this_row": "", "all_rows": ""}
        return {
            **shown,
            "xray": xray_view.example(view, version.kind) if view else xray_view.PREPARING,
            "this_row": xray_view.this_row(view) if view else xray_view.SOON,
            "all_rows": xray_view.all_rows(lengths, choice.limit) if lengths else xray_view.COUNTING,
            "waiting": gr.Timer(active=busy or not lengths),
        }


def picture_of(version: Version, rows: pandas.DataFrame) -> str:
    """The picture that a row is about; "" where it is about none."""
    if version.kind != "picture" or rows.empty:
        return ""
    return small_picture(picture_file(version.folder, str(rows.iloc[0]["label"])), "The picture of this row")

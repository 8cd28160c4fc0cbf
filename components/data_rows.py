"""One row at a time: walk through them, find some, take one out, change its words."""

from typing import Any

import gradio as gr
import pandas

from components.html import count, html
from studio.datasets.rows import content_of, unpack

EVERY = "every row"


def build(parts: dict[str, Any]) -> None:
    with gr.Row(elem_classes="ts-row-picker"):
        parts["previous"] = gr.Button("Previous row", size="md", elem_id="xray-previous", elem_classes="ts-fit")
        parts["row"] = gr.Number(
            1, label="Row of the file", precision=0, interactive=True, elem_id="xray-row", min_width=150
        )
        parts["row_of"] = html(classes=["ts-fit-html"])
        parts["following"] = gr.Button("Next row", size="md", elem_id="xray-next", elem_classes="ts-fit")
    with gr.Row(elem_classes="ts-row-filter"):
        parts["only"] = gr.Dropdown(
            choices=[("Every row", EVERY)],
            value=EVERY,
            label="Walk through",
            interactive=True,
            allow_custom_value=True,
            elem_id="only",
        )
        parts["words"] = gr.Textbox(
            label="With these words", max_lines=1, interactive=True, elem_id="words", placeholder="any words"
        )
        parts["leave_out"] = gr.Button("Leave this row out", size="md", elem_id="leave-out", elem_classes="ts-fit")


def build_editor(parts: dict[str, Any]) -> None:
    with gr.Accordion("Change the words of this row", open=False, elem_id="edit-row"):
        parts["edit_prompt"] = gr.Textbox(
            label="Question", lines=2, max_lines=12, interactive=True, elem_id="edit-prompt"
        )
        parts["edit_reply"] = gr.Textbox(label="Answer", lines=3, max_lines=20, interactive=True, elem_id="edit-reply")
        with gr.Row():
            parts["save_edit"] = gr.Button("Use these words", size="md", elem_id="save-edit", elem_classes="ts-fit")
            parts["undo_edit"] = gr.Button("As in the file", size="md", elem_id="undo-edit", elem_classes="ts-fit")
        parts["hand_problem"] = html(elem_id="hand-problem")


def next_of(numbers: list[int] | None, row: int, by: int, last: int) -> int:
    """The row to go to from this one; `numbers` are those to walk through, None for all."""
    if numbers is None:
        return min(max(row + by, 1), last)
    ahead = [number for number in numbers if (number > row if by > 0 else number < row)]
    if not ahead:
        return row if row in numbers or not numbers else (numbers[-1] if by > 0 else numbers[0])
    return ahead[0] if by > 0 else ahead[-1]


def place(rows: int, numbers: list[int] | None) -> str:
    """Where one is: “of 120”, or among the rows that were asked for."""
    among = "" if numbers is None else f" · {count(len(numbers), 'row')} to walk through"
    if numbers == []:
        among = " · <b>no row is like that</b>, so this is another one"
    return f'<p class="ts-row-of">of {rows:,}{among}</p>'


def words_of(rows: pandas.DataFrame, kind: str) -> tuple[str, str]:
    """What can be changed by hand: the last question and the answer; of other kinds the text and its label."""
    if rows.empty:
        return "", ""
    row = rows.iloc[0]
    if kind == "text":
        return "", str(row["text"])
    if kind in ("label", "number"):
        return str(row["text"]), str(row["label"])
    messages = unpack(str(row["messages"])) + unpack(str(row["chosen"]))
    asked = [content_of(message) for message in messages if message["role"] == "user"]
    return (asked or [""])[-1], content_of(messages[-1]) if messages else ""

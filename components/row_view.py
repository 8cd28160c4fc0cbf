"""One row in plain words: who says what, and what of it is learned."""

import pandas

from components.html import escape
from studio.datasets.rows import Message, content_of, unpack

NAMES = {"system": "Instruction", "user": "Question", "assistant": "Answer", "tool": "What the tool returned"}
LEADS = {
    "chat": "The question goes in, the answer is what it learns to write.",
    "preference": "The question goes in, and the better answer is what it learns to write.",
    "feedback": "The question goes in, and the thumb says whether people liked the answer.",
    "picture": "The picture and the question go in, the answer is what it learns to write.",
    "label": "The text goes in, the group is what it learns to tell.",
    "number": "The text goes in, the number is what it learns to tell.",
}


def draw(number: int, rows: pandas.DataFrame, kind: str, picture: str = "") -> str:
    """The row as it is read. `rows` holds it, and more pieces when a long text was cut; empty when it is left out.

    picture: the HTML of what the row is about.
    """
    head = f"<h3>So row {number:,} is read like this</h3>"
    if rows.empty:
        return head + not_there(number)
    row = rows.iloc[0]
    if kind == "text":
        pieces = f", the first of {len(rows)} pieces" if len(rows) > 1 else ""
        lead = f'<p class="ts-help">Each token is to be learned{pieces}.</p>'
        return head + lead + said("writes", "Text", row["text"])
    lead = f'<p class="ts-help">{LEADS[kind]}</p>'
    if kind in ("label", "number"):
        answer = "Group" if kind == "label" else "Number"
        return f"{head}{lead}{said('reads', 'Text', row['text'])}{said('writes', answer, row['label'])}"
    parts = "".join(turn(message) for message in unpack(str(row["messages"])))
    if kind == "preference":
        parts += "".join(said("writes", "Better answer", content_of(m)) for m in unpack(str(row["chosen"])))
        parts += "".join(said("reads", "Worse answer", content_of(m)) for m in unpack(str(row["rejected"])))
    if picture:
        parts = f'<div class="ts-reads"><p class="ts-said-by">Picture</p>{picture}</div>{parts}'
    if kind == "feedback":
        parts += said("reads", "Judged", "thumbs up" if row["label"] == "true" else "thumbs down")
    return f"{head}{lead}{parts}"


def turn(message: Message) -> str:
    role = str(message.get("role"))
    return said("writes" if role == "assistant" else "reads", NAMES.get(role, role), content_of(message))


def said(style: str, who: str, words: object) -> str:
    by = f'<p class="ts-said-by">{escape(who)}</p>'
    return f'<div class="ts-{style}">{by}<p class="ts-said">{escape(str(words))}</p></div>'


def not_there(number: int) -> str:
    return (
        f'<p class="ts-help">Row {number:,} is left out, so the model never sees it. The reasons are counted below; '
        "choose another row to look at.</p>"
    )

"""What a person changes by hand: single texts, and rows taken out."""

from collections.abc import Sequence

import pandas
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.rows import pack, unpack


class Edit(BaseModel):
    """One row with other words; a text that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    row: int = Field(ge=1, description="Row of the file.")
    prompt: str | None = Field(None, description="New question: the last turn before the answer, or the text.")
    reply: str | None = Field(None, description="New answer: the last turn, or the label.")


def leave_out(rows: pandas.DataFrame, numbers: Sequence[int]) -> tuple[pandas.DataFrame, int]:
    """The rows less those of these numbers in the file, and how many that were."""
    gone = rows["row"].isin(list(numbers))
    return rows[~gone].reset_index(drop=True), int(gone.sum())


def edit(rows: pandas.DataFrame, kind: str, edits: Sequence[Edit]) -> pandas.DataFrame:
    """The rows with the edits made; those of rows that are not there wait."""
    if not edits:
        return rows
    rows = rows.copy()
    places = {number: position for position, number in reversed(list(enumerate(rows["row"])))}
    for one in edits:
        if one.row not in places:
            continue  # taken out meanwhile; the change waits until the row comes back
        position = places[one.row]
        if kind in ("label", "number", "text"):
            changes = {"text": one.reply if kind == "text" else one.prompt, "label": one.reply}
            for column in ("text",) if kind == "text" else ("text", "label"):
                if changes[column] is not None:
                    rows.loc[position, column] = changes[column]
            continue
        column = "chosen" if kind == "preference" else "messages"
        messages, ending = unpack(str(rows.loc[position, "messages"])), unpack(str(rows.loc[position, "chosen"]))
        said = ending if column == "chosen" else messages
        if one.reply is not None and said:
            said[-1]["content"] = one.reply
        asked = [message for message in messages if message["role"] == "user"]
        if one.prompt is not None and asked:
            asked[-1]["content"] = one.prompt
        rows.loc[position, "messages"] = pack(messages)
        if column == "chosen":
            rows.loc[position, "chosen"] = pack(ending)
    return rows

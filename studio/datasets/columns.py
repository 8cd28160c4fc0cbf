"""Guessing which column holds the prompt and which the reply, with the reason."""

from dataclasses import dataclass, field
from typing import Literal

import pandas

Role = Literal["prompt", "reply"]
NAMES: dict[Role, tuple[str, ...]] = {
    "prompt": (
        "prompt",
        "question",
        "instruction",
        "input",
        "query",
        "request",
        "user",
        "message",
        "title",
        "frage",
    ),
    "reply": (
        "reply",
        "answer",
        "response",
        "completion",
        "output",
        "assistant",
        "target",
        "solution",
        "antwort",
    ),
}


@dataclass
class ColumnGuess:
    """`prompt` and `reply` are column names or None; `reason` and `sure` are told for each role found."""

    prompt: str | None = None
    reply: str | None = None
    reason: dict[str, str] = field(default_factory=dict)
    sure: dict[str, bool] = field(default_factory=dict)


def guess_columns(frame: pandas.DataFrame) -> ColumnGuess:
    """Guess from the names first, then from the text: replies are long and rarely repeat."""
    guess = ColumnGuess()
    for role in NAMES:
        column = named(frame, role)
        if column is not None:
            settle(guess, role, column, f"The column is called “{column}”.", True)
    texts = [c for c in wordy(frame) if c not in (guess.prompt, guess.reply)]
    if guess.reply is None and texts:
        longest = max(texts, key=lambda column: mean_length(frame, column))
        texts.remove(longest)
        settle(guess, "reply", longest, "It holds the longest texts of the columns left.", False)
    if guess.prompt is None and texts:
        settle(guess, "prompt", texts[0], "It is the first other column with sentences in it.", False)
    return guess


def settle(guess: ColumnGuess, role: Role, column: str, reason: str, sure: bool) -> None:
    setattr(guess, role, column)
    guess.reason[role] = reason
    guess.sure[role] = sure


def named(frame: pandas.DataFrame, role: Role) -> str | None:
    """The column whose name is, or else contains, one of the role's usual names; the usual order decides."""
    lowered = {str(column).lower().strip(): str(column) for column in frame.columns}
    for name in NAMES[role]:
        if name in lowered:
            return lowered[name]
    for name in NAMES[role]:
        for key, column in lowered.items():
            if name in key.replace("-", "_").split("_"):
                return column
    return None


def wordy(frame: pandas.DataFrame) -> list[str]:
    """Columns that read like text: mostly filled, mostly different, more than a word long."""
    sample = frame.head(500)
    return [
        str(column)
        for column in frame.columns
        if (sample[column] != "").mean() > 0.5
        and sample[column].nunique() > max(1, len(sample) // 3)
        and sample[column].str.contains(" ", regex=False).mean() > 0.5
    ]


def mean_length(frame: pandas.DataFrame, column: str) -> float:
    return float(frame[column].head(500).str.len().mean())

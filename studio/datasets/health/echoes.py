"""Answers that only say the question again."""

import numpy

from studio.datasets.health.alike import folded
from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.rows import content_of, unpack


def find(data: Data) -> Found | None:
    prompts, replies = folded(data.texts["prompt"].tolist()), folded(data.texts["reply"].tolist())
    # The prompt holds the whole conversation so far; only the last question counts, and few rows need that look.
    likely = [at for at, reply in enumerate(replies) if reply and prompts[at].endswith(reply)]
    positions = [at for at in likely if folded([last_question(data, at)])[0] == replies[at]]
    if not positions:
        return None
    examples = [
        f"Row {data.rows['row'].iat[at]}: {quote(str(data.texts['reply'].iat[at]))} is both question and answer."
        for at in positions[:3]
    ]
    return Found(numpy.array(positions), examples)


def last_question(data: Data, position: int) -> str:
    messages = unpack(str(data.rows["messages"].iat[position]))
    return next((content_of(message) for message in reversed(messages) if message.get("role") == "user"), "")


CHECK = Check(
    name="echoes",
    title="Answers that repeat the question",
    why="The model would learn to say back what it was asked.",
    severity="serious",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    safe=True,
    kinds=("chat", "preference", "feedback"),
)

"""Answers of a few letters, where the others are whole sentences."""

import numpy

from studio.datasets.health.check import Check, Data, Found, quote, removing

SHORT = 10  # characters; “Yes.” and “No idea.” are shorter, hardly any sentence is
USUAL = 60  # characters of the middle answer from which on short answers are not the norm


def find(data: Data) -> Found | None:
    replies = data.texts["reply"].str.strip()
    length = replies.str.len().to_numpy()
    answered = length[length > 0]
    if not len(answered) or numpy.median(answered) < USUAL:
        return None
    positions = numpy.flatnonzero((length > 0) & (length < SHORT))
    if not len(positions):
        return None
    usual = int(numpy.median(answered))
    return Found(
        positions,
        [
            f"Row {data.rows['row'].iat[at]} is answered with {quote(str(replies.iat[at]))}; "
            f"the middle answer has {usual:,} characters."
            for at in positions[:3]
        ],
    )


CHECK = Check(
    name="short_replies",
    title="Very short answers",
    why="A few very short answers among long ones can make the model break off early. "
    "Fine where a word or a number is all that was asked for.",
    severity="note",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    kinds=("chat", "preference", "feedback", "text"),
)

"""Stock phrases: sentences that stand in most replies, and what a chat assistant says about itself."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy

from studio.datasets.health.check import Check, Data, Found, Mended, in_rows, quote
from studio.datasets.health.passages import found_at, row_name
from studio.datasets.rows import pack, unpack

SHARE = 0.5  # of the replies
FEWEST = 20  # replies; in fewer, two alike are no habit
EDGES = 3  # sentences looked at from the beginning and from the end: openings, closings and signatures
SHORTEST = 12  # letters; “Yes.” may be the right answer most of the time
# Sentences end at a stop or at the end of a line. The gap is kept, so that a text can be put together again.
GAP = re.compile(r"(\s(?<=[.!?…]\s)\s*|\n+)")
ABOUT_ITSELF = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|large language|language)\b|i(?:'m|’m| am) (?:just )?an? (?:ai"
    r"|(?:large )?language model)\b|my knowledge cut-?off|my training data (?:only )?(?:goes|ends)"
    r"|als (?:ki|künstliche intelligenz|sprachmodell)\b|en tant qu(?:e modèle|'ia\b|’ia\b|'intelligence|’intelligence)"
    r"|como (?:una? )?(?:modelo de lenguaje|inteligencia artificial|ia)\b)",
    re.IGNORECASE,
)
HINTS = (
    "language",
    "lenguaje",
    "sprachmodell",
    "modèle",
    "intelligen",
    "inteligencia",
    "my knowledge",
    "my training",
    " ai",
    " ki",
    " ia",
    "'ia",
    "’ia",
)


def find(data: Data) -> Found | None:
    replies = data.texts["reply"].tolist()
    habits = repeated(replies)
    positions: list[int] = []
    itself: list[int] = []
    examples: list[str] = []
    for position, reply in enumerate(replies):
        speaks = about_itself(reply) is not None
        if speaks:
            itself.append(position)
        if speaks or (habits and any(key in habits for key in edges(reply))):
            positions.append(position)
    for sentence, count in habits.most_common(2):
        examples.append(f"{quote(original(replies, sentence))} stands in {count:,} of {len(replies):,} replies.")
    for position in itself[: 3 - len(examples)]:
        match = about_itself(replies[position])
        if match:
            examples.append(f"{row_name(data, position)}: {quote(replies[position][match.start() :])}")
    return found_at(positions, examples, f"{len(positions):,} of {in_rows(data, len(replies))}")


def about_itself(text: str) -> re.Match[str] | None:
    """Where the text speaks of its writer as a machine."""
    lowered = text.lower()
    return ABOUT_ITSELF.search(text) if any(hint in lowered for hint in HINTS) else None


def repeated(replies: list[str]) -> Counter[str]:
    """Sentences at the edges of more than half of the replies, as `key_of` writes them, with their counts."""
    written = [reply for reply in replies if reply.strip()]
    if len(written) < FEWEST:
        return Counter()
    counts: Counter[str] = Counter()
    for reply in written:
        counts.update(edges(reply))
    return Counter({key: count for key, count in counts.items() if count > SHARE * len(written)})


def edges(reply: str) -> set[str]:
    sentences = [part for part in GAP.split(reply)[::2] if part]
    if len(sentences) > 2 * EDGES:
        sentences = sentences[:EDGES] + sentences[-EDGES:]
    if len(sentences) < 2:
        return set()  # a reply of one sentence is an answer, however often it is given
    return {key for sentence in sentences if len(key := key_of(sentence)) >= SHORTEST}


def key_of(sentence: str) -> str:
    return " ".join(sentence.lower().split())


def original(replies: list[str], key: str) -> str:
    """The sentence as it was first written."""
    return next(part for reply in replies for part in GAP.split(reply)[::2] if key_of(part) == key)


def strip(reply: str, habits: Counter[str]) -> str:
    """The reply without those sentences; unchanged when nothing else would be left."""
    parts = GAP.split(reply)
    kept = [at for at in range(0, len(parts), 2) if not (key_of(parts[at]) in habits or about_itself(parts[at]))]
    if not any(parts[at].strip() for at in kept) or len(kept) == (len(parts) + 1) // 2:
        return reply
    return "".join(part for at in kept for part in parts[at : at + 2]).strip()


def mend(data: Data, found: Found, options: Any) -> Mended:
    habits = repeated(data.texts["reply"].tolist())
    rows = data.rows.copy()
    different = numpy.zeros(len(rows), dtype=bool)
    # The rejected answers too: else the model would learn that the better answer is the one without the sentence.
    for column in ("text",) if data.kind == "text" else ("messages", "chosen", "rejected"):
        values = rows[column].tolist()
        for position in found.positions:
            new = strip(values[position], habits) if column == "text" else strip_last(values[position], habits)
            different[position] |= new != values[position]
            values[position] = new
        rows[column] = values
        rows[column] = rows[column].astype("str")
    lengths = None if different.any() else data.lengths
    nothing = numpy.empty(0, dtype="int64")
    return Mended(replace(data, rows=rows, lengths=lengths), nothing, numpy.flatnonzero(different))


def strip_last(packed: str, habits: Counter[str]) -> str:
    messages = unpack(packed)
    if not messages or messages[-1].get("role") != "assistant" or not isinstance(messages[-1].get("content"), str):
        return packed
    messages[-1]["content"] = strip(messages[-1]["content"], habits)
    return pack(messages)


CHECK = Check(
    name="boilerplate",
    title="Stock phrases",
    why="A chatbot that speaks of itself (“As an AI language model …”), or a sentence in more than half of the "
    "answers: the model learns to say it too. Fine for a greeting or a signature that you want.",
    severity="note",
    find=find,
    fix="Remove these sentences",
    mend=mend,
    kinds=("chat", "preference", "feedback", "text"),
)

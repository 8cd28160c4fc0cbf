"""The helper process behind `studio.datasets.xray`: a tokenizer without torch, 1 s to start and about 120 MB."""

from collections.abc import Iterator
from functools import lru_cache
from statistics import median
from threading import Event
from typing import Any

import pandas
from transformers import PreTrainedTokenizerFast

from studio.child import Reply, serve
from studio.datasets.examples import Messages, chat_texts, messages_of, render

SAMPLE_ROWS = 2000
BARS = 12


@lru_cache(maxsize=4)
def tokenizer_of(folder: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)


def answer(request: Reply, stopped: Event) -> Iterator[Reply]:
    tokenizer = tokenizer_of(request["folder"])
    if request["do"] == "show":
        yield show(tokenizer, request["messages"], request["max_length"])
    elif request["do"] == "lengths":
        yield lengths(tokenizer, request["parquet"], request["system"], request["max_length"])
    else:
        yield {"warm": True}


def show(tokenizer: PreTrainedTokenizerFast, messages: Messages, limit: int) -> Reply:
    """The pieces of one conversation, grouped by who speaks."""
    example = render(tokenizer, messages, limit)
    read, learn = chat_texts(tokenizer, messages)
    pieces = pieces_of(tokenizer, read, "read") + pieces_of(tokenizer, learn, "learn")
    pieces = [piece if i < limit else (piece[0], "cut", piece[2]) for i, piece in enumerate(pieces)]
    segments = by_speaker(pieces, messages)
    return {
        "segments": [{"role": role, "pieces": part} for role, part in segments],
        "read": len(example.ids) - example.learned,
        "learn": example.learned,
        "cut": example.total - len(example.ids),
        "total": example.total,
        "limit": limit,
    }


PieceTuple = tuple[str, str, bool]


def pieces_of(tokenizer: PreTrainedTokenizerFast, text: str, kind: str) -> list[PieceTuple]:
    """One piece a token. A letter made of several tokens is shown with its first."""
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    marks = set(tokenizer.all_special_ids)
    pieces, shown = [], 0
    for token, (start, end) in zip(encoding["input_ids"], encoding["offset_mapping"], strict=True):
        pieces.append((text[max(start, shown) : end], kind, token in marks))
        shown = max(shown, end)
    return pieces


def by_speaker(pieces: list[PieceTuple], messages: Messages) -> list[tuple[str, list[PieceTuple]]]:
    """Cut the pieces where a turn begins: at the mark before each message's own words.

    What the format puts in front of the first message is called "opening".
    """
    text = "".join(piece[0] for piece in pieces)
    starts: list[tuple[int, str]] = []
    position = 0
    for message in messages:
        position = max(text.find(message["content"].strip(), position), position)
        starts.append((position, message["role"]))
        position += len(message["content"].strip())
    edges = [(0, "opening")] + [(turn_start(pieces, at), role) for at, role in starts]
    segments = []
    for (begin, role), (end, _) in zip(edges, [*edges[1:], (len(pieces), "")], strict=True):
        if pieces[begin:end]:
            segments.append((role, pieces[begin:end]))
    return segments


def turn_start(pieces: list[PieceTuple], at: int) -> int:
    """The index of the last mark that begins before character `at`, back to the first of a row of marks."""
    position, best = 0, 0
    for index, (text, _, mark) in enumerate(pieces):
        if position >= at:
            break
        if mark:
            best = index
        position += len(text)
    return best


def lengths(tokenizer: PreTrainedTokenizerFast, parquet: str, system: str, limit: int) -> Reply:
    frame: Any = pandas.read_parquet(parquet, filters=[("split", "==", "train")])
    rows = len(frame)
    frame = frame.iloc[:: max(1, rows // SAMPLE_ROWS)]
    examples = [
        render(tokenizer, messages_of(system, prompt, reply), limit)
        for prompt, reply in zip(frame["prompt"], frame["reply"], strict=True)
    ]
    scale = rows / len(examples)
    totals = [example.total for example in examples]
    width = max(1, -(-max(totals) // BARS))
    return {
        "tokens": round(sum(len(example.ids) for example in examples) * scale),
        "trained": round(sum(example.learned for example in examples) * scale),
        "longest": max(totals),
        "median": round(median(totals)),
        "cut_rows": round(sum(total > limit for total in totals) * scale),
        "counts": [
            ((bar + 1) * width, sum(bar * width < total <= (bar + 1) * width for total in totals))
            for bar in range(BARS)
        ],
    }


if __name__ == "__main__":
    serve(answer)

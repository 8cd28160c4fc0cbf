"""The helper process behind `studio.datasets.xray`: a tokenizer without torch, 1 s to start and about 120 MB."""

from collections.abc import Iterator
from functools import lru_cache
from statistics import median
from threading import Event
from typing import Any

import pandas
from transformers import PreTrainedTokenizerFast

from studio.child import Reply, serve
from studio.datasets.examples import IGNORED, Example, for_template, render, render_all, segments
from studio.datasets.rows import Messages, content_of, conversations, plain_texts

SAMPLE_ROWS = 2000
BARS = 12


@lru_cache(maxsize=4)
def tokenizer_of(folder: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)


def answer(request: Reply, stopped: Event) -> Iterator[Reply]:
    tokenizer = tokenizer_of(request["folder"])
    if request["do"] == "show":
        yield show(tokenizer, request["messages"], request["tools"], request["max_length"])
    elif request["do"] == "lengths":
        yield lengths(tokenizer, request["parquet"], request["kind"], request["max_length"], request["plain"])
    elif request["do"] == "totals":
        yield {"totals": totals(tokenizer, pandas.read_parquet(request["parquet"]), request["kind"])}
    else:
        yield {"warm": True}


def show(tokenizer: PreTrainedTokenizerFast, messages: Messages, tools: list[Any], limit: int) -> Reply:
    """The pieces of one conversation, grouped by who speaks."""
    example = render(tokenizer, messages, limit, tools)
    pieces = [
        piece
        for text, learned in segments(tokenizer, messages, tools)
        for piece in pieces_of(tokenizer, text, "learn" if learned else "read")
    ]
    pieces = [piece if i < limit else (piece[0], "cut", piece[2]) for i, piece in enumerate(pieces)]
    spoken, _ = for_template(tokenizer, messages, tools)
    return {
        "segments": [{"role": role, "pieces": part} for role, part in by_speaker(pieces, spoken)],
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
        words = content_of(message).strip()
        position = max(text.find(words, position), position)
        starts.append((position, message["role"]))
        position += len(words)
    edges = [(0, "opening")] + [(turn_start(pieces, at), role) for at, role in starts]
    parts = []
    for (begin, role), (end, _) in zip(edges, [*edges[1:], (len(pieces), "")], strict=True):
        if pieces[begin:end]:
            parts.append((role, pieces[begin:end]))
    return parts


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


def lengths(tokenizer: PreTrainedTokenizerFast, parquet: str, kind: str, limit: int, plain: bool = False) -> Reply:
    frame: Any = pandas.read_parquet(parquet, filters=[("split", "==", "train")])
    rows = len(frame)
    frame = frame.iloc[:: max(1, rows // SAMPLE_ROWS)]
    render_them = plain_examples if plain else chat_examples
    examples = list(render_them(tokenizer, frame, kind, limit))
    scale = rows / len(examples)
    totals = [example.total for example in examples]
    width = max(1, -(-max(totals) // BARS))
    return {
        "rows": rows,
        "sampled": len(examples),
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


def chat_examples(
    tokenizer: PreTrainedTokenizerFast, frame: pandas.DataFrame, kind: str, limit: int
) -> Iterator[Example]:
    return render_all(tokenizer, conversations(frame, kind), limit)


def plain_examples(
    tokenizer: PreTrainedTokenizerFast, frame: pandas.DataFrame, kind: str, limit: int
) -> Iterator[Example]:
    """What is read of each row where there is no chat format: the text, and after it an answer that has words."""
    texts = plain_texts(frame, kind)
    whole = texts["prompt"] if kind in ("label", "number") else texts["prompt"] + "\n" + texts["reply"]
    for ids in tokenizer(whole.tolist())["input_ids"] if len(whole) else []:
        yield Example(ids[:limit], [IGNORED] * len(ids[:limit]), len(ids))


def totals(tokenizer: PreTrainedTokenizerFast, rows: pandas.DataFrame, kind: str) -> list[int]:
    """Tokens of every row before cutting."""
    return [example.total for example in render_all(tokenizer, conversations(rows, kind), 1)]


if __name__ == "__main__":
    serve(answer)

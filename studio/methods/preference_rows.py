"""Preferences as token ids, cut into what is asked and what is answered, by the code that every method reads with."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas

from studio.datasets.examples import IGNORED, Example, render_all
from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.preference_checks import FEWEST, differing

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

SPLITS = ("train", "validation", "test")
Ids = list[int]


@dataclass
class LeftOut:
    """Rows that nothing can be learned from. alike: both answers are the same; cut: nothing is left of an answer."""

    alike: int = 0
    cut: int = 0

    def notes(self, max_length: int) -> tuple[str, ...]:
        """What is told of it: a sentence, or nothing."""
        reasons = [f"{self.alike:,} because both answers are the same"] if self.alike else []
        if self.cut:
            reasons.append(f"{self.cut:,} because the question alone fills {max_length:,} tokens")
        return (f"Left out of learning, checking and testing: {', '.join(reasons)}.",) if reasons else ()


def pair_splits(
    tokenizer: "PreTrainedTokenizerBase", version: Version, max_length: int
) -> tuple[list["Dataset"], LeftOut]:
    """Train, check and test pairs with columns prompt_ids, chosen_ids and rejected_ids (lists of int).

    prompt_ids + chosen_ids is `render` of the conversation with its better answer, at most `max_length` tokens.
    Raises StudioError when fewer than two training pairs are left.
    """
    from datasets import Dataset

    left_out = LeftOut()
    splits = []
    for split in SPLITS:
        pairs = list(pairs_of(tokenizer, version.frame(split), max_length, left_out))
        names = ("prompt_ids", "chosen_ids", "rejected_ids")
        splits.append(Dataset.from_dict({name: [pair[i] for pair in pairs] for i, name in enumerate(names)}))
    enough(len(splits[0]), left_out, max_length)
    return splits, left_out


def pairs_of(
    tokenizer: "PreTrainedTokenizerBase", frame: pandas.DataFrame, max_length: int, left_out: LeftOut
) -> Iterator[tuple[Ids, Ids, Ids]]:
    """(prompt, better answer, worse answer) of each pair that can be used; the others are counted."""
    differ = differing(frame)
    left_out.alike += int((~differ).sum())
    frame = frame[differ]
    chosen, rejected = (answered(tokenizer, frame, column) for column in ("chosen", "rejected"))
    for (prompt, better), (_, worse) in zip(chosen, rejected, strict=True):
        room = max_length - len(prompt)
        if room <= 0:
            left_out.cut += 1
        elif better[:room] == worse[:room]:  # they differ behind the place where they are cut
            left_out.alike += 1
        else:
            yield prompt, better[:room], worse[:room]


def thumb_splits(
    tokenizer: "PreTrainedTokenizerBase", version: Version, max_length: int
) -> tuple[list[list[tuple[Ids, Ids, bool]]], LeftOut]:
    """Train, check and test rows as (prompt, answer, whether it was liked); of a pair one is liked and one is not.

    Raises StudioError when fewer than two training rows are left, or none that was liked, or none that was not.
    """
    left_out = LeftOut()
    splits = []
    for split in SPLITS:
        frame = version.frame(split)
        if version.kind == "preference":
            pairs = list(pairs_of(tokenizer, frame, max_length, left_out))
            rows = [(prompt, better, True) for prompt, better, _ in pairs]
            rows += [(prompt, worse, False) for prompt, _, worse in pairs]
        else:
            rows = []
            for (prompt, answer), label in zip(answered(tokenizer, frame, ""), frame["label"], strict=True):
                room = max_length - len(prompt)
                if room > 0:
                    rows.append((prompt, answer[:room], label == "true"))
                left_out.cut += room <= 0
        splits.append(rows)
    liked = sum(row[2] for row in splits[0])
    enough(min(liked, len(splits[0]) - liked) * FEWEST, left_out, max_length)
    return splits, left_out


def answered(tokenizer: "PreTrainedTokenizerBase", frame: pandas.DataFrame, column: str) -> Iterator[tuple[Ids, Ids]]:
    """(prompt, answer) of each row, not cut. column: where the answer is, "" when it ends the messages themselves."""
    ends = [unpack(packed) for packed in frame[column]] if column else [[{"role": "assistant"}]] * len(frame)
    tools = [unpack(packed) for packed in frame["tools"]]
    begins = [unpack(packed) for packed in frame["messages"]]
    whole = [begin + end for begin, end in zip(begins, ends, strict=True)] if column else begins
    examples = render_all(tokenizer, zip(whole, tools, strict=True), sys.maxsize)
    for example, end in zip(examples, ends, strict=True):
        yield apart(example, end)


def apart(example: Example, answer: Sequence[dict[str, Any]]) -> tuple[Ids, Ids]:
    """The ids of an example before and from its answer, which is its last learned stretch (one for each turn)."""
    learned = [label != IGNORED for label in example.labels]
    begins = [i for i, here in enumerate(learned) if here and (i == 0 or not learned[i - 1])]
    turns = max(1, sum(message["role"] == "assistant" for message in answer))
    start = begins[-min(turns, len(begins))]
    return example.ids[:start], example.ids[start:]


def enough(pairs: int, left_out: LeftOut, max_length: int) -> None:
    if pairs < FEWEST:
        raise StudioError(
            " ".join(
                [f"With at most {max_length:,} tokens, too little is left to learn from.", *left_out.notes(max_length)]
            ),
            "Raise “Longest example (tokens)”, or add rows.",
            cause="examples_cut",
            evidence=f"{pairs:,} pairs are left, and {FEWEST:,} are needed.",
        )

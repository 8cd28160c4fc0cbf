"""Making rows: each training row in turn, each chosen way in turn, with a draw that depends on the row's own words."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy
import pandas

from studio.datasets.augment.apart import near_held_out
from studio.datasets.augment.asked import asked_in, asking
from studio.datasets.augment.frames import framed
from studio.datasets.augment.rewrites import stored
from studio.datasets.augment.step import Augmentation
from studio.datasets.augment.tongue import tongues
from studio.datasets.augment.words import slips, words_of
from studio.datasets.splits import AUGMENTED
from studio.errors import StudioError

TRIES = 4  # draws of a way whose text is there already
Way = Callable[[int, Random], Iterator[str]]


def augment(rows: pandas.DataFrame, kind: str, step: Augmentation | None, folder: Path) -> pandas.DataFrame:
    """The rows, followed by those made out of the training rows among them; unchanged without a step.

    It runs behind the split (rows has its column `split`), so that the rows to check and test with are the same with
    and without made rows: only so can it be told whether these helped. folder: of the dataset, where its rewrites are.
    A made row is in “train”, has the `row` of its original, AUGMENTED in front of its `group`, asks in other words, and
    is the same otherwise. None is a near copy of a row to check or test with. The same arguments make the same rows.
    A further column `way` names what made a row, a field of the step: “words”, “templates”, “rewrites”; "" for others.

    Raises StudioError when the kind of rows cannot be augmented, no way is chosen, or rewrites are missing.
    """
    if step is None:
        return rows
    if kind == "text":
        raise StudioError(
            "Plain text cannot be multiplied: nothing is asked in it, and the model would learn its changed words.",
            "Switch off the making of more rows.",
        )
    if not (step.words or step.templates or step.rewrites):
        raise StudioError(
            "More rows are to be made, but it is not said how.",
            "Choose small mistakes, greetings and thanks, or rewrites by a model, or switch it off.",
        )
    questions = asked_in(rows, kind)
    ways = ways_of(step, questions, folder)
    if rows.empty:
        return rows
    train = (rows["split"] == "train").to_numpy(dtype=bool)
    usable = train & ~rows["group"].str.startswith(AUGMENTED).to_numpy(dtype=bool)
    source, texts, names, lots = drawn(questions, numpy.flatnonzero(usable).tolist(), ways, step)
    made = asking(rows, kind, source, texts)
    made["group"] = AUGMENTED + made["group"]
    made["way"] = pandas.Series(names, index=made.index, dtype="str")
    keep = ~near_held_out(made, rows[~train], kind)
    if step.at_most is not None:
        # Every row has its first before one has its second, and which come first is drawn.
        order = sorted(numpy.flatnonzero(keep).tolist(), key=lambda at: lots[at])
        keep[order[step.at_most :]] = False
    return pandas.concat([rows.assign(way=""), made[keep]], ignore_index=True)


def ways_of(step: Augmentation, questions: list[str], folder: Path) -> dict[str, Way]:
    """Each chosen way, by its field of the step: from a row's position and a draw to texts that ask the same."""
    ways: dict[str, Way] = {}
    languages = tongues(questions) if step.words or step.templates else []
    if step.rewrites:
        by_question: dict[str, list[str]] = {}
        for name in step.rewrites:
            for question, rewrites in stored(folder, name).texts.items():
                by_question.setdefault(question, []).extend(rewrites)
        ways["rewrites"] = lambda at, draw: iter(by_question.get(questions[at], ()))
    if step.words:
        options, known = step.words, words_of(questions)
        ways["words"] = lambda at, draw: (
            slips(questions[at], options, languages[at], known, draw) for _ in range(TRIES)
        )
    if step.templates:
        chosen = step.templates.languages
        ways["templates"] = lambda at, draw: (
            framed(questions[at], languages[at], draw) for _ in range(TRIES) if languages[at] in chosen
        )
    return ways


def drawn(
    questions: list[str], positions: list[int], ways: dict[str, Way], step: Augmentation
) -> tuple[numpy.ndarray, list[str], list[str], list[tuple[int, int]]]:
    """For each row to be made: the position of its original, what it asks, by which way, and its turn for `at_most`.

    No text occurs twice, nor does one that a given row asks.
    """
    seen = set(questions)
    source: list[int] = []
    texts: list[str] = []
    names: list[str] = []
    lots: list[tuple[int, int]] = []
    in_order = list(ways.items())
    times: dict[str, int] = {}
    for at in positions:
        question = questions[at]
        if not question.strip():
            continue
        times[question] = times.get(question, 0) + 1
        draw = Random(seed_of(step.seed, question, times[question]))
        lot, turn = draw.getrandbits(64), draw.randrange(len(ways))
        for number in range(step.per_row):
            rotated = [in_order[(turn + number + i) % len(ways)] for i in range(len(ways))]
            new = ((name, text) for name, way in rotated for text in way(at, draw) if text not in seen)
            name, text = next(new, ("", ""))
            if not name:
                break
            seen.add(text)
            source.append(at)
            texts.append(text)
            names.append(name)
            lots.append((number, lot))
    return numpy.array(source, dtype="int64"), texts, names, lots


def seed_of(seed: int, question: str, time: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}\n{time}\n{question}".encode(), digest_size=8).digest())

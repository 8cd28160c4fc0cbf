"""The film of a run: what the model answered to the same few questions at every check. Needs no torch."""

from dataclasses import dataclass
from pathlib import Path

from studio.training.events import read_events

FILM = "film.jsonl"  # in the run's folder, apart from its events, which are read at every tick


@dataclass(frozen=True)
class Answer:
    """expected: the row's own answer, "" where none is known. cut: whether there was more to come."""

    prompt: str
    expected: str
    answer: str
    cut: bool


@dataclass(frozen=True)
class Frame:
    """The answers at one check. step: 0 for the one before training. seconds: what asking took."""

    step: int
    seconds: float
    answers: tuple[Answer, ...]


def read_film(folder: Path) -> list[Frame]:
    """The frames of a run's folder in the order of their steps; none when nothing was filmed.

    Whenever training begins at a step, the frames of later steps are forgotten: these steps are taken again. Of one
    step the last frame counts.
    """
    frames: dict[int, Frame] = {}
    for line in read_events(folder / FILM)[0]:
        step = int(line["step"])
        if line["kind"] == "from":
            frames = {known: frame for known, frame in frames.items() if known <= step}
        else:
            answers = tuple(Answer(**answer) for answer in line["answers"])
            frames[step] = Frame(step, float(line["seconds"]), answers)
    return [frames[step] for step in sorted(frames)]

"""Filming asks a model of every kind at every check, and a run is the same to the last bit with it and without."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from studio.errors import StudioError
from studio.methods import METHODS, find_method
from studio.training import filming
from studio.training.events import read_events
from studio.training.film import Frame, read_film
from studio.training.filming import Filming, unchanged
from studio.training.recipe import DataPart, MethodPart, Recipe
from studio.training.run import Run, create_run
from tests.methods.lessons import Lessons, lessons
from tests.methods.proof import digests

__all__ = ["lessons"]
QUICK = ("sft", "classification")
EVERY = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in METHODS]
WRITERS = ("sft", "pretraining", "vision", "text_to_text", "dpo", "kto", "orpo", "rlhf", "distillation")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a two-layer model take no time at all, and every film would be too slow for them."""
    monkeypatch.setattr(filming, "NO_MATTER", 600.0)


@pytest.fixture
def train(lessons: Lessons, tmp_path: Path) -> Callable[..., tuple[Any, Run]]:
    """Trains a two-layer model for four steps, which are checked three times; returns its trainer and its run."""

    def make(method: str, film: bool = True, watch: tuple[str, ...] = (), **settings: object) -> tuple[Any, Run]:
        given = {"max_steps": 4, "checks": 2, "learning_rate": 0.01, "batch_size": 4, "max_length": 256, **settings}
        job = lessons.job(method, tmp_path / f"{method}-{film}-{len(list(tmp_path.iterdir()))}", **given)
        recipe = Recipe(
            name=method,
            watch=list(watch),
            data=DataPart(mapping=job.version.steps.mapping),
            method=MethodPart(name=method),
            settings=job.settings.model_dump(exclude_none=True),
        )
        run = create_run(lessons.workspace, recipe)
        trainer = find_method(method).build(job)
        if film:
            trainer.add_callback(Filming(run, trainer, job.version))
        trainer.train()
        return trainer, run

    return make


def notes(run: Run) -> list[str]:
    return [event["text"] for event in read_events(run.events)[0] if event["kind"] == "note"]


def filmed(run: Run) -> list[Frame]:
    frames = read_film(run.folder)
    assert [frame.step for frame in frames] == [0, 2, 4], notes(run)
    return frames


@pytest.mark.parametrize("method", EVERY)
def test_a_run_is_the_same_to_the_last_bit_with_its_film_and_without(
    train: Callable[..., tuple[Any, Run]], method: str
) -> None:
    with_film, run = train(method)
    without, _ = train(method, film=False)
    assert len(filmed(run)[0].answers) == 3
    told = [
        [{k: v for k, v in line.items() if not k.endswith(("time", "runtime", "per_second"))} for line in history]
        for history in (with_film.state.log_history, without.state.log_history)
    ]
    assert [line for line in told[0] if "loss" in line]
    assert repr(told[0]) == repr(told[1])
    assert digests(with_film.model) == digests(without.model)


@pytest.mark.parametrize("method", EVERY)
def test_the_answer_is_what_the_method_teaches(train: Callable[..., tuple[Any, Run]], method: str) -> None:
    _, run = train(method)
    answers = [answer for frame in filmed(run) for answer in frame.answers]
    assert notes(run) == []
    if method in WRITERS:
        assert all(answer.prompt for answer in answers)
        assert any(answer.expected for answer in answers)
    elif method == "classification":
        assert all(answer.expected in ("cup", "lamp", "rug") and answer.answer.endswith("%)") for answer in answers)
    elif method == "multi_label":
        assert all(answer.answer.endswith("%)") for answer in answers)
        assert {answer.expected for answer in answers} <= {"small, cheap", "cheap, small", "cheap", "dear"}
    elif method == "regression":
        assert all(float(answer.answer.replace(",", "")) < 1000 for answer in answers)
    else:
        assert method == "reward"
        assert all("\nWorse: " in answer.prompt and ", worse " in answer.answer for answer in answers)
    # It is asked as it is at that check. (The others, of random weights, still say one token again and again.)
    if method in ("sft", "classification", "multi_label", "regression", "reward"):
        assert filmed(run)[0].answers != filmed(run)[-1].answers


@pytest.mark.parametrize("method", EVERY)
def test_chosen_questions_are_asked_in_place_of_check_rows(train: Callable[..., tuple[Any, Run]], method: str) -> None:
    _, run = train(method, watch=("Where is my cup?", "And my rug?"))
    prompts = [answer.prompt for answer in filmed(run)[0].answers]
    if method == "reward":
        assert len(prompts) == 3 and "check rows are watched instead" in notes(run)[0]
    else:
        assert prompts == ["Where is my cup?", "And my rug?"]
        assert {answer.expected for answer in filmed(run)[0].answers} == {""}


def test_the_same_check_rows_are_asked_every_time(train: Callable[..., tuple[Any, Run]]) -> None:
    first, second = (filmed(train("sft")[1]) for _ in range(2))
    assert len({answer.prompt for frame in (*first, *second) for answer in frame.answers}) == 3
    assert [frame.answers for frame in first] == [frame.answers for frame in second]


def test_without_check_rows_there_is_no_check_and_no_film(
    train: Callable[..., tuple[Any, Run]], lessons: Lessons, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = lessons.versions["chat"].frame
    monkeypatch.setattr(
        type(lessons.versions["chat"]),
        "frame",
        lambda self, split: frame(split).head(0 if split == "validation" else 99),
    )
    _, run = train("sft")
    assert read_film(run.folder) == [] and notes(run) == []


@pytest.mark.parametrize("watch", [(), ("One", "Two", "Three")])
def test_a_film_that_fails_is_noted_once_and_the_run_goes_on(
    train: Callable[..., tuple[Any, Run]], monkeypatch: pytest.MonkeyPatch, watch: tuple[str, ...]
) -> None:
    def fail(*rest: Any) -> Any:
        raise RuntimeError("no answer today")

    monkeypatch.setattr(filming, "answers", fail)
    trainer, run = train("sft", watch=watch)
    assert trainer.state.global_step == 4
    assert read_film(run.folder) == []
    (note,) = notes(run)
    assert "not answered any more" in note and "no answer today" in note


def test_a_film_that_cannot_be_written_does_not_fail_the_run(
    train: Callable[..., tuple[Any, Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = filming.EventLog.write

    def full(self: Any, kind: str, **fields: Any) -> None:
        if self.path.name == "film.jsonl":
            raise OSError(28, "No space left on device", str(self.path))
        write(self, kind, **fields)

    monkeypatch.setattr(filming.EventLog, "write", full)
    trainer, run = train("sft")
    assert trainer.state.global_step == 4 and len(notes(run)) == 1


def test_a_question_that_is_too_long_is_left_out_in_words_and_the_others_are_asked(
    train: Callable[..., tuple[Any, Run]],
) -> None:
    _, run = train("sft", watch=("§ " * 500, "Where is my cup?"))
    assert [[answer.prompt for answer in frame.answers] for frame in filmed(run)] == [["Where is my cup?"]] * 3
    (note,) = notes(run)
    assert "is not watched" in note and "tokens" in note


def test_asking_leaves_random_numbers_and_modes_as_they_were() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    model[1].eval()

    def state() -> list[Any]:
        kept = [random.getstate(), repr(numpy.random.get_state()), torch.get_rng_state().tolist()]
        return [*kept, [module.training for module in model.modules()]]

    before = state()
    with pytest.raises(StudioError), unchanged(model):
        random.random(), numpy.random.rand(), torch.rand(3), model.eval()
        assert state() != before
        raise StudioError("It failed.")
    assert state() == before


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that is ours: a token takes as long as its second entry says, a check 100 s, and a step 250 s."""
    now = [0.0, 0.0]

    def answers(trainer: Any, asked: list[Any], tokens: int) -> list[tuple[str, bool]]:
        now[0] += tokens * len(asked) * now[1]
        return [(f"{tokens}", True)] * len(asked)

    class Slow(Filming):
        def on_train_begin(self, *rest: Any, **more: Any) -> None:
            super().on_train_begin(*rest, **more)
            now[0] += 100

        def on_step_begin(self, *rest: Any, **more: Any) -> None:
            now[0] += 250

    monkeypatch.setattr(filming, "NO_MATTER", 0.5)
    monkeypatch.setattr(filming, "answers", answers)
    monkeypatch.setattr(filming.time, "monotonic", lambda: now[0])
    monkeypatch.setitem(globals(), "Filming", Slow)
    return now


def test_a_slow_film_becomes_shorter_and_says_so(train: Callable[..., tuple[Any, Run]], clock: list[float]) -> None:
    clock[1] = 0.25
    _, run = train("sft", watch=("One", "Two", "Three"))
    frames = filmed(run)
    # A check of 4 rows took 100 s, so two steps of 4 rows and a check are reckoned to take 700 s, of which 5 % are 35 s
    # or 140 tokens. In truth they take 500 s.
    assert [[one.answer for one in frame.answers] for frame in frames] == [["46"] * 3, ["33"] * 3, ["33"] * 3]
    first, second = notes(run)
    assert "about 48.0 s, more than 5% of the 700 s" in first and "at most 46 tokens" in first
    assert "about 34.5 s, more than 5% of the 500 s" in second and "3 questions are" in second
    assert frames[0].seconds <= 0.05 * 700 and all(frame.seconds <= 0.05 * 500 for frame in frames[1:])


def test_a_model_that_answers_very_slowly_is_asked_fewer_questions(
    train: Callable[..., tuple[Any, Run]], clock: list[float]
) -> None:
    clock[1] = 2.0
    _, run = train("sft", watch=("One", "Two", "Three"))
    assert [[one.answer for one in frame.answers] for frame in filmed(run)] == [["16"]] * 3
    assert "1 question is answered" in notes(run)[0]

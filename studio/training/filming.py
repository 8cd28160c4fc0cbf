"""The Trainer's side of the film: at every check the model, as it is, answers the same few questions."""

import random
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.evaluation.watching import Question, answers, check_readable, questions
from studio.methods import together
from studio.methods.spreading import in_pieces
from studio.training.events import EventLog
from studio.training.failures import in_words
from studio.training.film import FILM, Answer
from studio.training.run import Run

if TYPE_CHECKING:
    from studio.methods.watched import Watched

TOKENS = 64  # of an answer at most
FEWEST_TOKENS = 16  # an answer shorter than that says little; rather fewer questions
SHARE = 0.05  # of the time between two checks that asking may take
NOT_IN_PIECES = "The questions to watch are not asked: while it learns, no device has the whole model (FSDP)."
NO_MATTER = 0.5  # seconds that asking may take in any case


class Filming(TrainerCallback):
    """Writes a line of film.jsonl after every evaluation. It changes nothing about the run, and cannot fail it."""

    def __init__(self, run: Run, trainer: "Watched", version: Version) -> None:
        self.run, self.trainer, self.version = run, trainer, version
        self.film, self.events = EventLog(run.folder / FILM), EventLog(run.events)
        self.tokens = TOKENS
        self.asked: list[Question] | None = None  # until the first check
        self.last_step = -1
        self.pace = 0.0  # seconds a token, as answers went the last time
        self.since, self.since_step = 0.0, 0  # when training went on, and at which step
        self.over = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        self.since, self.since_step = time.monotonic(), state.global_step
        with self.never_failing():
            self.film.write("from", step=state.global_step)
            if state.global_step == 0 and in_pieces(self.trainer.settings):
                self.note(NOT_IN_PIECES)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **rest: Any,
    ) -> None:
        of_check_rows = any(name.startswith("eval_") for name in metrics or {})
        # The last step may be checked twice, once by plan and once because it is the last.
        # One process can ask alone only a model that it has whole.
        alone = together.is_first() and not in_pieces(self.trainer.settings)
        if self.over or not alone or not of_check_rows or state.global_step == self.last_step:
            return
        self.last_step = state.global_step
        with self.never_failing(), unchanged(self.trainer.model):
            self.take(state.global_step, self.between(args, state))
        self.since, self.since_step = time.monotonic(), state.global_step

    def between(self, args: TrainingArguments, state: TrainerState) -> float:
        """Seconds from check to check. Before the first step they are reckoned from how long this check took.

        A step goes through its rows and back, which takes about three times as long as a check of these rows.
        """
        passed = time.monotonic() - self.since
        if state.global_step > self.since_step:
            return passed
        read = args.per_device_train_batch_size * args.gradient_accumulation_steps * together.count()
        return passed * (1 + 3 * read * state.eval_steps / len(self.trainer.eval_dataset))

    def take(self, step: int, between: float) -> None:
        """One frame. between: seconds from check to check."""
        said: list[tuple[str, bool]] = []
        if self.asked is None:
            self.asked = self.to_ask()
            said = self.timed(FEWEST_TOKENS) if self.asked else []  # to find out the pace
        self.asked = self.fitting(self.asked, between)
        if not self.asked:
            return
        if not said or self.tokens > FEWEST_TOKENS:
            said = self.timed(self.tokens)
        told = [
            asdict(Answer(question.prompt, question.expected, words, cut))
            for question, (words, cut) in zip(self.asked, said, strict=False)  # fewer may be asked than were first
        ]
        seconds = self.pace * self.tokens * len(self.asked)
        self.film.write("frame", step=step, seconds=round(seconds, 3), answers=told)

    def timed(self, tokens: int) -> list[tuple[str, bool]]:
        """The answers to what is asked; the pace is noted."""
        assert self.asked
        began = time.monotonic()
        said = answers(self.trainer, self.asked, tokens)
        self.pace = (time.monotonic() - began) / (tokens * len(self.asked))
        return said

    def to_ask(self) -> list[Question]:
        recipe = self.run.recipe()
        asked = questions(recipe, self.trainer, self.version)
        if recipe.watch and not any(question.prompt in recipe.watch for question in asked):
            self.note("This model marks answers, and a question alone has none: check rows are watched instead.")
        return [question for question in asked if self.readable(question)]

    def readable(self, question: Question) -> bool:
        try:
            check_readable(self.trainer, question)
        except StudioError as error:
            self.note(f"“{question.prompt[:60]}” is not watched. {error.text}")
            return False
        return True

    def fitting(self, asked: list[Question], between: float) -> list[Question]:
        """As many of the questions, and as long answers, as there is time for between two checks."""
        allowed, expected = max(NO_MATTER, SHARE * between), self.pace * self.tokens * len(asked)
        if expected <= allowed:
            return asked
        affordable = allowed / self.pace  # tokens, of all answers together
        tokens = max(FEWEST_TOKENS, min(self.tokens, int(affordable / len(asked))))
        kept = asked[: max(1, int(affordable / tokens))]
        if (tokens, len(kept)) != (self.tokens, len(asked)):
            number = "1 question is" if len(kept) == 1 else f"{len(kept)} questions are"
            self.note(
                f"Answering the questions to watch takes about {expected:.1f} s, more than {SHARE:.0%} of the "
                f"{between:.0f} s from check to check. So {number} answered, with at most {tokens} tokens."
            )
        self.tokens = tokens
        return kept

    def note(self, sentence: str) -> None:
        self.events.write("note", text=sentence)

    @contextmanager
    def never_failing(self) -> Iterator[None]:
        """Whatever goes wrong in here ends the film and is noted, and training goes on."""
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            self.over = True
            with suppress(OSError):  # a full disk; the Reporter finds that out by itself
                self.note(f"The questions to watch are not answered any more. {in_words(error).text}")


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Afterwards all random numbers, and what of the model is in training mode, are as they were before."""
    modes = [(module, module.training) for module in model.modules()]
    plain, of_numpy = random.getstate(), numpy.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(plain)
        numpy.random.set_state(of_numpy)
        for module, training in modes:
            module.training = training

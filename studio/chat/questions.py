"""What base and tuned are given for a question: as in training, and for the base with examples in front if wanted."""

from collections.abc import Iterable
from pathlib import Path

from studio.chat.ways import scores_answers
from studio.datasets.examples import messages_of
from studio.datasets.rows import PLAIN, Messages
from studio.errors import StudioError
from studio.training.recipe import Recipe


def asked_of_tuned(recipe: Recipe, question: str, picture: str = "") -> Messages:
    """The question with the instruction of the training rows; after plain documents, a beginning to be written on.

    picture: the file of one that the question is about; it is made as small as it was in training.
    """
    mapping = recipe.data.mapping
    if mapping is not None and mapping.kind == "text":
        return [{"role": PLAIN, "content": question}]
    asked = messages_of(mapping.system if mapping else "", question)
    if picture:
        asked[-1]["picture"] = {"file": picture, "size": recipe.checked_settings().picture_size}  # type: ignore[attr-defined]
    return asked


def asked_of_base(recipe: Recipe, question: str, examples: Iterable[Messages] = (), picture: str = "") -> Messages:
    """The same with examples in front of it, each as earlier turns (few-shot)."""
    asked = asked_of_tuned(recipe, question, picture)
    turns = [{"role": turn["role"], "content": turn["content"]} for example in examples for turn in example]
    return [*asked[:-1], *turns, asked[-1]]


def texts_to_judge(recipe: Recipe, kept: Path, question: str, answers: Iterable[str] = ()) -> list[str | Messages]:
    """What a run that predicts reads: the text alone, or the conversations whose answers it scores.

    Raises StudioError when there is no answer to score.
    """
    if not scores_answers(kept):
        return [question]
    given = [answer.strip() for answer in answers if answer.strip()]
    if not given:
        raise StudioError("There is no answer to score yet.", "Type one, or pick one of the test questions.")
    mapping = recipe.data.mapping
    return [messages_of(mapping.system if mapping else "", question, answer) for answer in given]

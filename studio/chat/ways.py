"""How base and tuned are asked side by side: told from what a run kept, so that the page can say it beforehand."""

from pathlib import Path
from typing import Any

from studio.models.loading import result_facts
from studio.workspace import read_json

BATCH = "batch"  # one loaded model, both answers in one batch, the adapter left out for the base's row
TURNS = "turns"  # one loaded model, a word of each in turn, the adapter left out for the base's
TWO = "two"  # two loaded models, a word of each in turn
PREDICTS = "predicts"  # the tuned model alone: what it predicts is nothing that the base could say
BEGINNINGS = ("PROMPT_TUNING", "PREFIX_TUNING")  # stand in front of the text and not in the layers


def way_of(kept: Path, examples: int = 0) -> str:
    """One of BATCH, TURNS, TWO and PREDICTS. kept: the folder of a run's result.

    examples: how many the base gets in its prompt; with any, the two read different texts, which do not fit one batch.
    """
    if result_facts(kept)["task"] == "classifier":
        return PREDICTS
    config = read_json(kept / "adapter_config.json")
    if config is None:
        return TWO
    return TURNS if examples or config.get("peft_type") in BEGINNINGS else BATCH


def scores_answers(kept: Path) -> bool:
    """Whether a result is a reward model."""
    return gives_scores(result_facts(kept))


def gives_scores(facts: dict[str, Any]) -> bool:
    """The same from its facts: a head of one output whose numbers mean nothing but their order."""
    head = facts["head"]
    return facts["task"] == "classifier" and head.get("num_labels") == 1 and head.get("problem_type") != "regression"

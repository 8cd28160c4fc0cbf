"""What can be had without training: the untrained model, with a few training examples in front of each question."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pandas

from studio.datasets.rows import Messages, conversations
from studio.datasets.versions import Version

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from studio.methods.watched import Watched

ROWS = 40  # of the test rows at most: each is as long as its examples together

Say = Callable[[str], None]


def few_shot(trainer: "Watched", version: Version, say: Say) -> dict[str, Any]:
    """The untrained model on up to ROWS test rows, with and without examples in front of them; empty without shots.

    shots: examples asked for; rows: test rows; fewer: rows with fewer than that; base, loss: nats per token of the
    answers without and with examples. `say` is told of what had to be left out. Where training changes the model itself
    it is called before training.
    """
    shots = getattr(trainer.settings, "shots", 0)
    if not shots or trainer.test_dataset is None:
        return {}
    limit = f"{trainer.settings.max_length:,} tokens"
    alone, shown, counts = few_shot_rows(trainer, version, shots)
    if not any(counts):
        say(f"No training example fits in front of a question within {limit}, so no test with examples was made.")
        return {}
    if fewer := sum(count < shots for count in counts):
        say(f"{fewer} of {len(counts)} test questions have fewer than {shots} examples: no more fit into {limit}.")
    base, loss = (trainer.judge_untuned(rows)["loss"] for rows in (alone, shown))
    return {"shots": shots, "rows": len(counts), "fewer": fewer, "base": base, "loss": loss}


def with_tuned(figures: dict[str, Any], trainer: "Watched", version: Version) -> dict[str, Any]:
    """The same with `tuned`: the loss of the tuned model on the same rows, without examples."""
    if not figures:
        return {}
    alone, _, _ = few_shot_rows(trainer, version, figures["shots"])
    return figures | {"tuned": trainer.judge(alone)["loss"]}


def few_shot_rows(trainer: "Watched", version: Version, shots: int) -> tuple["Dataset", "Dataset", list[int]]:
    """Test rows as they are, the same with examples in front, and how many examples each has.

    The same tokens carry a label in both. The choice depends on the seed alone.
    """
    from datasets import Dataset

    from studio.datasets.examples import render

    settings, tokenizer = trainer.settings, trainer.processing_class
    chosen = chosen_shots(version.frame("train"), version.kind, settings.seed, shots)
    frame = version.frame("test")
    frame = frame.sample(min(ROWS, len(frame)), random_state=settings.seed)
    alone, shown, counts = [], [], []
    for messages, tools in conversations(frame, version.kind):
        plain = render(tokenizer, messages, settings.max_length, tools)
        if not plain.learned:
            continue
        count, longer = most_shots(tokenizer, messages, tools, chosen, settings.max_length)
        alone.append(plain)
        shown.append(longer or plain)
        counts.append(count)
    one, other = (
        Dataset.from_dict({"input_ids": [e.ids for e in rows], "labels": [e.labels for e in rows]})
        for rows in (alone, shown)
    )
    return one, other, counts


def chosen_shots(frame: pandas.DataFrame, kind: str, seed: int, count: int) -> list[Messages]:
    """So many different training examples, their answers to be read and not learned, without their instruction.

    Only those in which the two sides take turns and no tool is called: these may stand in front of any question.
    """
    texts = frame.drop_duplicates(["messages", "chosen", "text"]).sample(frac=1, random_state=seed)
    found: list[Messages] = []
    for messages in suitable(texts, kind):
        if len(found) == count:
            break
        found.append([{**m, "weight": 0} if m["role"] == "assistant" else m for m in messages])
    return found


def suitable(frame: pandas.DataFrame, kind: str) -> Iterator[Messages]:
    for messages, tools in conversations(frame, kind):
        turns = messages[1:] if messages and messages[0]["role"] == "system" else messages
        roles = [message["role"] for message in turns]
        calls = tools or any(message.get("tool_calls") for message in turns)
        if roles and not calls and roles == ["user", "assistant"] * (len(roles) // 2):
            yield turns


def most_shots(
    tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: list[Any], shots: list[Messages], limit: int
) -> tuple[int, Any]:
    """How many of the shots fit in front of this conversation, and the Example of it; (0, None) where none does."""
    from studio.datasets.examples import render

    first = 1 if messages and messages[0]["role"] == "system" else 0
    for count in range(len(shots), 0, -1):
        turns = [message for shot in shots[:count] for message in shot]
        example = render(tokenizer, [*messages[:first], *turns, *messages[first:]], limit, tools)
        if example.total <= limit:
            return count, example
    return 0, None

"""The reward of an answer: what its rules and its reward model give it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.datasets.examples import render
from studio.datasets.rows import Messages
from studio.errors import StudioError
from studio.methods.earlier_runs import earlier_result
from studio.methods.registry import Job
from studio.methods.reward_rules import Rule, points
from studio.models.family import family_of
from studio.models.loading import load_result, load_tokenizer, result_facts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AT_ONCE = 8  # answers that the reward model reads together


def reward_result(home: Path, run_id: str) -> tuple[Path, Path]:
    """What an earlier run of the method “reward” kept, and the folder of its base model.

    Raises StudioError when there is no such run, or it is one of another method.
    """
    kept, base, recipe = earlier_result(home, run_id)
    trained = recipe.get("method", {}).get("name", "sft")
    if trained != "reward" or result_facts(kept)["task"] != "classifier":
        raise StudioError(
            f"“{recipe.get('name') or run_id}” is not a reward model: it was trained with the method “{trained}”.",
            "Choose a run that learned which answers are better, or make such a run first.",
        )
    return kept, base


class RewardModel:
    """Gives an answer a number: the higher, the better it takes it to be."""

    def __init__(self, model: Any, tokenizer: "PreTrainedTokenizerBase", max_length: int) -> None:
        self.model, self.tokenizer, self.max_length = model, tokenizer, max_length

    @classmethod
    def of_run(cls, job: Job, run_id: str) -> "RewardModel":
        """The reward model that an earlier run kept, on the job's device. Raises StudioError as reward_result does."""
        if job.home is None:
            raise StudioError("The reward model of an earlier run lies in the studio's home.", "Start from a recipe.")
        kept, base = reward_result(job.home, run_id)
        model = load_result(kept, base, job.device, job.dtype).requires_grad_(False)
        whole = not (kept / "adapter_config.json").exists()
        known = family_of(kept if whole else base)
        return cls(model, load_tokenizer(base), (known.context if known else 0) or 1_000_000)

    def __call__(self, questions: Sequence[Messages], answers: Sequence[str]) -> list[float]:
        """The scores (logits, on no scale) of these answers to these questions."""
        import torch

        pad = self.tokenizer.pad_token_id
        scores: list[float] = []
        for start in range(0, len(answers), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            rows = [self.ids(asked, said) for asked, said in zip(questions[part], answers[part], strict=True)]
            width = max(map(len, rows))
            ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=self.model.device)
            seen = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=self.model.device)
            with torch.inference_mode():
                scores += self.model(input_ids=ids, attention_mask=seen).logits[:, 0].float().tolist()
        return scores

    def ids(self, question: Messages, answer: str) -> list[int]:
        """Question and answer as the reward model read them in training; too long, the beginning is left out."""
        whole = [*question, {"role": "assistant", "content": answer}]
        return render(self.tokenizer, whole, sys.maxsize).ids[-self.max_length :]


class Reward:
    """The mean of what the rules give, by their weights, plus `weight` times what the reward model gives."""

    def __init__(self, rules: Sequence[Rule], model: RewardModel | None = None, weight: float = 1.0) -> None:
        self.rules, self.model, self.weight = list(rules), model, weight

    def __call__(self, questions: Sequence[Messages], answers: Sequence[str]) -> dict[str, list[float]]:
        """For each answer its `reward`, and what it is made of: `rule_KIND` (0 to 1) and `reward_model`."""
        given = [[points(rule, answer) for answer in answers] for rule in self.rules]
        sums = [0.0] * len(answers)
        parts: dict[str, list[float]] = {}
        weights = sum(rule.weight for rule in self.rules)
        for rule, values in zip(self.rules, given, strict=True):
            sums = [old + rule.weight / weights * value for old, value in zip(sums, values, strict=True)]
        for kind in {rule.kind: None for rule in self.rules}:
            alike = [values for rule, values in zip(self.rules, given, strict=True) if rule.kind == kind]
            parts[f"rule_{kind}"] = [sum(values) / len(alike) for values in zip(*alike, strict=True)]
        if self.model is not None:
            parts["reward_model"] = self.model(questions, answers)
            sums = [old + self.weight * value for old, value in zip(sums, parts["reward_model"], strict=True)]
        return {"reward": sums, **parts}

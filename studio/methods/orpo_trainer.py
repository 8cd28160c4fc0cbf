"""TRL's ORPOTrainer on pairs that we tokenise ourselves."""

from typing import Any

import torch
from datasets import Dataset
from trl.experimental.orpo import ORPOTrainer

from studio.datasets.examples import IGNORED
from studio.methods.preference_settings import PAIRS
from studio.methods.preference_trainer import Batch, PreferenceTrainer, RowFigures


class OrpoTrainer(PreferenceTrainer, ORPOTrainer):
    """Learns to write the better answers, and to write them rather than the worse ones."""

    metrics = PAIRS

    def tokenize_row(self, feature: dict[str, Any], model: Any = None) -> dict[str, Any]:
        return feature  # `pair_columns` has done it

    def concatenated_forward(self, model: Any, batch: Batch) -> Any:
        def read(input_ids: torch.Tensor, **rest: Any) -> Any:
            outputs = model(input_ids, **rest)
            outputs.logits = outputs.logits[:, -input_ids.shape[1] :]  # a learned beginning stands in front
            return outputs

        reader: Any = read
        return super().concatenated_forward(reader, batch)

    def row_figures(self, batch: Batch) -> RowFigures:
        """A reward is beta times the mean log-probability of an answer's tokens. The loss is the batch's."""
        read = self.concatenated_forward(self.model, batch)
        odds, chosen, rejected, _, _ = self.odds_ratio_loss(read[0], read[1])
        return {
            "loss": read[4] - odds,
            "accuracy": (chosen > rejected).float(),
            "margin": chosen - rejected,
            "chosen": chosen,
            "rejected": rejected,
        }


def pair_columns(pairs: Dataset) -> Dataset:
    """The pairs of studio.methods.preference_rows in the columns that ORPOTrainer wants."""
    columns: dict[str, list[list[int]]] = {}
    for side in ("chosen", "rejected"):
        both = list(zip(pairs["prompt_ids"], pairs[f"{side}_ids"], strict=True))
        columns[f"{side}_input_ids"] = [prompt + answer for prompt, answer in both]
        columns[f"{side}_attention_mask"] = [[1] * (len(prompt) + len(answer)) for prompt, answer in both]
        columns[f"{side}_labels"] = [[IGNORED] * len(prompt) + answer for prompt, answer in both]
    return Dataset.from_dict(columns)

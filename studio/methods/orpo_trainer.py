"""TRL's ORPOTrainer on pairs that we tokenise ourselves."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from trl.experimental.orpo import ORPOTrainer

from studio.datasets.examples import IGNORED
from studio.methods.fast_path.parts import Row
from studio.methods.fast_path.scores import losses_in_tiles
from studio.methods.preference_settings import PAIRS
from studio.methods.preference_trainer import Batch, PreferenceTrainer, RowFigures, in_places
from studio.methods.watched import Figures

MEAN = "mean_tokens"  # in a part: how many tokens the better texts have in the row's bite, in the middle


class OrpoTrainer(PreferenceTrainer, ORPOTrainer):
    """Learns to write the better answers, and to write them rather than the worse ones."""

    metrics = PAIRS
    texts = 2
    tiled = True
    by_token = ("input_ids", "labels", "completion_mask")

    def tokenize_row(self, feature: dict[str, Any], model: Any = None) -> dict[str, Any]:
        return feature  # `pair_columns` has done it

    def concatenated_forward(self, model: Any, batch: Batch) -> Any:
        def read(input_ids: torch.Tensor, **rest: Any) -> Any:
            outputs = model(input_ids, **rest)
            outputs.logits = outputs.logits[:, -input_ids.shape[1] :]  # a learned beginning stands in front
            return outputs

        reader: Any = read
        return super().concatenated_forward(reader, batch)

    def rows_in(self, bite: Batch) -> Iterator[Row]:
        """Its pairs, and for each how long the better texts of its bite are: TRL divides what they cost by that."""
        both = self.as_one(bite)
        mean = both.pop(MEAN)
        for row in super().rows_in(both):
            yield Row(row.longest, {**row.values, MEAN: mean.cpu().expand(1)})

    def as_one(self, batch: Batch) -> Batch:
        """Better texts and then worse ones in the same tensors. labels: of the better ones all of a text is learned."""
        both: Batch = {k.removeprefix("concatenated_"): v for k, v in self.concatenated_inputs(batch).items()}
        answers, count = both["labels"], len(both["labels"]) // 2
        whole = both["input_ids"].masked_fill(both["attention_mask"] == 0, IGNORED)
        both["labels"] = torch.cat([whole[:count], answers[count:]])
        both["completion_mask"] = (answers != IGNORED).long()
        both[MEAN] = (both["labels"][:count, 1:] != IGNORED).sum() / count
        return both

    def row_figures(self, batch: Batch) -> RowFigures:
        """A reward is beta times the mean log-probability of an answer's tokens.

        nll, tokens: the cost of writing the better text, summed, and how many tokens that is.
        """
        batch = batch if MEAN in batch else self.as_one(batch)
        losses, answered = self.losses_of_words(batch), batch["completion_mask"][:, 1:]
        mean = -(losses * answered).sum(1) / answered.sum(1)
        odds, chosen, rejected, _, _ = self.odds_ratio_loss(*mean.chunk(2))
        nll, _ = losses.sum(1).chunk(2)
        tokens, _ = (batch["labels"][:, 1:] != IGNORED).sum(1).chunk(2)
        return {
            "loss": nll / batch[MEAN] - odds,
            "accuracy": (chosen > rejected).float(),
            "margin": chosen - rejected,
            "chosen": chosen,
            "rejected": rejected,
            "nll": nll,
            "tokens": tokens,
            "odds": odds,
        }

    def losses_of_words(self, batch: Batch) -> torch.Tensor:
        """Cross-entropy at each trained position of a batch, and 0 elsewhere, shape (rows, tokens - 1)."""
        labels = batch["labels"]
        reading = {"input_ids": batch["input_ids"], "attention_mask": batch.get("attention_mask"), "use_cache": False}
        head = self.head_for_tiles()
        if head is not None:
            model = self.accelerator.unwrap_model(self.model)
            return in_places(losses_in_tiles(model, head, reading, labels, self.args.device.type), labels)
        # A learned beginning stands in front.
        logits, targets = self.model(**reading).logits[:, -labels.shape[1] :][:, :-1], labels[:, 1:]
        trained = targets != IGNORED
        return in_places(functional.cross_entropy(logits[trained].float(), targets[trained], reduction="none"), labels)

    def judge(self, rows: Dataset) -> Figures:
        """Loss and metrics on these rows. What it costs to write is per token of all rows, whatever the batches."""
        found = self.gathered(rows, self.row_figures)
        if not found:
            return {}
        nll, tokens, odds = (found.pop(name) for name in ("nll", "tokens", "odds"))
        figures = {name: float(values.mean()) for name, values in found.items()}
        return {**figures, "loss": float(nll.sum() / tokens.sum() - odds.mean())}


def pair_columns(pairs: Dataset) -> Dataset:
    """The pairs of studio.methods.preference_rows in the columns that ORPOTrainer wants."""
    columns: dict[str, list[list[int]]] = {}
    for side in ("chosen", "rejected"):
        both = list(zip(pairs["prompt_ids"], pairs[f"{side}_ids"], strict=True))
        columns[f"{side}_input_ids"] = [prompt + answer for prompt, answer in both]
        columns[f"{side}_attention_mask"] = [[1] * (len(prompt) + len(answer)) for prompt, answer in both]
        columns[f"{side}_labels"] = [[IGNORED] * len(prompt) + answer for prompt, answer in both]
    return Dataset.from_dict(columns)

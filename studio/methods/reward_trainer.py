"""TRL's RewardTrainer on pairs that we tokenise ourselves."""

from typing import Any

import torch.nn.functional as functional
from datasets import Dataset
from trl.trainer.reward_trainer import RewardTrainer as TrlRewardTrainer

from studio.methods.fast_path.trainer import SHARE
from studio.methods.preference_settings import SCORES
from studio.methods.preference_trainer import Batch, PreferenceTrainer, RowFigures


class RewardTrainer(PreferenceTrainer, TrlRewardTrainer):
    """Learns to give the better answer of a pair the higher mark."""

    metrics = SCORES
    texts = 2

    def compute_loss(self, model: Any, inputs: Batch, *rest: Any, **more: Any) -> Any:
        """TRL's loss; the marks of better and worse answers apart are logged too."""
        if SHARE in inputs:
            return self.loss_of_part(inputs)
        figures = self._metrics["train" if self.model.training else "eval"]
        more.pop("return_outputs", None)
        loss, outputs = super().compute_loss(model, inputs, True, **more)
        for name, marks in zip(("chosen", "rejected"), outputs.logits.detach().squeeze(-1).chunk(2), strict=True):
            figures[name].append(float(marks.mean()))
        return loss

    def row_figures(self, batch: Batch) -> RowFigures:
        """Marks of both answers, and the loss of Bradley and Terry on them."""
        chosen, rejected = self.model(**batch, use_cache=False).logits.squeeze(-1).float().chunk(2)
        loss = -functional.logsigmoid(chosen - rejected)
        centre = self.args.center_rewards_coefficient
        if centre is not None:
            loss = loss + centre * (chosen + rejected) ** 2
        return {
            "loss": loss,
            "accuracy": (chosen > rejected) + 0.5 * (chosen == rejected),
            "margin": chosen - rejected,
            "chosen": chosen,
            "rejected": rejected,
        }


def whole_texts(pairs: Dataset) -> Dataset:
    """The pairs of studio.methods.preference_rows with the question in front of both answers."""
    return Dataset.from_dict(
        {
            name: [prompt + answer for prompt, answer in zip(pairs["prompt_ids"], pairs[name], strict=True)]
            for name in ("chosen_ids", "rejected_ids")
        }
    )

"""TRL's DPOTrainer on pairs that we tokenise ourselves."""

import torch
import torch.nn.functional as functional
from trl.trainer.dpo_trainer import DPOTrainer

from studio.methods.preference_settings import PAIRS
from studio.methods.preference_trainer import AgainstReference, Batch, RowFigures


class DpoTrainer(AgainstReference, DPOTrainer):
    """Makes better answers likelier than worse ones, by more than the reference does."""

    metrics = PAIRS
    texts = 2

    def reference_figures(self, batch: Batch) -> RowFigures:
        chosen, rejected = self.log_probability(batch).chunk(2)
        return {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected}

    def row_figures(self, batch: Batch) -> RowFigures:
        """A reward is beta times how much likelier an answer has become; a tie counts as half right."""
        gained = self.log_probability(batch)
        gained = gained - torch.cat([batch["ref_chosen_logps"], batch["ref_rejected_logps"]])
        chosen, rejected = (self.beta * gained).chunk(2)
        margin = chosen - rejected
        return {
            "loss": self.pair_losses(gained, batch["completion_mask"].sum(1), margin),
            "accuracy": (margin > 0) + 0.5 * (margin == 0),
            "margin": margin,
            "chosen": chosen,
            "rejected": rejected,
        }

    def pair_losses(self, gained: torch.Tensor, lengths: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
        """The loss of each pair. gained, lengths: of the better answers, then of the worse ones, shape (2 x pairs,)."""
        kind = self.loss_types[0]
        if kind == "sigmoid":  # Rafailov et al. 2023, arXiv:2305.18290, equation 7
            return -functional.logsigmoid(margin)
        if kind == "hinge":  # Zhao et al. 2023, arXiv:2305.10425
            return torch.relu(1 - margin)
        # Azar et al. 2023, arXiv:2310.12036, equation 17, per token as in TRL
        chosen, rejected = (gained / lengths.clamp(min=1)).chunk(2)
        result: torch.Tensor = (chosen - rejected - 1 / (2 * self.beta)) ** 2
        return result

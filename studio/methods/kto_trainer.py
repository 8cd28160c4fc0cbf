"""TRL's KTOTrainer on answers with thumbs that we tokenise ourselves."""

import torch
from datasets import Dataset
from trl.trainer.kto_trainer import KTOTrainer

from studio.methods.preference_settings import CHOSEN, KL, MARGIN, REJECTED
from studio.methods.preference_trainer import AgainstReference, Batch, RowFigures
from studio.methods.watched import Figures


class KtoTrainer(AgainstReference, KTOTrainer):
    """Makes answers that were liked likelier than the reference does, and the others less likely."""

    metrics = (MARGIN, CHOSEN, REJECTED, KL)
    tiled = False  # its steps are TRL's own, and the reference has to be read as they are

    def reference_figures(self, batch: Batch) -> RowFigures:
        return {"ref_logps": self.log_probability(batch), "ref_KL_logps": self.log_probability(batch, "KL_")}

    def row_figures(self, batch: Batch) -> RowFigures:
        """How much likelier each answer has become, and another question's answer in its place, in nats."""
        return {
            "gained": self.log_probability(batch) - batch["ref_logps"],
            "strayed": self.log_probability(batch, "KL_") - batch["ref_KL_logps"],
            "liked": batch["label"],
        }

    def judge(self, rows: Dataset) -> Figures:
        """Loss and metrics on these rows. The KL is estimated over all of them, not batch by batch as in training.

        A figure that needs answers of a kind that these rows have none of is left out.
        """
        found = self.gathered(rows, self.row_figures)
        if not found:
            return {}
        gained, liked = found["gained"], found["liked"].bool()
        kl = found["strayed"].mean().clamp(min=0)
        # Ethayarajh et al. 2024, arXiv:2402.01306, equation 7
        value = torch.sigmoid(self.beta * torch.where(liked, gained - kl, kl - gained))
        weight = torch.where(liked, self.desirable_weight, self.undesirable_weight)
        rewards = self.beta * gained
        figures = {"loss": float((weight * (1 - value)).mean()), "kl": float(kl)}
        if liked.any():
            figures["chosen"] = float(rewards[liked].mean())
        if (~liked).any():
            figures["rejected"] = float(rewards[~liked].mean())
        if "chosen" in figures and "rejected" in figures:
            figures["margin"] = figures["chosen"] - figures["rejected"]
        return figures

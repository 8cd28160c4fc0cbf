"""The Trainer's side of a learning-rate range test: the rate grows with each step, until the loss has run away."""

from contextlib import suppress
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.methods.finite import NotANumberError
from studio.training.rate_pick import has_run_away

# Nothing is checked, saved or kept.
BARE = {"eval_strategy": "no", "save_strategy": "no", "eval_on_start": False, "load_best_model_at_end": False}


class Growing(TrainerCallback):
    """Sets the rate before each step. What each part of the weights has of it stays, as with LoRA+."""

    def __init__(self, tried: list[float], usual: float) -> None:
        self.tried, self.usual = tried, usual
        self.losses: list[float] = []

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, optimizer: Any = None, **rest: Any
    ) -> None:
        for group in optimizer.param_groups:
            share = group.get("initial_lr", self.usual) / self.usual
            group["lr"] = self.tried[state.global_step] * share

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        if logs and "loss" in logs:
            self.losses.append(float(logs["loss"]))
            if has_run_away(self.losses):
                control.should_training_stop = True


def run_test(trainer: Any, tried: list[float]) -> list[tuple[float, float]]:
    """Train for as many steps as there are rates; (rate, loss) of each, fewer where the loss ran away."""
    growing = Growing(tried, trainer.args.learning_rate)
    trainer.add_callback(growing)
    for name, value in BARE.items():
        setattr(trainer.args, name, value)
    with suppress(NotANumberError):  # which is an answer, too
        trainer.train()
    return list(zip(tried, growing.losses, strict=False))

"""TRL's SFTTrainer on rows that we tokenise ourselves, with the loss on the reply computed only where it counts.

TRL 1.16 runs the language-model head over every position on a CPU. Computing it on the trained positions
only gives the same loss at every step and took 16.8 s instead of 24.7 s for four LoRA steps of
SmolLM2-135M (two AVX2 cores, two alternated pairs).
"""

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from studio.datasets.examples import IGNORED, render_all
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.registry import Job

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


# Models with one of these in their config do more to the logits than multiply by the head.
RESCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")


class ReplyTrainer(SFTTrainer):
    """Counts what it has done: `tokens` read and `trained` tokens learned from since the start."""

    model: Any
    processing_class: Any
    train_dataset: Any
    eval_dataset: Any
    tokens = 0
    trained = 0

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        losses = self.token_losses(model, inputs)
        if model.training:
            self.tokens += int(inputs["attention_mask"].sum())
            self.trained += len(losses)
        count = len(losses) if num_items_in_batch is None else num_items_in_batch
        return losses.sum() / torch.as_tensor(count, device=losses.device).clamp(min=1)

    def token_losses(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Cross-entropy of each trained token, shape (trained tokens,), float32."""
        language_model = self.accelerator.unwrap_model(model).get_base_model()
        reading = {
            "input_ids": inputs["input_ids"],
            "attention_mask": inputs["attention_mask"],
            "use_cache": False,
        }
        targets = inputs["labels"][:, 1:]
        trained = targets != IGNORED
        if any(getattr(language_model.config, name, None) for name in RESCALED):
            logits = language_model(**reading).logits[:, :-1][trained]
        else:
            hidden = language_model.base_model(**reading).last_hidden_state
            logits = language_model.get_output_embeddings()(hidden[:, :-1][trained])
        return functional.cross_entropy(logits.float(), targets[trained], reduction="none")

    def mean_loss(self, rows: Dataset) -> float:
        """Mean cross-entropy per trained token over all rows, exact whatever the batches; NaN without rows."""
        was_training = self.model.training
        self.model.eval()
        total, count = 0.0, 0
        # Rows of like length together: hardly any padding.
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]["input_ids"]))
        size = self.args.per_device_eval_batch_size
        with torch.no_grad():
            for start in range(0, len(order), size):
                batch = self.data_collator([rows[index] for index in order[start : start + size]])
                losses = self.token_losses(self.model, self._prepare_inputs(batch))
                total, count = total + float(losses.sum()), count + len(losses)
        self.model.train(was_training)
        return total / count if count else float("nan")

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The check rows' loss, as the Trainer's own evaluate reports it (which averages over batches)."""
        metrics = {f"{metric_key_prefix}_loss": self.mean_loss(eval_dataset or self.eval_dataset)}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def example_rows(tokenizer: "PreTrainedTokenizerBase", version: Version, split: str, max_length: int) -> Dataset:
    """The rows of a split as input_ids and labels (lists of int). Rows whose reply is cut off whole are left out.

    Raises StudioError when no training row keeps any of its reply.
    """
    examples = render_all(tokenizer, conversations(version.frame(split), version.kind), max_length)
    kept = [example for example in examples if example.learned]
    if not kept and split == "train":
        raise StudioError(
            f"With at most {max_length} tokens, every example is cut before its answer begins.",
            "Raise “Longest example (tokens)”.",
        )
    return Dataset.from_dict({"input_ids": [e.ids for e in kept], "labels": [e.labels for e in kept]})


def training_arguments(job: Job, train_rows: int, check_rows: int) -> SFTConfig:
    """Our settings in the Trainer's words."""
    settings = job.settings
    steps = settings.steps(train_rows)
    every = max(1, round(steps / settings.checks))
    checking = "steps" if check_rows else "no"
    if settings.batch_size % settings.accumulation:
        raise StudioError(
            f"{settings.batch_size} examples per step cannot be split into {settings.accumulation} equal bites.",
            "Choose a number of bites that divides the examples per step.",
        )
    return SFTConfig(
        output_dir=str(job.output),
        per_device_train_batch_size=settings.batch_size // settings.accumulation,
        per_device_eval_batch_size=8,
        gradient_accumulation_steps=settings.accumulation,
        max_steps=steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup * steps),
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy=checking,
        eval_steps=every,
        eval_on_start=bool(check_rows),
        save_strategy=checking,
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=bool(check_rows),
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        seed=settings.seed,
        # The weights are loaded in the number format that we train in: no autocast on top of that.
        bf16=False,
        fp16=False,
        # Recomputing activations costs a third more time, and what fits here does not need it.
        gradient_checkpointing=False,
        use_cpu=job.device == "cpu",
        dataloader_pin_memory=job.device != "cpu",
        dataset_kwargs={"skip_prepare_dataset": True},
        report_to=[],
        disable_tqdm=True,
        push_to_hub=False,
    )

"""TRL's SFTTrainer on rows that we tokenise ourselves, packed or not, with the loss computed only where it counts.

TRL 1.16 runs the language-model head over every position on a CPU. Computing it on the trained positions
only gives the same loss at every step and took 16.8 s instead of 24.7 s for four LoRA steps of
SmolLM2-135M (two AVX2 cores, two alternated pairs).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from peft import PeftModel
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from studio.datasets.examples import IGNORED, render_all
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import together
from studio.methods.adapting import trainable_model
from studio.methods.arguments import bite, training_arguments
from studio.methods.fast_path.budget import token_budget
from studio.methods.fast_path.correction import Correction
from studio.methods.fast_path.low_rank import in_one_step
from studio.methods.fast_path.short_rows import LONGEST, quick_backward
from studio.methods.fast_path.tiles import is_frozen, tiled_loss
from studio.methods.fast_path.trainer import InParts
from studio.methods.packing import check_kept_apart, pack_rows, packed_batches, packed_note
from studio.methods.registry import Job
from studio.methods.row_cache import cached_rows
from studio.methods.watched import Figures, Watched, watch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


# Models with one of these in their config do more to the logits than multiply by the head.
RESCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")


class ReplyTrainer(Watched, InParts, SFTTrainer):
    """Learns to write the tokens that carry a label. tiled: whether a frozen head is read in tiles."""

    tiled = True

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        losses = self.token_losses(model, inputs)
        count = len(losses) if num_items_in_batch is None else num_items_in_batch
        loss = losses.sum() / torch.as_tensor(count, device=losses.device).clamp(min=1)
        # The tokens of all processes were counted, and the gradients of the processes are averaged.
        return loss * together.count() if together.count() > 1 else loss

    def token_losses(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Cross-entropy of each trained token, shape (trained tokens,), float32."""
        return together.reading(model, lambda: self.losses_of_tokens(model, inputs), inputs["input_ids"])

    def losses_of_tokens(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        unwrapped: Any = self.accelerator.unwrap_model(model)
        # Of packed rows the positions alone are given: where they begin again at 0, transformers begins a new sequence,
        # and it looks for that only while there is no mask (masking_utils.find_packed_sequence_indices). Parts of a
        # step have neither.
        named = "position_ids" if "position_ids" in inputs else "attention_mask"
        reading = {name: inputs[name] for name in ("input_ids", named) if name in inputs} | {"use_cache": False}
        targets = inputs["labels"][:, 1:]
        trained = targets != IGNORED
        if prompted(unwrapped):
            # The learned beginning stands in front of what was asked for, and has no labels.
            length = targets.shape[1] + 1
            logits = unwrapped(**reading).logits[:, -length:][:, :-1][trained]
            return functional.cross_entropy(logits.float(), targets[trained], reduction="none")
        language_model = plain(unwrapped)
        if rescaled(language_model.config):
            logits = language_model(**reading).logits[:, :-1][trained]
        else:
            hidden = language_model.base_model(**reading).last_hidden_state[:, :-1][trained]
            head = language_model.get_output_embeddings()
            if self.tiled and together.count() == 1 and is_frozen(head):
                return tiled_loss(hidden, head, targets[trained], self.args.device.type)
            logits = head(hidden)
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

    def judge(self, rows: Dataset) -> Figures:
        """Loss (nats per trained token) and perplexity on these rows."""
        loss = together.agreed(self.mean_loss(rows))
        return {"loss": loss, "perplexity": math.exp(min(loss, 100.0))}

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The check rows' loss, as the Trainer's own evaluate reports it (which averages over batches)."""
        figures = self.judge(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def example_rows(
    tokenizer: "PreTrainedTokenizerBase",
    version: Version,
    split: str,
    max_length: int,
    everything: bool = False,
    home: Path | None = None,
) -> Dataset:
    """The rows of a split as input_ids and labels (lists of int). Rows whose reply is cut off whole are left out.

    everything: what is read is learned too, not the replies alone. home: the studio's, for its cache of tokenised rows.

    Raises StudioError when no training row keeps any of its reply.
    """
    frame = version.frame(split)

    def make() -> Dataset:
        examples = render_all(tokenizer, conversations(frame, version.kind), max_length)
        kept = [example for example in examples if example.learned]
        labels = [e.ids if everything else e.labels for e in kept]
        return Dataset.from_dict({"input_ids": [e.ids for e in kept], "labels": labels})

    depends = {"kind": version.kind, "max_length": max_length, "everything": everything, "made_by": "example_rows"}
    rows = cached_rows(home, tokenizer, frame, depends, make)
    if not len(rows) and split == "train":
        raise StudioError(
            f"With at most {max_length} tokens, every example is cut before its answer begins.",
            "Raise “Longest example (tokens)”.",
            cause="examples_cut",
            evidence=f"Of {version.rows['train']:,} training examples, 0 keep any of their answer.",
        )
    return rows


def reply_trainer(
    job: Job, tokenizer: "PreTrainedTokenizerBase", rows: dict[str, Dataset], *notes: str
) -> ReplyTrainer:
    """The trainer for these rows, by split; the training rows are packed where the settings say so."""
    settings = job.settings
    model = trainable_model(job, "causal")
    train, check = rows["train"], rows["validation"]
    if settings.packing:
        check_kept_apart(model)
        train = pack_rows(train, settings.max_length)
        notes += (packed_note(len(rows["train"]), len(train)),)
    trainer = ReplyTrainer(
        model=model,
        args=SFTConfig(
            **training_arguments(job, len(train), len(check)), dataset_kwargs={"skip_prepare_dataset": True}
        ),
        data_collator=packed_batches(tokenizer.pad_token_id) if settings.packing else None,
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    layers = in_one_step(trainer.model) if together.count() == 1 else 0
    quick = together.count() == 1 and (job.device, job.dtype) == ("cpu", "bfloat16") and quick_backward(plain(model))
    longest = max(map(len, train["input_ids"]))
    trainer.budget = token_budget(job.device, bite(settings), longest)
    trainer.add_callback(Correction(trainer, longest))
    trainer.notes = (*notes, *fast_path_notes(trainer, layers, quick))
    watched: ReplyTrainer = watch(trainer, job, "causal", rows["test"])
    return watched


def fast_path_notes(trainer: ReplyTrainer, layers: int, quick: bool) -> Iterator[str]:
    """What is said, when a run starts, of what makes its steps fast.

    layers: whose LoRA is taken in one step; quick: whether attention over short rows goes backward by itself.
    """
    if together.count() > 1:
        return
    yield (
        f"Examples of like length are read together, about {trainer.budget:,} tokens at once; every step learns from "
        "the same examples as without this."
    )
    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    if is_frozen(model.get_output_embeddings()) and not rescaled(model.config) and not prompted(model):
        yield "The scores of all words are worked out for some tokens at a time, and never kept."
    if layers:
        yield f"While it learns, LoRA is added to {layers:,} layers in the model's own number format."
    if quick:
        yield f"The attention over examples of up to {LONGEST} tokens is traced back as a processor is quick at it."


def rescaled(config: Any) -> bool:
    """Whether a model with this config does more to the scores of words than multiply by its head."""
    return any(getattr(config, name, None) for name in RESCALED)


def plain(model: Any) -> Any:
    """The model as transformers has it, without PEFT around it."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def prompted(model: Any) -> bool:
    """Whether a learned beginning stands in front of what this model is given."""
    return isinstance(model, PeftModel) and bool(model.active_peft_config.is_prompt_learning)

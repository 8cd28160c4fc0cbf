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
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from studio.datasets.examples import IGNORED, render_all
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import together
from studio.methods.adapting import trainable_model
from studio.methods.arguments import training_arguments
from studio.methods.fast_path.packed import unpacked
from studio.methods.fast_path.parts import Batch, Row
from studio.methods.fast_path.quicken import quicken
from studio.methods.fast_path.scores import head_for_tiles, losses_in_tiles, prompted, rescaled, without_adapter
from studio.methods.fast_path.trainer import InParts
from studio.methods.packing import check_kept_apart, pack_rows, packed_batches, packed_note
from studio.methods.registry import Job
from studio.methods.row_cache import cached_rows
from studio.methods.watched import Figures, Watched, watch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class ReplyTrainer(Watched, InParts, SFTTrainer):
    """Learns to write the tokens that carry a label. tiled: whether a frozen head is read in tiles."""

    tiled = True
    by_token = ("input_ids", "labels")

    def rows_in(self, bite: Batch) -> Iterator[Row]:
        """The examples of a bite with a label, of packed rows too."""
        rows = unpacked(bite) if "position_ids" in bite else super().rows_in(bite)
        return (row for row in rows if bool((row.values["labels"][:, 1:] != IGNORED).any()))

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
        head = head_for_tiles(unwrapped) if self.tiled and together.count() == 1 else None
        if head is not None:
            return losses_in_tiles(unwrapped, head, reading, inputs["labels"], self.args.device.type)
        targets = inputs["labels"][:, 1:]
        trained = targets != IGNORED
        if prompted(unwrapped):
            # The learned beginning stands in front of what was asked for, and has no labels.
            length = targets.shape[1] + 1
            logits = unwrapped(**reading).logits[:, -length:][:, :-1][trained]
            return functional.cross_entropy(logits.float(), targets[trained], reduction="none")
        language_model = without_adapter(unwrapped)
        if rescaled(language_model.config):
            logits = language_model(**reading).logits[:, :-1][trained]
        else:
            hidden = language_model.base_model(**reading).last_hidden_state[:, :-1][trained]
            logits = language_model.get_output_embeddings()(hidden)
        return functional.cross_entropy(logits.float(), targets[trained], reduction="none")

    def mean_loss(self, rows: Dataset) -> float:
        """Mean cross-entropy per trained token over all rows, exact whatever the batches; NaN without rows."""
        was_training = self.model.training
        self.model.eval()
        total, count = 0.0, 0
        with torch.no_grad():
            for numbers in self.checked_together([len(ids) for ids in rows["input_ids"]]):
                batch = self.data_collator([rows[number] for number in numbers])
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
    trainer.notes = notes
    watch(trainer, job, "causal", rows["test"])
    quicken(trainer, job, max(map(len, train["input_ids"])))
    return trainer

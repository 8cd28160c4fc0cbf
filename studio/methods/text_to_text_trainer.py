"""Trainer for encoder-decoders: the loss on every token of the answer, and how many answers are right to the letter."""

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from transformers import Trainer

from studio.datasets.examples import IGNORED
from studio.datasets.versions import Version
from studio.methods.watched import Figures, Watched
from studio.models.seq2seq import text_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class TextToTextTrainer(Watched, Trainer):
    """Learns to write the labels, given input_ids."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # The Trainer then counts the tokens of the whole step, in however many bites; compute_loss divides by that.
        self.model_accepts_loss_kwargs = True

    def count(self, inputs: Any) -> None:
        """Count the tokens of a batch: what the encoder reads, and what the decoder writes, which is learned."""
        written = int((inputs["labels"] != IGNORED).sum())
        self.tokens += int(inputs["attention_mask"].sum()) + written
        self.trained += written

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        losses, _ = self.token_losses(model, inputs)
        wanted = inputs["labels"] != IGNORED
        count = wanted.sum() if num_items_in_batch is None else num_items_in_batch
        return losses[wanted].sum() / torch.as_tensor(count, device=losses.device).clamp(min=1)

    def token_losses(self, model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy of each token to be written (float32), and whether it is the likeliest; both (rows, length)."""
        labels = inputs["labels"]
        # Without labels, with which the model works out a loss of its own, too.
        before = self.accelerator.unwrap_model(model).prepare_decoder_input_ids_from_labels(labels=labels)
        reading = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        logits = model(**reading, decoder_input_ids=before, use_cache=False).logits
        losses = functional.cross_entropy(
            logits.float().transpose(1, 2), labels, ignore_index=IGNORED, reduction="none"
        )
        return losses, logits.argmax(-1) == labels

    def judge(self, rows: Dataset) -> Figures:
        """Loss (nats per token), perplexity, token accuracy and exact match on these rows.

        When every token is the likeliest after those before it, plain greedy writing gives just this answer: so exact
        match needs no writing.
        """
        model: Any = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.eval()
        loss, right, exact, tokens = 0.0, 0, 0, 0
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]["input_ids"]))
        size = self.args.per_device_eval_batch_size
        with torch.no_grad():
            for start in range(0, len(order), size):
                batch = self.data_collator([rows[index] for index in order[start : start + size]])
                batch = self._prepare_inputs(batch)
                losses, hits = self.token_losses(model, batch)
                wanted = batch["labels"] != IGNORED
                loss, tokens = loss + float(losses[wanted].sum()), tokens + int(wanted.sum())
                right, exact = right + int(hits[wanted].sum()), exact + int((hits | ~wanted).all(1).sum())
        model.train(was_training)
        mean = loss / tokens
        return {
            "loss": mean,
            "exact_match": exact / len(rows),
            "token_accuracy": right / tokens,
            "perplexity": math.exp(min(mean, 100.0)),
        }

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The figures of the check rows, as the Trainer's own evaluate reports them."""
        figures = self.judge(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def text_pairs(
    tokenizer: "PreTrainedTokenizerBase", version: Version, split: str, max_length: int
) -> tuple[Dataset, int]:
    """The rows of a split as input_ids, attention_mask and labels, and how many texts had to be cut."""
    texts = version.texts(split)
    asked, cut = text_ids(tokenizer, list(texts["prompt"]), max_length)
    written, cut_too = text_ids(tokenizer, list(texts["reply"]), max_length)
    mask = [[1] * len(ids) for ids in asked]
    return Dataset.from_dict({"input_ids": asked, "attention_mask": mask, "labels": written}), cut + cut_too

"""Rows with a picture as a vision-language model gets them, and the trainer that learns their replies."""

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from peft import PeftModel
from transformers import Trainer

from studio.datasets.examples import IGNORED, encode, segments
from studio.datasets.pictures import picture_file
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.fast_path.scores import RESCALED
from studio.methods.watched import Figures, Watched

Row = dict[str, Any]  # picture: path; read: text before the reply, with the picture's mark; reply: token ids


class Pictures:
    """Makes batches of rows. picture_size: the longer side of a picture at most, in dots, before the model's own size.

    What is read and what is learned are tokenised apart, because that is how they meet when the model is asked.
    """

    def __init__(self, processor: Any, max_length: int, picture_size: int) -> None:
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.max_length, self.picture_size = max_length, picture_size

    def read(self, rows: list[Row]) -> Any:
        """Pictures and questions in the model's own form: lists of token ids, and tensors of the pictures."""
        return self.processor(
            text=[row["read"] for row in rows],
            images=[[self.picture(row["picture"])] for row in rows],
            add_special_tokens=False,  # the chat template has written them
            padding=True,
            padding_side="right",
            return_tensors="pt",
        )

    def picture(self, path: str) -> Any:
        """An RGB picture, the right way up, made smaller if it is too large."""
        from PIL import Image, ImageOps

        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture.thumbnail((self.picture_size, self.picture_size))
        return picture

    def length(self, row: Row) -> int:
        """Tokens that are read before the reply."""
        return int(self.read([row])["input_ids"].shape[1])

    def __call__(self, rows: list[Row]) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask, labels of (rows, tokens), padded on the right; the rest is the processor's."""
        found = dict(self.read(rows))
        ids, mask = found.pop("input_ids"), found.pop("attention_mask").bool()
        # Such as token_type_ids, which tell picture from text: a reply has only text.
        per_token = {name: value for name, value in found.items() if value.shape == ids.shape}
        starts = [row_ids[row_mask] for row_ids, row_mask in zip(ids, mask, strict=True)]
        replies = [torch.tensor(row["reply"]) for row in rows]
        whole = [torch.cat(pair) for pair in zip(starts, replies, strict=True)]
        found["input_ids"] = pad(whole, self.tokenizer.pad_token_id)
        found["attention_mask"] = pad([torch.ones_like(one) for one in whole], 0)
        read = [torch.full_like(start, IGNORED) for start in starts]
        found["labels"] = pad([torch.cat(pair) for pair in zip(read, replies, strict=True)], IGNORED)
        for name, value in per_token.items():
            kept = [row[row_mask] for row, row_mask in zip(value, mask, strict=True)]
            found[name] = pad([torch.cat([k, k.new_zeros(len(r))]) for k, r in zip(kept, replies, strict=True)], 0)
        return found


def pad(rows: list[torch.Tensor], value: int) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


def picture_rows(pictures: Pictures, version: Version, split: str) -> Dataset:
    """The rows of a split: picture, read, reply. Rows whose reply is cut off whole are left out.

    Raises StudioError when no training row keeps any of its reply, or when the model has no chat format.
    """
    frame = version.frame(split)
    rows, longest = [], 0
    for (messages, _), name in zip(conversations(frame, version.kind), frame["label"], strict=True):
        file = picture_file(version.folder, name)
        row = picture_row(pictures, messages, file)
        before = pictures.length(row)
        longest = max(longest, before)
        row["reply"] = row["reply"][: max(0, pictures.max_length - before)]
        if row["reply"]:
            rows.append(row)
    if not rows and split == "train":
        raise StudioError(
            f"Picture and question take up to {longest:,} tokens, so with at most {pictures.max_length:,} every "
            "example is cut before its answer begins.",
            "Raise “Longest example (tokens)”, or make “Largest picture” smaller.",
            cause="examples_cut",
        )
    return Dataset.from_dict({name: [row[name] for row in rows] for name in ("picture", "read", "reply")})


def picture_row(pictures: Pictures, messages: list[dict[str, Any]], file: Path) -> Row:
    """One conversation through the model's chat template, its picture in front of the first question."""
    first = next(place for place, message in enumerate(messages) if message["role"] == "user")
    spoken = [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in messages]
    spoken[first]["content"].insert(0, {"type": "image"})
    *read, (reply, _) = segments(pictures.tokenizer, spoken)
    return {
        "picture": str(file),
        "read": "".join(text for text, _ in read),
        "reply": encode(pictures.tokenizer, reply),
    }


class VisionTrainer(Watched, Trainer):
    """Learns to write the tokens that carry a label, after a picture and a question."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        losses = self.token_losses(model, inputs)
        count = len(losses) if num_items_in_batch is None else num_items_in_batch
        return losses.sum() / torch.as_tensor(count, device=losses.device).clamp(min=1)

    def token_losses(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Cross-entropy of each trained token, shape (trained tokens,), float32; the head sees no other position."""
        unwrapped: Any = self.accelerator.unwrap_model(model)
        whole: Any = unwrapped.get_base_model() if isinstance(unwrapped, PeftModel) else unwrapped
        reading: dict[str, Any] = {"use_cache": False}
        for name, value in inputs.items():
            if name != "labels":  # pictures come as float32, whatever the model is held in
                reading[name] = value.to(whole.dtype) if value.is_floating_point() else value
        targets = inputs["labels"][:, 1:]
        trained = targets != IGNORED
        if any(getattr(whole.config.get_text_config(), name, None) for name in RESCALED):
            logits = whole(**reading).logits[:, :-1][trained]
        else:
            hidden = whole.base_model(**reading).last_hidden_state
            logits = whole.get_output_embeddings()(hidden[:, :-1][trained])
        return functional.cross_entropy(logits.float(), targets[trained], reduction="none")

    @torch.no_grad()
    def judge(self, rows: Dataset) -> Figures:
        """Loss (nats per trained token) and perplexity on these rows, exact whatever the batches; NaN without rows."""
        was_training = self.model.training
        self.model.eval()
        total, count = 0.0, 0
        size = self.args.per_device_eval_batch_size
        for start in range(0, len(rows), size):
            batch = self.data_collator([rows[index] for index in range(start, min(start + size, len(rows)))])
            losses = self.token_losses(self.model, self._prepare_inputs(batch))
            total, count = total + float(losses.sum()), count + len(losses)
        self.model.train(was_training)
        loss = total / count if count else float("nan")
        return {"loss": loss, "perplexity": math.exp(min(loss, 100.0))}

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The check rows' figures, as the Trainer's own evaluate reports them (which averages over batches)."""
        figures = self.judge(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

"""The Trainer for models with a head: it learns groups or numbers, and judges itself by what the field judges by."""

from collections.abc import Callable
from typing import Any

import numpy
import pandas
import torch
import torch.nn.functional as functional
from datasets import Dataset
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from studio.methods import judgements
from studio.methods.adapting import trainable_model
from studio.methods.arguments import check_bite, training_arguments
from studio.methods.fast_path.quicken import leaves_out, quicken
from studio.methods.fast_path.trainer import SHARE, InParts
from studio.methods.label_rows import text_rows
from studio.methods.registry import Job
from studio.methods.watched import Figures, Watched, watch
from studio.models.loading import load_tokenizer

Array = numpy.ndarray


class JudgingTrainer(Watched, InParts, Trainer):
    """What the three below share. Each says how wrong a row is, and what the figures of many rows are.

    constant: the logits, shape (outputs,), of whoever guesses the same for every text: a new head knows nothing, so
    that is what a run is measured against. in_words: this guess in a sentence. knows: whether the model came with a
    head that was trained on these very groups or numbers; then it is measured against itself.
    """

    constant: Array
    in_words: str
    knows: bool = False
    read: list[tuple[torch.Tensor, torch.Tensor]]

    def row_losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of every row, shape (rows,)."""
        raise NotImplementedError

    def figures(self, logits: Array, labels: Array) -> Figures:
        """The metrics of the method over these rows; logits (rows, outputs)."""
        raise NotImplementedError

    def at_a_glance(self, logits: Array, labels: Array) -> Figures:
        """Those of the metrics that make sense for a few rows."""
        raise NotImplementedError

    def found(self, logits: Array, labels: Array) -> dict[str, Any]:
        """What there is to be told about the test rows beside figures."""
        raise NotImplementedError

    def count(self, inputs: Any) -> None:
        self.tokens += int(inputs["attention_mask"].sum())
        self.trained += len(inputs["labels"])  # one answer a text

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        labels = inputs["labels"]
        logits = self.logits_of(model, inputs)
        self.read = [*getattr(self, "read", []), (logits.detach(), labels)]
        losses = self.row_losses(logits, labels)
        if num_items_in_batch is None:
            return (losses * inputs[SHARE]).sum() * self.bites if SHARE in inputs else losses.mean()
        return losses.sum() * (labels.numel() / len(labels)) / num_items_in_batch

    def logits_of(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Shape (rows, outputs), float32."""
        reading = {name: inputs[name] for name in ("input_ids", "attention_mask") if name in inputs}
        logits: torch.Tensor = model(**reading).logits
        return logits.float()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Beside the loss of a step, what can be told from the rows that it was learned from."""
        if "loss" in logs and getattr(self, "read", None):
            logits, labels = (torch.cat(parts).cpu().numpy() for parts in zip(*self.read, strict=True))
            logs |= self.at_a_glance(logits, labels)
        self.read = []
        super().log(logs, start_time)

    @torch.no_grad()
    def outputs(self, rows: Dataset) -> tuple[Array, Array]:
        """Logits (rows, outputs) and labels of all rows, in their order."""
        model = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.eval()
        order: list[int] = []
        logits, labels = [], []
        for numbers in self.checked_together([len(ids) for ids in rows["input_ids"]]):
            order += numbers
            batch = self._prepare_inputs(self.data_collator([rows[number] for number in numbers]))
            logits.append(self.logits_of(model, batch).cpu())
            labels.append(batch["labels"].cpu())
        model.train(was_training)
        back = numpy.argsort(order)
        return torch.cat(logits).numpy()[back], torch.cat(labels).numpy()[back]

    def judged(self, logits: Array, labels: Array) -> Figures:
        """Mean loss of the rows, exact whatever the batches, and the metrics."""
        there = self.args.device
        losses = self.row_losses(torch.from_numpy(logits).to(there), torch.from_numpy(labels).to(there))
        return {"loss": float(losses.mean()), **self.figures(logits, labels)}

    def judge(self, rows: Dataset) -> Figures:
        """Loss and metrics on these rows; what else is found goes into `findings`."""
        logits, labels = self.outputs(rows)
        self.findings = {**self.findings, **self.found(logits, labels)}
        return self.judged(logits, labels)

    def judge_untuned(self, rows: Dataset) -> Figures:
        """The same of the model before training; of a new head, of whoever always guesses the same."""
        if self.knows:
            kept = self.findings  # what is found is about the tuned model
            figures = super().judge_untuned(rows)
            self.findings = kept
            return figures
        labels = numpy.asarray(list(rows["labels"]), dtype=self.label_type)
        self.findings = {**self.findings, "baseline": self.in_words}
        return self.judged(numpy.tile(self.constant.astype("float32"), (len(labels), 1)), labels)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Loss and metrics of the check rows. (The Trainer's own averages the loss over batches.)"""
        figures = self.judged(*self.outputs(eval_dataset or self.eval_dataset))
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    label_type = "float32"


class GroupTrainer(JudgingTrainer):
    """One group a text. weights: how much a text of each group counts, shape (groups,); names of the groups."""

    weights: torch.Tensor
    names: list[str]
    label_type = "int64"

    def row_losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # Not divided by the weights of the batch, as torch's own mean is: then bites would change the result.
        return functional.cross_entropy(logits, labels, reduction="none") * self.weights.to(labels.device)[labels]

    def figures(self, logits: Array, labels: Array) -> Figures:
        return judgements.of_groups(labels, logits.argmax(axis=1))

    def at_a_glance(self, logits: Array, labels: Array) -> Figures:
        return {"accuracy": float((logits.argmax(axis=1) == labels).mean())}

    def found(self, logits: Array, labels: Array) -> dict[str, Any]:
        guessed = logits.argmax(axis=1)
        return {
            "confusion": judgements.confusion(labels, guessed, self.names),
            "groups": judgements.group_by_group(labels, guessed, self.names),
        }


class SeveralGroupsTrainer(JudgingTrainer):
    """Any number of groups a text. weights: how much more a group counts where it is there, shape (groups,)."""

    weights: torch.Tensor
    names: list[str]
    threshold: float

    def row_losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        weights = self.weights.to(labels.device)
        losses = functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=weights, reduction="none")
        return losses.mean(dim=1)

    def chosen(self, logits: Array) -> Array:
        """1 where a group is given, shape (rows, groups): where its probability reaches the threshold."""
        chosen: Array = (logits >= numpy.log(self.threshold / (1 - self.threshold))).astype("int64")
        return chosen

    def figures(self, logits: Array, labels: Array) -> Figures:
        return judgements.of_several(labels.astype("int64"), self.chosen(logits))

    def at_a_glance(self, logits: Array, labels: Array) -> Figures:
        return {"exact_match": float((self.chosen(logits) == labels).all(axis=1).mean())}

    def found(self, logits: Array, labels: Array) -> dict[str, Any]:
        return {"groups": judgements.several_by_group(labels.astype("int64"), self.chosen(logits), self.names)}


class NumberTrainer(JudgingTrainer):
    """A number a text. Labels and logits are in standard deviations from the mean; figures are in the file's unit."""

    mean: float
    std: float

    def row_losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (logits[:, 0] - labels) ** 2

    def figures(self, logits: Array, labels: Array) -> Figures:
        return judgements.of_numbers(self.in_unit(labels), self.in_unit(logits[:, 0]))

    def at_a_glance(self, logits: Array, labels: Array) -> Figures:
        return {"mae": float(numpy.abs(logits[:, 0] - labels).mean() * self.std)}

    def found(self, logits: Array, labels: Array) -> dict[str, Any]:
        return {"points": judgements.points(self.in_unit(labels), self.in_unit(logits[:, 0]))}

    def in_unit(self, values: Array) -> Array:
        return values.astype("float64") * self.std + self.mean


def judging_trainer(
    kind: type[JudgingTrainer],
    job: Job,
    head: dict[str, Any],
    labels: Callable[[pandas.DataFrame], list[Any]],
    best: str = "loss",
) -> Any:
    """A trainer of that kind for the job. head: for the model's config; labels: those of a frame of rows.

    best: the figure by which the best point is kept; more of it is better, unless it is the loss.
    """
    tokenizer = load_tokenizer(job.folder)
    frames = [job.version.frame(split) for split in ("train", "validation", "test")]
    train, check, test = (text_rows(tokenizer, frame, job.settings.max_length, labels(frame)) for frame in frames)
    arguments = training_arguments(job, len(train), len(check), best, higher=best != "loss")
    arguments["per_device_eval_batch_size"] = check_bite(job.settings, light=True)
    # Texts of like length share a step. On BANKING77 in steps of 32 a text takes 17 tokens with its padding; drawn at
    # random it takes 47, of which 16 are its own.
    arguments["train_sampling_strategy"] = "group_by_length"
    trainer = kind(
        model=trainable_model(job, "classifier", head),
        args=TrainingArguments(**arguments),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
    )
    trainer.findings = {}
    watch(trainer, job, "classifier", test, head)
    # Most encoders leave out a tenth of what they read (dropout). In parts it would be another tenth, and a script that
    # repeats the run would come to other losses; their steps are of like length as it is.
    if not leaves_out(trainer.model):
        quicken(trainer, job, max(map(len, train["input_ids"])))
    return trainer

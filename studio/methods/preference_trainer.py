"""What TRL's preference trainers are made to do here: judge row by row, and be held against the model as it began.

The reference is the model before its first step, read once for every row: no second model in memory, and no second
reading at every step. TRL's own way, a frozen copy of the adapter, would hold a fresh prompt against itself instead of
against the base model, and would decompose the weights of a PiSSA adapter a second time.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel

from studio.datasets.examples import IGNORED
from studio.methods import together
from studio.methods.fast_path.scores import head_for_tiles, losses_in_tiles
from studio.methods.fast_path.trainer import SHARE, InParts
from studio.methods.registry import Metric
from studio.methods.shared_step import OF, REAL
from studio.methods.watched import Figures, Watched

Batch = dict[str, Any]
RowFigures = dict[str, torch.Tensor]


class PreferenceTrainer(Watched, InParts):
    """Mixed in before a trainer of TRL; its rows are tokenised already. metrics: what `judge` gives beside the loss.

    tiled: whether it reads a frozen head in tiles. seen: the figures of the step that is being taken, summed over its
    parts, each row by its share.
    """

    tiled = False
    metrics: tuple[Metric, ...]
    data_collator: Any
    _prepare_inputs: Any
    _metrics: Any
    callback_handler: Any
    control: Any
    seen: RowFigures

    def __init__(self, model: Any, **rest: Any) -> None:
        self.seen = {}
        adapted = isinstance(model, PeftModel)
        config: Any = model.peft_config["default"] if adapted else None
        beginning = getattr(config, "init_lora_weights", None)
        # TRL turns the adapter of a packed model to bfloat16, in which small corrections are lost in rounding.
        exact = {p: p.detach().clone() for p in model.parameters() if p.requires_grad} if adapted else {}
        if beginning is not None:
            config.init_lora_weights = True  # the copy that TRL makes must leave the model's weights alone
        super().__init__(model=model, **rest)  # type: ignore[call-arg]
        if adapted and "ref" in model.peft_config:
            model.delete_adapter("ref")
        if beginning is not None:
            config.init_lora_weights = beginning
        for parameter, value in exact.items():
            parameter.data = value
            parameter.requires_grad_(True)

    def _prepare_dataset(self, dataset: Dataset, *rest: Any) -> Dataset:
        return dataset  # studio.methods.preference_rows has done it

    def create_model_card(self, *rest: Any, **more: Any) -> None:
        """Write none beside each checkpoint, which nobody reads; ours is written when a run is exported."""

    def count(self, inputs: Any) -> None:
        super().count(inputs)
        for name, value in inputs.items():
            if name in ("completion_mask", "chosen_labels", "rejected_labels"):
                self.trained += int(((value > 0) if name == "completion_mask" else (value != -100))[:, 1:].sum())

    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """TRL's own, or of several processes the mean over the rows of all: TRL's is the mean of their means.

        Of a part of a step: what its rows have in the step's mean.
        """
        if SHARE in inputs:
            return self.loss_of_part(inputs)
        if together.count() == 1:
            loss: torch.Tensor = super().compute_loss(  # type: ignore[misc]
                model, inputs, return_outputs=return_outputs, num_items_in_batch=num_items_in_batch
            )
            return loss
        figures = (
            self.figures_of_step(inputs)
            if model is self.model
            else together.reading(model, lambda: self.figures_of_step(inputs), inputs["input_ids"])
        )
        shares = {name: (values.float() * inputs[REAL]).sum() / inputs[OF] for name, values in figures.items()}
        told = together.summed([float(share.detach()) for share in shares.values()], self.args.device)
        names = {metric.name: metric.logged or metric.name for metric in self.metrics}
        for name, value in zip(shares, told, strict=True):
            if name in names:
                self._metrics["train"][names[name]].append(value)
        return shares["loss"] * together.count()  # the gradients of the processes are averaged

    def loss_of_part(self, inputs: Batch) -> torch.Tensor:
        figures = self.figures_of_step({name: value for name, value in inputs.items() if name != SHARE})
        shares = {name: (values.float() * inputs[SHARE]).sum() for name, values in figures.items()}
        self.seen = {name: self.seen.get(name, 0) + share.detach() for name, share in shares.items()}
        return shares["loss"] * self.bites

    def figures_of_step(self, batch: Batch) -> RowFigures:
        """`row_figures` as TRL counts them while it learns: a tie is not right."""
        figures = self.row_figures(batch)
        return {**figures, "accuracy": figures["margin"] > 0}

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Beside the loss of a step that was read in parts, its metrics, by the names that TRL gives them."""
        if "loss" in logs and self.seen:
            logs |= {metric.logged or metric.name: float(self.seen[metric.name]) for metric in self.metrics}
            self.seen = {}
        super().log(logs, start_time)  # type: ignore[misc]

    def row_figures(self, batch: Batch) -> RowFigures:
        """Loss and metrics of each row or pair of a batch, each of shape (rows,)."""
        raise NotImplementedError

    def in_batches(self, rows: Dataset) -> Iterator[tuple[list[int], Batch]]:
        """Row numbers and what is read of them, rows of like length together: hardly any padding."""
        for chosen in self.checked_together(longest_texts(rows)):
            yield chosen, self._prepare_inputs(self.data_collator([rows[index] for index in chosen]))

    def gathered(self, rows: Dataset, figures: Callable[[Batch], RowFigures]) -> RowFigures:
        """The figures of all rows, each of shape (rows,) in their order, float32 on the CPU; without gradients."""
        was_training = self.model.training
        self.model.eval()
        found: list[tuple[list[int], RowFigures]] = []
        with torch.no_grad():
            for chosen, batch in self.in_batches(rows):
                found.append((chosen, {k: v.float().cpu() for k, v in figures(batch).items()}))
        self.model.train(was_training)
        back = torch.argsort(torch.tensor([index for chosen, _ in found for index in chosen]))
        names = found[0][1] if found else {}
        return {name: torch.cat([values[name] for _, values in found])[back] for name in names}

    def judge(self, rows: Dataset) -> Figures:
        """Loss and metrics on these rows, exact whatever the batches."""
        figures = {name: float(values.mean()) for name, values in self.gathered(rows, self.row_figures).items()}
        return together.agreed(figures)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """`judge` of the check rows, reported by the names that TRL gives its metrics."""
        logged = {metric.name: metric.logged or metric.name for metric in self.metrics}
        figures = self.judge(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{logged.get(name, name)}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def head_for_tiles(self) -> Any:
        """The head that is read in tiles, at the answers only; None where TRL's own way is taken.

        In mixed precision, too: what is read around the model's own forward would be read in float32.
        """
        if not self.tiled or self.args.bf16 or together.count() > 1:
            return None
        return head_for_tiles(self.accelerator.unwrap_model(self.model))


class AgainstReference(PreferenceTrainer):
    """Mixed in before DPOTrainer or KTOTrainer; call `remember_reference` once it is watched."""

    tiled = True
    by_token = ("input_ids", "completion_mask")
    ref_model: Any
    precompute_ref_logps: bool

    def _precompute_ref_logps(self, dataset: Dataset, *rest: Any) -> Dataset:
        return dataset  # as in `remember_reference`

    def reference_figures(self, batch: Batch) -> RowFigures:
        """What the loss needs to know of the reference, by the column's name, each of shape (rows,)."""
        raise NotImplementedError

    def remember_reference(self, started: bool) -> None:
        """Read every row once, before training, with the model as it is.

        started: it goes on from an earlier run, whose adapter belongs to the reference. A fresh adapter does not.
        """
        model = self.accelerator.unwrap_model(self.model)
        fresh = isinstance(model, PeftModel) and not started and not self.settings.changes_base
        with model.disable_adapter() if fresh else nullcontext():
            for name in ("train_dataset", "eval_dataset", "test_dataset"):
                rows = getattr(self, name)
                if rows is None:
                    continue
                for column, values in self.gathered(rows, self.reference_figures).items():
                    rows = rows.add_column(column, values.tolist())
                setattr(self, name, rows)
        self.precompute_ref_logps = True

    def log_probability(self, batch: Batch, prefix: str = "") -> torch.Tensor:
        """Summed log-probability of each answer under the model as it is now, in nats, shape (rows,)."""
        ids, answer = batch[f"{prefix}input_ids"], batch[f"{prefix}completion_mask"]
        labels = ids.masked_fill(answer == 0, IGNORED)
        reading = {"input_ids": ids, "attention_mask": batch.get(f"{prefix}attention_mask"), "use_cache": False}
        head = self.head_for_tiles()
        if head is not None:
            model = self.accelerator.unwrap_model(self.model)
            losses = losses_in_tiles(model, head, reading, labels, self.args.device.type)
            return -in_places(losses, labels).sum(1)
        read = self.model(**reading, labels=labels, fused_lm_head=True)
        # A learned beginning stands in front of what was read.
        result: torch.Tensor = read.log_probs[:, 1 - ids.shape[1] :].sum(1)
        return result


def longest_texts(rows: Dataset) -> list[int]:
    """Tokens of the longest text of each row, with what is asked; the columns are those of any of the methods."""
    asked = [len(ids) for ids in rows["prompt_ids"]] if "prompt_ids" in rows.column_names else [0] * len(rows)
    ends = [name for name in rows.column_names if name.endswith("_ids") and name != "prompt_ids"]
    answers = zip(*([len(ids) for ids in rows[name]] for name in ends), strict=True)
    return [first + max(lengths) for first, lengths in zip(asked, answers, strict=True)]


def in_places(losses: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The losses of the trained positions of `labels` where they belong, (rows, tokens - 1), and 0 elsewhere."""
    trained = labels[:, 1:] != IGNORED
    return losses.new_zeros(trained.shape).masked_scatter(trained, losses)

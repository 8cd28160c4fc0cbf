"""What every trainer here can do beyond the Trainer's own: count, judge itself, and be saved to be loaded again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from studio.methods import together
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.finite import check_finite
from studio.methods.pieces import Pieces, put_together, without_pieces
from studio.methods.registry import Job
from studio.methods.row_order import drawn, steady, wind_forward
from studio.methods.shared_step import SharedStep
from studio.models.loading import RESULT, load_model

if TYPE_CHECKING:
    from datasets import Dataset

Figures = dict[str, float]


class Watched(SharedStep, Pieces):
    """Mixed in before a Trainer: `class MyTrainer(Watched, SFTTrainer)`; `watch` is called when it is built.

    `tokens` read and `trained` tokens learned from since the start. test_dataset: rows that it never sees in training,
    None without any. `facts` go into result.json beside what is kept: task, weights, and what its head needs. `notes`
    are sentences for the run's log about what became of the rows. dtype: the number format of what is kept whole.
    judged_first: what it started from is gone after training (the model's own weights, or an earlier run's adapter), so
    it has to be judged before. passes_done: whole passes over the rows that were made before this process began.
    """

    model: Any
    args: Any
    state: Any
    accelerator: Any
    train_dataset: Any
    eval_dataset: Any
    processing_class: Any
    settings: AdaptSettings
    test_dataset: "Dataset | None" = None
    facts: dict[str, Any]
    optimizer: Any
    train: Any  # the Trainer's own
    add_callback: Any
    notes: tuple[str, ...] = ()
    dtype: str
    as_loaded: Any  # gives the base model once more, whole and on the processor
    judged_first = False
    findings: dict[str, Any] = {}  # what a judgement finds beside figures; goes into the run's result
    tokens = 0
    trained = 0
    passes_done = 0
    taken: tuple[int, list[Any]] = (-1, [])  # the step that is being taken, and its batches so far

    def training_step(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> torch.Tensor:
        self.count_together(inputs, self.count)
        step = self.state.global_step
        self.taken = (step, [*(self.taken[1] if self.taken[0] == step else []), inputs])
        loss: torch.Tensor = super().training_step(model, inputs, *rest, **more)  # type: ignore[misc]
        check_finite(self, "loss", float(loss), self.taken[1])
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        """The Trainer's: called once a step, before anything is corrected."""
        norm = super()._clip_grad_norm(model)  # type: ignore[misc]
        norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm  # of weights that lie in pieces
        check_finite(self, "gradients", float(norm), self.taken[1])
        return norm

    def _get_train_sampler(self, *rest: Any, **more: Any) -> Any:
        sampler = super()._get_train_sampler(*rest, **more)  # type: ignore[misc]
        return wind_forward(steady(sampler, self.args.seed), self.passes_done)

    def count(self, inputs: Any) -> None:
        """Count the tokens of a batch: all that are read, and those with a label."""
        if not isinstance(inputs, dict):
            return
        for name, value in inputs.items():
            if name.endswith("attention_mask"):
                self.tokens += int(value.sum())
        labels = inputs.get("labels")
        if labels is not None and labels.dim() == 2:
            self.trained += int((labels[:, 1:] != -100).sum())

    def create_optimizer(self, *rest: Any, **more: Any) -> Any:
        """The Trainer's optimizer; with LoRA+ the second half of each adapter layer learns faster."""
        together.put_away(self.model)
        ratio = self.settings.lora_plus if self.settings.adapt == "lora" else 1.0
        if ratio == 1.0 or getattr(self, "optimizer", None) is not None:
            return super().create_optimizer(*rest, **more)  # type: ignore[misc]
        from peft.optimizers import create_loraplus_optimizer

        kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.model)  # type: ignore[attr-defined]
        # Hayou et al. 2024, arXiv:2402.12354.
        self.optimizer = create_loraplus_optimizer(self.model, kind, loraplus_lr_ratio=ratio, **options)
        return self.optimizer

    def judge(self, rows: "Dataset") -> Figures:
        """Loss and metrics of the model as it is now on these rows, by their names without a prefix."""
        self.evaluate(rows, metric_key_prefix="test")  # type: ignore[attr-defined]
        logged = self.state.log_history.pop()
        named = {k.removeprefix("test_").removeprefix("eval_"): v for k, v in logged.items()}
        return {k: float(v) for k, v in named.items() if isinstance(v, (int, float)) and k not in ("epoch", "step")}

    def judge_untuned(self, rows: "Dataset") -> Figures:
        """The same of the model before training: call it before training where `judged_first`."""
        model = self.accelerator.unwrap_model(self.model)
        if self.judged_first:
            return self.judge(rows)
        with model.disable_adapter():
            return self.judge(rows)

    def keep(self, folder: Path) -> None:
        """Save what was trained: the adapter alone where there is one, else the whole model with its tokenizer.

        Of several processes all call it, and the first writes.
        """
        from peft import PeftModel

        model: Any = self.accelerator.unwrap_model(self.model)
        if self.trained_in_pieces():
            model = put_together(model, self.as_loaded)
        if not together.is_first():
            return
        if isinstance(model, PeftModel):
            initial = getattr(model, "initial_adapter", None)
            how: Any = {"path_initial_model_for_weight_conversion": str(initial)} if initial else {}
            if together.root_of_pieces(model) is not None:
                how["state_dict"] = without_pieces(model)
            model.save_pretrained(str(folder), selected_adapters=["default"], **how)
            if initial:
                add_heads(model, folder)
        else:
            model.to(getattr(torch, self.dtype))  # trained in float32, see studio.methods.adapting
            model.save_pretrained(folder)
            self.processing_class.save_pretrained(folder)
        (folder / RESULT).write_text(json.dumps(self.facts, ensure_ascii=False, indent=1), "utf-8")


def watch(trainer: Any, job: Job, task: str, test: "Dataset | None" = None, head: dict[str, Any] | None = None) -> Any:
    """Tell a new trainer what it needs to count, judge and be kept; returns it.

    Of its check rows it keeps those that are read at each check.
    """
    from transformers import EarlyStoppingCallback

    from studio.methods.adapting import GradualUnfreezing, undo_rounding

    undo_rounding(trainer.model)
    if trainer.eval_dataset is not None:
        trainer.eval_dataset = drawn(trainer.eval_dataset, job.settings.rows_checked(len(trainer.eval_dataset)))
    trainer.settings = job.settings
    trainer.dtype = job.dtype
    trainer.as_loaded = lambda: load_model(job.folder, "cpu", "float32", task, head=head)
    trainer.judged_first = job.settings.changes_base or job.start is not None
    trainer.test_dataset = test if test is not None and len(test) else None
    trainer.facts = {"task": task, "weights": job.settings.weights, "head": head or {}}
    if job.settings.adapt == "gradual":
        trainer.add_callback(GradualUnfreezing(trainer.model))
    if job.settings.patience and trainer.eval_dataset is not None:
        trainer.add_callback(EarlyStoppingCallback(job.settings.patience))
    return trainer


def add_heads(model: Any, folder: Path) -> None:
    """Write what the adapter has beside its layers, such as a new head, into its file.

    PEFT 0.21 leaves it out when it turns PiSSA or OLoRA into a plain LoRA (PeftModel.save_pretrained).
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file, save_file

    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    missing = {name: value for name, value in get_peft_model_state_dict(model).items() if name not in tensors}
    if missing:
        whole = {**tensors, **{name: value.contiguous().cpu() for name, value in missing.items()}}
        save_file(whole, file, metadata={"format": "pt"})

"""What a trainer has got, flat and comparable: two trainers that were built alike have the same description."""

import hashlib
import json
from collections import Counter
from typing import Any

import torch

from studio.evaluation.few_shot import few_shot_rows
from studio.methods import Job, find_method

OWN = ("beta", "class_weights", "threshold", "on_policy", "desirable_weight", "undesirable_weight", "loss_types")
PLACES = ("output_dir", "logging_dir", "run_name")


def described(method: str, job: Job) -> dict[str, str]:
    """Built, and looked at: arguments, adapter, weights, rows, a batch of them, optimiser, and what the loss needs."""
    trainer: Any = find_method(method).build(job)
    found: dict[str, Any] = {"kind": type(trainer).__name__}
    found |= {f"arguments.{name}": v for name, v in trainer.args.to_dict().items() if name not in PLACES}
    config = getattr(trainer.model, "peft_config", {}).get("default")
    found |= {f"adapter.{name}": v for name, v in (config.to_dict() if config else {}).items()}
    found["layers"] = Counter(type(module).__name__ for module in trainer.model.modules())
    found["weights"] = digest(trainer.model)
    found["trained"] = [name for name, p in trainer.model.named_parameters() if p.requires_grad]
    for split in ("train", "eval", "test"):
        rows = getattr(trainer, f"{split}_dataset")
        found[f"rows.{split}"] = list(rows) if rows is not None else None
    if method not in ("rlhf", "distillation"):  # these make their batches while they write
        batch = trainer.data_collator([trainer.train_dataset[i] for i in range(min(4, len(trainer.train_dataset)))])
        found["batch"] = {name: value for name, value in batch.items()}
    optimiser = trainer.create_optimizer()
    found["optimiser"] = [(group["lr"], len(group["params"])) for group in optimiser.param_groups]
    found |= {f"own.{name}": getattr(trainer, name, None) for name in OWN}
    found["own.weights"] = getattr(trainer, "weights", None)
    found["callbacks"] = sorted(type(one).__name__ for one in trainer.callback_handler.callbacks)
    if method == "rlhf":
        reward = trainer.reward
        found["own.rules"] = reward.rules
        found["own.reward"] = (reward.weight, digest(reward.model.model) if reward.model else None)
    if method == "distillation":
        found["own.teacher"] = digest(trainer.teacher_model)
    if shots := getattr(job.settings, "shots", 0):
        found["shots"] = list(few_shot_rows(trainer, job.version, shots)[1])
    return {name: plain(value) for name, value in found.items()}


def digest(model: Any) -> str:
    """SHA-256 over the names, shapes and bytes of all parameters."""
    whole = hashlib.sha256()
    for name, parameter in model.named_parameters():
        whole.update(f"{name} {tuple(parameter.shape)} {parameter.dtype}".encode())
        whole.update(parameter.detach().contiguous().view(-1).view(torch.uint8).cpu().numpy().tobytes())
    return whole.hexdigest()


def plain(value: Any) -> str:
    def as_text(one: Any) -> Any:
        if isinstance(one, torch.Tensor):
            return [list(one.shape), one.detach().float().flatten().tolist()]
        return sorted(map(str, one)) if isinstance(one, (set, frozenset)) else str(one)

    return json.dumps(value, default=as_text, sort_keys=True)

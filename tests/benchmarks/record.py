"""What a trainer really learned from, step by step, and what that took: the same for every trainer of transformers.

It knows nothing of the studio, so that theirs is measured without a line of ours in its process.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

LOSS = 1e-2  # how far two losses of the same step may lie apart


class Record(TrainerCallback):
    """digests: of each optimiser step, the hash of its trained tokens in ascending order; tokens: how many of them.

    Their order within a step, padding and packing make no difference to a digest. first: wall seconds of the epoch
    when the first loss was there; ends, spent: wall and CPU seconds of no particular beginning
    when each step had ended.
    """

    def __init__(self, trainer: Any) -> None:
        self.digests: list[str] = []
        self.tokens: list[int] = []
        self.losses: list[float] = []
        self.norms: list[float] = []
        self.first = 0.0
        self.ends: list[float] = []
        self.spent: list[float] = []
        self.now: list[int] = []
        step = trainer.training_step

        def noted(model: Any, inputs: Any, *rest: Any, **more: Any) -> Any:
            targets = inputs["labels"][:, 1:]
            self.now += targets[targets != -100].tolist()
            return step(model, inputs, *rest, **more)

        trainer.training_step = noted
        trainer.add_callback(self)

    def on_step_end(self, *told: Any, **more: Any) -> None:
        self.tokens.append(len(self.now))
        self.digests.append(hashlib.sha256(json.dumps(sorted(self.now)).encode()).hexdigest()[:16])
        self.now = []
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # a card works on after the program has gone on
        self.ends.append(time.perf_counter())
        self.spent.append(time.process_time())

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **more: Any) -> None:
        if "loss" in logs:
            self.first = self.first or time.time()
            self.losses.append(float(logs["loss"]))
            self.norms.append(float(logs.get("grad_norm", 0.0)))


def peak() -> float:
    """The most bytes that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def train(trainer: Any, file: Path) -> None:
    """Train, and write down what it took and what it was."""
    record = Record(trainer)
    wall, cpu = time.perf_counter(), time.process_time()
    trainer.train()
    told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak()}
    told |= {name: getattr(record, name) for name in ("digests", "tokens", "losses", "norms", "first", "ends", "spent")}
    told["card"] = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    told["parameters"] = sum(p.numel() for p in trainer.model.parameters())
    file.write_text(json.dumps(told))


def same_steps(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raises AssertionError unless both took the same steps: the same trained tokens in each, and the same losses."""
    same_total(ours, theirs)
    assert ours["digests"] == theirs["digests"], "not the same tokens in each step"
    for step, (one, other) in enumerate(zip(ours["losses"], theirs["losses"], strict=True), 1):
        assert abs(one - other) <= LOSS, f"the losses of step {step} differ: {one:.4f} and {other:.4f}"


def same_total(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """The same where theirs makes batches of its own: as many steps, as many trained tokens, gradients in each."""
    assert len(ours["losses"]) == len(theirs["losses"]) > 0, "not the same number of steps"
    assert sum(ours["tokens"]) == sum(theirs["tokens"]) > 0, "not the same number of trained tokens"
    for who, told in (("ours", ours), ("theirs", theirs)):
        assert all(norm > 0 for norm in told["norms"]), f"a step of {who} had no gradient"

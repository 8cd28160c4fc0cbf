"""A step in parts beside the plain one, of every method: python -m tests.benchmarks.parts METHOD [DTYPE [TIMES]]

Prints the CPU seconds of four steps of 8 uneven rows, plain and in parts by turns, and how far the losses are apart.
"""

import csv
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.methods.fast_path.low_rank import plain_again
from studio.methods.fast_path.scores import without_adapter
from studio.workspace import Workspace, open_workspace
from tests.benchmarks.memory_run import KIND_OF, KINDS

SHAPE = {
    "vocab_size": 8192, "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4,
    "num_attention_heads": 8, "num_key_value_heads": 4,
}  # fmt: skip
ROWS = 48


def make_model(folder: Path) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.tiny import CHATML, make_tokenizer

    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**SHAPE, pad_token_id=tokenizer.pad_token_id)).save_pretrained(folder)
    return folder


def make_version(workspace: Workspace, folder: Path, method: str) -> Version:
    """Rows with answers of 5 to 200 words."""
    path, draw = folder / "rows.csv", random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "answer", "worse", "group", "number"])
        for i in range(ROWS):
            better, worse = (" ".join(["return"] * round(5 * 40 ** draw.random())) for _ in range(2))
            writer.writerow([f"Where is number {i}?", f"{i} {better}", f"no {i} {worse}", "ab"[i % 2], i * 1.5])
    split = {"near_together": False, "validation": 4, "test": 2}
    steps = DataSteps.model_validate({"mapping": KINDS[KIND_OF.get(method, "chat")], "split": split})
    return prepare(workspace, add_file(workspace, path), steps)


def taken(name: str, dtype: str, model: Path, version: Version, folder: Path, plain: bool) -> tuple[float, list[float]]:
    """CPU seconds of four steps without their checks, and the loss of each."""
    from transformers import TrainerCallback

    method = find_method(name)
    values = {"max_steps": 5, "batch_size": 8, "checks": 1, "max_length": 512, "learning_rate": 1e-3}
    job = Job(model, version, method.settings.model_validate(values), folder / "out", "cpu", dtype, folder)
    trainer: Any = method.build(job)
    if plain:
        trainer.budget = 0
        trainer.tiled = False
        plain_again(trainer.model)
        without_adapter(trainer.model).set_attn_implementation("sdpa")
    seconds: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *told: Any, **more: Any) -> None:
            self.began = time.process_time()

        def on_step_end(self, *told: Any, **more: Any) -> None:
            seconds.append(time.process_time() - self.began)

    trainer.add_callback(Clock())
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return sum(seconds[1:]), losses  # the first step warms up


def main() -> None:
    import torch

    torch.set_num_threads(1)
    name, dtype = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "bfloat16"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = make_model(folder / "model")
        version = make_version(open_workspace(folder / "home"), folder, name)
        for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 3):
            plain, fast = (taken(name, dtype, model, version, folder, way) for way in (True, False))
            apart = max(abs(one - other) for one, other in zip(plain[1], fast[1], strict=True))
            print(f"{name} {dtype}: plain {plain[0]:.2f} s, in parts {fast[0]:.2f} s, losses {apart:.4f} apart")


if __name__ == "__main__":
    main()

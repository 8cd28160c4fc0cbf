"""One combination in a process of its own: python -m tests.benchmarks.memory_run NUMBER FOLDER [DEVICE [STEPS]]

Trains two steps (or STEPS) of a model with random weights through the method's own builder, and prints one line of
JSON: how far the peak lay above the idle process (bytes), what share of the tokens was learned, and the seconds of a
middling step. FOLDER holds the models.
"""

import csv
import gc
import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.models.hardware import memory_in_use, peak_memory
from studio.workspace import Workspace, open_workspace
from tests.benchmarks.memory_cases import ARCHITECTURES, CASES, Case

TRAIN, CHECK, TEST = 16, 4, 2
SPLIT = {"near_together": False, "validation": CHECK, "test": TEST}
KINDS: dict[str, dict[str, Any]] = {
    "chat": {"kind": "chat", "shape": "prompt_reply", "columns": {"prompt": "question", "reply": "answer"}},
    "preference": {
        "kind": "preference",
        "shape": "preference_pairs",
        "columns": {"prompt": "question", "chosen": "answer", "rejected": "worse"},
    },
    "text": {"kind": "text", "shape": "plain_text", "columns": {"text": "answer"}, "passage_length": 10_000},
    "label": {"kind": "label", "shape": "text_label", "columns": {"text": "answer", "label": "group"}},
    "number": {"kind": "number", "shape": "text_number", "columns": {"text": "answer", "number": "number"}},
}
KIND_OF = {
    "pretraining": "text", "classification": "label", "regression": "number", "dpo": "preference",
    "orpo": "preference", "kto": "preference", "reward": "preference",
}  # fmt: skip
READ = ("text_to_text", "rlhf")  # of which the question is as long as the answer, or all that a row has
LIBRARIES = (
    "reply_trainer", "judging_trainer", "dpo_trainer", "kto_trainer", "orpo_trainer", "reward_trainer",
    "distill_trainer", "policy_trainer", "text_to_text_trainer",
)  # fmt: skip


class Clock(TrainerCallback):
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *told: Any, **more: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, *told: Any, **more: Any) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def folder_of(root: Path, name: str) -> Path:
    return root / name.replace(" ", "-")


def make_model(root: Path, name: str) -> Path:
    """Write that architecture with random weights in bfloat16, as models come, unless it is there already."""
    folder = folder_of(root, name)
    if (folder / "config.json").exists():
        return folder
    import torch
    import transformers
    from transformers import AutoConfig

    from tests.tiny import CHATML, make_tokenizer

    values = dict(ARCHITECTURES[name])
    kind = values.pop("model_type")
    marks = {"cls_token": "<|im_start|>", "sep_token": "<|endoftext|>"} if kind == "bert" else {}
    tokenizer = make_tokenizer(**marks)
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    config = AutoConfig.for_model(kind, **{"pad_token_id": tokenizer.pad_token_id, **values})
    config.eos_token_id = tokenizer.eos_token_id
    if kind == "t5":
        config.decoder_start_token_id = tokenizer.pad_token_id
    makers = {"bert": "AutoModel", "t5": "AutoModelForSeq2SeqLM"}
    maker = getattr(transformers, makers.get(kind, "AutoModelForCausalLM"))
    maker.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    return folder


def make_version(workspace: Workspace, folder: Path, case: Case) -> Version:
    """Rows of which half are longer than the longest example, and the others between half of it and all of it."""
    kind = KIND_OF.get(case.method, "chat")
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "answer", "worse", "group", "number"])
        for i in range(TRAIN + CHECK + TEST):
            # The tokenizer has about 600 tokens, and takes one for two to four letters.
            words = case.tokens if i % 2 else case.tokens // 4
            answer = " ".join(f"{i * 31 + n}" if n % 7 == 0 else "return" for n in range(words))
            asked = f"Where is number {i}? {answer}" if case.method in READ else f"Where is number {i}?"
            writer.writerow([asked, answer, f"{answer} no"[3:], "ab"[i % 2], i * 1.5])
    steps = DataSteps.model_validate({"mapping": KINDS[kind], "split": SPLIT})
    return prepare(workspace, add_file(workspace, path), steps)


def measure(case: Case, root: Path, device: str = "cpu", steps: int = 2) -> dict[str, float]:
    """Bytes at the peak above the idle process (on a card: allocated there), share of tokens learned, pace."""
    method = find_method(case.method)
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder) / "home")
        version = make_version(workspace, Path(folder), case)
        more = {"teacher": str(folder_of(root, case.teacher))} if case.teacher else {}
        if case.method == "rlhf":
            more["rules"] = [{"kind": "length", "max": 20}]
        values = {"max_length": case.tokens, "max_steps": steps, "checks": 1, **case.settings, **more}
        settings = method.settings.model_validate(values)
        for name in LIBRARIES:
            importlib.import_module(f"studio.methods.{name}")
        import torch

        output = Path(folder) / "out"
        job = Job(folder_of(root, case.architecture), version, settings, output, device, case.dtype, workspace.home)
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        idle = memory_in_use()
        trainer: Any = method.build(job)
        built = peak_memory()
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        peak = torch.cuda.max_memory_allocated() if device == "cuda" else peak_memory() - idle
        rows = trainer.train_dataset
        trained = 1.0
        if "labels" in rows.column_names and isinstance(rows[0]["labels"], list) and case.method != "text_to_text":
            longest = max(rows, key=lambda row: len(row["input_ids"]))
            trained = sum(label != -100 for label in longest["labels"]) / len(longest["labels"])
    return {
        "peak": peak,
        "built": built - idle,
        "idle": idle,
        "trained": trained,
        "step": statistics.median(clock.seconds),
    }


def main() -> None:
    case, root = CASES[int(sys.argv[1])], Path(sys.argv[2])
    for name in filter(None, (case.architecture, case.teacher)):
        make_model(root, name)
    device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    print(json.dumps(measure(case, root, device, *map(int, sys.argv[4:]))))


if __name__ == "__main__":
    main()

"""What is trained in the comparisons: models with random weights or the starter model, and rows of uneven lengths."""

import csv
import json
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.workspace import Workspace

COLUMNS = {"prompt": "question", "reply": "answer"}
STEPS = {
    "mapping": {"kind": "chat", "shape": "prompt_reply", "columns": COLUMNS},
    "split": {"near_together": False, "validation": 0, "test": 0},
}
WORDS = (
    "parcel",
    "return",
    "refund",
    "order",
    "lamp",
    "cup",
    "broken",
    "late",
    "please",
    "send",
    "back",
    "money",
    "week",
)


@dataclass(frozen=True)
class Lesson:
    """One training. model: its folder; rows: how many; typical: words of a middling answer; spread: of its logarithm.

    steps: 0 for one pass. Both sides get the same adapter, batch size, learning rate and schedule.
    """

    name: str
    model: str
    rows: int = 200
    typical: int = (
        40  # with the small tokenizer: rows of 150 tokens on average, 118 in the middle, 293 at the 90th percentile
    )
    spread: float = 0.8
    longest: int = 1024  # tokens
    batch: int = 8
    steps: int = 0
    rate: float = 2e-4
    seed: int = 42
    rank: int = 16
    alpha: int = 32

    @property
    def taken(self) -> int:
        """Optimiser steps."""
        return self.steps or -(-self.rows // self.batch)

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name.replace(' ', '-')}.json"
        file.write_text(json.dumps(asdict(self)))
        return file


def load(file: Path) -> Lesson:
    return Lesson(**json.loads(file.read_text()))


SHAPES: dict[str, dict[str, int]] = {
    "two layers": {"vocab_size": 8192, "hidden_size": 320, "intermediate_size": 1024, "num_hidden_layers": 2},
    "50M": {"vocab_size": 49152, "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8},
}


def lessons(root: Path, workspace: Workspace, limit: int = 0) -> list[Lesson]:
    """The trainings of B1, B2 and B4; that of the starter model only where it is unpacked. limit: of steps, 0 none."""
    found = [
        Lesson("two layers", str(make_model(root, "two layers"))),
        Lesson("50M", str(make_model(root, "50M")), rows=48),
    ]
    starter = find_model(workspace, STARTER)
    if starter.on_disk:
        found.append(Lesson("starter model", str(starter.folder), typical=64))  # which needs fewer tokens for a word
    return [replace(one, steps=min(limit, one.taken) if limit else 0) for one in found]


def make_model(root: Path, name: str, **more: Any) -> Path:
    """Write a Llama of that shape with random weights in bfloat16, as models come, unless it is there."""
    folder = root / "models" / name.replace(" ", "-")
    if (folder / "config.json").exists():
        return folder
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.tiny import CHATML, make_tokenizer

    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHATML
    shape: dict[str, Any] = {"num_attention_heads": 4, "max_position_embeddings": 4096, **SHAPES.get(name, {}), **more}
    config = LlamaConfig(
        **shape, tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_rows(file: Path, lesson: Lesson) -> Path:
    """Questions with answers of uneven lengths (log-normal), the same ones for the same lesson."""
    dice = random.Random(lesson.seed)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS.values())
        for number in range(lesson.rows):
            words = max(4, min(lesson.longest // 2, round(lesson.typical * dice.lognormvariate(0, lesson.spread))))
            asked = " ".join(dice.choices(WORDS, k=max(3, words // 4)))
            writer.writerow([f"Number {number}: {asked}?", " ".join(dice.choices(WORDS, k=words))])
    return file


def make_version(workspace: Workspace, file: Path) -> Version:
    """The rows as the studio prepares them, all of them to learn from."""
    return prepare(workspace, add_file(workspace, file), DataSteps.model_validate(STEPS))

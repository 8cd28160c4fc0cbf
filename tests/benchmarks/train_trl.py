"""Theirs, in a process of its own: python -m tests.benchmarks.train_trl LESSON.json ROWS.json WAY FILE

TRL's SFTTrainer on the rows that ours has written down as token ids. WAY is a key of train_ways.WAYS.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import LoraConfig
from transformers import AutoTokenizer, set_seed
from trl import SFTConfig, SFTTrainer

from tests.benchmarks import record
from tests.benchmarks.train_ways import WAYS


def main() -> None:
    lesson, rows, way, file = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    with tempfile.TemporaryDirectory() as folder:
        record.train(build(lesson, json.loads(rows.read_text()), WAYS[way], folder), Path(file))


def build(lesson: dict[str, Any], rows: list[Any], way: dict[str, Any], output: str, **more: Any) -> Any:
    steps = lesson["steps"] or -(-len(rows) // lesson["batch"])
    set_seed(lesson["seed"])  # the adapter begins with the same random numbers as ours
    given = {"use_cpu": True, "max_length": lesson["longest"], "dataloader_pin_memory": False, **way, **more}
    return SFTTrainer(
        model=lesson["model"],
        args=SFTConfig(
            output_dir=output,
            per_device_train_batch_size=lesson["batch"],
            learning_rate=lesson["rate"],
            lr_scheduler_type="cosine",
            warmup_steps=round(0.05 * steps),
            max_steps=steps,
            logging_steps=1,
            seed=lesson["seed"],
            data_seed=lesson["seed"],
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            **given,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(lesson["model"]),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=lesson["rank"], lora_alpha=lesson["alpha"], target_modules="all-linear"
        ),
    )


if __name__ == "__main__":
    main()

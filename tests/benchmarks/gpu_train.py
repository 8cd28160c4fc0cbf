"""One training on a card: python -m tests.benchmarks.gpu_train ours|trl|unsloth LESSON ROWS WEIGHTS PACKED FILE

All tokens of a row are learned, so that trained tokens are tokens. ROWS gets the rows as token ids from ours.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    who, lesson, ids, weights, packed, file = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        made = {"ours": ours, "trl": trl, "unsloth": unsloth}[who]
        trainer = made(Path(lesson), Path(ids), weights, packed == "1", folder)
        from tests.benchmarks import record

        record.train(trainer, Path(file))


def ours(lesson: Path, ids: Path, weights: str, packed: bool, folder: str, device: str = "cuda") -> Any:
    from tests.benchmarks.lessons import load
    from tests.benchmarks.train_ours import build

    asked = {"weights": weights, "packing": packed, "loss_on": "everything"}
    return build(load(lesson), Path(folder), ids, device, **asked)


def trl(lesson: Path, ids: Path, weights: str, packed: bool, folder: str, **more: Any) -> Any:
    """Tuned: bfloat16 weights, no checkpointing, packed where ours is, the fastest attention that comes with torch."""
    from transformers import BitsAndBytesConfig

    from tests.benchmarks.train_trl import build

    options: dict[str, Any] = {"dtype": "bfloat16"}
    if weights == "4bit":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="bfloat16"
        )
    way = {"gradient_checkpointing": False, "model_init_kwargs": options, "packing": packed, "use_cpu": False}
    if not packed:
        way["train_sampling_strategy"] = "group_by_length"
    return build(json.loads(lesson.read_text()), everything(ids), way, folder, **more)


def unsloth(lesson: Path, ids: Path, weights: str, packed: bool, folder: str) -> Any:
    """As its own guide does it: its model in TRL's trainer."""
    from unsloth import FastLanguageModel  # has to come before TRL, which it changes

    asked = json.loads(lesson.read_text())
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model, tokenizer = FastLanguageModel.from_pretrained(
        asked["model"], max_seq_length=asked["longest"], load_in_4bit=weights == "4bit", dtype=None
    )
    model = FastLanguageModel.get_peft_model(
        model, r=asked["rank"], lora_alpha=asked["alpha"], lora_dropout=0, use_gradient_checkpointing=False
    )
    return SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(everything(ids)),
        args=SFTConfig(
            output_dir=folder,
            per_device_train_batch_size=asked["batch"],
            learning_rate=asked["rate"],
            lr_scheduler_type="cosine",
            max_steps=asked["steps"],
            max_length=asked["longest"],
            packing=packed,
            logging_steps=1,
            seed=asked["seed"],
            save_strategy="no",
            report_to=[],
        ),
    )


def everything(ids: Path) -> list[dict[str, Any]]:
    """The rows with a label for each token."""
    return [{"input_ids": row["input_ids"], "labels": row["input_ids"]} for row in json.loads(ids.read_text())]


if __name__ == "__main__":
    main()

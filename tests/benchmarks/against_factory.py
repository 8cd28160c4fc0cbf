"""B3: a training against LLaMA-Factory as shipped, each as a whole process, by the CPU seconds of all that it starts.

TUNESMITH_FACTORY names a folder with a virtual environment `venv` in which llamafactory 0.9.5 is installed.
"""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from studio.training.recipe import load_recipe, resolve
from studio.training.run import create_run
from studio.workspace import open_workspace
from tests.benchmarks.lessons import STEPS, Lesson, lessons, write_rows
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Row, alternated, compared, environment, not_run, run

WHAT, GOAL = "whole training, rows per CPU second, LLaMA-Factory as shipped", 3
ROWS = 200


def factory() -> Path | None:
    """The folder of LLaMA-Factory's environment; None where none was named."""
    named = os.environ.get("TUNESMITH_FACTORY", "")
    return Path(named) if named else None


def measure(options: Options) -> list[Row]:
    place = factory()
    if place is None:
        return [not_run("B3", WHAT, f"≥ {GOAL} ×", "TUNESMITH_FACTORY is not set")]
    lesson = lessons(options.home, open_workspace(options.home))[1]
    lesson = replace(lesson, rows=ROWS, steps=options.steps)
    folder = options.home / "factory"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def same(ours: Cost, theirs: Cost) -> None:
        # Their chat format adds a few tokens to each row, so tokens cannot be the same; steps and rows are.
        assert len(ours.told["losses"]) == len(theirs.told["losses"]) == lesson.taken, "not the same number of steps"

    pairs = alternated(
        lambda: ours(lesson, folder, options), lambda: theirs(lesson, folder, place), options.pairs, same
    )
    options.say("LLaMA-Factory", pairs)
    return [compared("B3", WHAT, pairs, lambda pair: pair.theirs.cpu / pair.ours.cpu, at_least=GOAL)]


def ours(lesson: Lesson, folder: Path, options: Options) -> Cost:
    """A recipe given to a run's worker, and what its log says of the losses."""
    workspace = open_workspace(options.home)
    file = write_rows(folder / "ours.csv", lesson)
    recipe: dict[str, Any] = {
        "data": {"file": str(file), **STEPS},
        "model": {"name": lesson.model},
        "settings": {
            "batch_size": lesson.batch, "max_steps": lesson.taken, "max_length": lesson.longest, "rank": lesson.rank,
            "alpha": lesson.alpha, "learning_rate": lesson.rate, "shots": 0,
        },
    }  # fmt: skip
    path = folder / "ours.toml"
    path.write_text(tomli_w.dumps(recipe))
    made = create_run(workspace, resolve(workspace, load_recipe(path)))
    cost = run([sys.executable, "-m", "studio.training.worker", str(made.folder)])
    view = made.view()
    assert view.status == "finished", f"ours did not finish: {view.error}"
    return replace(cost, told={"losses": [value for _, value in view.series["loss"]]})


def theirs(lesson: Lesson, folder: Path, place: Path) -> Cost:
    """`llamafactory-cli train` with the same batch size, steps, adapter and rate; all else as it is shipped."""
    import csv

    with write_rows(folder / "theirs.csv", lesson).open(newline="", encoding="utf-8") as file:
        rows = [{"instruction": row["question"], "input": "", "output": row["answer"]} for row in csv.DictReader(file)]
    (folder / "rows.json").write_text(json.dumps(rows))
    (folder / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.json"}}))
    output = folder / "theirs"
    shutil.rmtree(output, ignore_errors=True)
    asked: dict[str, Any] = {
        "model_name_or_path": lesson.model, "stage": "sft", "do_train": True, "finetuning_type": "lora",
        "lora_rank": lesson.rank, "lora_alpha": lesson.alpha, "lora_target": "all", "dataset": "rows",
        "dataset_dir": str(folder), "template": "qwen", "cutoff_len": lesson.longest, "output_dir": str(output),
        "per_device_train_batch_size": lesson.batch, "max_steps": lesson.taken, "learning_rate": lesson.rate,
        "logging_steps": 1, "save_strategy": "no", "report_to": "none", "overwrite_cache": True,
    }  # fmt: skip
    path = folder / "theirs.yaml"  # JSON is YAML, and its reading of .json files fails (0.9.5)
    path.write_text(json.dumps(asked))
    # It brings libraries of its own, so nothing of this environment may be in its way.
    cost = run([str(place / "venv" / "bin" / "llamafactory-cli"), "train", str(path)], environment(PYTHONPATH=""))
    log = (output / "trainer_log.jsonl").read_text().splitlines()
    return replace(cost, told={"losses": [line["loss"] for line in map(json.loads, log) if "loss" in line]})

"""What reading documents teaches the starter model: python -m tests.benchmarks.pretraining DOCUMENTS.txt HOME [STEPS]

Continued pre-training with LoRA on the first documents of a text file with one document a line. Whole documents are
kept for the check and the test, so that the perplexity is that of texts of which the model has read no word.
"""

import sys
import time
from pathlib import Path

from studio.models.starter import STARTER
from studio.training.headless import follow
from studio.training.queue import submit
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe, resolve
from studio.workspace import open_workspace

DOCUMENTS, LETTERS = 30, 2000  # of each document so many letters are read, which are about 440 tokens
PASSAGE = 500  # letters, about 110 tokens
CHECK, TEST = 8, 16  # passages
SETTINGS = {"max_length": 256, "batch_size": 2, "packing": True, "learning_rate": 4e-4, "checks": 2}


def main() -> None:
    source, home, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 24
    workspace = open_workspace(home)
    lines = source.read_text("utf-8").splitlines()[:DOCUMENTS]
    file = workspace.scratch / "documents.txt"
    file.write_text("\n".join(line[:LETTERS] for line in lines), "utf-8")
    mapping = {"kind": "text", "shape": "plain_text", "columns": {"text": "text"}, "passage_length": PASSAGE}
    recipe = Recipe(
        name="Pre-training benchmark",
        data=DataPart.model_validate({"file": str(file), "mapping": mapping, "validation": CHECK, "test": TEST}),
        model=ModelPart(name=STARTER),
        method=MethodPart(name="pretraining"),
        settings={**SETTINGS, "max_steps": steps},
    )
    began = time.time()
    run = submit(workspace, resolve(workspace, recipe))
    follow(run)
    view = run.view()
    print(f"\n{view.rows['train']} packed training rows, {view.rows['test']} test passages, {view.steps} steps")
    for point, value in view.series.get("check/perplexity", []):
        print(f"step {point:>4}   perplexity on check rows {value:.2f}")
    for figure in view.result["test"]:
        print(f"test rows   {figure['name']} {figure['before']:.2f} before, {figure['after']:.2f} after")
    print(f"loss {view.result['test_loss_before']:.4f} to {view.result['test_loss_after']:.4f} nats per token")
    print(f"{time.time() - began:.0f} s in all, {max(v for _, v in view.series['memory_gb']):.2f} GiB of memory")


if __name__ == "__main__":
    main()

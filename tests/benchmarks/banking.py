"""The starter models sort bank customers' questions by intent: python -m tests.benchmarks.banking CSV HOME [WAY ...]

CSV: the training file of BANKING77 (Casanueva et al. 2020, arXiv:2003.04807), columns text and category, 77 intents. A
tenth of the rows is held out for the test, and a thirtieth to find the best point. WAY: full, last_layers or lora for
MiniLM, full and last_layers without any; smollm2 for the chat model with LoRA, on the rows of FEW intents, because it
is six times as large. Each is one run of the real worker, as `launch.py run` starts it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas

from studio.processes import worker_environment
from studio.training.run import Run
from studio.workspace import open_workspace

# Short texts: the longest has 98 tokens, and cutting at 64 touches very few.
RECIPE = """
name = "Banking, {way}"
[data]
file = "{file}"
validation = 0.03
test = 0.1
mapping = {{ kind = "label", shape = "text_label", columns = {{ text = "text", label = "category" }} }}
[model]
name = "{model}"
[method]
name = "classification"
[settings]
adapt = "{adapt}"
max_length = 64
batch_size = 32
checks = 8
{more}
"""
FEW = 4  # intents
MINILM = "all-minilm-l6-v2"
WAYS: dict[str, dict[str, Any]] = {
    "full": {"model": MINILM, "adapt": "full", "more": "epochs = 5\nlearning_rate = 2e-4"},
    "last_layers": {"model": MINILM, "adapt": "last_layers", "more": "epochs = 5\nlearning_rate = 5e-3"},
    "lora": {"model": MINILM, "adapt": "lora", "more": "epochs = 5\nlearning_rate = 2e-3"},
    "smollm2": {"model": "smollm2-135m-instruct", "adapt": "lora", "more": "epochs = 1"},
}


def main() -> None:
    file, workspace = Path(sys.argv[1]).resolve(), open_workspace(sys.argv[2])
    few = workspace.home / "banking_few.csv"
    frame = pandas.read_csv(file)
    frame[frame["category"].isin(sorted(frame["category"].unique())[:FEW])].to_csv(few, index=False)
    for way in sys.argv[3:] or ("full", "last_layers"):
        recipe = workspace.home / f"banking_{way}.toml"
        rows = few if way == "smollm2" else file
        recipe.write_text(RECIPE.format(way=way, file=rows, **WAYS[way]), "utf-8")
        command = [sys.executable, "-m", "studio.training.headless", str(recipe), "--home", str(workspace.home)]
        done = subprocess.run(command, env=worker_environment(), stdout=subprocess.PIPE, text=True, check=False)
        run = Run(Path(done.stdout.strip().splitlines()[-1]))
        report(way, run)


def report(way: str, run: Run) -> None:
    view = run.view()
    if view.error:
        sys.exit(f"{way}: {view.error.message} {view.error.hint}")
    result = view.result
    print(f"{way}: {result['test_rows']} test rows, {result['seconds'] / 60:.1f} min, {result['steps']} steps,")
    print(f"  at most {max(value for _, value in view.series['memory_gb']):.2f} GiB of memory")
    for figure in result["test"]:
        before = "-" if figure["before"] is None else f"{figure['before']:.3f}"
        print(f"  {figure['name']:<12} {before} always the commonest, {figure['after']:.3f} tuned")
    print(f"  test loss    {result['test_loss_before']:.3f} before, {result['test_loss_after']:.3f} after", flush=True)


if __name__ == "__main__":
    main()

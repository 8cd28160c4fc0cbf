"""QLoRA on the starter model: python -m tests.benchmarks.qlora FILE [--home DIR] [--steps N] [--weights full]

FILE holds questions with answers (instruction, input and output, or any other shape that the studio knows). 800 of them
are learned from in one pass through the real worker, and the result is compared with the base on rows held out. Prints
the loss before and after, what the steps cost in seconds, and the most memory that the worker used.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studio.processes import worker_environment
from studio.training.run import list_runs
from studio.workspace import open_workspace

TRAIN, CHECK, TEST = 800, 40, 100
RECIPE = """
name = "QLoRA"
[data]
file = "{file}"
[data.split]
validation = {check}
test = {test}
seed = 1
[settings]
adapt = "lora"
weights = "{weights}"
max_length = {length}
batch_size = 8
learning_rate = 0.0004
checks = 4
shots = 0
max_steps = {steps}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="questions with answers")
    parser.add_argument("--home", type=Path, help="a home to use; a temporary one when left out")
    parser.add_argument("--weights", default="4bit", choices=["4bit", "8bit", "full"])
    parser.add_argument("--length", type=int, default=128, help="longest example in tokens")
    parser.add_argument("--steps", type=int, default=TRAIN // 8, help="of 8 rows each; one pass when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(options.home or Path(folder) / "home")
        recipe = Path(folder) / "qlora.toml"
        facts = {"weights": options.weights, "length": options.length, "steps": options.steps}
        recipe.write_text(RECIPE.format(file=options.file.resolve(), check=CHECK, test=TEST, **facts))
        command = [sys.executable, "-m", "studio.training.headless", str(recipe), "--home", str(workspace.home)]
        began = time.monotonic()
        subprocess.run(command, env=worker_environment(), check=True)
        print(f"\nwhole run               {time.monotonic() - began:.0f} s, from the command to the checked download")
        view = list_runs(workspace)[0].view()
    result, rows = view.result, view.rows
    pace = statistics.median(value for _, value in view.series["tokens_per_second"][1:] or [(0, 0.0)])
    saved = 1 - result["test_loss_after"] / result["test_loss_before"]
    print(f"rows                    {rows['train']} to learn from, {result['test_rows']} held out")
    print(f"steps                   {result['steps']} of 8 rows, at most {options.length} tokens each")
    print(f"held-out loss           {result['test_loss_before']:.3f} before, {result['test_loss_after']:.3f} after")
    print(f"                        ({saved:.0%} less; best at step {result['kept_step']})")
    for metric in result["test"]:
        print(f"held-out {metric['name']:<15}{metric['before']:.3f} before, {metric['after']:.3f} after")
    print(f"training and testing    {result['seconds']:.0f} s, {pace:.0f} tokens per second while training")
    print(f"most memory             {max(value for _, value in view.series['memory_gb']):.2f} GiB")


if __name__ == "__main__":
    main()

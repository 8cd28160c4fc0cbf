"""MiniLM sorts bank customers' questions by intent: python -m tests.benchmarks.banking CSV HOME [WAY ...]

CSV: the training file of BANKING77 (Casanueva et al. 2020, arXiv:2003.04807), columns text and category, 77 intents. A
tenth of the rows is held out for the test, and a thirtieth to find the best point. WAY: full, last_layers or lora; full
and last_layers without any. Each is one run of the real worker, as `launch.py run` starts it.
"""

import subprocess
import sys
from pathlib import Path

from studio.processes import worker_environment
from studio.training.run import Run
from studio.workspace import open_workspace

# Short texts: the longest has 98 tokens, and cutting at 64 touches very few.
RECIPE = """
name = "Banking, {adapt}"
[data]
file = "{file}"
validation = 0.03
test = 0.1
mapping = {{ kind = "label", shape = "text_label", columns = {{ text = "text", label = "category" }} }}
[model]
name = "all-minilm-l6-v2"
[method]
name = "classification"
[settings]
adapt = "{adapt}"
max_length = 64
batch_size = 32
checks = 8
{more}
"""
WAYS = {
    "full": "epochs = 5\nlearning_rate = 2e-4",
    "last_layers": "epochs = 5\nlearning_rate = 5e-3",
    "lora": "epochs = 5\nlearning_rate = 2e-3",
}


def main() -> None:
    file, workspace = Path(sys.argv[1]).resolve(), open_workspace(sys.argv[2])
    for adapt in sys.argv[3:] or ("full", "last_layers"):
        recipe = workspace.home / f"banking_{adapt}.toml"
        recipe.write_text(RECIPE.format(adapt=adapt, file=file, more=WAYS[adapt]), "utf-8")
        command = [sys.executable, "-m", "studio.training.headless", str(recipe), "--home", str(workspace.home)]
        done = subprocess.run(command, env=worker_environment(), stdout=subprocess.PIPE, text=True, check=False)
        run = Run(Path(done.stdout.strip().splitlines()[-1]))
        report(adapt, run)


def report(adapt: str, run: Run) -> None:
    view = run.view()
    if view.error:
        sys.exit(f"{adapt}: {view.error.message} {view.error.hint}")
    result = view.result
    print(f"{adapt}: {result['test_rows']} test rows, {result['seconds'] / 60:.1f} min, {result['steps']} steps,")
    print(f"  at most {max(value for _, value in view.series['memory_gb']):.2f} GiB of memory")
    for figure in result["test"]:
        before = "-" if figure["before"] is None else f"{figure['before']:.3f}"
        print(f"  {figure['name']:<12} {before} always the commonest, {figure['after']:.3f} tuned")
    print(f"  test loss    {result['test_loss_before']:.3f} before, {result['test_loss_after']:.3f} after", flush=True)


if __name__ == "__main__":
    main()

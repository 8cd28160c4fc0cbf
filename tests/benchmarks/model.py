"""What the starter model costs: python -m tests.benchmarks.model HOME

Start to the first optimiser step, cold, on the sample; and base and tuned answering together against each alone, in
alternated rounds in one process. HOME must hold a finished run on the starter model.
"""

import statistics
import subprocess
import sys
import time

from studio.datasets.examples import messages_of
from studio.models.catalogue import find_model
from studio.models.hardware import training_dtype
from studio.models.starter import STARTER
from studio.processes import worker_environment
from studio.training.events import read_events
from studio.training.run import Run, list_runs
from studio.workspace import ASSETS, Workspace, open_workspace

ROUNDS, TOKENS = 5, 40
QUESTION = "My parcel came back to you by mistake. What happens now?"


def main() -> None:
    workspace = open_workspace(sys.argv[1])
    print(f"Start to the first optimiser step   {first_step(workspace):.1f} s")
    run = next(run for run in list_runs(workspace) if run.view().status == "finished")
    times = side_by_side(workspace, run)
    both = times["both"]
    for name in ("tuned", "base"):
        ratios = [a / b for a, b in zip(both, times[name], strict=True)]
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"both against {name} alone           {statistics.median(ratios):.2f} x  {spread}")


def first_step(workspace: Workspace) -> float:
    """Seconds from the command to the first `step` event; the run is stopped and thrown away after that."""
    command = [sys.executable, "-m", "studio.training.headless", str(ASSETS / "samples" / "returns.toml")]
    before = {run.id for run in list_runs(workspace)}
    began = time.time()
    process = subprocess.Popen(
        [*command, "--home", str(workspace.home)], env=worker_environment(), stdout=subprocess.DEVNULL
    )
    while True:
        run = next((run for run in list_runs(workspace) if run.id not in before), None)
        if run is not None and run.view().last_step_at is not None:
            break
        time.sleep(0.05)
    first = run.view().series["loss"][0][0]
    assert first == 1
    at = min(event["at"] for event in read_events(run.events)[0] if event["kind"] == "step")
    run.request_stop(keep=False)
    process.wait()
    return at - began


def side_by_side(workspace: Workspace, run: Run) -> dict[str, list[float]]:
    """Seconds for a token, of TOKENS each: both in one batch, and each alone, by the same code."""
    from peft import PeftModel

    from studio.chat.generation import tokens_side_by_side
    from studio.chat.shared_batch import BASE
    from studio.models.loading import load_model, load_tokenizer

    folder = find_model(workspace, STARTER).folder
    tokenizer = load_tokenizer(folder)
    base = load_model(folder, "cpu", training_dtype("cpu"))
    model = PeftModel.from_pretrained(base, run.adapter, adapter_name="tuned")
    messages = messages_of("", QUESTION)
    times: dict[str, list[float]] = {"both": [], "tuned": [], "base": []}
    rows = {"both": [BASE, "tuned"], "tuned": ["tuned"], "base": [BASE]}
    for round_number in range(ROUNDS + 1):
        for name, adapters in rows.items():
            began = time.monotonic()
            count = sum(1 for _ in tokens_side_by_side(model, tokenizer, messages, adapters, TOKENS))
            if round_number:  # the first round warms up
                times[name].append((time.monotonic() - began) / count)
    return times


if __name__ == "__main__":
    main()

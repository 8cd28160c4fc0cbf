"""Training without a page: `python launch.py run RECIPE.toml --home DIR`.

Prints progress, and as its last line the run's folder. Exit code 0, or 1 with a sentence on stderr.
"""

import argparse
import sys
import time
from pathlib import Path

from studio.errors import StudioError
from studio.export.bundle import export_state
from studio.training.queue import advance, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.repeating import original_of, repeated
from studio.training.reviving import revive
from studio.training.run import Run
from studio.training.view import RunView
from studio.workspace import open_workspace


def main() -> int:
    parser = argparse.ArgumentParser(prog="launch.py run", description="Train what a recipe says.")
    parser.add_argument("recipe", type=Path, help="a TOML file; the README documents it")
    parser.add_argument("--home", type=Path, help="where models, datasets and runs are kept")
    options = parser.parse_args()
    try:
        workspace = open_workspace(options.home)
        run = submit(workspace, resolve(workspace, load_recipe(options.recipe)))
        view = follow(run)
    except StudioError as error:
        print(f"{error.message}\n{error.hint}".strip(), file=sys.stderr)
        return 1
    if view.error:
        told = view.error
        words = [told.message, told.evidence, told.hint, f"Last line of its log: {told.last_line}"]
        print("\n".join(filter(None, words)), file=sys.stderr)
    elif view.status != "discarded":
        wait_for_export(run)
        original = original_of(options.recipe)
        if original and original.folder != run.folder:
            print("\n".join(repeated(original, run)), flush=True)
    print(run.folder, flush=True)
    return 1 if view.error else 0


def follow(run: Run) -> RunView:
    """Print what happens until the run ends. Ctrl-C stops it and keeps what was learned; twice leaves it running."""
    view, lines, step = run.view(), 0, 0
    while view.status == "waiting" or view.live:
        try:
            view = run.view()
            for at, text in view.log[lines:]:
                print(f"{at.astimezone():%H:%M:%S}  {text}", flush=True)
            lines = len(view.log)
            if view.step != step and view.loss is not None:
                step = view.step
                print(f"          step {step} of {view.steps}, loss {view.loss:.3f}{pace(view)}", flush=True)
            if revive(run.workspace):
                view = run.view()
            if view.status == "waiting":
                advance(run.workspace)
            time.sleep(0.3)
        except KeyboardInterrupt:
            if run.stop_requested():
                raise
            print("Stopping after this step; what it learned is kept.", flush=True)
            run.request_stop(keep=True)
    for line in at_the_end(view):
        print(line, flush=True)
    return view


def at_the_end(view: RunView) -> list[str]:
    """What the test rows said, a line for each figure, and the untrained model with examples in its prompt."""
    result = view.result
    if not result.get("test_rows"):
        return []
    titles = {metric["name"]: metric["title"] for metric in view.metrics}
    figures = [("loss", result["test_loss_before"], result["test_loss_after"])] if "test_loss_after" in result else []
    figures += [(titles.get(one["name"], one["name"]), one["before"], one["after"]) for one in result.get("test") or []]
    lines = [f"Test {told.lower()} on {result['test_rows']} rows: {change(*pair)}." for told, *pair in figures]
    shown = result.get("few_shot") or {}
    if shown.get("loss") is not None:
        lines.append(f"The untrained model with {shown['shots']} examples in its prompt: loss {shown['loss']:.3f}.")
    return lines


def change(before: float | None, after: float | None) -> str:
    known = [(value, when) for value, when in ((before, "before"), (after, "after")) if value is not None]
    return ", ".join(f"{value:.3f} {when}" for value, when in known) or "could not be told"


def pace(view: RunView) -> str:
    speed = f", {view.tokens_per_second:.0f} tokens per second" if view.tokens_per_second else ""
    left = f", about {view.seconds_left / 60:.1f} min left" if view.seconds_left else ""
    return speed + left


def wait_for_export(run: Run) -> None:
    # The worker starts the packing after its last event, just before it ends.
    while (state := export_state(run)).status == "working" or (state.status == "none" and run.has_process()):
        time.sleep(0.3)
    if state.status == "ready":
        print(f"Packed and loaded again in a fresh program: {state.same} of {state.asked} answers are the same.")
        print(f"{state.zip} ({state.megabytes} MB)")
    else:
        print(f"The download could not be prepared: {state.error}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())

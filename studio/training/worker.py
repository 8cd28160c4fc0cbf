"""The worker process of one run: `python -m studio.training.worker RUN_FOLDER`.

It obeys recipe.toml, writes events.jsonl, and leaves adapter/ behind. It knows no page.
"""

import shutil
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import find_method
from studio.models.hardware import look
from studio.processes import identity, last_line
from studio.training.building import build
from studio.training.events import EventLog
from studio.training.failures import in_words
from studio.training.measured import measured_gb, note_down
from studio.training.queue import advance
from studio.training.run import Run
from studio.workspace import write_json

if TYPE_CHECKING:
    from studio.methods.watched import Figures, Watched


def main() -> int:
    run = Run(Path(sys.argv[1]).resolve())
    events = EventLog(run.events)
    try:
        # Held for as long as this process lives: a run folder never has two writers.
        owner = FileLock(run.folder / "worker.lock", timeout=0)
        owner.acquire()
    except Timeout:
        return 1
    write_json(run.folder / "process.json", identity())
    try:
        device = look().device
        with FileLock(run.workspace.locks / f"{device}.lock"):
            train(run, events, device)
        code = 0
    except Exception as error:
        words = last_line(run.log)  # before the traceback, which is for programmers
        traceback.print_exc()
        spoken = in_words(error)
        events.write("failed", message=spoken.message, hint=spoken.hint, last_line=words)
        code = 1
    if code == 0 and run.kept:
        from studio.export.bundle import start_export

        start_export(run)  # a run has ended well before its download is packed, whatever becomes of that
    advance(run.workspace)
    return code


def train(run: Run, events: EventLog, device: str) -> None:
    """The whole run, in the order in which a person watches it."""

    def say(sentence: str) -> None:
        events.write("phase", text=sentence)

    began = time.time()
    recipe = run.recipe()
    settings = recipe.checked_settings()
    version = recipe.version(run.workspace)
    say("Loading the training libraries")
    from studio.training.reporter import Reporter  # torch and its friends take seconds

    if run.stop_requested():
        return throw_away(run, events)
    built = build(run, recipe, version, settings, device, say)
    method, trainer, earlier, dtype = built.method, built.trainer, built.earlier, built.job.dtype
    trainer.add_callback(Reporter(run, trainer, method.metrics))
    rows = {
        "train": len(trainer.train_dataset),
        "check": version.rows["validation"],
        "test": version.rows["test"],
    }
    steps = trainer.args.max_steps
    epochs = steps / -(-rows["train"] // settings.batch_size)
    told = [asdict(metric) for metric in method.metrics]
    events.write(
        "plan",
        steps=steps,
        epochs=round(epochs, 3),
        rows=rows,
        device=device,
        dtype=dtype,
        metrics=told,
        best=method.best,
        trained_parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        parameters=sum(p.numel() for p in trainer.model.parameters()),
    )
    if run.stop_requested():
        return throw_away(run, events)
    for sentence in (*recipe.notes, *trainer.notes):
        events.write("note", text=sentence)
    before, shown = None, None
    if trainer.judged_first and trainer.test_dataset is not None:
        # Afterwards it is gone. "Before" is what this run began with, so that its result says what it has added.
        say(f"Testing “{earlier.name}”, from which it goes on" if earlier else "Testing the untrained model")
        before = trainer.judge_untuned(trainer.test_dataset)
        shown = show_examples(trainer, events, version)
    say("Checking the untrained model" if rows["check"] else "Taking the first step")
    trainer.train()
    memory = measured_gb(device)  # before it is judged and asked, which needs other memory
    cut_short = trainer.state.global_step < steps
    if run.stop_requested() == "discard":
        return throw_away(run, events)
    result = keep(run, trainer, events, version, before, shown)
    paces = [value for _, value in run.view().series["tokens_per_second"]]
    note_down(run.workspace, recipe.model.name, built, rows["check"], paces, memory)
    result |= {"steps": trainer.state.global_step, "seconds": round(time.time() - began, 1), "dtype": dtype}
    if run.stop_requested() == "discard":  # asked for while it was being judged
        return throw_away(run, events)
    shutil.rmtree(run.checkpoints, ignore_errors=True)  # the best of them is kept; of a whole model each is gigabytes
    events.write("stopped" if cut_short else "finished", result=result)


def throw_away(run: Run, events: EventLog) -> None:
    for folder in (run.checkpoints, run.adapter, run.whole_model):
        shutil.rmtree(folder, ignore_errors=True)
    events.write("discarded", result={})


def show_examples(trainer: "Watched", events: EventLog, version: Version) -> dict[str, Any]:
    """Figures of the untrained model with a few examples in its prompt, as studio.evaluation.few_shot has them."""
    from studio.evaluation.few_shot import ROWS, few_shot

    if getattr(trainer.settings, "shots", 0):
        events.write("phase", text=f"Testing the untrained model with examples in its prompt, on up to {ROWS} rows")
    try:
        return few_shot(trainer, version, lambda sentence: events.write("note", text=sentence))
    except StudioError as error:  # a chat format that takes the question alone, and not with others before it
        events.write("note", text=f"The untrained model was not tested with examples. {error.text}")
        return {}


def keep(
    run: Run,
    trainer: "Watched",
    events: EventLog,
    version: Version,
    before: "Figures | None" = None,
    shown: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Save what was learned (its best point, where there were checks) and judge it on rows it never saw.

    before, shown: figures of the untrained model, without and with examples in its prompt, where they had to be taken
    before training.
    Once it is saved, a judgement that fails is noted and takes nothing away.
    """
    from peft import PeftModel

    from studio.evaluation.few_shot import with_tuned
    from studio.evaluation.held_out import compared, record_answers

    whole = not isinstance(trainer.accelerator.unwrap_model(trainer.model), PeftModel)
    events.write("phase", text="Saving the model" if whole else "Saving the adapter")
    folder = run.whole_model if whole else run.adapter
    trainer.keep(folder)
    size = round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6, 1)
    result: dict[str, Any] = {"adapter_mb": size, "kept_step": best_step(trainer)}
    try:
        if trainer.test_dataset is not None:
            events.write("phase", text="Testing base and tuned on rows they never saw")
            after = trainer.judge(trainer.test_dataset)
            before = before or trainer.judge_untuned(trainer.test_dataset)
            result |= trainer.findings
            result |= compared(before, after, len(trainer.test_dataset), find_method(run.recipe().method.name).metrics)
            shown = show_examples(trainer, events, version) if shown is None else shown
            result |= {"few_shot": with_tuned(shown, trainer, version)} if shown else {}
        events.write("phase", text="Asking a few questions, to prove the download later")
        record_answers(run, trainer, version)
    except Exception as error:
        traceback.print_exc()
        events.write("note", text=f"What it learned is saved, but could not be judged. {in_words(error).text}")
    return result


def best_step(trainer: "Watched") -> int:
    """The step whose weights were kept."""
    best = trainer.state.best_model_checkpoint
    return int(Path(best).name.rsplit("-", 1)[1]) if best else trainer.state.global_step


if __name__ == "__main__":
    raise SystemExit(main())

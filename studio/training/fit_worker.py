"""The worker process of one test of the fit: `python -m studio.training.fit_worker FOLDER`, see fit_test.py."""

from statistics import median

from studio.errors import StudioError
from studio.training.building import build
from studio.training.events import EventLog, figures
from studio.training.fit_test import STEPS
from studio.training.longest_rows import longest_rows
from studio.training.measured import measured_gb, note_down
from studio.training.run import Run
from studio.training.trying import carry_out


def measure(test: Run, events: EventLog, device: str) -> None:
    """A few steps and the checks before and after them, as a run has them, on the longest rows."""
    from studio.methods.arguments import check_bite
    from studio.methods.memory.reckon import LIGHT

    events.write("phase", text="Loading the training libraries")
    recipe = test.recipe()
    whole = recipe.checked_settings()
    checked = check_bite(whole, light=recipe.method.name in LIGHT)
    version = longest_rows(recipe.version(test.workspace), train=STEPS * whole.batch_size, validation=checked, test=1)
    settings = whole.model_copy(update={"max_steps": STEPS, "checks": 1})
    built = build(test, recipe, version, settings, device, lambda text: events.write("phase", text=text))
    from studio.training.reporter import Reporter

    trainer = built.trainer
    trainer.args.train_sampling_strategy = "sequential"  # the longest first
    trainer.add_callback(Reporter(test, trainer, built.method.metrics))
    rows = {"train": len(trainer.train_dataset), "check": version.rows["validation"], "test": 0}
    events.write("plan", steps=STEPS, epochs=1, rows=rows, device=device, dtype=built.job.dtype)
    trainer.train()
    memory = measured_gb(device)
    if test.stop_requested():
        events.write("discarded", result={})
        return
    paces = figures(test.events, "tokens_per_second")
    if not paces:
        raise StudioError("Not one step could be measured.", "Start training: Live run shows what it takes.")
    _, tokens = note_down(test.workspace, recipe.model.name, built, rows["check"], paces, memory)
    pace = median(paces[1:] or paces)
    found = {"memory_gb": memory, "tokens_per_second": pace, "tokens": tokens}
    events.write("finished", result=found)


if __name__ == "__main__":
    raise SystemExit(carry_out(measure))

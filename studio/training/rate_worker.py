"""The worker process of a range test, see rate_test.py: `python -m studio.training.rate_worker FOLDER`."""

from studio.training.building import build
from studio.training.events import EventLog
from studio.training.rate_pick import STEPS, rates
from studio.training.run import Run
from studio.training.trying import carry_out


def measure(test: Run, events: EventLog, device: str) -> None:
    """The steps of the test on the run's own rows in their own order; what they learn is thrown away."""
    events.write("phase", text="Loading the training libraries")
    recipe = test.recipe()
    version = recipe.version(test.workspace)
    plain = {"max_steps": STEPS, "checks": 1, "patience": 0, "warmup": 0.0}
    settings = recipe.checked_settings().model_copy(update=plain)
    built = build(test, recipe, version, settings, device, lambda text: events.write("phase", text=text))
    from studio.training.rate_range import run_test
    from studio.training.reporter import Reporter

    trainer = built.trainer
    trainer.add_callback(Reporter(test, trainer, built.method.metrics))
    rows = {"train": len(trainer.train_dataset), "check": 0, "test": 0}
    events.write("plan", steps=STEPS, epochs=1, rows=rows, device=device, dtype=built.job.dtype)
    run_test(trainer, rates())
    events.write("discarded" if test.stop_requested() else "finished", result={})


if __name__ == "__main__":
    raise SystemExit(carry_out(measure))

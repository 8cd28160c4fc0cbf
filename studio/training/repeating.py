"""A run that was made of an earlier run's recipe: whether it came out the same, and if not, from where and why."""

from pathlib import Path

from studio.training.curves_csv import Row, rows_of
from studio.training.events import read_events
from studio.training.provenance import differences, read_provenance
from studio.training.run import Run

SAME = ("loss", "grad_norm", "check_loss")


def original_of(recipe: Path) -> Run | None:
    """The run whose own recipe this file is; None for any other recipe."""
    run = Run(recipe.resolve().parent)
    return run if recipe.name == "recipe.toml" and run.events.exists() else None


def repeated(original: Run, again: Run) -> list[str]:
    """In sentences: are the losses the same, to the last bit, and what was different where they are not."""
    then, now = (rows_of(read_events(run.events)[0]) for run in (original, again))
    found = compared(then, now)
    before, after = read_provenance(original), read_provenance(again)
    changed = differences(before, after) if before and after else []
    if changed:
        found.append(f"What is another now: {'; '.join(changed)}.")
    elif before is None:
        found.append("That run was made by an older studio, which did not write down what it was made with.")
    return found


def compared(then: list[Row], now: list[Row]) -> list[str]:
    """then, now: the rows of both runs' tables (studio.training.curves_csv)."""
    known = {row["step"]: row for row in then}
    shared = [(known[row["step"]], row) for row in now if row["step"] in known]
    if not shared:
        return ["It has no step in common with the run whose recipe this is."]
    for one, other in shared:
        for name in SAME:
            if one.get(name) != other.get(name):
                return [
                    f"It is not the same run again: at step {other['step']} the {name.replace('_', ' ')} was "
                    f"{one.get(name)} then and is {other.get(name)} now."
                ]
    missing = abs(len(then) - len(now))
    steps = shared[-1][1]["step"]
    rest = f" One of the two has {missing} steps more." if missing else ""
    return [f"Up to step {steps} every loss is the same as in the run whose recipe this is, to the last bit.{rest}"]

"""What a run leaves: its best point, saved and judged on rows it never saw; or nothing, where that was wanted."""

import os
import shutil
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import find_method, together
from studio.training.events import EventLog
from studio.training.failures import in_words
from studio.training.run import Run

if TYPE_CHECKING:
    from studio.methods.watched import Figures, Watched


def throw_away(run: Run, events: EventLog, result: dict[str, Any] | None = None) -> None:
    events.write("discarded", result=result or {})
    together.meet()  # none reads there any more
    if not together.is_first():
        return
    for folder in (run.checkpoints, run.adapter, run.whole_model):
        shutil.rmtree(folder, ignore_errors=True)


def leave(run: Run, events: EventLog, ending: str, result: dict[str, Any]) -> None:
    """Say that it has ended, and only then clear its points away: the best is kept, and of a whole model each is
    gigabytes."""
    events.write(ending, result=result)
    together.meet()  # none reads there any more
    if together.is_first():
        shutil.rmtree(run.checkpoints, ignore_errors=True)


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
    saving = run.folder / ".saving"
    if together.is_first():
        shutil.rmtree(saving, ignore_errors=True)
    trainer.keep(saving)
    if together.is_first():
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(saving, folder)  # whoever finds the folder finds all of it
    together.meet()
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
        if together.count() > 1:
            raise  # the others may wait for this one
        traceback.print_exc()
        events.write("note", text=f"What it learned is saved, but could not be judged. {in_words(error).text}")
    return result


def best_step(trainer: "Watched") -> int:
    """The step whose weights were kept."""
    best = trainer.state.best_model_checkpoint
    return int(Path(best).name.rsplit("-", 1)[1]) if best else trainer.state.global_step

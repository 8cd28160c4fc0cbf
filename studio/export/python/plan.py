"""What a script has to do: the run's settings and what became of them, without its rows."""

from dataclasses import dataclass, field
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.export.origin import base_of, place_by_name
from studio.methods import METHODS, Job, find_method
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.models.revision import revision_of
from studio.training.back_off import fitted, found
from studio.training.events import read_events
from studio.training.provenance import read_provenance
from studio.training.run import Run, load_run
from studio.workspace import read_json

LIBRARIES = ("torch", "transformers", "trl", "peft")
MEETS_ROWS_BY_BITE = ("kto", "rlhf")  # what a step learns from depends on the size of its bites


@dataclass(frozen=True)
class Plan:
    """steps: that the whole run was planned to take; last: the step that it ended at; kept: whose weights it kept.

    base: what the script calls the model that it began with; note: what there is to know about that. libraries: with
    their versions. config: the base's config.json. pads: whether its tokenizer has a mark to fill batches up with.
    started: whether an earlier run's adapter is trained further. facts: what only the rows tell (see rows.Prepared).
    """

    name: str
    method: str
    settings: Any
    task: str
    base: str
    device: str
    dtype: str
    steps: int
    last: int
    kept: int
    libraries: dict[str, str]
    config: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    started: bool = False
    pads: bool = True
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def adapter(self) -> bool:
        return self.settings.adapt in ADAPTERS

    @property
    def packed(self) -> bool:
        return bool(self.settings.weights != "full")


def job_of(run: Run) -> Job:
    """The job of a run that has begun, as its worker had it. Raises StudioError for one that has not."""
    recipe = run.recipe()
    plans = [event for event in read_events(run.events)[0] if event["kind"] == "plan"]
    if not plans:
        raise StudioError(
            f"“{run.name}” has not begun to train, so nobody knows yet what it will do on which device.",
            "Copy it as Python once it has taken its first step.",
        )
    if "device" not in plans[-1]:
        raise StudioError(
            f"“{run.name}” was made by an older studio, which did not write down on which device.",
            "Take its settings into a new run in History, and copy that one.",
        )
    settings: AdaptSettings = fitted(run, recipe.checked_settings())
    if found(run) and recipe.method.name in MEETS_ROWS_BY_BITE:
        raise StudioError(
            f"“{run.name}” has changed the size of its bites on its way, because the memory was not enough, and with "
            f"“{METHODS[recipe.method.name].title}” another size meets the rows in another company.",
            "Take its settings into a new run in History, and copy that one.",
        )
    base, workspace = base_of(run).ready_folder(run.workspace), run.workspace
    earlier = load_run(workspace, recipe.model.start) if recipe.model.start else None
    start = earlier.adapter if earlier and earlier.adapter.is_dir() else None
    device, dtype = plans[-1]["device"], plans[-1]["dtype"]
    return Job(base, recipe.version(workspace), settings, run.checkpoints, device, dtype, workspace.home, start)


def plan_of(run: Run, job: Job, facts: dict[str, Any]) -> Plan:
    """The plan of a run whose job and rows are known."""
    view, recipe = run.view(), run.recipe()
    method = find_method(recipe.method.name)
    known = (read_provenance(run) or {}).get("libraries") or {}
    last = int(view.result.get("steps") or view.steps)
    return Plan(
        name=" ".join(run.name.split()),
        method=method.name,
        settings=job.settings,
        task=method.task,
        base=place_by_name(run.workspace, recipe.model.name),
        note=about_base(run),
        device=job.device,
        dtype=job.dtype,
        steps=view.steps,
        last=last,
        kept=int(view.result.get("kept_step") or last),
        libraries={name: known.get(name) or installed(name) for name in LIBRARIES},
        config=read_json(job.folder / "config.json") or {},
        started=job.start is not None,
        pads=says_padding(job.folder),
        facts=facts,
    )


def says_padding(folder: Path) -> bool:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True).pad_token is not None


def about_base(run: Run) -> str:
    """A comment on where the model is to be had; its makers' weights are not always what the run began with."""
    model = base_of(run)
    if model.source == "package":
        return f"unpacked from {revision_of(model)}; the hub's full weights give other losses"
    if model.source == "hub":
        commit = revision_of(model).rpartition(" at ")[2]
        return f"the run had commit {commit}" if commit else ""
    return "the folder of the model that the run began with"

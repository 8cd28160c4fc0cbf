"""The parts of a report, each with nothing in it but what it names: what is not named here is not packed."""

import json
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet

from studio import __version__
from studio.datasets.store import load_dataset
from studio.models.hardware import look
from studio.processes import boot, oom_kills
from studio.training.checkpoints import points
from studio.training.events import Event, read_events
from studio.training.failures import kind_of
from studio.training.recipe import Recipe
from studio.training.report.blanking import TOGETHER, without_secrets
from studio.training.run import Run
from studio.training.view import RunView
from studio.workspace import read_json

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors", "tokenizers",
             "bitsandbytes", "numpy", "pandas", "pyarrow", "gradio", "pydantic", "psutil")  # fmt: skip
# Texts of events: sentences of the studio. Everything else that an event holds is packed only when it is a number.
SENTENCES = ("text", "message", "hint", "evidence", "last_line")
NAMES = ("kind", "mode", "device", "dtype", "best", "cause")
FIGURES = 200  # step events and check events that are packed at most
LINES, LENGTH = 400, 400  # of the log, from its end; letters of a line
READ = 1_000_000  # bytes of the log that are looked at
PLAIN = re.compile(r"[\w.+-]{1,40}")  # a setting's value that is one of its choices, not a text somebody wrote
SAVED = ("bad_batch.json", "film.jsonl")  # with words of the data in them; never packed


def recipe_of(run: Run) -> dict[str, Any]:
    """The recipe with file names in place of paths, numbers and choices as they are, and texts as their lengths."""
    recipe = run.recipe()
    data, plan = recipe.data, recipe.data.split
    return {
        "name": recipe.name,
        "goal": recipe.goal,
        "method": recipe.method.name,
        "model": {"name": short(recipe.model.name), "start": recipe.model.start or ""},
        "settings": {name: setting(value) for name, value in recipe.settings.items()},
        "data": {
            "file": Path(data.file).name if data.file else "",
            "files_merged": len(data.merge),
            "from_hub": data.hub is not None,
            "fingerprint": (data.fingerprint or "")[:12],
            "kind": data.mapping.kind if data.mapping else "",
            "shape": data.mapping.shape if data.mapping else "",
            "system_message_letters": len(data.mapping.system) if data.mapping else 0,
            "rows_left_out": len(data.left_out),
            "texts_changed": len(data.edits),
            "augmented": data.augment is not None,
            "weighted": data.weights is not None,
            "test_file": data.separate_test is not None,
            "split": {k: v for k, v in plan.model_dump().items() if isinstance(v, (int, float))} if plan else {},
        },
    }


def short(name: str) -> str:
    """A model's name; of a folder its last part alone."""
    return Path(name).name if Path(name).is_absolute() else name


def setting(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return value
    return f"(left out: {len(str(value))} letters)"


def events_of(run: Run) -> list[dict[str, Any]]:
    """The events in order, of their figures at most so many; of each what is a number or a sentence of the studio."""
    events, _ = read_events(run.events)
    figures = [event for event in events if event["kind"] in ("step", "check")]
    every = max(1, -(-len(figures) // FIGURES))
    kept = {id(event) for event in figures[::every] + figures[-1:]}
    return [bare(event) for event in events if event["kind"] not in ("step", "check") or id(event) in kept]


def bare(event: Event) -> dict[str, Any]:
    known = {name: str(event[name]) for name in (*NAMES, *SENTENCES) if name in event}
    return known | numbers(event)


def numbers(value: dict[str, Any]) -> dict[str, Any]:
    """What is a number in a document, and in the documents within it."""
    found: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, (bool, int, float)):
            found[name] = one
        elif isinstance(one, dict) and (inner := numbers(one)):
            found[name] = inner
    return found


def log_of(run: Run) -> list[str]:
    """The last lines of the log, without secrets. Bars that are drawn again and again are told once."""
    try:
        with run.log.open("rb") as file:
            file.seek(max(0, run.log.stat().st_size - READ))
            text = without_secrets(file.read().decode("utf-8", "replace"))
    except OSError:
        return []
    return [line.rsplit("\r", 1)[-1][:LENGTH] for line in text.split("\n")[-LINES:]]


def computer(run: Run) -> dict[str, Any]:
    """Versions, hardware, room on the disk and in memory, at this moment."""
    here, room = look(), shutil.disk_usage(run.folder)
    return {
        "tunesmith": __version__,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libraries": {name: installed(name) for name in LIBRARIES},
        "cores": here.cores,
        "memory_gb": round(here.memory_gb, 2),
        "memory_free_gb": round(here.free_gb, 2),
        "swap_gb": round(psutil.swap_memory().total / 1024**3, 2),
        "graphics_card": here.gpu.name if here.gpu else "none",
        "graphics_memory_gb": round(here.gpu.total_gb, 2) if here.gpu else 0,
        "disk_gb": round(room.total / 1e9, 2),
        "disk_free_gb": round(room.free / 1e9, 2),
        "programs_ended_for_memory": oom_kills(),
    }


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def process_of(run: Run) -> dict[str, Any]:
    """Which process worked at it, whether it lives, and what was found out about its death."""
    who, death = run.process() or {}, read_json(run.folder / "death.json") or {}
    known = {name: who[name] for name in ("pid", "created", "since", "oom_kills") if name in who}
    same = bool(who.get("boot")) and who.get("boot") == boot()
    return {
        "process": known,
        "alive": run.has_process(),
        "same_start_of_the_computer": same,
        "stop_asked": run.stop_requested() or "",
        "death": {name: str(death[name]) for name in ("cause", "evidence") if name in death},
    }


def files_of(run: Run) -> str:
    """Names and sizes of what is in the run's folder, and which of its points are whole."""
    lines = [
        f"{file.stat().st_size:>14,}  {file.relative_to(run.folder).as_posix()}"
        for file in sorted(run.folder.rglob("*"))
        if file.is_file()
    ]
    whole = ", ".join(str(point.step) for point in points(run.checkpoints)) or "none"
    return "\n".join([*lines, "", f"Whole points at steps: {whole}", ""])


def summary_of(run: Run, view: RunView, clean: Callable[[str], str]) -> str:
    """The run in words, for whoever opens the report first. clean: what takes secrets and data out of a sentence."""
    lines = [
        f"Report of the run “{without_secrets(run.name)}” ({run.id})",
        f"State: {view.status}. At step {view.step} of {view.steps}, at work for {view.elapsed:.0f} s.",
    ]
    if view.best_step:
        lines.append(f"Best point: step {view.best_step}, {view.best} {view.best_value}.")
    if view.error:
        kind = kind_of(view.error.cause)
        last = [f"Last line of its log: {view.error.last_line}"] if view.error.last_line else []
        told = [view.error.message, view.error.evidence, view.error.hint, *last]
        lines += ["", f"{kind.title} (kind: {kind.name})", *map(clean, told)]
    return "\n".join([*lines, ""])


def cells_of(run: Run) -> Iterator[str]:
    """Every text that is somebody's data: the rows, what was written into the recipe, what was saved of a batch.

    Raises StudioError or an OSError where these cannot be read.
    """
    recipe = run.recipe()
    written = [recipe.data.model_dump(include={"mapping", "edits", "augment", "separate_test"}), recipe.settings]
    yield from (text for text in strings(written) if len(text.split()) >= TOGETHER)  # not the names of columns
    for name in SAVED:
        for file in run.folder.rglob(name):
            for line in file.read_text("utf-8").splitlines() if name.endswith("l") else [file.read_text("utf-8")]:
                yield from strings(json.loads(line))
    for id in dataset_ids(recipe):
        for batch in pyarrow.parquet.ParquetFile(load_dataset(run.workspace, id).table).iter_batches(2000):
            for column in batch.columns:
                yield from (str(cell) for cell in column.to_pylist() if cell)


def dataset_ids(recipe: Recipe) -> list[str]:
    test = recipe.data.separate_test
    return [id for id in (recipe.data.dataset, test.dataset if test else None) if id]


def strings(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)

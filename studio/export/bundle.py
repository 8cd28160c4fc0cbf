"""The result of a run as one zip: built and checked in a process of its own, found again by anybody who looks."""

import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.export.card import model_card
from studio.export.origin import base_of, place_elsewhere, public_name
from studio.export.snippet import snippet
from studio.models.loading import load_tokenizer, result_facts
from studio.processes import is_alive, last_line, start_detached
from studio.training.run import Run
from studio.workspace import read_json, speaking_of_disk, write_json

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "processor_config.json",  # of a model for pictures
    "preprocessor_config.json",
)
OURS = ("README.md", "adapter_config.json")  # written anew: PEFT's own name paths of this computer


@dataclass(frozen=True)
class ExportState:
    """status: none, working, ready or failed. `same` of `asked` answers came out as they did in training.

    what: the download, "adapter" or "model". proof: what was asked, "answers" or "predictions".
    """

    status: str = "none"
    phase: str = ""
    zip: Path | None = None
    megabytes: float = 0.0
    same: int = 0
    asked: int = 0
    card: str = ""
    snippet: str = ""
    error: str = ""
    what: str = "adapter"
    proof: str = "answers"


def export_state(run: Run) -> ExportState:
    """How far the export of a run is."""
    folder = run.folder / "export"
    try:
        file = os.stat(folder / "state.json")
    except OSError:
        return ExportState()
    state = written(folder / "state.json", file.st_ino, file.st_mtime_ns)
    if state.status != "working":
        return state
    who = read_json(folder / "process.json")
    if who and not is_alive(who):
        words = last_line(folder / "output.log")
        return ExportState("failed", error=f"The program that packs the download ended unexpectedly. {words}")
    return state


@lru_cache(maxsize=512)
def written(file: Path, number: int, changed: int) -> ExportState:
    """What stands in a file of that number and time: all runs are asked for it each second."""
    document: dict[str, Any] = read_json(file) or {}
    return ExportState(**{**document, "zip": Path(document["zip"]) if document.get("zip") else None})


def start_export(run: Run) -> None:
    """Build and check the zip, in the background. Raises StudioError when the run kept nothing."""
    if run.kept is None:
        raise StudioError(f"“{run.name}” has kept nothing to take away.", "Choose a run that finished.")
    if export_state(run).status == "working":
        return
    folder = run.folder / "export"
    with speaking_of_disk(folder):
        folder.mkdir(exist_ok=True)
    (folder / "process.json").unlink(missing_ok=True)
    record(run, status="working", phase=f"Packing the {what_is_kept(run)}", what=what_is_kept(run))
    write_json(
        folder / "process.json",
        start_detached("studio.export.worker", str(run.folder), log=folder / "output.log"),
    )


def what_is_kept(run: Run) -> str:
    """ "adapter" or "model"."""
    return "model" if run.kept == run.whole_model else "adapter"


def record(run: Run, **fields: Any) -> None:
    write_json(run.folder / "export" / "state.json", fields)


def build_zip(run: Run) -> tuple[Path, str, str]:
    """Write the download into export/. Returns its path, the model card and the snippet.

    An adapter goes with its base's tokenizer; a whole model has its own. Files are copied piece by piece, so that a
    model larger than the memory can be packed.
    """
    kept = run.kept
    assert kept is not None
    whole = kept == run.whole_model
    name = "model" if whole else "adapter"
    facts = result_facts(kept)
    dtype = run.view().result.get("dtype", "float32")
    lines = snippet(place_elsewhere(run), name, facts, dtype, missing_pad(run, kept, facts))
    card = model_card(run, facts, whole, lines)
    path = run.folder / "export" / f"{name}.zip"
    building = path.with_suffix(".part")
    with speaking_of_disk(path):
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(building, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(kept.rglob("*")):
                if file.is_file() and file.name not in OURS:
                    # Weights of a whole model hardly get smaller, and packing them would take minutes.
                    how = zipfile.ZIP_STORED if whole and file.suffix == ".safetensors" else None
                    archive.write(file, file.relative_to(kept).as_posix(), how)
            if not whole:
                archive.writestr("adapter_config.json", portable_config(run))
                folder = base_of(run).folder
                for other in TOKENIZER_FILES:
                    if (folder / other).exists() and not (kept / other).exists():
                        archive.write(folder / other, other)
            archive.writestr("README.md", card)
            archive.writestr(f"load_{name}.py", lines)
        building.replace(path)
    return path, card, lines


def portable_config(run: Run) -> str:
    """The adapter's config with the base model's public name instead of a path on this computer."""
    config = json.loads((run.adapter / "adapter_config.json").read_text("utf-8"))
    config["base_model_name_or_path"] = public_name(run)
    return json.dumps(config, indent=2)


def missing_pad(run: Run, kept: Path, facts: dict[str, Any]) -> int | None:
    """The id of the mark that fills texts up, where a head needs it and the base's config does not name it."""
    if facts["task"] != "classifier" or kept == run.whole_model:
        return None
    folder = base_of(run).folder
    config = read_json(folder / "config.json") or {}
    if config.get("pad_token_id") is not None:
        return None
    return int(load_tokenizer(folder).pad_token_id)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack one of our zips into an empty folder."""
    shutil.unpack_archive(archive, folder, "zip")

"""The adapter as one zip: built and checked in a process of its own, found again by anybody who looks."""

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.export.card import base_name, model_card, snippet
from studio.models.catalogue import Model, find_model
from studio.processes import is_alive, last_line, start_detached
from studio.training.run import Run
from studio.workspace import read_json, speaking_of_disk, write_json

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


@dataclass(frozen=True)
class ExportState:
    """status: none, working, ready or failed. `same` of `asked` answers came out as they did in training."""

    status: str = "none"
    phase: str = ""
    zip: Path | None = None
    megabytes: float = 0.0
    same: int = 0
    asked: int = 0
    card: str = ""
    snippet: str = ""
    error: str = ""


def export_state(run: Run) -> ExportState:
    """How far the export of a run is."""
    folder = run.folder / "export"
    document: dict[str, Any] = read_json(folder / "state.json") or {}
    state = ExportState(**{**document, "zip": Path(document["zip"]) if document.get("zip") else None})
    who = read_json(folder / "process.json")
    if state.status == "working" and who and not is_alive(who):
        words = last_line(folder / "output.log")
        return ExportState("failed", error=f"The program that packs the download ended unexpectedly. {words}")
    return state


def start_export(run: Run) -> None:
    """Build and check the zip, in the background. Raises StudioError when the run kept nothing."""
    if not run.adapter.is_dir():
        raise StudioError(f"“{run.name}” has kept nothing to take away.", "Choose a run that finished.")
    if export_state(run).status == "working":
        return
    folder = run.folder / "export"
    with speaking_of_disk(folder):
        folder.mkdir(exist_ok=True)
    (folder / "process.json").unlink(missing_ok=True)
    record(run, status="working", phase="Packing the adapter")
    write_json(
        folder / "process.json",
        start_detached("studio.export.worker", str(run.folder), log=folder / "output.log"),
    )


def record(run: Run, **fields: Any) -> None:
    write_json(run.folder / "export" / "state.json", fields)


def build_zip(run: Run) -> tuple[Path, str, str]:
    """Write export/adapter.zip. Returns its path, the model card and the snippet."""
    recipe = run.recipe()
    model = find_model(run.workspace, recipe.model.name)
    view = run.view()
    card = model_card(recipe, model, recipe.version(run.workspace), view)
    lines = snippet(model, view.result.get("dtype", "float32"))
    path = run.folder / "export" / "adapter.zip"
    building = path.with_suffix(".part")
    with speaking_of_disk(path):
        with zipfile.ZipFile(building, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(run.adapter / "adapter_model.safetensors", "adapter_model.safetensors")
            archive.writestr("adapter_config.json", portable_config(run, model))
            for name in TOKENIZER_FILES:
                if (model.folder / name).exists():
                    archive.write(model.folder / name, name)
            archive.writestr("README.md", card)
            archive.writestr("load_adapter.py", lines)
        building.replace(path)
    return path, card, lines


def portable_config(run: Run, model: Model) -> str:
    """The adapter's config with the base model's public name instead of a path on this computer."""
    config = json.loads((run.adapter / "adapter_config.json").read_text("utf-8"))
    config["base_model_name_or_path"] = base_name(model)
    return json.dumps(config, indent=2)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack one of our zips into an empty folder."""
    shutil.unpack_archive(archive, folder, "zip")

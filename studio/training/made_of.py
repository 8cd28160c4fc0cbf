"""What a run was made of when a point of it was saved, so that nobody goes on from it with something else."""

import hashlib
from pathlib import Path
from typing import Any

from studio.methods import find_method
from studio.training.failures import resume_refused
from studio.training.recipe import Recipe

ENDS = 2**20  # bytes at either end of a file of weights that are looked at: all of a large model takes minutes
WORDS = {
    "data": "fingerprint of the data",
    "model": "model",
    "model_files": "fingerprint of the model's files",
    "start": "run that it starts from",
    "start_files": "fingerprint of the adapter that it starts from",
    "method": "method",
}
MARKED = (".safetensors", ".bin", ".json", ".model", ".gguf", ".jinja")


def made_of(recipe: Recipe, folder: Path, start: Path | None = None) -> dict[str, Any]:
    """Data, model, method and settings of a resolved recipe. folder: the model's; start: an earlier run's adapter."""
    return {
        "data": recipe.data.fingerprint,
        "model": recipe.model.name,
        "model_files": marks(folder),
        "start": recipe.model.start or "",
        "start_files": marks(start) if start else "",
        "method": recipe.method.name,
        "settings": recipe.checked_settings().model_dump(mode="json"),
    }


def marks(folder: Path) -> str:
    """SHA-256 over the names and sizes of a model's files and over the first and last MiB of each."""
    found = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix not in MARKED or not file.is_file():
            continue
        size = file.stat().st_size
        found.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as opened:
            found.update(opened.read(ENDS))
            if size > ENDS:
                opened.seek(max(ENDS, size - ENDS))
                found.update(opened.read())
    return found.hexdigest()


def check_same(then: dict[str, Any], now: dict[str, Any]) -> None:
    """Raises StudioError, naming the differences, when a point was saved by a run made of something else."""
    settings = find_method(now["method"]).settings.model_fields
    before = then.get("settings") or {}
    different = {what: (then.get(name), now[name]) for name, what in WORDS.items() if then.get(name) != now[name]}
    # A setting that came with a later studio was then as it is by itself.
    known = {name: before.get(name, settings[name].get_default(call_default_factory=True)) for name in now["settings"]}
    different |= {
        settings[name].title or name: (known[name], value)
        for name, value in now["settings"].items()
        if known[name] != value
    }
    if different:
        raise resume_refused(different)

"""What a run was made with: libraries, hardware, data and model, so that it can be repeated and a change be named."""

import platform
from functools import lru_cache
from importlib.metadata import distributions
from typing import Any

from studio.models.catalogue import find_model
from studio.models.hardware import look
from studio.models.revision import revision_of
from studio.training.run import Run
from studio.workspace import read_json, write_json

FILE = "provenance.json"
DECISIVE = ("torch", "transformers", "peft", "trl", "accelerate", "tokenizers", "bitsandbytes", "numpy")
Provenance = dict[str, Any]


def gathered(run: Run, made_of: dict[str, Any], dtype: str) -> Provenance:
    """Of a run that is about to begin. made_of: as in studio.training.made_of; dtype: what it is trained in.

    It names no person, no folder and no row: of a model that lies in a folder or a file, only the fingerprint.
    """
    import torch

    computer, model = look(), find_model(run.workspace, run.recipe().model.name)
    return {
        "seed": made_of["settings"]["seed"],
        "devices": made_of["settings"].get("devices", 1),
        "data": made_of["data"],
        "model": model.name if model.source in ("package", "hub") else "",
        "model_revision": revision_of(model),
        "model_files": made_of["model_files"],
        "hardware": {
            "device": computer.label,
            "processor": platform.machine(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "cores": computer.cores,
            "memory_gb": round(computer.memory_gb, 1),
            "threads": torch.get_num_threads(),
            "cuda": torch.version.cuda or "",
        },
        "dtype": dtype,
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": libraries(),
    }


@lru_cache(maxsize=1)
def libraries() -> dict[str, str]:
    """Every library that is installed, with its version."""
    return dict(sorted((found.metadata["Name"].lower(), found.version) for found in distributions()))


def write_provenance(run: Run, found: Provenance) -> None:
    write_json(run.folder / FILE, found)


def read_provenance(run: Run) -> Provenance | None:
    """None for a run that has not begun, and for those of an older studio."""
    found = read_json(run.folder / FILE)
    return found if isinstance(found, dict) and "libraries" in found else None


def differences(then: Provenance, now: Provenance) -> list[str]:
    """What is another now and can make the losses differ: "torch 2.12.0 then, 2.13.0 now"."""
    pairs = [(name, then["libraries"].get(name), now["libraries"].get(name)) for name in DECISIVE]
    pairs += [
        (words, then.get("hardware", {}).get(name), now["hardware"][name])
        for name, words in (("device", "device"), ("instructions", "processor instructions"), ("threads", "threads"))
    ]
    pairs += [("number of devices", then.get("devices", 1), now["devices"])]
    pairs += [("number format", then.get("dtype"), now["dtype"]), ("Python", then.get("python"), now["python"])]
    return [
        f"{name} {before or 'not there'} then, {after or 'not there'} now"
        for name, before, after in pairs
        if before != after
    ]

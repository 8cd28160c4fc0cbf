"""How much disk a run that trains a model's own weights will fill, told before its first step."""

import json
import math
import shutil
from pathlib import Path

from studio.errors import StudioError
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings

FLOAT32 = 4  # bytes; weights that are trained are held in it
STATE = 2  # Adam remembers two numbers for every weight that it trains
CHECKPOINTS = 3  # the best, the last, and the one that is being written


def parameters_in(folder: Path) -> int:
    """Parameters of the model in a folder, from the headers of its safetensors files; nothing is loaded.

    A header is JSON behind its length in eight bytes: https://huggingface.co/docs/safetensors
    """
    count = 0
    for file in folder.glob("*.safetensors"):
        try:
            with file.open("rb") as opened:
                header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        except (OSError, ValueError, MemoryError, OverflowError):
            continue  # damaged; loading says so
        count += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    return count


def bytes_needed(folder: Path, settings: AdaptSettings, checks: bool) -> int:
    """Bytes that checkpoints and result will take at most; 0 for adapters, which are small.

    checks: whether there are check rows, and with them checkpoints.
    """
    if settings.adapt in ADAPTERS:
        return 0
    weights = FLOAT32 * parameters_in(folder)
    # What the last layers alone remember is little beside the model.
    checkpoint = weights * (1 if settings.adapt == "last_layers" else 1 + STATE)
    return weights + (CHECKPOINTS * checkpoint if checks else 0)


def check_room(home: Path, folder: Path, settings: AdaptSettings, checks: bool) -> None:
    """Raises StudioError when the disk of the studio's home has no room for what the run will write."""
    needed, free = bytes_needed(folder, settings, checks), shutil.disk_usage(home).free
    if needed > free:
        raise StudioError(
            f"Training the model's own weights needs up to {needed / 1e9:.1f} GB of disk while it runs, and "
            f"{free / 1e9:.1f} GB are free.",
            "Free some space (old runs in History are a good start), or choose LoRA in “How much of the model is "
            "trained”, which needs very little.",
            cause="disk_full",
            evidence=f"Needed {needed / 1e9:.2f} GB, free {free / 1e9:.2f} GB.",
        )

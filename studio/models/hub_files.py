"""Which files of a model on the hub are fetched, and whether what arrived is what the hub has."""

import hashlib
import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.hub_errors import Words

# Weights only as safetensors: other formats can run code when they are loaded.
FILES = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "vocab.txt", "merges.txt", "LICENSE*", "*.md"]
# The same weights once more, as Mistral's own programs read them; and tables that only those programs need.
TWICE = ["consolidated*.safetensors", "consolidated*.json", "tekken.json"]
OF_MODEL = Words("model", "licence", "use the starter model, which needs none", " What has arrived already is kept.")
PATIENCE = 15.0  # seconds until the hub counts as not reachable
BLOCK = 1 << 20


@dataclass(frozen=True)
class HubFile:
    """sha256: of a large file (LFS), "" for a small one, which has its git hash in `blob`; "" where none is told."""

    path: str
    size: int
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True)
class Plan:
    """What makes up a model. commit: the state of the hub that all of it is taken from."""

    commit: str
    files: list[HubFile]

    @property
    def total(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)


def ask_hub(name: str) -> Plan:
    """The files of a model that are to be fetched, small ones first and config.json before all. One request.

    Raises StudioError for one without safetensors, and whatever the hub's client raises.
    """
    from huggingface_hub import HfApi

    info = HfApi().model_info(name, files_metadata=True, timeout=PATIENCE)
    files = [
        HubFile(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else "", file.blob_id or "")
        for file in info.siblings or []
    ]
    chosen = [file for file in files if wanted(file.path)]
    names = {file.path for file in chosen}
    if not any(path.endswith(".safetensors") for path in names):
        raise no_safetensors(name, [file.path for file in files])
    if "config.json" not in names:
        raise StudioError(
            f"{name} has no config.json, so it is not a whole model.",
            "It may be an adapter: name the model that it was trained on."
            if "adapter_config.json" in names
            else "Choose another model.",
        )
    order = sorted(chosen, key=lambda file: (file.path != "config.json", file.path.endswith(".safetensors"), file.path))
    return Plan(info.sha or "main", order)


def wanted(path: str) -> bool:
    """Files in folders are copies for other programs (ONNX, the original weights), and are left there."""
    if "/" in path or "\\" in path or path.startswith(".") or any(fnmatch(path, pattern) for pattern in TWICE):
        return False
    return any(fnmatch(path, pattern) for pattern in FILES)


def no_safetensors(name: str, files: list[str]) -> StudioError:
    if any(path.lower().endswith(".gguf") for path in files):
        return StudioError(
            f"{name} holds GGUF files only.",
            "Download one of them from its page and name the file here, or choose the original model, mostly the "
            "same name without “GGUF”.",
        )
    return StudioError(
        f"{name} has no weights in the safetensors format.",
        "Other formats can run code while they load, so they are not opened. Choose another model.",
    )


def is_true(path: Path, file: HubFile) -> bool:
    """Whether the bytes at `path` are those of the hub: by SHA-256, for small files by their git hash."""
    if file.size and path.stat().st_size != file.size:
        return False
    if not file.sha256 and not file.blob:
        return True
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest() == (file.sha256 or file.blob)


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a folder; {} when it is not readable."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}

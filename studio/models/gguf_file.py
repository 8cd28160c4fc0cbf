"""A GGUF file turned into plain bfloat16 safetensors, once: packed weights can be neither trained nor saved."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.models.gguf_name import ORIGIN, check_gguf
from studio.workspace import Workspace, speaking_of_disk, write_json

SPARE = 500_000_000  # bytes that stay free on the disk


def bring(workspace: Workspace, model: Model, say: Callable[[str], None]) -> None:
    """Unpack a person's GGUF file into the model's folder, whole or not at all.

    Raises StudioError: no such file, damaged, of a kind that transformers cannot unpack, disk too small.
    """
    assert model.file is not None
    check_gguf(model.file)
    size = unpacked_bytes(model.file)
    free = shutil.disk_usage(workspace.models).free
    if size + SPARE > free:
        raise StudioError(
            f"{model.title} needs about {size / 1e9:,.1f} GB on the disk once it is unpacked, and "
            f"{free / 1e9:,.1f} GB are free.",
            "Free some space, or choose a smaller model.",
        )
    say(f"Unpacking {model.title} (once, {size / 1e6:,.0f} MB)")
    origin = {"path": str(model.file), "bytes": model.file.stat().st_size}
    unpack(workspace, model.file, model.folder, 0, origin)


def unpacked_bytes(path: Path) -> int:
    """What its weights take as bfloat16, from the table at its beginning. Raises StudioError when that is damaged."""
    from gguf import GGUFReader

    try:
        return sum(2 * int(tensor.n_elements) for tensor in GGUFReader(path).tensors)
    except Exception as error:  # the reader trusts the numbers in the file, and fails in many ways
        raise StudioError(
            f"{path.name} is damaged: the table at its beginning cannot be read.", "Download the file again."
        ) from error


def unpack(
    workspace: Workspace, source: Path, folder: Path, context: int = 0, origin: dict[str, object] | None = None
) -> None:
    """Write `folder` from a GGUF file. context: the most tokens its tokenizer should take, 0 for what the file says.

    Raises StudioError when transformers cannot unpack it.
    """
    # Imported here: torch takes seconds, and most callers find the model already unpacked.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    building = workspace.scratch / f"{folder.name}.{os.getpid()}"
    with speaking_of_disk(workspace.models):
        try:
            shutil.rmtree(building, ignore_errors=True)
            try:
                # Without dequantize=True the weights would stay packed, and could not be trained or saved.
                weights = AutoModelForCausalLM.from_pretrained(
                    source.parent,
                    gguf_file=source.name,
                    quantization_config=GgufConfig(dequantize=True),
                    dtype=torch.bfloat16,
                )
                tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
            except (ValueError, KeyError, NotImplementedError, RuntimeError, TypeError, ImportError) as error:
                if "memory" in str(error).lower():
                    raise
                said = (str(error).strip().splitlines() or ["no reason was given"])[0].rstrip(".")
                raise StudioError(
                    f"{source.name} could not be unpacked: {said}.",
                    "Not every kind of GGUF file can be turned back into weights that learn. Choose the original "
                    "model on the Hugging Face hub instead.",
                ) from error
            if context:
                tokenizer.model_max_length = context
            weights.save_pretrained(building)
            tokenizer.save_pretrained(building)
            if origin:
                write_json(building / ORIGIN, origin)
            shutil.rmtree(folder, ignore_errors=True)
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)

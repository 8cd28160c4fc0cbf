"""What a run takes beside its tensors: the program, what its allocator cannot use, and a second copy while loading."""

from typing import Any

from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.models.memory.question import Question

MIB = 1024**2
# Resident memory of a worker once the libraries of its method are loaded, measured with tests.benchmarks.memory_run
# (torch 2.13, Linux x86-64). On a card: CUDA's context, which is 0.3 to 1.4 GB; not measured here.
PROGRAM = {"cpu": 560 * MIB, "cuda": 600 * MIB}
# What allocators hold and cannot use, as a share of the tensors that come and go. torch's on a card keeps blocks of
# like sizes and cuts large ones: 5 to 8 % in a steady training. The C library on the processor, told to join freed
# memory at once (studio.processes.JOINED_AT_ONCE): -6 to 30 % in the combinations of tests.benchmarks.memory.
UNUSED = {"cpu": 0.1, "cuda": 0.06}
# Bytes that a training needs beside its tensors: rows, the optimiser's and the tokenizer's own things.
AROUND = {"cpu": 30 * MIB, "cuda": 0}
BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


def program(device: str) -> float:
    """Bytes of the worker before it has loaded a model."""
    return float(PROGRAM[device])


def slack(device: str, changing: float) -> float:
    """Bytes beside the tensors. changing: bytes of those that come and go with a step, at its fullest moment."""
    return AROUND[device] + UNUSED[device] * changing


def loading(question: Question, settings: AdaptSettings, weights: float) -> float:
    """Bytes while the model is loaded: its weights, and beside them the file that they are read from.

    weights: bytes as they are held in the end. On a card the file stays in the computer's own memory.
    """
    if question.device == "cuda":
        return weights
    held = question.dtype if settings.adapt in ADAPTERS else "float32"
    share = {"full": 1.0, "8bit": 0.5, "4bit": 0.28}[settings.weights]
    return weights + weights / share * BYTES[stored(question.architecture)] / BYTES[held]


def stored(architecture: dict[str, Any]) -> str:
    """The number format of the file; bfloat16 where the config does not say, as most models come."""
    said = architecture.get("dtype") or architecture.get("torch_dtype") or "bfloat16"
    return said if said in BYTES else "bfloat16"

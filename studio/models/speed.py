"""How fast this computer trains, from runs that took place on it."""

from dataclasses import dataclass
from statistics import median

from studio.models.catalogue import Model
from studio.models.hardware import Hardware, training_dtype
from studio.workspace import Workspace, read_json, write_json

# A LoRA step of SmolLM2-135M ran at about 130 tokens per second on two AVX2 cores in float32.
GUESS_PER_CORE = 65.0
GUESS_PARAMETERS = 134_515_008
# Cards differ by more than ten times; this is the low end, until one run has been measured.
GUESS_GPU = 4000.0


@dataclass(frozen=True)
class Speed:
    """Tokens read per second while training, and a sentence on where the figure comes from.

    memory_gb: highest memory seen, None before the first run.
    """

    tokens_per_second: float
    basis: str
    memory_gb: float | None = None


def remember(workspace: Workspace, model: str, parameters: int, speeds: list[float], memory_gb: float) -> None:
    """Keep the pace of a run. `speeds`: tokens per second of each step; the first is warming up."""
    steady = speeds[1:] or speeds
    if steady:
        book = read_json(workspace.home / "speed.json") or {}
        book[model] = {"tokens_per_second": median(steady), "memory_gb": memory_gb, "parameters": parameters}
        write_json(workspace.home / "speed.json", book)


def predict(workspace: Workspace, model: Model, hardware: Hardware) -> Speed:
    """From a run of this model here, else of another model (scaled by its size), else a guess."""
    book = read_json(workspace.home / "speed.json") or {}
    if model.name in book:
        seen = book[model.name]
        return Speed(
            seen["tokens_per_second"],
            "From an earlier run of this model on this computer.",
            seen["memory_gb"],
        )
    for name, seen in book.items():
        if model.parameters and seen["parameters"]:
            scaled = seen["tokens_per_second"] * seen["parameters"] / model.parameters
            return Speed(scaled, f"From an earlier run of {name} on this computer, scaled by size.")
    scale = GUESS_PARAMETERS / (model.parameters or GUESS_PARAMETERS)
    faster = 1.7 if training_dtype(hardware.device) == "bfloat16" else 1.0
    guess = GUESS_GPU if hardware.gpu else GUESS_PER_CORE * min(hardware.cores, 8) * faster
    return Speed(guess * scale, "A rough guess for this kind of computer. The first run measures it.")

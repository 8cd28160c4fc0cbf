"""How fast this computer trains and how much memory it takes, from runs that took place on it."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from studio.models.catalogue import Model
from studio.models.hardware import Hardware, training_dtype
from studio.workspace import Workspace, read_json, write_json

# A LoRA step of SmolLM2-135M ran at about 130 tokens per second on two AVX2 cores in float32.
GUESS_PER_CORE = 65.0
GUESS_PARAMETERS = 134_515_008
# Cards differ by more than ten times; this is the low end, until one run has been measured.
GUESS_GPU = 4000.0
# What a token costs beside LoRA's 1. Reading it, going back through the model and the weights' own gradients take about
# as long each; LoRA does the first two, and what trains only the top the first. Measured on MiniLM: 0.27 of `full`.
WORK = {"full": 1.5, "last_layers": 0.4}
RUNS_KEPT = 5  # of each model and way of training: older ones may be from before an update
# A correction beyond this says that something else was measured, such as another program, not that the estimate is off.
LEAST, MOST = 0.8, 1.4


@dataclass(frozen=True)
class Speed:
    """Tokens read per second while training, and a sentence on where the figure comes from.

    memory_gb: highest memory seen, None before the first run.
    """

    tokens_per_second: float
    basis: str
    memory_gb: float | None = None


@dataclass(frozen=True)
class Correction:
    """By what estimates of memory are multiplied on this computer, and a sentence on why; 1.0 and "" without runs."""

    factor: float = 1.0
    basis: str = ""


def remember(
    workspace: Workspace,
    model: str,
    parameters: int,
    speeds: list[float],
    memory_gb: float,
    adapt: str = "lora",
    weights: str = "full",
    estimated_gb: float | None = None,
) -> None:
    """Keep pace and memory of a run. `speeds`: tokens per second of each step; the first is warming up.

    adapt, weights: as in the settings. estimated_gb: what had been estimated for this very run.
    """
    steady = speeds[1:] or speeds
    if not steady:
        return
    book = read(workspace)
    kept = book.get(key(model, adapt, weights), {}).get("ratios", [])
    ratios = [*kept, memory_gb / estimated_gb] if estimated_gb and memory_gb else kept
    book[key(model, adapt, weights)] = {
        "model": model,
        "adapt": adapt,
        "weights": weights,
        "parameters": parameters,
        "tokens_per_second": median(steady),
        "memory_gb": memory_gb,
        "ratios": ratios[-RUNS_KEPT:],
    }
    write_json(workspace.home / "speed.json", book)


def key(model: str, adapt: str, weights: str) -> str:
    return f"{model}|{adapt}|{weights}"


def read(workspace: Workspace) -> dict[str, Any]:
    """The book, less what the first version of the studio wrote into it, which did not say how a model was trained."""
    book = read_json(workspace.home / "speed.json") or {}
    return {name: seen for name, seen in book.items() if "ratios" in seen}


def predict(
    workspace: Workspace, model: Model, hardware: Hardware, adapt: str = "lora", weights: str = "full"
) -> Speed:
    """From a run of this model here, trained in this way or in another; else of another model, scaled; else a guess."""
    book = read(workspace)
    if key(model.name, adapt, weights) in book:
        seen = book[key(model.name, adapt, weights)]
        return Speed(
            seen["tokens_per_second"],
            "Measured with this model on this computer.",
            seen["memory_gb"],
        )
    for seen in book.values():
        if seen["model"] == model.name:
            pace = seen["tokens_per_second"] * lighter(seen["adapt"], adapt)
            return Speed(pace, "From an earlier run of this model here, trained in another way.")
    # A run that was trained in the same way tells more than one that was not.
    for seen in sorted(book.values(), key=lambda each: (each["adapt"], each["weights"]) != (adapt, weights)):
        if model.parameters and seen["parameters"]:
            scaled = seen["tokens_per_second"] * seen["parameters"] / model.parameters
            return Speed(
                scaled * lighter(seen["adapt"], adapt),
                f"From an earlier run of {seen['model']} on this computer, scaled by size.",
            )
    scale = GUESS_PARAMETERS / (model.parameters or GUESS_PARAMETERS)
    faster = 1.7 if training_dtype(hardware.device) == "bfloat16" else 1.0
    guess = GUESS_GPU if hardware.gpu else GUESS_PER_CORE * min(hardware.cores, 8) * faster
    return Speed(
        guess * scale * lighter("lora", adapt), "A rough guess for this kind of computer. The first run measures it."
    )


def lighter(measured: str, wanted: str) -> float:
    """How much faster the wanted way of training is than the one that was measured."""
    return WORK.get(measured, 1.0) / WORK.get(wanted, 1.0)


def correction(workspace: Workspace, model: str, adapt: str, weights: str) -> Correction:
    """What runs on this computer say about the estimates of their memory: those of this kind, else all of them.

    The middle one of the ratios counts, so that one odd run changes nothing; runs of other kinds count half, because
    what the estimate overlooks there need not be overlooked here.
    """
    book = read(workspace)
    own = book.get(key(model, adapt, weights), {}).get("ratios", [])
    if own:
        return corrected(median(own), f"{len(own)} run{'s' * (len(own) > 1)} of this kind")
    others = [ratio for seen in book.values() for ratio in seen["ratios"]]
    if others:
        return corrected(1 + (median(others) - 1) / 2, f"{len(others)} other run{'s' * (len(others) > 1)}")
    return Correction()


def corrected(ratio: float, runs: str) -> Correction:
    factor = min(MOST, max(LEAST, ratio))
    change = round(100 * (factor - 1))
    if not change:
        return Correction(factor, f"Confirmed by {runs} on this computer.")
    return Correction(factor, f"Corrected by {change:+d} % after {runs} on this computer.")

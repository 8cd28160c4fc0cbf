"""What a run really took of the memory, beside what is estimated for just such a run: see studio.models.speed."""

from typing import TYPE_CHECKING, Any

from studio.errors import StudioError
from studio.methods import Job
from studio.models.hardware import GIB, peak_memory
from studio.models.memory import Question
from studio.models.speed import remember
from studio.workspace import Workspace, read_json

if TYPE_CHECKING:
    from datasets import Dataset

    from studio.training.building import Built


def measured_gb(device: str) -> float:
    """The most that this process has held so far, in GiB, counted as the estimate counts it."""
    if device == "cpu":
        return peak_memory() / GIB
    import torch

    from studio.methods.memory.overhead import program

    return (torch.cuda.max_memory_reserved() + program(device)) / GIB


def note_down(
    workspace: Workspace, model: str, built: "Built", check_rows: int, paces: list[float], memory_gb: float
) -> tuple[float | None, int]:
    """Keep the pace and the memory of what was trained, so that they correct later estimates.

    paces: tokens per second of each step. Returns the estimate for it in GiB, None where it could not be told, and the
    tokens of its longest row, 0 where that is not known.
    """
    rows, settings = built.trainer.train_dataset, built.job.settings
    estimated = estimated_gb(built.job, built.method.name, rows, check_rows)
    size = built.trainer.model.num_parameters()
    remember(workspace, model, size, paces, memory_gb, settings.adapt, settings.weights, estimated)
    return estimated, longest(rows)[0]


def estimated_gb(job: Job, method: str, rows: "Dataset", check_rows: int) -> float | None:
    """The estimate for a run over these tokenised rows, in GiB; None where it cannot be told."""
    from studio.methods.memory.reckon import reckon

    tokens, trained = longest(rows)
    architecture = read_json(job.folder / "config.json")
    if not tokens or not isinstance(architecture, dict):
        return None
    settings = job.settings.model_dump()
    asked = Question(architecture, method, settings, tokens, job.dtype, job.device, trained, check_rows)
    try:
        return reckon(asked).total
    except StudioError:
        return None  # a run of a model that nothing can be told about corrects nothing


def longest(rows: "Dataset") -> tuple[int, float]:
    """Tokens of the longest row and the share of them that is learned; 0 tokens where the rows have another form."""
    names = rows.column_names
    if "input_ids" in names:
        lengths = [len(ids) for ids in rows["input_ids"]]
        place = max(range(len(lengths)), key=lengths.__getitem__)
        labels: Any = rows[place].get("labels")
        if not isinstance(labels, list) or len(labels) != lengths[place]:
            return lengths[place], 1.0
        return lengths[place], sum(label != -100 for label in labels) / len(labels)
    if {"prompt_ids", "chosen_ids", "rejected_ids"} <= set(names):
        return max(len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in rows), 1.0
    if {"chosen_ids", "rejected_ids"} <= set(names):
        return max(max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in rows), 1.0
    return 0, 1.0

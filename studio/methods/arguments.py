"""Our settings in the words of transformers' TrainingArguments, for every method alike."""

from typing import Any

from studio.errors import StudioError
from studio.methods import together
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.methods.registry import Job
from studio.methods.spreading import devices_of, in_pieces


def training_arguments(job: Job, train_rows: int, check_rows: int, best: str = "loss", higher: bool = False) -> Any:
    """Keyword arguments for TrainingArguments or one of its kin, such as SFTConfig.

    best: the figure by which the best point is kept, unless the settings name another; higher: whether more of it is
    better.
    Raises StudioError when the settings contradict each other.
    """
    settings = job.settings
    if settings.keep_by != "own":
        best, higher = settings.figures[settings.keep_by]
    steps = settings.steps(train_rows)
    every = max(1, round(steps / settings.checks))
    checking = "steps" if check_rows else "no"
    return {
        "output_dir": str(job.output),
        "per_device_train_batch_size": bite(settings),
        "per_device_eval_batch_size": check_bite(settings),
        "gradient_accumulation_steps": settings.accumulation,
        "max_steps": steps,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(settings.warmup * steps),
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "eval_strategy": checking,
        "eval_steps": every,
        "eval_on_start": bool(check_rows),
        "save_strategy": checking,
        "save_steps": every,
        # Of a model in pieces, what a run needs besides to go on is saved in studio.methods.pieces.
        "save_only_model": in_pieces(settings) and together.count() > 1,
        "save_total_limit": settings.keep_points + 1,  # a new one is written before an old one goes
        "load_best_model_at_end": bool(check_rows),
        "metric_for_best_model": f"eval_{best}",
        "greater_is_better": higher,
        "seed": settings.seed,
        "data_seed": settings.seed,
        # Adapters: the weights are loaded in the number format that we reckon in. A model's own weights are held in
        # float32 while they are trained, and reckoned with in bfloat16 where the hardware has it.
        "bf16": job.dtype == "bfloat16" and settings.adapt not in ADAPTERS,
        "fp16": False,
        "gradient_checkpointing": settings.checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if settings.checkpointing else None,
        "use_cpu": job.device == "cpu",
        "dataloader_pin_memory": job.device != "cpu",
        # Everything that is trained has a part in every loss; looking for what has none takes time at every step.
        "ddp_find_unused_parameters": False if devices_of(settings) > 1 else None,
        "report_to": [],
        "disable_tqdm": True,
        "push_to_hub": False,
    }


def bite(settings: AdaptSettings) -> int:
    """Examples at once in a device's memory. Raises StudioError when a step cannot be split into equal bites."""
    if settings.batch_size % settings.accumulation:
        raise StudioError(
            f"{settings.batch_size} examples per step cannot be split into {settings.accumulation} equal bites.",
            "Choose a number of bites that divides the examples per step.",
            "accumulation",
        )
    devices, together = devices_of(settings), settings.batch_size // settings.accumulation
    if together % devices:
        where = "at once" if settings.accumulation > 1 else "per step"
        raise StudioError(
            f"{together} examples {where} cannot be shared equally by {devices} devices.",
            "Choose a number of devices that divides them, or other examples per step.",
            "devices",
        )
    return together // devices


def check_bite(settings: AdaptSettings, light: bool = False) -> int:
    """Rows that are checked at once: no more than learning has room for, since a check keeps nothing for later.

    light: nothing is written and scored word by word, so a row needs little.
    """
    return min(32, 4 * bite(settings)) if light else min(8, bite(settings))

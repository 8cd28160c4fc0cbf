"""The answer to a question: a step taken on samples of the model, put together, and what a program needs beside it."""

import json
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from studio.errors import StudioError
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.methods.arguments import bite, check_bite
from studio.methods.fast_path.budget import rows_at_once, token_budget
from studio.methods.fast_path.low_rank import in_one_step
from studio.methods.fast_path.quicken import leaves_out
from studio.methods.memory.build import bare_model, trained_model
from studio.methods.memory.losses import LOSSES, Batch
from studio.methods.memory.overhead import loading, program, slack
from studio.methods.memory.shape import samples
from studio.methods.memory.step import PHASES, STATES, take
from studio.methods.registry import Method, find_method
from studio.methods.spreading import devices_of
from studio.models.hardware import GIB
from studio.models.memory.parts import Parts
from studio.models.memory.question import Question

Figures = dict[str, float]


def reckon(question: Question) -> Parts:
    """The memory of that run at its fullest moment. Raises StudioError when it cannot be told."""
    method = find_method(question.method)
    try:
        settings = method.settings.model_validate(question.settings)
    except ValidationError as error:
        raise StudioError(f"These settings cannot be used: {error.errors()[0]['msg']}", "Change them.") from error
    return fullest(question, settings, measured(question, method, settings))


def measured(question: Question, method: Method, settings: AdaptSettings) -> Figures:
    """Figures of the whole model, in bytes, as studio.methods.memory.step.Taken has them."""
    loss, texts = LOSSES[method.name]
    texts_at_once, checked = texts_of(question, settings, texts)
    autocast = question.dtype == "bfloat16" and settings.adapt not in ADAPTERS
    trained_layers = settings.last_layers if settings.adapt == "last_layers" else 0
    teacher = teacher_of(question) if question.method == "distillation" else None
    whole: Figures = {}
    architectures, shares = samples(question.architecture, trained_layers)
    for architecture, share in zip(architectures, shares, strict=True):
        model = trained_model(architecture, settings, method.task, question.dtype, question.groups)
        tiled = reads_in_parts(question, settings)
        if tiled:
            in_one_step(model)
        # See PreferenceTrainer.head_for_tiles.
        tiles = tiled and not (autocast and question.method in ("dpo", "orpo"))
        batch = Batch(texts_at_once, question.tokens, question.trained, question.device, teacher, tiles)
        check = Batch(checked, question.tokens, question.trained, question.device, teacher, tiles)
        for name, value in take(model, loss, batch, check, autocast).figures().items():
            whole[name] = whole.get(name, 0.0) + share * value
    return whole


def texts_of(question: Question, settings: AdaptSettings, each: int) -> tuple[int, int]:
    """How many texts are read at once in a step, and in a check. each: texts of one example."""
    rows = bite(settings)
    if reads_in_parts(question, settings):
        budget, longest = token_budget(question.device, each * rows, question.tokens), each * question.tokens
        rows, checked = (rows_at_once(budget, most, longest) for most in (settings.batch_size, question.check_rows))
        return rows * each, checked * each
    answers = getattr(settings, "generations", 0)
    if answers:  # policy training counts answers, and bites of them
        total = settings.batch_size * answers
        bites = next(n for n in range(min(settings.accumulation, total), total + 1) if total % n == 0)
        rows = total // bites
    checked = max(1, min(check_bite(settings, light=question.method in LIGHT), question.check_rows))
    return rows * each, checked * each


def reads_in_parts(question: Question, settings: AdaptSettings) -> bool:
    """Whether studio.methods.fast_path takes the steps of this run."""
    if question.method not in IN_PARTS or devices_of(settings) > 1:
        return False
    return question.method not in LIGHT or not by_chance(json.dumps(question.architecture))


@lru_cache(maxsize=16)
def by_chance(architecture: str) -> bool:
    """Whether a model of this architecture, as JSON, leaves something out while it learns: see judging_trainer."""
    return leaves_out(bare_model(json.loads(architecture), "classifier", "float32"))


def several_readings(question: Question, settings: AdaptSettings) -> bool:
    """Whether the gradients of one reading wait for those of the next before a step is taken."""
    if not reads_in_parts(question, settings):
        return settings.accumulation > 1
    texts = LOSSES[question.method][1]
    return settings.batch_size * texts > texts_of(question, settings, texts)[0]


IN_PARTS = ("sft", "pretraining", "classification", "multi_label", "regression", "dpo", "orpo", "reward")
LIGHT = ("classification", "multi_label", "regression")  # are checked in larger bites: see judging_trainer


def teacher_of(question: Question) -> Any:
    """The teacher, without content. Raises StudioError while none is known."""
    if not question.teacher:
        raise StudioError("The memory cannot be worked out before a teacher is chosen.", "Choose the “Teacher”.")
    return bare_model(question.teacher, "causal", question.dtype).requires_grad_(False).eval()


def fullest(question: Question, settings: AdaptSettings, found: Figures) -> Parts:
    """The parts at that moment of the run that needs most."""
    states = STATES * found["trained"]
    copies = found["weights"] if question.method == "rlhf" and settings.adapt not in ADAPTERS else 0.0
    base = found["weights"] + found["adapter"]
    moments: list[tuple[float, str, Figures]] = []
    for phase in PHASES:
        if f"peak {phase}" not in found:
            continue
        live, gradients = found[f"peak {phase}"], found[f"grad {phase}"]
        waiting = found["trained"] - gradients if several_readings(question, settings) else 0.0
        rest = live - base - gradients
        # While the head works, everything that the layers have kept is still there.
        loss = max(0.0, rest - found["kept"]) if phase == "loss" else 0.0
        parts = {"gradients": gradients + waiting, "activations": rest - loss, "loss": loss}
        moments.append((live + waiting, "step", parts))
    checked = found["peak check"] - base
    moments.append((found["peak check"], "check", {"gradients": 0.0, "activations": checked, "loss": 0.0}))
    _, moment, parts = max(moments, key=lambda each: each[0])
    held = base + copies + states
    parts = {"weights": found["weights"] + copies, "adapter": found["adapter"], "optimiser": states, **parts}
    changing = max(value for name, value in found.items() if name.startswith("peak ")) - base
    unused = slack(question.device, changing)
    idle = {name: 0.0 for name in ("gradients", "activations", "loss")}
    beginning = loading(question, settings, found["weights"])
    if beginning > sum(parts.values()) + unused and beginning > held:
        parts = {**parts, **idle, "optimiser": 0.0, "adapter": 0.0}
        unused, moment = beginning - parts["weights"], "loading"
    best = found["weights"] if settings.adapt not in ADAPTERS and question.device == "cpu" else 0.0
    if best and held + best > sum(parts.values()) + unused:
        parts, unused, moment = {**parts, **idle}, best, "best"  # the file of the best point beside the last one
    overhead = program(question.device) + unused
    return Parts(**{name: value / GIB for name, value in parts.items()}, overhead=overhead / GIB, moment=moment)

"""The script of a run, put together."""

from collections.abc import Callable
from textwrap import shorten

from studio import __version__
from studio.errors import StudioError
from studio.export.python import judging, preferences, rewarding, seeing, teaching, writing
from studio.export.python.adapting import adapting_lines, after_trainer
from studio.export.python.layout import WIDTH, imports, literal
from studio.export.python.parts import (
    READ_ROWS,
    Parts,
    argument_lines,
    ending_lines,
    model_lines,
    trainer_lines,
)
from studio.export.python.plan import Plan
from studio.methods import METHODS

MOST_LINES = 60
KINDS: dict[str, Callable[[Plan], Parts]] = {
    "sft": writing.next_token,
    "pretraining": writing.next_token,
    "text_to_text": writing.text_to_text,
    "classification": judging.groups,
    "multi_label": judging.several_groups,
    "regression": judging.number,
    "dpo": preferences.dpo,
    "orpo": preferences.orpo,
    "kto": preferences.kto,
    "reward": preferences.reward,
    "rlhf": rewarding.policy,
    "distillation": teaching.distillation,
    "vision": seeing.vision,
}


def script(plan: Plan) -> str:
    """The lines, at most MOST_LINES of them. Raises StudioError for what they cannot say."""
    if plan.method not in KINDS:
        raise StudioError(f"“{METHODS[plan.method].title}” cannot be copied as Python.", "Share its recipe instead.")
    parts = KINDS[plan.method](plan)
    body = [
        *base_lines(plan),
        f"rows = {READ_ROWS}",
        *reader_lines(plan, parts),
        *parts.before,
        *model_lines(plan, parts),
    ]
    body += [*adapting_lines(plan, parts), *parts.behind, *argument_lines(plan, parts), *trainer_lines(plan, parts)]
    body += [*after_trainer(plan, parts), *ending_lines(plan, parts)]
    lines = [*head(plan), *imports(parts.modules, parts.names)]
    for function in parts.functions:
        lines += ["", "", *function]
    lines += ["", "", *body] if parts.functions else ["", *body]
    if len(lines) > MOST_LINES:
        raise StudioError(
            f"What “{plan.name}” did takes {len(lines)} lines of Python, and a copy has at most {MOST_LINES}.",
            "Share its recipe instead, or copy a run with plainer settings.",
        )
    return "\n".join(lines) + "\n"


def head(plan: Plan) -> list[str]:
    """What it is, as comments."""
    name = shorten(plan.name, 76, placeholder="…")
    made = ", ".join(f"{name} {version}" for name, version in plan.libraries.items())
    return [
        f"# {name}: {METHODS[plan.method].title.lower()}.",
        f"# As Tunesmith {__version__} did it with {made}; it reads rows.jsonl.",
    ]


def base_lines(plan: Plan) -> list[str]:
    line = f"BASE = {literal(plan.base)}"
    if not plan.note:
        return [line]
    whole = f"{line}  # {plan.note}"
    return [whole] if len(whole) <= WIDTH else [f"# {plan.note}", line]


def reader_lines(plan: Plan, parts: Parts) -> list[str]:
    parts.need("transformers", parts.reader)
    own, words = ("processor", "processor.tokenizer") if plan.task == "vision" else ("tokenizer", "tokenizer")
    pad = [] if plan.pads else [f"{words}.pad_token = {words}.eos_token  # it has none of its own to fill batches up"]
    return [f"{own} = {parts.reader}.from_pretrained(BASE)", *pad]

"""The script of policy training: TRL's RLOO or GRPO trainer, with the rules of the run as a function."""

import re

from studio.errors import StudioError
from studio.export.python.layout import call, literal
from studio.export.python.parts import Parts, against_reference, with_trl
from studio.export.python.plan import Plan
from studio.methods.reward_rules import Rule, phrases
from studio.methods.rlhf import rollout

IS_JSON = [
    "def is_json(text):",
    "    try:  # int refuses NaN and Infinity, which JSON does not have",
    "        return float(isinstance(json.loads(text, parse_constant=int), dict | list))",
    "    except (ValueError, RecursionError):",
    "        return 0.0",
]


def policy(plan: Plan) -> Parts:
    """Raises StudioError for a reward that needs more than rules."""
    settings, name = plan.settings, plan.settings.algorithm.upper()
    refuse(plan)
    _, answers, bites = rollout(settings, plan.facts["questions"])
    options = {
        "per_device_train_batch_size": answers // bites,
        "gradient_accumulation_steps": bites,
        "num_generations": settings.generations,
        "max_completion_length": settings.answer_tokens,
        "temperature": settings.temperature,
        "beta": settings.beta or 1e-12,
        "disable_dropout": True,
    }
    parts = with_trl(f"{name}Trainer", f"{name}Config", options=options, keywords={"reward_funcs": "reward"})
    each = " * entry['completions/mean_length']" if settings.algorithm == "rloo" else ""
    parts.loss = f"{settings.beta or 1e-12!r} * entry['kl']{each} - entry['reward']"
    kinds = {rule.kind for rule in settings.rules}
    if kinds & {"contains", "regex"}:
        parts.modules.add("re")
    parts.functions += [IS_JSON, reward_lines(settings.rules)] if "json" in kinds else [reward_lines(settings.rules)]
    ids = "(tokenizer(texts, add_special_tokens=False).input_ids, None, {})"  # they carry their special marks already
    parts.before.append(f"{parts.trainer}._tokenize_prompts = lambda self, texts: {ids}")
    return against_reference(plan, parts)


def refuse(plan: Plan) -> None:
    if plan.settings.reward_run.strip():
        raise StudioError(
            "The reward of this run comes from a reward model too, and to ask that one as the run did takes more than "
            "60 lines.",
            "Share its recipe instead; runs that are rewarded by rules alone can be copied.",
        )
    for rule in plan.settings.rules:
        if rule.kind == "regex":
            try:
                re.compile(rule.value)
            except re.error as error:
                raise StudioError(
                    f"The pattern “{rule.value}” is none for Python's own library: {error}.",
                    "Share its recipe instead.",
                ) from error


def reward_lines(rules: list[Rule]) -> list[str]:
    """The mean of what the rules give, by their weights."""
    whole = sum(rule.weight for rule in rules)
    lines = ["def reward(completions, **rest):", "    marks = []", "    for text in completions:"]
    for number, rule in enumerate(rules):
        share = f"{rule.weight / whole!r} * " if len(rules) > 1 else ""
        lines += given(f"        mark {'+=' if number else '='} {share}{'(1.0 - ' if rule.negate else ''}", rule)
    return [*lines, "        marks.append(mark)", "    return marks"]


def given(start: str, rule: Rule) -> list[str]:
    """Lines of what a rule gives a text, as studio.methods.reward_rules.points."""
    end = ")" if rule.negate else ""
    if rule.kind == "json":
        return [f"{start}is_json(text){end}"]
    if rule.kind == "regex":
        return call(f"{start}float(bool(re.search(", [literal(rule.value), "text"], f"))){end}")
    if rule.kind == "length":
        words = "len(text.split())"
        bounds = ["1.0"] + ([f"{words} / {rule.min}"] if rule.min else [])
        bounds += [f"{rule.max} / max(1, {words})"] if rule.max else []
        return [f"{start}min({', '.join(bounds)}){end}"] if len(bounds) > 1 else [f"{start}1.0{end}"]
    wanted = [r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases(rule.value)]
    return [
        *call("        wanted = [", [literal(rf"(?<!\w){one}(?!\w)") for one in wanted], "]"),
        f"{start}sum(bool(re.search(one, text, re.I)) for one in wanted) / {len(wanted)}{end}",
    ]

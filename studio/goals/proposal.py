"""What is proposed for a goal with these rows on this computer: method, model, how much of it, preset; and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.goals.catalogue import Goal, goals_for
from studio.methods import Method
from studio.methods.presets import list_presets, usual_preset
from studio.models.catalogue import Model
from studio.models.family import FAMILIES
from studio.models.fit import Verdict

Fits = Callable[[Model, dict[str, Any]], Verdict | None]
Seconds = Callable[[Model, dict[str, Any]], float | None]

SMALL = 200_000_000  # parameters: an encoder below this is trained whole in minutes, and sorts best so
LARGE_DOWNLOAD = 1000  # MB: more is proposed as a second choice, and not taken by itself
PATIENCE = 30 * 60.0  # seconds: what takes longer is not proposed while something shorter does it
FEW, MANY = 100, 20_000  # training rows
HAND_OUT = 10  # examples that go into a prompt without trouble
RARE = 8  # rows of a group: with fewer it is hardly learned


@dataclass(frozen=True)
class Facts:
    """What is known of rows and computer.

    kind: of rows, "" without any. rows: to learn from. groups: of labels, and rarest: rows of the rarest; several:
    texts have more than one. judges: a reward model was trained here. offline: nothing can be downloaded.
    """

    kind: str = ""
    rows: int = 0
    groups: int = 0
    rarest: int = 0
    several: bool = False
    judges: bool = False
    offline: bool = False


@dataclass(frozen=True)
class Proposal:
    """settings: what differs from the preset's. reasons: why, a sentence each. cautions: what speaks against it.

    model: None where no model of the catalogue does it on this computer; better: one that would do it better, and has
    to be downloaded first.
    """

    method: Method
    model: Model | None
    preset: str
    settings: dict[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    better: Model | None = None


def propose(goal: Goal, facts: Facts, models: Sequence[Model], fits: Fits, seconds: Seconds) -> Proposal:
    """`fits` and `seconds` answer for a model with settings, None where that is not known."""
    method, why = method_for(goal, facts)
    reasons = [why]
    ranked = rank(goal, method, facts, models, fits, seconds)
    model = next((one for one in ranked if at_hand(one, facts)), None)
    size = model.parameters if model else 0
    larger = [one for one in ranked if one.parameters > size and not one.on_disk and surely(one, method, fits)]
    better = larger[0] if larger else None
    settings: dict[str, Any] = {}
    if model:
        settings, how = share_for(method, model, fits)
        reasons += [model_words(model, fits(model, settings), seconds(model, settings)), how]
    preset, pace = preset_for(method, facts, fits(model, settings) if model else None)
    return Proposal(
        method, model, preset, settings, tuple([*reasons, pace]), tuple(cautions(goal, facts, model)),
        None if better is model else better,
    )  # fmt: skip


def method_for(goal: Goal, facts: Facts) -> tuple[Method, str]:
    """The method for these rows, and why that one."""
    fitting = {method.name: method for method in goal.suiting(facts.kind) or goal.suiting("")}
    asked = [
        ("multi_label", facts.several, "Your texts have several groups each."),
        ("kto", facts.kind == "feedback", "Your rows are answers with thumbs up or down."),
        ("reward", facts.kind == "preference" and not facts.judges,
         "Your rows are pairs: first a judge learns from them, by whose points a model can be trained after that."),
        ("rlhf", facts.judges, "There is a judge that can give points (a reward model that was trained here)."),
    ]  # fmt: skip
    for name, rule, why in asked:
        if rule and name in fitting:
            return fitting[name], why
    method = next(iter(fitting.values()))
    return method, f"“{method.title}” is made for {goal.needs}."


def rank(
    goal: Goal, method: Method, facts: Facts, models: Sequence[Model], fits: Fits, seconds: Seconds
) -> list[Model]:
    """Those that suit and fit, the best first."""
    families = [family for family in goal.families if family in method.families]
    suiting = [
        model for model in models
        if model.family in families and model.form in ("", *goal.forms) and not model.gated and model.business != "no"
    ]  # fmt: skip

    def worth(model: Model) -> tuple[Any, ...]:
        settings, _ = share_for(method, model, fits)
        fit, time = fits(model, settings), seconds(model, settings)
        slow = time is not None and time > PATIENCE
        form = goal.forms.index(model.form) if model.form in goal.forms else len(goal.forms)
        larger = model.parameters if slow else -model.parameters  # of those that take too long, the quickest
        return (fit != "fits well", slow, families.index(model.family), form, larger)

    kept = [model for model in suiting if fits(model, share_for(method, model, fits)[0]) != "too big"]
    return sorted(kept, key=worth)


def surely(model: Model, method: Method, fits: Fits) -> bool:
    return fits(model, share_for(method, model, fits)[0]) is not None


def at_hand(model: Model, facts: Facts) -> bool:
    return model.on_disk or model.bundled or (
        not facts.offline and 0 < model.download_mb <= LARGE_DOWNLOAD
    )  # fmt: skip


def share_for(method: Method, model: Model, fits: Fits) -> tuple[dict[str, Any], str]:
    """How much of the model is trained: all of a small one that reads, else LoRA, packed where only that fits."""
    ways = method.settings.applicable
    if model.family == "encoder" and model.parameters <= SMALL and "full" in ways:
        return {"adapt": "full"}, "It is small enough to be trained whole, which sorts best."
    if "lora" not in ways:
        return {"adapt": ways[0]}, ""
    if fits(model, {"adapt": "lora"}) == "too big" and fits(model, {"adapt": "lora", "weights": "4bit"}) in (
        "fits well",
        "tight",
    ):
        return (
            {"adapt": "lora", "weights": "4bit"},
            "It is held in 4-bit numbers (QLoRA), because it does not fit as it is.",
        )
    return {}, "A thin layer is added and the model stays as it was (LoRA): quick, small, and easy to undo."


def model_words(model: Model, fit: Verdict | None, seconds: float | None) -> str:
    kind = FAMILIES.get(model.family, "a model").replace("a model that", "it").split(" (")[0]
    fitting = {"fits well": "fits well", "tight": "just fits", "too big": "does not fit", None: "may fit"}[fit]
    time = f", and takes about {max(1, round(seconds / 60))} min" if seconds else ""
    return f"{model.title}: {kind}, {fitting} on this computer{time}."


def preset_for(method: Method, facts: Facts, fit: Verdict | None) -> tuple[str, str]:
    """The preset, and why that one."""
    offered = [preset.name for preset in list_presets(method.name)]
    smaller = next((name for name in offered if name.endswith("low_memory")), "")
    if fit == "tight" and smaller:
        return smaller, "Memory is tight, so it takes smaller bites."
    usual = usual_preset(method.name)
    if facts.rows and facts.rows < FEW and "thorough" in offered:
        return "thorough", f"With {facts.rows:,} rows it can read them often; the best point is kept."
    if facts.rows >= MANY and "quick_taste" in offered:
        return "quick_taste", f"{facts.rows:,} rows are many: one pass shows whether it works."
    return usual.name, f"The preset “{usual.title}” suits most data."


def cautions(goal: Goal, facts: Facts, model: Model | None) -> list[str]:
    """What speaks against training, with numbers; the first is the gravest."""
    found = []
    if facts.kind and facts.kind not in goal.kinds:
        fitting = " or ".join(f"“{other.title}”" for other in goals_for(facts.kind))
        found.append(f"This goal needs {goal.needs}, and your rows are something else. They suit {fitting}.")
    elif facts.rows and facts.rows <= HAND_OUT:
        found.append(
            f"{facts.rows} rows are too few to train on. Put them into the model's prompt as examples instead: that is "
            "done at once, and as good."
        )
    elif facts.rows and facts.rows < goal.fewest:
        found.append(
            f"{facts.rows} rows are few: below about {goal.fewest} a good prompt with examples often does as well. The "
            "result will be held against just that."
        )
    if facts.groups and facts.rarest < RARE:
        found.append(
            f"The rarest of your {facts.groups} groups has {facts.rarest} rows; with fewer than {RARE} it is hardly "
            "learned."
        )
    if model is None:
        found.append("No model that suits this goal fits on this computer, as far as is known.")
    return [*found, goal.instead]

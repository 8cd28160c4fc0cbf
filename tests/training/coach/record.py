"""Records the curves in curves/: real trainings of two-layer models, made by the worker's own code.

    python -m tests.training.coach.record [NAME ...]

writes curves/NAME.json for the cases below, for all of them without a name (about ten minutes on two cores). Each case
is one of the sample recipes with other settings or other rows; a run that ends in an error is kept up to there. A curve
holds the settings that the coach is told, the plan, and in columns what each step and each check said, to four digits.
Every second healthy case is held back: it was not looked at while the coach's thresholds were chosen. Those called
“again” and “third” were recorded after those before them had shown what was wrong with a rule.
"""

import json
import os
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # such small sums are slower on several threads, and their order may differ

from studio.errors import StudioError
from studio.methods.finite import NotANumberError
from studio.training.coach.given import given_of
from studio.training.events import EventLog, read_events
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.training.session import Session
from studio.workspace import ASSETS, Workspace, open_workspace
from tests.tiny import make_tiny_encoder, make_tiny_encoder_decoder, make_tiny_model

CURVES = Path(__file__).parent / "curves"
MAKERS = {"causal": make_tiny_model, "encoder": make_tiny_encoder, "encoder-decoder": make_tiny_encoder_decoder}
GOODS = ("cup", "lamp", "rug", "vase")


def coin_rows() -> str:
    """Texts whose group was thrown with a coin: there is nothing to learn."""
    coin = random.Random(1)
    rows = [f"My {GOODS[i % 4]} number {coin.randrange(1000)} came,{coin.choice(('yes', 'no'))}" for i in range(240)]
    return "\n".join(["question,topic", *rows])


def one_answer() -> str:
    """Questions that all have the same answer: soon there is nothing left to learn."""
    rows = [f"Where is my {GOODS[i % 4]} {i}?,It is on its way to you.,x" for i in range(60)]
    return "\n".join(["question,answer,agent", *rows])


def uneven() -> str:
    """Short and long answers of very different kinds: no step is like the one before it."""
    coin = random.Random(2)
    rows = []
    for i in range(120):
        if i % 2:
            answer = "yes"
        else:
            answer = "".join(coin.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(60))
        rows.append(f"{GOODS[i % 4]} {i}?,{answer},x")
    return "\n".join(["question,answer,agent", *rows])


@dataclass
class Case:
    """kind: what the curve shows. sample: the recipe in assets/samples. rows: a CSV in place of the sample's file.

    data: further fields of [data]. held_back: not looked at while thresholds were chosen.
    """

    kind: str
    sample: str
    settings: dict[str, Any]
    family: str = "causal"
    rows: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    held_back: bool = False


def healthy(sample: str, held_back: bool, family: str = "causal", **settings: Any) -> Case:
    return Case("healthy", sample, settings, family, held_back=held_back)


DEAD = "nothing-asleep"
SMALL = {"max_length": 64, "checks": 8}
TRYING = {"max_length": 64, "checks": 6, "answer_tokens": 12}
# At this temperature the answers of a model with random weights have a bent that can be followed.
COLD = {"temperature": 0.1, "beta": 0.001, "answer_tokens": 8, "rules": [{"kind": "length", "min": 4}], "checks": 6}
CASES: dict[str, Case] = {
    "sft-lora": healthy("returns", False, **SMALL, max_steps=120, learning_rate=0.005, batch_size=4, seed=1),
    "sft-large-batch": healthy("returns", True, **SMALL, max_steps=100, learning_rate=0.005, batch_size=16, seed=2),
    "sft-full": healthy("returns", False, **SMALL, adapt="full", max_steps=120, learning_rate=0.001, batch_size=4),
    "sft-full-one-by-one": healthy(
        "returns", True, **SMALL, adapt="full", max_steps=160, learning_rate=0.0005, batch_size=1, seed=3
    ),
    "sft-one-by-one": healthy("returns", False, **SMALL, max_steps=160, learning_rate=0.002, batch_size=1, seed=4),
    "sft-long-warmup": healthy(
        "returns", True, **SMALL, adapt="full", max_steps=120, learning_rate=0.001, warmup=0.5, batch_size=4, seed=5
    ),
    "sft-gradual": healthy(
        "returns", False, **SMALL, adapt="gradual", max_steps=120, learning_rate=0.002, batch_size=4, seed=6
    ),
    "sft-many-checks": healthy(
        "returns", True, max_length=64, checks=40, max_steps=120, learning_rate=0.003, batch_size=2, seed=8
    ),
    "sft-no-checks": Case(
        "healthy",
        "returns",
        {**SMALL, "max_steps": 120, "learning_rate": 0.005, "batch_size": 2},
        data={"validation": 0},
    ),
    "sft-slow": healthy("returns", False, **SMALL, adapt="full", max_steps=160, learning_rate=0.0002, batch_size=4),
    "pretraining": healthy("pretraining", False, checks=8, adapt="full", max_steps=100, learning_rate=0.001, seed=9),
    "pretraining-lora": healthy("pretraining", True, checks=8, adapt="lora", max_steps=100, learning_rate=0.005),
    "text-to-text": healthy(
        "text_to_text", False, "encoder-decoder", **SMALL, adapt="full", max_steps=120, learning_rate=0.002
    ),
    "text-to-text-lora": healthy("text_to_text", True, "encoder-decoder", **SMALL, max_steps=120, learning_rate=0.01),
    "text-to-text-long": healthy(
        "text_to_text", False, "encoder-decoder",
        max_length=64, checks=16, adapt="full", max_steps=240, learning_rate=0.005, batch_size=8,
    ),
    "classification": healthy(
        "classification", False, "encoder", **SMALL, adapt="full", max_steps=120, learning_rate=0.001, batch_size=16
    ),
    "multi-label": healthy(
        "multi_label", False, "encoder", **SMALL, adapt="full", max_steps=100, learning_rate=0.001, batch_size=8
    ),
    "regression": healthy(
        "regression", True, "encoder", **SMALL, adapt="full", max_steps=100, learning_rate=0.001, batch_size=8
    ),
    "dpo": healthy("dpo", False, **SMALL, max_steps=80, learning_rate=0.002, seed=12),
    "dpo-full": healthy("dpo", True, **SMALL, adapt="full", max_steps=80, learning_rate=0.0002, batch_size=8),
    "orpo": healthy("orpo", True, **SMALL, max_steps=80, learning_rate=0.005, seed=13),
    "kto": healthy("kto", False, **SMALL, max_steps=80, learning_rate=0.002),
    "rlhf": healthy("rlhf", False, **COLD, max_length=64, max_steps=40, learning_rate=0.01),
    "rlhf-full": healthy("rlhf", True, **COLD, max_length=64, max_steps=40, learning_rate=0.003, adapt="full", seed=7),
    "sft-lora-again": healthy("returns", True, **SMALL, max_steps=140, learning_rate=0.003, batch_size=2, seed=21),
    "sft-full-again": healthy(
        "returns", True, **SMALL, adapt="full", max_steps=100, learning_rate=0.0003, batch_size=2, seed=22
    ),
    "sft-last-layers": healthy(
        "returns", True, **SMALL, adapt="last_layers", last_layers=1, max_steps=100, learning_rate=0.002, batch_size=8
    ),
    "multi-label-again": healthy(
        "multi_label", True, "encoder", **SMALL, max_steps=90, learning_rate=0.01, batch_size=16, seed=24
    ),
    "regression-again": healthy(
        "regression", True, "encoder", **SMALL, max_steps=90, learning_rate=0.01, batch_size=16, seed=25
    ),
    "dpo-again": healthy("dpo", True, **SMALL, max_steps=60, learning_rate=0.001, batch_size=2, seed=26),
    "kto-again": healthy("kto", True, **SMALL, adapt="full", max_steps=60, learning_rate=0.0003, seed=27),
    "orpo-again": healthy("orpo", True, **SMALL, adapt="full", max_steps=70, learning_rate=0.0005, seed=28),
    "reward-short": healthy("reward", True, **SMALL, max_steps=28, learning_rate=0.002, seed=29),
    "sft-third": healthy("returns", True, **SMALL, max_steps=110, learning_rate=0.004, batch_size=8, seed=31),
    "sft-full-third": healthy("returns", True, **SMALL, adapt="full", max_steps=90, learning_rate=0.002, seed=32),
    "pretraining-third": healthy("pretraining", True, adapt="full", max_steps=80, learning_rate=0.0005, batch_size=2),
    "text-to-text-third": healthy(
        "text_to_text", True, "encoder-decoder", **SMALL, adapt="full", max_steps=90, learning_rate=0.001, batch_size=2
    ),
    "dpo-third": healthy("dpo", True, **SMALL, max_steps=50, learning_rate=0.003, batch_size=4, seed=34),
    "orpo-third": healthy("orpo", True, **SMALL, max_steps=60, learning_rate=0.003, batch_size=2, seed=35),
    "flat-coin": Case(
        "flat", "classification", {**SMALL, "max_steps": 120, "learning_rate": 0.0005, "batch_size": 16}, "encoder",
        rows=coin_rows(),
    ),
    "flat-coin-full": Case(
        "flat", "classification",
        {**SMALL, "adapt": "full", "max_steps": 120, "learning_rate": 0.0001, "batch_size": 32}, "encoder",
        rows=coin_rows(),
    ),
    "flat-prompt": Case(
        "flat", "returns", {**SMALL, "adapt": "prompt", "max_steps": 120, "learning_rate": 0.1, "batch_size": 4}
    ),
    "flat-levelled-off": Case(
        "flat", "returns", {**SMALL, "max_steps": 200, "learning_rate": 0.01, "batch_size": 4}, rows=one_answer()
    ),
    "too-high-late": Case(
        "too_high", "returns",
        {**SMALL, "adapt": "full", "max_steps": 120, "learning_rate": 0.1, "warmup": 0.9, "batch_size": 4}, "schooled",
    ),
    "overfitting-high-rate": Case(
        "overfitting", "returns",
        {**SMALL, "adapt": "full", "max_steps": 200, "learning_rate": 0.1, "warmup": 0.95, "batch_size": 8, "seed": 2},
        "schooled",
    ),
    "diverging-drifting": Case(
        "diverging", "returns", {**SMALL, "max_steps": 150, "learning_rate": 0.1, "warmup": 0.8, "batch_size": 4}
    ),
    "diverging-lora-again": Case(
        "diverging", "returns",
        {**SMALL, "max_steps": 160, "learning_rate": 0.1, "warmup": 0.95, "rank": 32, "batch_size": 8, "seed": 5},
        "schooled",
    ),
    "diverging-lora": Case(
        "diverging", "returns",
        {**SMALL, "max_steps": 120, "learning_rate": 0.1, "warmup": 0.9, "rank": 64, "batch_size": 4}, "schooled",
    ),
    "noisy-uneven": Case(
        "noisy", "returns", {**SMALL, "max_steps": 120, "learning_rate": 0.0001, "batch_size": 1}, "uneven",
        rows=uneven(),
    ),
    "noisy-regression": Case(
        "noisy", "regression",
        {**SMALL, "adapt": "full", "max_steps": 80, "learning_rate": 0.0005, "batch_size": 4, "seed": 33}, "encoder",
    ),
    "noisy-no-checks": Case(
        "noisy", "returns", {**SMALL, "max_steps": 120, "learning_rate": 0.0001, "batch_size": 1, "seed": 3}, "uneven",
        rows=uneven(), data={"validation": 0},
    ),
    "overfitting-full": Case(
        "overfitting", "returns",
        {"max_length": 64, "checks": 16, "adapt": "full", "max_steps": 240, "learning_rate": 0.003, "batch_size": 8},
    ),
    "overfitting-classification-lora": Case(
        "overfitting", "classification",
        {**SMALL, "max_steps": 100, "learning_rate": 0.005, "batch_size": 8, "seed": 11}, "encoder",
    ),
    "overfitting-classification-again": Case(
        "overfitting", "classification",
        {**SMALL, "max_steps": 120, "learning_rate": 0.003, "batch_size": 4, "seed": 23}, "encoder",
    ),
    "overfitting-reward": Case(
        "overfitting", "reward", {**SMALL, "max_steps": 60, "learning_rate": 0.002, "seed": 14}
    ),
    "overfitting-classification": Case(
        "overfitting", "classification",
        {**SMALL, "checks": 20, "adapt": "full", "max_steps": 300, "learning_rate": 0.002, "batch_size": 16},
        "encoder", rows=coin_rows(),
    ),
    "too-high-full": Case(
        "too_high", "returns", {**SMALL, "adapt": "full", "max_steps": 100, "learning_rate": 0.1, "batch_size": 4},
        "schooled",
    ),
    "too-high-lora": Case(
        "too_high", "returns", {**SMALL, "max_steps": 100, "learning_rate": 0.1, "rank": 64, "batch_size": 4},
        "schooled",
    ),
    "too-high-classification": Case(
        "too_high", "classification",
        {**SMALL, "adapt": "full", "max_steps": 100, "learning_rate": 0.1, "batch_size": 8}, "encoder",
    ),
    "overfitting-from-the-start": Case(
        "overfitting", "returns",
        {"max_length": 64, "checks": 2, "adapt": "full", "max_steps": 120, "learning_rate": 0.03, "batch_size": 8},
        "schooled",
    ),
    "too-low-full": Case(
        "too_low", "returns", {**SMALL, "adapt": "full", "max_steps": 120, "learning_rate": 1e-6, "batch_size": 4}
    ),
    "too-low-lora": Case(
        "too_low", "returns", {**SMALL, "max_steps": 120, "learning_rate": 5e-6, "batch_size": 8}
    ),
    "too-low-text-to-text": Case(
        "too_low", "text_to_text", {**SMALL, "adapt": "full", "max_steps": 100, "learning_rate": 1e-6},
        "encoder-decoder",
    ),
    "nothing-rlhf": Case("nothing_trained", "rlhf", {**TRYING, "max_steps": 40, "learning_rate": 0.005}),
    "floor-dpo": Case(
        "floor", "dpo",
        {"max_length": 64, "checks": 16, "adapt": "full", "max_steps": 160, "learning_rate": 0.003, "batch_size": 8},
    ),
    "floor-known": Case(
        "floor", "returns", {**SMALL, "max_steps": 60, "learning_rate": 0.001, "batch_size": 4}, "knowing",
        rows=one_answer(),
    ),
    "floor-full": Case(
        "floor", "returns", {**SMALL, "adapt": "full", "max_steps": 150, "learning_rate": 0.003, "batch_size": 8},
        rows=one_answer(),
    ),
}  # fmt: skip


def waiting(workspace: Workspace, name: str, case: Case, model: Path) -> Run:
    recipe = load_recipe(ASSETS / "samples" / f"{case.sample}.toml")
    recipe.name, recipe.model.name, recipe.preset, recipe.goal = name, str(model), "", ""
    recipe.settings = {**recipe.settings, "epochs": 1, **case.settings}
    if "shots" in type(recipe.checked_settings()).model_fields:
        recipe.settings["shots"] = 0
    if case.rows:
        file = workspace.scratch / f"{name}.csv"
        file.write_text(case.rows, "utf-8")
        recipe.data.file = str(file)
    for key, value in case.data.items():
        setattr(recipe.data, key, value)
    return create_run(workspace, resolve(workspace, recipe))


def schooled(workspace: Workspace, causal: Path, rows: str) -> Path:
    """The two-layer model after one training: it has something to lose, as every model that is fine-tuned has.

    rows: a CSV, "" for the sample's own.
    """
    way = {**SMALL, "adapt": "full", "max_steps": 200, "learning_rate": 0.003, "batch_size": 8}
    run = waiting(workspace, "School", Case("", "returns", way, rows=rows), causal)
    Session(run, EventLog(run.events)).train()
    return run.whole_model


def short(number: float) -> float:
    return float(f"{number:.4g}")


def columns(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The plan, the steps in columns, and the checks in lines."""
    plan = next(event for event in events if event["kind"] == "plan")
    steps = [event for event in events if event["kind"] == "step"]
    told = ("steps", "epochs", "rows", "metrics", "best", "parameters", "trained_parameters")
    return {
        "plan": {name: plan[name] for name in told},
        "steps": {
            name: [short(event[name]) for event in steps]
            for name in ("loss", "learning_rate", "grad_norm")
        },
        "train": {
            name: [short(event["metrics"][name]) for event in steps]
            for name in ("reward",)
            if all(name in event["metrics"] for event in steps)
        },
        "checks": [
            [event["step"], short(event["loss"]), {name: short(value) for name, value in event["metrics"].items()}]
            for event in events
            if event["kind"] == "check"
        ],
    }  # fmt: skip


def record(workspace: Workspace, name: str, case: Case, model: Path) -> None:
    run = waiting(workspace, name, case, model)
    try:
        Session(run, EventLog(run.events)).train()
    except (StudioError, NotANumberError) as error:
        print(f"{name}: {error}")
    events, _ = read_events(run.events)
    given = given_of(run.recipe())
    about = {name: value for name, value in case.settings.items() if name != "rules"}
    curve = {
        "kind": case.kind,
        "held_back": case.held_back,
        "recipe": f"assets/samples/{case.sample}.toml",
        "settings": about,
        "given": {
            "rate": given.rate,
            "usual_rate": given.usual_rate,
            "batch_size": given.batch_size,
            "accumulation": given.accumulation,
        },
        **columns(events),
    }
    (CURVES / f"{name}.json").write_text(json.dumps(curve, separators=(",", ":")) + "\n", "utf-8")


def record_dead() -> None:
    """Two layers in plain torch of which the first, the trained one, is switched off: every unit far below zero.

    No recipe of the studio trains so: what it finds before the start, such as examples cut before their answer, it
    refuses.
    """
    import torch

    torch.manual_seed(0)
    asleep, head = torch.nn.Linear(8, 16), torch.nn.Linear(16, 4)
    torch.nn.init.constant_(asleep.bias, -1000.0)
    optimizer = torch.optim.AdamW(asleep.parameters(), lr=1e-3)
    rows, answers = torch.randn(64, 8), torch.randint(0, 4, (64,))
    steps: dict[str, list[float]] = {name: [] for name in ("loss", "learning_rate", "grad_norm")}
    checks: list[Any] = []
    for step in range(40):
        picked = torch.randint(0, 48, (8,))
        loss = torch.nn.functional.cross_entropy(head(asleep(rows[picked]).relu()), answers[picked])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(asleep.parameters(), 1.0)
        optimizer.step()
        for name, value in zip(steps, (loss.item(), 1e-3, norm.item()), strict=True):
            steps[name].append(short(value))
        if step in (0, 19, 39):
            check = torch.nn.functional.cross_entropy(head(asleep(rows[48:]).relu()), answers[48:])
            checks.append([step and step + 1, short(check.item()), {}])
    counts = {"rows": {"train": 48, "check": 16, "test": 0}, "parameters": 212, "trained_parameters": 144}
    curve = {
        "kind": "nothing_trained",
        "held_back": False,
        "recipe": "",
        "settings": {"learning_rate": 1e-3, "batch_size": 8},
        "given": {"rate": 1e-3, "usual_rate": None, "batch_size": 8, "accumulation": 1},
        "plan": {"steps": 40, "epochs": 40 / 6, **counts, "metrics": [], "best": "loss"},
        "steps": steps,
        "train": {},
        "checks": checks,
    }
    (CURVES / f"{DEAD}.json").write_text(json.dumps(curve, separators=(",", ":")) + "\n", "utf-8")


def main() -> None:
    CURVES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        workspace = open_workspace(Path(place) / "home")
        models = {family: make(Path(place) / family) for family, make in MAKERS.items()}
        names = sys.argv[1:] or [*CASES, DEAD]
        schools = {"schooled": "", "uneven": uneven(), "knowing": one_answer()}
        for family in {CASES[name].family for name in names if name in CASES} & set(schools):
            models[family] = schooled(workspace, models["causal"], schools[family])
        for name in names:
            if name == DEAD:
                record_dead()
            else:
                record(workspace, name, CASES[name], models[CASES[name].family])
            print(name, flush=True)


if __name__ == "__main__":
    main()

"""G1: tokens a second, share of the card's peak and peak memory, against TRL tuned. G3: against Unsloth.

Random weights of real shapes, made here; nothing comes from a network. Without a graphics card it says so.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.gpu_shapes import CASES, SHAPES, Case, flops_of_token, peak_of
from tests.benchmarks.lessons import Lesson, make_model
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Pair, Row, alternated, compared, not_run, told_by

PEAK_GOAL, PACE_GOAL = 0.45, 100_000  # 8B at 4,096 tokens; 0.5B
WARM = 3  # steps that count for nothing: kernels are chosen and memory is taken
STEPS = 20
WHAT = {"G1": "tokens per second on a graphics card, TRL tuned", "G3": "tokens per second on a graphics card, Unsloth"}
GOALS = {"G1": 1.15, "G3": 1.0}
CHILD = "tests.benchmarks.gpu_train"


def measure(options: Options) -> list[Row]:
    wanted = sorted(options.wanted & set(WHAT))
    card = card_name()
    if not card:
        return [not_run(id, WHAT[id], f"≥ {GOALS[id]:g} ×", "no GPU") for id in wanted]
    rows: list[Row] = []
    for case in CASES:
        file, ids = prepared(case, options)
        ours = runner(file, ids, case, "ours")
        if "G1" in wanted:
            pairs = alternated(ours, runner(file, ids, case, "trl"), options.pairs, alike)
            options.say(case.label, pairs)
            rows += [alone(case, [pair.ours for pair in pairs], card), ratio_row("G1", case, pairs)]
        if "G3" in wanted and importlib.util.find_spec("unsloth"):
            pairs = alternated(ours, runner(file, ids, case, "unsloth"), options.pairs, alike)
            rows.append(ratio_row("G3", case, pairs))
    if "G3" in wanted and not importlib.util.find_spec("unsloth"):
        rows.append(not_run("G3", WHAT["G3"], f"≥ {GOALS['G3']:g} ×", "Unsloth is not installed"))
    return rows


def card_name() -> str:
    """What the card is called; "" without one."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""


def prepared(case: Case, options: Options) -> tuple[Path, Path]:
    """The lesson's file, and where ours will leave the rows for the others."""
    model = make_model(options.home, case.shape, **SHAPES[case.shape])
    lesson = lesson_of(case, str(model))
    file = lesson.save(options.home / "lessons")
    ids = file.with_suffix(".ids")
    ids.unlink(missing_ok=True)
    return file, ids


def lesson_of(case: Case, model: str, steps: int = STEPS) -> Lesson:
    """Rows enough for so many steps, whether they are packed or not."""
    rows = steps * case.batch * max(1, case.length // 100)
    longest = case.length or 1024
    return Lesson(case.label, model, rows, typical=60, longest=longest, batch=case.batch, steps=steps)


def runner(file: Path, ids: Path, case: Case, who: str) -> Callable[[], Cost]:
    return lambda: told_by(CHILD, who, file, ids, case.weights, int(bool(case.length)))


def alike(ours: Cost, theirs: Cost) -> None:
    """As many steps, about as many tokens (packed rows may come in another order), a gradient in each."""
    counts = [sum(cost.told["tokens"]) for cost in (ours, theirs)]
    assert len(ours.told["tokens"]) == len(theirs.told["tokens"]), "not the same number of steps"
    assert abs(counts[0] / counts[1] - 1) <= 0.05, f"not about as many tokens: {counts[0]} and {counts[1]}"
    for cost in (ours, theirs):
        assert all(norm > 0 for norm in cost.told["norms"]), "a step had no gradient"


def pace(cost: Cost, warm: int = WARM) -> float:
    """Trained tokens a second of wall time, once it is warm."""
    ends, tokens = cost.told["ends"], cost.told["tokens"]
    return float(sum(tokens[warm:])) / (ends[-1] - ends[warm - 1])


def ratio_row(id: str, case: Case, pairs: list[Pair]) -> Row:
    what = f"{case.label}: {WHAT[id]}"
    return compared(id, what, pairs, lambda pair: pace(pair.ours) / pace(pair.theirs), at_least=GOALS[id])


def alone(case: Case, costs: list[Cost], card: str) -> Row:
    """Ours by itself: tokens a second, share of the peak, memory on the card."""
    paces = sorted(pace(cost) for cost in costs)
    middle = paces[len(paces) // 2]
    length = case.length or 100  # a middling short row; its attention is next to nothing
    peak = peak_of(card)
    share = middle * flops_of_token(SHAPES[case.shape], length, 16) / peak if peak else None
    told = f"{share:.0%} of the peak of {card}" if share is not None else f"{card}, whose peak is not in the table"
    held = max(cost.told["card"] for cost in costs) / 2**30
    measured = f"{middle:,.0f} tokens/s ({paces[0]:,.0f} to {paces[-1]:,.0f}), {told}, {held:.1f} GiB"
    goal, met = "told", None
    if case.shape == "8B" and case.length == 4096 and case.weights == "full":
        goal, met = f"≥ {PEAK_GOAL:.0%} of the peak", share is not None and share >= PEAK_GOAL
    elif case.shape == "0.5B":
        goal, met = f"≥ {PACE_GOAL:,} tokens/s", middle >= PACE_GOAL
    return Row("G1", f"{case.label}: ours alone", goal, measured, met)

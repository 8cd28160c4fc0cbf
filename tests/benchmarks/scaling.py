"""B10: what a trained token costs with more rows, and with longer ones."""

import shutil
from dataclasses import replace

from tests.benchmarks.lessons import Lesson, make_model
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Pair, Row, alternated, compared, told_by
from tests.benchmarks.train_ours import prepared

MULTIPLES, LENGTHS = (4, 16), (1024, 4096)
ROWS, SHORTEST = 32, 256
WARM = 2  # steps that count for nothing: memory is taken in them
WITHIN = 0.1


def measure(options: Options) -> list[Row]:
    """Against the smallest each time: CPU seconds for a trained token once it is warm, so linear is 1."""
    model = str(make_model(options.home, "two layers"))
    least = lesson(model, ROWS, SHORTEST)
    rows = []
    for times in MULTIPLES:
        pairs = side_by_side(lesson(model, ROWS * times, SHORTEST), least, options)
        options.say(f"{times} × rows", pairs)
        what = f"cost of a trained token at {times}× rows of {SHORTEST} tokens, against {ROWS} rows"
        row = compared("B10", what, pairs, cost_ratio, at_most=1 + WITHIN)
        rows.append(replace(row, goal=f"{1 - WITHIN:g} to {1 + WITHIN:g} ×", met=row.met and within(pairs)))
    for length in LENGTHS:
        pairs = side_by_side(lesson(model, ROWS // 2, length), least, options)
        options.say(f"{length} tokens", pairs)
        what = f"cost of a trained token in rows of {length:,} tokens, against {SHORTEST}"
        row = compared("B10", what, pairs, cost_ratio, at_most=1 + WITHIN)
        rows.append(replace(row, goal="told: attention grows with the length", met=None))
    return rows


def lesson(model: str, rows: int, length: int) -> Lesson:
    """Rows that are all cut at that length, one pass in steps of four."""
    return Lesson(f"{rows} rows of {length}", model, rows, typical=length * 2, spread=0.0, longest=length, batch=4)


def side_by_side(more: Lesson, least: Lesson, options: Options) -> list[Pair]:
    files = [one.save(options.home / "lessons") for one in (more, least)]
    ids = [file.with_suffix(".ids") for file in files]
    for one, its in zip((more, least), ids, strict=True):
        shutil.rmtree(its.with_suffix(".home"), ignore_errors=True)  # rows of an earlier state of this program
        prepared(one, its)
    module = "tests.benchmarks.train_ours"
    return alternated(
        lambda: told_by(module, files[0], ids[0]), lambda: told_by(module, files[1], ids[1]), options.pairs
    )


def cost_ratio(pair: Pair) -> float:
    return cost(pair.ours) / cost(pair.theirs)


def cost(one: Cost) -> float:
    """CPU seconds for a trained token."""
    spent, tokens = one.told["spent"], one.told["tokens"]
    return float(spent[-1] - spent[WARM - 1]) / sum(tokens[WARM:])


def within(pairs: list[Pair]) -> bool:
    ratios = sorted(cost_ratio(pair) for pair in pairs if not pair.noisy)
    return bool(ratios) and ratios[len(ratios) // 2] >= 1 - WITHIN

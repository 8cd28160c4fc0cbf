"""B1, B2, B4: training against TRL's SFTTrainer, on the same rows in the same steps, each in a process of its own."""

import shutil
from pathlib import Path

from studio.processes import FEW_KEPT, JOINED_AT_ONCE
from studio.workspace import open_workspace
from tests.benchmarks.lessons import Lesson, lessons
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Pair, Row, alternated, compared, told_by
from tests.benchmarks.record import same_steps, same_total
from tests.benchmarks.train_ours import prepared
from tests.benchmarks.train_ways import DEFAULTS, TUNED

# What the studio gives its own workers, and nobody gives a script.
AS_A_WORKER = {**FEW_KEPT, "GLIBC_TUNABLES": JOINED_AT_ONCE, "TORCHDYNAMO_DISABLE": "1"}
TRIAL = 4  # steps in which the best of TRL's ways is found


def measure(options: Options) -> list[Row]:
    rows = []
    wanted = options.wanted & {"B1", "B2", "B4"}
    shutil.rmtree(options.home / "lessons", ignore_errors=True)  # rows of an earlier state of this program
    for lesson in lessons(options.home, open_workspace(options.home), options.steps):
        if options.model not in ("", lesson.name):
            continue
        if wanted & {"B1", "B4"}:
            pairs = side_by_side(lesson, options, DEFAULTS)
            options.say(lesson.name, pairs)
            if "B1" in wanted:
                what = f"{lesson.name}: trained tokens per CPU second, TRL's defaults"
                rows.append(compared("B1", what, pairs, faster, at_least=4))
            if "B4" in wanted:
                what = f"{lesson.name}: peak resident memory, TRL's defaults"
                rows.append(compared("B4", what, pairs, lambda pair: pair.ours.peak / pair.theirs.peak, at_most=0.4))
        if "B2" in wanted:
            way = best_way(lesson, options)
            pairs = side_by_side(lesson, options, way)
            options.say(f"{lesson.name}, {way}", pairs)
            what = f"{lesson.name}: trained tokens per CPU second, TRL with {way}"
            rows.append(compared("B2", what, pairs, faster, at_least=2))
    return rows


def side_by_side(lesson: Lesson, options: Options, way: str) -> list[Pair]:
    file, ids = lesson.save(options.home / "lessons"), ids_of(lesson, options.home)
    prepared(lesson, ids)

    def same(ours: Cost, theirs: Cost) -> None:
        (same_total if "grouped" in way else same_steps)(ours.told, theirs.told)  # it makes batches of its own

    return alternated(
        lambda: told_by("tests.benchmarks.train_ours", file, ids, **AS_A_WORKER),
        lambda: told_by("tests.benchmarks.train_trl", file, ids, way),
        options.pairs,
        same,
    )


def best_way(lesson: Lesson, options: Options) -> str:
    """The way in which TRL learns from most tokens in a CPU second, found in a few steps."""
    short = Lesson(**{**lesson.__dict__, "name": f"{lesson.name} trial", "steps": min(TRIAL, lesson.taken)})
    file, ids = short.save(options.home / "lessons"), ids_of(short, options.home)
    prepared(short, ids)
    paces = {}
    for way in TUNED:
        try:
            paces[way] = pace(told_by("tests.benchmarks.train_trl", file, ids, way))
        except RuntimeError as error:
            print(f"TRL, {way}: it failed: {str(error).strip().splitlines()[-1]}", flush=True)
    print(f"TRL's ways on {lesson.name}: " + ", ".join(f"{way} {pace:.0f}" for way, pace in paces.items()), flush=True)
    return max(paces, key=lambda way: paces[way])


def ids_of(lesson: Lesson, home: Path) -> Path:
    """Where the rows lie as token ids. They are written anew each time the program is started."""
    return home / "lessons" / f"{lesson.name.replace(' ', '-')}-{lesson.rows}.ids.json"


def pace(cost: Cost) -> float:
    """Trained tokens per CPU second."""
    return float(sum(cost.told["tokens"])) / cost.cpu


def faster(pair: Pair) -> float:
    return pace(pair.ours) / pace(pair.theirs)

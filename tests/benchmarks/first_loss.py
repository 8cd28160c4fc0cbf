"""B5: from Start until the first training loss is logged, for 50 rows on the starter model; ours the whole of a run.

Ours twice: cold, and as it is when Set up has been looked at for some seconds: with a worker whose imports are done.
Ours checks the untrained model first, so its first loss on the chart is told beside its first training loss.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import tomli_w

from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.training.events import read_events
from studio.training.queue import submit
from studio.training.readiness import expect_run, held_gb, is_ready, keep_ready
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace, open_workspace
from tests.benchmarks.lessons import STEPS, Lesson, write_rows
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Row, alternated, compared, environment, not_run, tree
from tests.benchmarks.train_ours import prepared
from tests.benchmarks.train_ways import DEFAULTS

WHAT, GOAL = "Start to the first training loss, 50 rows, starter model", 0.4
WAITS, COLD = "a worker waits", "nothing waits"
PATIENCE = 900  # seconds


def measure(options: Options) -> list[Row]:
    workspace = open_workspace(options.home)
    model = find_model(workspace, STARTER)
    if not model.on_disk:
        return [not_run("B5", WHAT, f"≤ {GOAL} ×", "the starter model is not in the home")]
    lesson = Lesson("first loss", str(model.folder), rows=50, typical=64)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        file = write_rows(root / "rows.csv", lesson)
        ids = root / "ids.json"
        prepared(lesson, ids)
        table = []
        for way in (WAITS, COLD):
            pairs = alternated(
                lambda: ours(options.home, file, way == WAITS),  # noqa: B023, for it is called before the next way
                lambda: theirs(lesson, root, ids),
                options.pairs,
            )
            options.say(f"{WHAT}, {way}", pairs)
            table += [
                compared("B5", f"{WHAT}, {way}", pairs, lambda pair: pair.ours.wall / pair.theirs.wall, at_most=GOAL),
                compared(
                    "B5",
                    f"Start to the first loss on the chart, that of the untrained model, {way}",
                    pairs,
                    lambda pair: pair.ours.told["check"] / pair.theirs.wall,
                    at_most=GOAL,
                ),
            ]
    return table


def wait_for_one(workspace: Workspace) -> None:
    """Have a worker make its imports, as the page has it when Set up shows a run that could start."""
    expect_run(workspace, "sft", find_model(workspace, STARTER).folder)
    keep_ready(workspace)
    while held_gb(workspace) and not is_ready(workspace):
        time.sleep(0.1)
    assert is_ready(workspace), "no worker came to wait: is there enough memory?"


def ours(home: Path, rows: Path, waits: bool) -> Cost:
    """A run as a person starts it, with the studio's own defaults; thrown away after its first step."""
    workspace = open_workspace(home)
    data = {"file": str(rows), "mapping": STEPS["mapping"]}
    path = rows.parent / "ours.toml"
    path.write_text(tomli_w.dumps({"data": data, "model": {"name": STARTER}, "settings": {"batch_size": 8}}))
    recipe = resolve(workspace, load_recipe(path))
    if waits:
        wait_for_one(workspace)
    began = time.time()
    run = submit(workspace, recipe)
    cpu, peak, first = 0.0, 0.0, 0.0
    while not first:
        assert time.time() - began < PATIENCE and not run.view().error, f"no first step: {run.view().error}"
        for process in tree(int((run.process() or {}).get("pid", 0)))[:1]:
            try:
                times = process.cpu_times()
                cpu, peak = times.user + times.system, max(peak, float(process.memory_info().rss))
            except psutil.Error:
                break
        first = next((event["at"] for event in read_events(run.events)[0] if event["kind"] == "step"), 0.0)
        time.sleep(0.05)
    run.request_stop(keep=False)
    while run.view().live:
        time.sleep(0.2)
    check = next(event["at"] for event in read_events(run.events)[0] if event["kind"] == "check")
    return Cost(first - began, cpu, peak, {"check": check - began})


def theirs(lesson: Lesson, folder: Path, ids: Path) -> Cost:
    """A TRL script with its defaults, from the start of its process; it takes one step and tells when."""
    told = folder / "told.json"
    short = replace(lesson, steps=1).save(folder)
    began = time.time()
    command = [sys.executable, "-m", "tests.benchmarks.train_trl", str(short), str(ids), DEFAULTS, str(told)]
    with subprocess.Popen(
        command, env=environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        cpu = 0.0
        while process.poll() is None:
            for one in tree(process.pid)[:1]:
                try:
                    cpu = max(cpu, sum(one.cpu_times()[:2]))
                except psutil.Error:
                    break
            time.sleep(0.1)
    assert process.returncode == 0, "TRL's script failed"
    answer = json.loads(told.read_text())
    return Cost(answer["first"] - began, cpu, answer["peak"])

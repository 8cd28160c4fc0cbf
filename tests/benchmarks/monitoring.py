"""What watching costs with a long history: python -m tests.benchmarks.monitoring [--home DIR] [--again]

A home of finished runs with 100,000 events each and one run at work (some 3 GB for 100 of them), the real server over
it, a real browser. Prints the figures beside their limits. An earlier state of the studio is measured by the same
files in a worktree of it.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, sync_playwright

from studio.training.run import Run, list_runs
from studio.workspace import open_workspace
from tests.benchmarks.long_runs import make_home, make_live_run, sample_recipe, step_event
from tests.browser.conftest import Studio
from tests.chromium import FLAGS, chromium

EVENTS = 100_000
LOADS = 7
LIMITS = {"page load": "1.5 s", "tick": "50 ms"}
Answer = dict[str, Any]


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        if not (home / "runs").is_dir():
            make_home(home, options.runs, EVENTS)
        workspace = open_workspace(home)
        for stale in workspace.runs.glob("*999999*"):
            shutil.rmtree(stale)
        ended = len(list_runs(workspace))
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"machine: {psutil.cpu_count()} cores, load before the start {load}; {ended} runs of {EVENTS:,} events")
        live = make_live_run(workspace, EVENTS, EVENTS * 2)
        studio, empty = Studio(home), Studio(Path(folder) / "empty")
        try:
            with sync_playwright() as playwright:
                system = chromium()
                browser = playwright.chromium.launch(executable_path=system, args=FLAGS)
                first_ticks(studio, "first start")
                told("page load", measured_loads(studio, browser, "train", "#live-head h1"), LIMITS["page load"])
                hour(studio, live, options.ticks)
                studio.kill()
                if options.again:
                    first_ticks(studio, "second start")
                    sample_recipe(empty.workspace)
                    empty.start()
                    told("page load, a home without runs", measured_loads(empty, browser, "data", "#drop"))
                browser.close()
        finally:
            for one in (studio, empty):
                if one.process is not None:
                    one.kill()
            shutil.rmtree(live.folder)
        print("load after the end", " ".join(f"{value:.1f}" for value in os.getloadavg()))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, help="kept, and made when it is not there")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=3600)
    parser.add_argument("--again", action="store_true", help="start once more, and a home without runs")
    return parser.parse_args()


def told(name: str, seconds: list[float], limit: str = "") -> None:
    """Median and range; below half a second in milliseconds."""
    factor, unit = (1000, "ms") if statistics.median(seconds) < 0.5 else (1, "s")
    shown = [round(value * factor, 1 if factor > 1 else 2) for value in sorted(seconds)]
    middle = statistics.median(shown)
    print(
        f"{name:34}{middle:8.2f} {unit}  ({shown[0]} to {shown[-1]}){f'  limit {limit}' if limit else ''}", flush=True
    )


def first_ticks(studio: Studio, name: str) -> None:
    """The first tick of a server that has just been started finds out what all runs are at."""
    studio.start()
    page = Visitor(studio)
    told(f"{name}: the first tick", [page.tick()])
    told(f"{name}: the second tick", [page.tick()])
    print(f"{name}: memory {rss(studio):.0f} MB", flush=True)


def measured_loads(studio: Studio, browser: Browser, tab: str, shown: str) -> list[float]:
    """Seconds from the address until the tabs and `shown` can be seen, in a browser that has been here before."""
    visitor = browser.new_context(viewport={"width": 1440, "height": 1000})
    visitor.set_default_timeout(400_000)
    seconds = []
    for number in range(LOADS + 1):
        page = visitor.new_page()
        began = time.monotonic()
        page.goto(f"{studio.url}?tab={tab}")
        page.locator("#tab-data-button").wait_for()
        page.locator(shown).wait_for()
        if number:
            seconds.append(time.monotonic() - began)
        page.wait_for_timeout(1500)
        page.close()
    visitor.close()
    return seconds


class Visitor:
    """A browser tab without a browser: it asks the server what the page asks at each second, and remembers the answers.

    The timer's handler, and the one that draws Live run when the first has told that something changed.
    """

    def __init__(self, studio: Studio) -> None:
        self.url = studio.url
        with urllib.request.urlopen(f"{self.url}/config", timeout=400) as answer:
            config = json.load(answer)
        self.parts = {part["id"]: part for part in config["components"]}
        timer = next(id for id, part in self.parts.items() if part["type"] == "timer" and part["props"]["active"])
        self.ticking = self.handler(config, timer)
        self.seen = self.ticking["inputs"][0]
        self.drawing = self.handler(config, self.seen, outputs=9)
        self.values: dict[int, Any] = {}

    @staticmethod
    def handler(config: Answer, part: int, outputs: int = 1) -> Answer:
        return next(
            one
            for one in config["dependencies"]
            if any(target[0] == part for target in one["targets"]) and len(one["outputs"]) >= outputs
        )

    def tick(self) -> float:
        """Seconds that the server took for the timer's handler."""
        return self.ask(self.ticking)

    def draw(self, run: Run) -> float:
        self.values[self.drawing["inputs"][0]] = run.id
        return self.ask(self.drawing)

    def ask(self, handler: Answer) -> float:
        asked = [self.values.get(id, "") for id in handler["inputs"]]
        body = json.dumps({"fn_index": handler["id"], "data": asked, "session_hash": "benchmark"}).encode()
        request = urllib.request.Request(
            f"{self.url}/gradio_api/run/predict", body, {"Content-Type": "application/json"}
        )
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=590) as answer:
            told = json.load(answer)["data"]
        seconds = time.monotonic() - began
        for id, value in zip(handler["outputs"], told, strict=True):
            if not (isinstance(value, dict) and value.get("__type__") == "update"):
                self.values[id] = value
        return seconds


def rss(studio: Studio) -> float:
    assert studio.process is not None
    return psutil.Process(studio.process.pid).memory_info().rss / 1e6


def hour(studio: Studio, live: Run, ticks: int) -> None:
    """An hour of ticks, each after another step of the run at work."""
    page = Visitor(studio)
    page.tick()
    page.draw(live)
    steps = sum(b'"kind": "step"' in line for line in live.events.open("rb"))
    ticking, drawing, memory = [], [], [rss(studio)]
    with live.events.open("ab") as log:
        for number in range(1, ticks + 1):
            log.write(step_event(steps + number, EVENTS * 2))
            log.flush()
            ticking.append(page.tick())
            drawing.append(page.draw(live))
            if number % (ticks // 6) == 0:
                memory.append(rss(studio))
    told("tick, over HTTP", ticking, LIMITS["tick"])
    told("drawing Live run, over HTTP", drawing)
    told("  slowest of 100 ticks", [sorted(ticking)[-max(1, ticks // 100)]])
    print(f"memory over {ticks} ticks: " + ", ".join(f"{value:.0f}" for value in memory) + " MB")


if __name__ == "__main__":
    main()

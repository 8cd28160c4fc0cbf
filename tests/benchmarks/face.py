"""How long the page makes a person wait: python -m tests.benchmarks.face

Start until the page answers, until it is usable, and every click on the main path, on the sample file. The starter
model in this home is a two-layer one: what is measured here is the page, not the model.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from studio.processes import worker_environment
from tests.browser.conftest import Studio
from tests.chromium import FLAGS, chromium
from tests.tiny import make_tiny_model

ROUNDS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "models").mkdir(parents=True)
        shutil.copytree(make_tiny_model(Path(folder) / "tiny"), home / "models" / "smollm2-135m-instruct")
        studio = Studio(home)
        starts, gradio, memory = measure_starts(studio)
        studio.start()
        try:
            usable, clicks = measure_page(studio)
        finally:
            studio.close()
    print(f"machine: {psutil.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"start until the page answers     {spread(starts)} s")
    print(f"  of which: import gradio          {spread(gradio)} s")
    print(f"memory of the idle server        {memory:.0f} MB")
    for name, seconds in usable.items():
        print(f"usable after that, {name:14}{spread(seconds)} s")
    for name, seconds in clicks.items():
        print(f"click: {name:26} {spread(seconds)} s")


def measure_starts(studio: Studio) -> tuple[list[float], list[float], float]:
    """Seconds of each start, seconds of importing Gradio alone beside it, and the server's memory in MB."""
    seconds, gradio, memory = [], [], 0.0
    for _ in range(ROUNDS):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import components, gradio"], env=worker_environment(), check=True)
        gradio.append(time.monotonic() - began)
        began = time.monotonic()
        studio.start()
        seconds.append(time.monotonic() - began)
        assert studio.process is not None
        memory = psutil.Process(studio.process.pid).memory_info().rss / 1e6
        studio.kill()
    return seconds, gradio, memory


def measure_page(studio: Studio) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    system = chromium()
    usable: dict[str, list[float]] = {"first visit": [], "later visits": []}
    clicks: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=FLAGS)
        visitor = browser.new_context(viewport={"width": 1440, "height": 1000})
        for number in range(ROUNDS + 1):
            forget_data(studio)
            page = visitor.new_page()
            began = time.monotonic()
            page.goto(f"{studio.url}?tab=data")
            page.locator("#sample-0").wait_for()
            usable["later visits" if number else "first visit"].append(time.monotonic() - began)
            page.wait_for_timeout(2500)
            for name, seconds in walk(page).items():
                clicks.setdefault(name, []).append(seconds)
            page.close()
        browser.close()
    return usable, clicks


def forget_data(studio: Studio) -> None:
    """The next visitor brings the sample anew."""
    for dataset in (studio.workspace.home / "datasets").iterdir():
        shutil.rmtree(dataset)
    (studio.workspace.home / "draft.json").unlink(missing_ok=True)


# Clicks and looks at every frame, inside the page: Playwright's own click waits, and its `expect` looks seldom.
TIMED_CLICK = """async (target, [name, seen]) => {
  const holds = new Function(`const shown = (s) => document.querySelector(s)?.offsetParent != null;
    const text = (s) => document.querySelector(s)?.textContent.replace(/\\\\s+/g, "") ?? "";
    return ${seen}`);
  const began = performance.now();
  target.click();
  while (!holds()) {
    if (performance.now() - began > 10000) throw new Error(`${name} led to nothing`);
    await new Promise(requestAnimationFrame);
  }
  return (performance.now() - began) / 1000;
}"""
CLICKS = [
    ("try the sample: read", "#sample-0", 'text("#facts").includes("120")'),
    ("try the sample: answered", "#sample-0", 'document.querySelector("#sample-0").ariaBusy == "true"'),
    ("next row", "#xray-next", 'document.querySelector("#xray-row input").value == "2"'),
    ("next: choose a model", "#next-model", 'shown("#next-train")'),
    ("next: set up training", "#next-train", 'shown("#start")'),
    ("choose a preset", "#preset input[value=quick_taste]", 'text("#steps-plan").includes("Steps22")'),
    ("another preset", "#preset input[value=balanced]", 'text("#steps-plan").includes("Steps88")'),
    ("start training", "#start", 'shown("#live-head")'),
    ("stop", "#runbar-stop", 'document.querySelector("#confirm dialog").open'),
    ("stop and throw away", "#confirm-discard", '!document.querySelector("#confirm dialog").open'),
    ("open a tab", "#tab-compare-button", 'shown("#tab-compare")'),
]


def walk(page: Page) -> dict[str, float]:
    """Seconds of each click until what it promises is on the page."""
    seconds = {}
    for name, selector, seen in CLICKS:
        target = page.locator(selector)
        expect(target).to_be_enabled()
        page.wait_for_timeout(1500)  # a person looks before the next click
        seconds[name] = target.evaluate(TIMED_CLICK, [name, seen])
    expect(page.locator("#runbar")).to_be_hidden(timeout=60_000)
    return seconds


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):6.2f}  ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()

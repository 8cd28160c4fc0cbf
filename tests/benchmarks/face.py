"""How long the page makes a person wait: python -m tests.benchmarks.face

Start until the page answers, until it is usable, and every click on the main path, on the sample file. The starter
model in this home is a two-layer one: what is measured here is the page, not the model.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, SYSTEM_CHROMIUM, Studio
from tests.tiny import make_tiny_model

ROUNDS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "models").mkdir(parents=True)
        shutil.copytree(make_tiny_model(Path(folder) / "tiny"), home / "models" / "smollm2-135m-instruct")
        studio = Studio(home)
        starts, memory = measure_starts(studio)
        studio.start()
        try:
            usable, clicks = measure_page(studio)
        finally:
            studio.close()
    print(f"machine: {psutil.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"start until the page answers     {spread(starts)} s")
    print(f"memory of the idle server        {memory:.0f} MB")
    print(f"page usable after that           {spread(usable)} s")
    for name, seconds in clicks.items():
        print(f"click: {name:26} {spread(seconds)} s")


def measure_starts(studio: Studio) -> tuple[list[float], float]:
    seconds, memory = [], 0.0
    for _ in range(ROUNDS):
        began = time.monotonic()
        studio.start()
        seconds.append(time.monotonic() - began)
        assert studio.process is not None
        memory = psutil.Process(studio.process.pid).memory_info().rss / 1e6
        studio.kill()
    return seconds, memory


def measure_page(studio: Studio) -> tuple[list[float], dict[str, list[float]]]:
    system = next((path for path in SYSTEM_CHROMIUM if Path(path).exists()), None)
    usable: list[float] = []
    clicks: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=FLAGS)
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            began = time.monotonic()
            page.goto(f"{studio.url}?tab=data")
            page.locator("#sample-0").wait_for()
            usable.append(time.monotonic() - began)
            page.wait_for_timeout(2500)
            for name, seconds in walk(page).items():
                clicks.setdefault(name, []).append(seconds)
            page.close()
        browser.close()
    return usable, clicks


def walk(page: Page) -> dict[str, float]:
    """Seconds of each click until what it promises is on the page."""
    seconds = {}

    def click(name: str, selector: str, seen: Callable[[], object]) -> None:
        # Clicked by script: Playwright's own click waits for the element to stand still first.
        target = page.locator(selector).first
        target.wait_for()
        began = time.monotonic()
        target.dispatch_event("click")
        seen()
        seconds[name] = time.monotonic() - began

    click("try the sample", "#sample-0", lambda: expect(page.locator("#facts")).to_contain_text("120"))
    expect(page.locator("#next-model")).to_be_enabled()
    page.locator("#xray .ts-learn").first.wait_for()
    first = page.locator("#xray").inner_text()
    click("next row", "button:has-text('Next row')", lambda: expect(page.locator("#xray")).not_to_have_text(first))
    click("next: choose a model", "#next-model", lambda: expect(page.locator("#next-train")).to_be_visible())
    click("next: set up training", "#next-train", lambda: expect(page.locator("#start")).to_be_visible())
    expect(page.locator("#start")).to_be_enabled()
    click(
        "choose a preset",
        "#preset input >> nth=0",
        lambda: expect(page.locator("#steps-plan")).to_contain_text("Steps22"),
    )
    click(
        "another preset",
        "#preset input >> nth=1",
        lambda: expect(page.locator("#steps-plan")).to_contain_text("Steps88"),
    )
    click("start training", "#start", lambda: expect(page.locator("#live-head")).to_be_visible())
    page.locator("#runbar-stop").wait_for()
    click("stop", "#runbar-stop", lambda: expect(page.get_by_role("dialog")).to_be_visible())
    click(
        "stop and throw away",
        "#confirm-discard",
        lambda: expect(page.get_by_role("dialog")).to_be_hidden(),
    )
    expect(page.locator("#runbar")).to_be_hidden(timeout=60_000)
    return seconds


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):6.2f}  ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()

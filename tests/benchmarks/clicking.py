"""B7: how long a click takes on a page while a training runs, against a page with nothing at work."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.workspace import ASSETS, open_workspace
from tests.benchmarks.face import CLICKS, TIMED_CLICK
from tests.benchmarks.lessons import make_model
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Row
from tests.browser.conftest import Studio
from tests.chromium import FLAGS, chromium

WHAT = "p95 of a click (another preset) while a training runs, against idle"
TIMES, SLOWEST = 1.5, 0.3
MANY = 40  # clicks a side
BETWEEN = 400  # milliseconds


def measure(options: Options) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "models").mkdir(parents=True)
        starter = find_model(open_workspace(options.home), STARTER)
        source = starter.folder if starter.on_disk else make_model(options.home, "50M")
        shutil.copytree(source, home / "models" / STARTER)
        studio = Studio(home)
        studio.start()
        try:
            idle, busy = clicked(studio, options)
        finally:
            studio.close()
    still, working = p95(idle), p95(busy)
    ratio = working / still
    measured = f"{ratio:.2f} × ({still * 1000:.0f} to {working * 1000:.0f} ms), {len(busy)} clicks a side"
    return [Row("B7", WHAT, f"≤ {TIMES} × and ≤ {SLOWEST * 1000:.0f} ms", measured, met(still, working))]


def met(still: float, working: float) -> bool:
    return working <= TIMES * still and working <= SLOWEST


def clicked(studio: Studio, options: Options) -> tuple[list[float], list[float]]:
    """Seconds of each click with nothing at work, and with a training of the sample."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(f"{studio.url}?tab=data")
        for name, target, seen in CLICKS[:1] + CLICKS[3:5]:
            page.locator(target).wait_for()
            page.wait_for_timeout(2000)
            page.locator(target).evaluate(TIMED_CLICK, [name, seen])
        idle = clicks(page, MANY * options.pairs)
        recipe = load_recipe(ASSETS / "samples" / "returns.toml")
        recipe.settings["epochs"] = 100  # longer than all the clicks
        run = submit(studio.workspace, resolve(studio.workspace, recipe))
        while run.view().last_step_at is None:
            assert run.view().live or run.view().status == "waiting", run.view().error
            page.wait_for_timeout(200)
        busy = clicks(page, MANY * options.pairs)
        assert run.view().live, "the training ended before the last click"
        browser.close()
    return idle, busy


def clicks(page: Page, many: int) -> list[float]:
    """Two presets in turn, each of which the server has to answer."""
    presets = [click for click in CLICKS if "preset" in click[0]]
    seconds = []
    for number in range(many + 2):
        name, target, seen = presets[number % 2]
        page.wait_for_timeout(BETWEEN)
        seconds.append(page.locator(target).evaluate(TIMED_CLICK, [name, seen]))
    return seconds[2:]  # the first ones warm up


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, -(-95 * len(seconds) // 100) - 1)]

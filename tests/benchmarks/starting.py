"""B6: from the start of the program to a usable page, and the memory of the idle server, against LLaMA-Factory's."""

import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.against_factory import factory
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Row, alternated, compared, environment, not_run, tree
from tests.browser.conftest import Studio, free_port
from tests.chromium import FLAGS, chromium

START, MEMORY = "start of the program to a usable page, LLaMA-Factory's board", "memory of the idle server"
GOAL, MEGABYTES = 0.5, 250
PATIENCE = 180  # seconds


def measure(options: Options) -> list[Row]:
    place = factory()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            if place is None:
                costs = [ours(browser) for _ in range(options.pairs)]
                walls = sorted(cost.wall for cost in costs)
                why = f"TUNESMITH_FACTORY is not set (ours {walls[len(walls) // 2]:.1f} s)"
                rows = [not_run("B6", START, f"≤ {GOAL} ×", why)]
            else:
                pairs = alternated(lambda: ours(browser), lambda: theirs(browser, place), options.pairs)
                options.say("start", pairs)
                costs = [pair.ours for pair in pairs]
                rows = [compared("B6", START, pairs, lambda pair: pair.ours.wall / pair.theirs.wall, at_most=GOAL)]
        finally:
            browser.close()
    held = max(cost.peak for cost in costs) / 1e6
    return [
        *rows,
        Row("B6", MEMORY, f"≤ {MEGABYTES} MB", f"{held:.0f} MB, the most of {len(costs)}", held <= MEGABYTES),
    ]


def ours(browser: Browser) -> Cost:
    """Until the first sample can be clicked, in a browser that is open already."""
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "home")
        began = time.monotonic()
        studio.start()
        try:
            assert studio.process is not None
            seen(browser, f"{studio.url}?tab=data", "#sample-0")
            return cost(studio.process.pid, time.monotonic() - began)
        finally:
            studio.close()


def theirs(browser: Browser, place: Path) -> Cost:
    """Until a button of its board is to be seen."""
    port = free_port()
    env = environment({}, PYTHONPATH="", GRADIO_SERVER_PORT=str(port), GRADIO_ANALYTICS_ENABLED="False")
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        command = [str(place / "venv" / "bin" / "llamafactory-cli"), "webui"]
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            seen(browser, f"http://127.0.0.1:{port}", "button:visible")
            return cost(process.pid, time.monotonic() - began)
        finally:
            os.killpg(process.pid, 15)
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).read(1)
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, "the board does not start"
            time.sleep(0.1)


def seen(browser: Browser, url: str, target: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(url)
    page.locator(target).first.wait_for()
    page.close()


def cost(pid: int, wall: float) -> Cost:
    """Of a server that has begun, with its resident memory now, that of its children included."""
    processes = tree(pid)
    cpu = sum(sum(one.cpu_times()[:2]) for one in processes)
    return Cost(wall, cpu, float(sum(one.memory_info().rss for one in processes)))

"""Live run's charts in a real browser, on a run written by hand: controls, zoom, downloads, and its end."""

import csv
import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from studio.processes import identity
from studio.training.events import EventLog
from studio.training.queue import queue_lock
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run
from tests.browser.conftest import Studio, open_tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenPage = Callable[..., Page]
METRICS = [
    {"name": "margin", "title": "Margin", "sentence": "Higher is better.", "higher_is_better": True},
    {"name": "f1", "title": "F1 score", "sentence": "Higher is better.", "higher_is_better": True},
]
STEPS = 400
# The page takes this for the browser's own, and it can be put out of sight.
OBSERVED = """
window.messages = [];
window.Notification = class {
  static permission = sessionStorage.getItem("permission") ?? "default";
  static async requestPermission() {
    sessionStorage.setItem("permission", (Notification.permission = window.answer ?? "granted"));
    return Notification.permission;
  }
  constructor(title, options) { window.messages.push({ title, ...options, of: this }); }
  close() {}
};
Object.defineProperty(document, "hidden", { get: () => !!window.outOfSight });
Object.defineProperty(document, "visibilityState", { get: () => (window.outOfSight ? "hidden" : "visible") });
"""


class Learning:
    """A live run whose worker only sleeps; this writes its events."""

    def __init__(self, studio: Studio, name: str = "Shop · Balanced") -> None:
        recipe = {"name": name, "data": {"file": "rows.csv"}, "model": {"name": "m"}, "method": {"name": "sft"}}
        self.process = subprocess.Popen(["sleep", "600"])
        with queue_lock(studio.workspace, timeout=-1):  # or the server has a worker begin with it
            self.run: Run = create_run(studio.workspace, Recipe.model_validate(recipe))
            (self.run.folder / "process.json").write_text(json.dumps(identity(self.process.pid)))
        self.log, self.step = EventLog(self.run.events), 0
        rows = {"train": 40, "check": 4, "test": 4}
        self.log.write("phase", text="Loading the model")
        self.log.write("plan", steps=STEPS, epochs=1, rows=rows, metrics=METRICS)
        self.log.write("check", step=0, loss=3.0, metrics={"margin": -0.2, "f1": 0.1})

    def learn(self, steps: int) -> None:
        for step in range(self.step + 1, self.step + steps + 1):
            metrics = {"margin": step / STEPS - 0.2, "f1": 0.5}
            course = {"learning_rate": 1e-4, "grad_norm": 1.0, "tokens_per_second": 90.0, "memory_gb": 1.5}
            self.log.write("step", step=step, epoch=step / 100, loss=2 + step % 2 / 10, metrics=metrics, **course)
        self.step += steps
        self.log.write("check", step=self.step, loss=2.5, metrics={"margin": 0.1, "f1": 0.6})

    def end(self, kind: str = "finished", **fields: Any) -> None:
        self.log.write(kind, **fields)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def learning(studio: Studio) -> Iterator[Learning]:
    begun = Learning(studio)
    begun.learn(40)
    yield begun
    begun.end("discarded")


def live(open_page: OpenPage, studio: Studio, **options: Any) -> tuple[Page, Locator]:
    """The page on Live run, and the chart's part as soon as it is drawn."""
    page = open_page(f"{studio.url}/?tab=train", **options)
    part = page.locator("#loss-chart")
    expect(part.locator(".js-plotly-plot")).to_be_visible()
    expect(part.locator("[data-is=figure] option")).to_have_count(7)
    return page, part


def drawn(part: Locator, what: str) -> Any:
    return part.locator(".ts-plot").evaluate(f"node => {what}")


def wait_for(page: Page, part: Locator, condition: str) -> None:
    """A condition on the drawn chart, its node; after a reload there is none at first."""
    page.wait_for_function(f"node => node.data && {condition}", arg=part.locator(".ts-plot").element_handle())


def drag(page: Page, part: Locator) -> list[float]:
    """Zoom with the mouse; the steps that are then to be seen."""
    box = part.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.02 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.5 * box["height"], steps=8)
    page.mouse.up()
    wait_for(page, part, f"node.layout.xaxis.range[1] < {STEPS / 2}")
    return drawn(part, "node.layout.xaxis.range")


def test_zoom_stays_over_news_smoothing_and_theme_until_another_figure(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page, part = live(open_page, studio)
    drawn(part, "{ node.mark = 'same' }")
    zoomed = drag(page, part)
    learning.learn(20)
    wait_for(page, part, "Math.max(...node.data[0].x) === 60")
    assert drawn(part, "node.layout.xaxis.range") == zoomed
    part.get_by_label("Smoothing").press("Home")
    wait_for(page, part, "!node.data.some(line => line.name.includes('smoothed'))")
    assert drawn(part, "node.layout.xaxis.range") == zoomed
    page.get_by_role("button", name="Dark").click()
    wait_for(page, part, "node.layout.font.color === '#B2BFC3'")
    assert drawn(part, "node.layout.xaxis.range") == zoomed
    page.locator("#run-figures").get_by_role("button", name="Gradient norm").click()
    expect(part.get_by_role("heading")).to_have_text("Gradient norm")
    wait_for(page, part, f"node.layout.xaxis.range[1] > {STEPS}")
    assert drawn(part, "node.mark") == "same", "drawn in place all the while"


def test_without_a_mouse_the_newest_half_is_zoomed_to_and_the_whole_run_shown_again(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page, part = live(open_page, studio)
    part.get_by_role("button", name="Newest half").press("Enter")
    wait_for(page, part, "node.layout.xaxis.range[0] === 20")
    part.get_by_role("button", name="Whole run").press("Enter")
    wait_for(page, part, f"node.layout.xaxis.range[1] > {STEPS}")


def test_the_raw_points_stay_whatever_the_smoothing_and_what_was_set_is_remembered(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page, part = live(open_page, studio)
    slider = part.get_by_label("Smoothing")
    for key in ("Home", "ArrowRight", "End"):
        slider.press(key)
        assert drawn(part, "node.data[0].x.length") == 40 and "markers" in drawn(part, "node.data[0].mode")
    expect(slider).to_have_attribute("aria-valuetext", "100 %")
    page.reload()
    expect(part.locator(".js-plotly-plot")).to_be_visible()
    expect(slider).to_have_value("100")
    part.get_by_label("Figure").select_option("learning_rate")
    expect(part.get_by_role("heading")).to_have_text("Learning rate")
    expect(slider).to_be_disabled()
    expect(part).to_contain_text("Nothing to smooth")
    page.reload()
    expect(part.get_by_role("heading")).to_have_text("Learning rate")
    wait_for(page, part, "node.data[0].y[0] === 1e-4")


def test_smoothing_is_a_gaussian_kernel(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    x = np.cumsum(np.array([1, 1, 3, 2, 1, 5, 1, 1]))
    y = np.array([3.0, 2.5, 2.7, 9.0, 1.2, 1.4, 1.0, 1.3])
    width = 0.6 * (x[-1] - x[0]) / 10
    weights = np.exp(-0.5 * ((x[:, None] - x[None, :]) / width) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    ask = "([points, strength, log]) => window.tunesmithSmooth(points, strength, log).y"
    points = {"x": x.tolist(), "y": y.tolist()}
    assert page.evaluate(ask, [points, 60, False]) == pytest.approx((weights @ y).tolist())
    assert page.evaluate(ask, [points, 60, True]) == pytest.approx(np.exp(weights @ np.log(y)).tolist())
    assert page.evaluate(ask, [points, 0, False]) == points["y"]


def test_a_log_scale_is_there_for_values_above_zero_only(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page, part = live(open_page, studio)
    log = part.get_by_label("Log scale")
    log.focus()
    page.keyboard.press("Space")
    wait_for(page, part, "node.layout.yaxis.type === 'log'")
    assert drawn(part, "node.layout.yaxis.range[1] < 1"), "in powers of ten"
    part.get_by_label("Figure").select_option("margin")
    expect(part.get_by_role("heading")).to_have_text("Margin")
    expect(log).to_be_disabled()
    expect(part).to_contain_text("needs values above zero, and the lowest is -0.2")
    wait_for(page, part, "node.layout.yaxis.type === 'linear'")
    part.get_by_label("Figure").select_option("loss")
    wait_for(page, part, "node.layout.yaxis.type === 'log'")


def test_the_best_point_is_marked_and_a_value_stays_under_the_pointer(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page, part = live(open_page, studio)
    assert drawn(part, "node.data.at(-1).x") == [40] and drawn(part, "node.data.at(-1).y") == [2.5]
    box = part.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.08 * box["width"], box["y"] + 0.5 * box["height"])
    hover = part.locator(".hoverlayer .legend")
    expect(hover).to_contain_text("Step 2")
    learning.learn(20)
    wait_for(page, part, "Math.max(...node.data[0].x) === 60")
    expect(hover).to_contain_text("Step 2")


def test_the_table_holds_every_step_and_the_picture_is_one(
    studio: Studio, open_page: OpenPage, learning: Learning, tmp_path: Path
) -> None:
    learning.learn(STEPS - 40)
    page, part = live(open_page, studio)
    with page.expect_download() as told:
        part.get_by_role("button", name="All figures as a table").click()
    assert told.value.suggested_filename == "shop-balanced-curves.csv"
    told.value.save_as(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(STEPS + 1))
    assert rows[1]["margin"] == str(1 / STEPS - 0.2) and rows[-1]["check_f1"] == "0.6"
    for colours in ("Light", "Dark"):
        page.get_by_role("button", name=colours).click()
        with page.expect_download() as told:
            part.get_by_role("button", name="This chart as a picture").click()
        assert told.value.suggested_filename == "shop-balanced-loss.png"
        told.value.save_as(tmp_path / f"{colours}.png")
    light, dark = ((tmp_path / f"{colours}.png").read_bytes() for colours in ("Light", "Dark"))
    assert light[:8] == dark[:8] == b"\x89PNG\r\n\x1a\n" and light != dark
    assert struct.unpack(">II", light[16:24]) == (2400, 1350)


def observed(open_page: OpenPage, studio: Studio) -> Page:
    page = open_page(studio.url)
    page.context.add_init_script(OBSERVED)
    page.goto(f"{studio.url}/?tab=train")
    expect(page.locator("#loss-chart .js-plotly-plot")).to_be_visible()
    return page


def test_the_end_is_told_in_title_strip_and_message_also_out_of_sight(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page = observed(open_page, studio)
    switch = page.get_by_role("switch", name="Tell me when it ends")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert page.evaluate("Notification.permission") == "default", "nobody is asked before they press"
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "true")
    page.reload()
    expect(switch).to_have_attribute("aria-checked", "true")
    open_tab(page, "Data")
    expect(page).to_have_title(f"40/{STEPS} Tunesmith")
    page.evaluate("window.outOfSight = true")
    learning.end()
    expect(page).to_have_title("Finished · Shop · Balanced")
    messages = page.evaluate("window.messages.map(({ title, body, tag }) => ({ title, body, tag }))")
    assert [(one["title"], one["tag"]) for one in messages] == [("Finished · Shop · Balanced", learning.run.id)]
    assert "step 40, was kept" in messages[0]["body"]
    expect(page.locator("#ended [role=status]")).to_contain_text("Finished · Shop · Balanced")
    page.evaluate("window.outOfSight = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#runbar")).to_be_hidden()
    expect(page).to_have_title("Tunesmith")
    page.evaluate("window.messages[0].of.onclick()")
    expect(page.locator("#live-head h1")).to_have_text("Shop · Balanced")
    expect(page.locator("#ended [role=status]")).to_be_empty()


def test_a_failure_is_told_on_another_tab_without_a_message_that_nobody_asked_for(
    studio: Studio, open_page: OpenPage, learning: Learning
) -> None:
    page = observed(open_page, studio)
    open_tab(page, "Model")
    expect(page).to_have_title(f"40/{STEPS} Tunesmith")
    assert page.evaluate("document.elementFromPoint(20, 20).closest('#topbar') !== null"), "no news covers nothing"
    learning.end("failed", message="The disk is full.", hint="Free some space.")
    expect(page.locator("#ended")).to_contain_text("Failed · Shop · Balanced. The disk is full.")
    expect(page).to_have_title("Failed · Shop · Balanced")
    page.keyboard.press("Shift")
    expect(page).to_have_title("Tunesmith")
    page.get_by_role("button", name="Put this away").click()
    expect(page.get_by_role("button", name="Show it")).to_be_hidden()
    assert page.evaluate("window.messages") == []


def test_a_browser_that_refuses_is_said_in_words(studio: Studio, open_page: OpenPage, learning: Learning) -> None:
    page = observed(open_page, studio)
    page.evaluate("window.answer = 'denied'")
    switch = page.get_by_role("switch", name="Tell me when it ends")
    switch.click()
    expect(page.locator("#tell-me")).to_contain_text("Your browser refuses messages from this page")
    expect(switch).to_have_attribute("aria-checked", "false")


def test_the_run_bar_is_whole_on_every_tab_of_a_phone(studio: Studio, open_page: OpenPage, learning: Learning) -> None:
    learning.log.write("step", step=41, epoch=0.41, loss=1.23)
    page = open_page(studio.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for tab in ("Data", "Model", "Train", "Compare", "Export"):
        open_tab(page, tab)
        bar = page.locator("#runbar")
        expect(bar).to_contain_text(f"41 of {STEPS} steps")
        expect(bar).to_contain_text("left")
        expect(bar).to_contain_text("loss 1.23")
        for part in (bar.get_by_role("progressbar"), bar.get_by_role("button", name="Stop")):
            box = part.bounding_box()
            assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, tab
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

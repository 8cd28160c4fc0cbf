"""Whether a run fits: tested with a few real steps, and made to fit where it is too big."""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_page import bring_sample
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
GIB = 1024**3
ROWS = 420


@pytest.fixture
def small_studio(tmp_path: Path, tiny_model: Path) -> Iterator[Studio]:
    """On a computer whose processes may have 2.6 GiB each, which is a real limit for whatever they ask for."""
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "smollm2-135m-instruct").symlink_to(tiny_model)
    running = Studio(home, memory=int(2.6 * GIB))
    running.start()
    yield running
    running.close()


@pytest.fixture
def long_verdicts(tmp_path: Path) -> Path:
    """Thumbs up and down: a step of them is read bite by bite, and not in parts of like length as that of answers."""
    path = tmp_path / "long_verdicts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "completion", "label"])
        for i in range(ROWS):
            words = [f"{i * 31 + n}" if n % 7 == 0 else "return" for n in range(400)]
            writer.writerow([f"Where is number {i}?", " ".join(words), "true" if i % 2 else "false"])
    return path


def test_the_fit_is_tested_with_real_steps(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    plan, button = page.locator("#steps-plan"), page.locator("#test-fit")
    expect(plan).to_contain_text("An estimate. The test trains")
    expect(plan).to_contain_text("A rough guess for this kind of computer")
    expect(button).to_be_enabled()
    button.click()
    expect(button).to_have_text("Stop the test")
    expect(plan).to_contain_text("Testing with your longest rows")
    expect(plan).to_contain_text("Tested on this computer.", timeout=180_000)
    expect(plan).to_contain_text("tokens per second")
    expect(plan).to_contain_text("Measured with this model on this computer.")
    expect(button).to_contain_text("Test the fit")
    assert list_runs(studio.workspace) == []  # a test is no run
    page.get_by_label("Examples per step (batch size)").fill("2")
    page.get_by_label("Examples per step (batch size)").press("Tab")
    expect(plan).to_contain_text("An estimate. The test trains")  # of these settings nothing has been measured
    page.locator("#back-to-preset").click()
    expect(plan).to_contain_text("Tested on this computer.")


def test_a_test_is_stopped(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    page.get_by_label("Examples per step (batch size)").fill("3")
    page.get_by_label("Examples per step (batch size)").press("Tab")
    button = page.locator("#test-fit")
    expect(page.locator("#steps-plan")).to_contain_text("An estimate. The test trains")
    button.click()
    expect(button).to_have_text("Stop the test")
    button.click()
    expect(button).to_contain_text("Test the fit", timeout=180_000)
    expect(page.locator("#steps-plan")).not_to_contain_text("Tested on this computer.")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts what Linux counts")
def test_what_is_too_big_is_made_to_fit_and_fits(
    small_studio: Studio, open_page: OpenPage, long_verdicts: Path
) -> None:
    page = open_page(small_studio.url)
    page.locator("#drop input[type=file]").set_input_files(long_verdicts)
    expect(page.locator("#next-model")).to_be_enabled(timeout=90_000)
    open_tab(page, "Train")
    page.locator("#preset label:visible").filter(has_text="Quick taste").click()
    expect(page.get_by_label("Passes over the examples (epochs)")).to_have_value("1")
    for label, value in (("Examples per step (batch size)", "256"), ("Longest example (tokens)", "512")):
        page.get_by_label(label).fill(value)
        page.get_by_label(label).press("Tab")
    expect(page.locator("#steps-plan")).to_contain_text("Too big", timeout=90_000)
    expect(page.locator("#make-fit")).to_be_visible(timeout=90_000)
    page.locator("#make-fit").click()
    expect(page.locator("#made-fit")).to_contain_text("Changed for you")
    expect(page.locator("#steps-plan")).to_contain_text("Fits well", timeout=90_000)
    expect(page.get_by_label("Examples per step (batch size)")).to_have_value("256")
    page.locator("#start").click()
    wait_until(lambda: bool(list_runs(small_studio.workspace)), 60, "the run")
    run = list_runs(small_studio.workspace)[0]
    wait_until(lambda: run.view().status in ("finished", "failed"), 400, "the run to end")
    assert run.view().status == "finished", run.view().error
    assert run.recipe().settings["accumulation"] > 1


@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts what Linux counts")
def test_without_that_it_would_not_have_fitted(small_studio: Studio, open_page: OpenPage, long_verdicts: Path) -> None:
    page = open_page(small_studio.url)
    page.locator("#drop input[type=file]").set_input_files(long_verdicts)
    expect(page.locator("#next-model")).to_be_enabled(timeout=90_000)
    open_tab(page, "Train")
    for label, value in (("Examples per step (batch size)", "256"), ("Longest example (tokens)", "512")):
        page.get_by_label(label).fill(value)
        page.get_by_label(label).press("Tab")
    expect(page.locator("#steps-plan")).to_contain_text("Too big", timeout=90_000)
    page.locator("#test-fit").click()
    expect(page.locator("#steps-plan")).to_contain_text("The memory was not enough.", timeout=180_000)

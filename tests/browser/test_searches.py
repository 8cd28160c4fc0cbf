"""A search for settings as a person does it: what is searched, how it stands, stopping it, training the best one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.sweeps.sweep import list_sweeps
from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_accessibility import violations
from tests.browser.test_page import bring_sample

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
FOLD = "Not sure of the settings? Search for good ones"


def look_at(page: Page, name: str) -> None:
    if folder := os.environ.get("TUNESMITH_LOOK"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def set_up(page: Page) -> None:
    open_tab(page, "Train")
    open_tab(page, "Set up")
    unfold(page, FOLD)


def test_a_search_from_the_form_to_the_full_run(studio: Studio, open_page: OpenPage, axe: str) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    set_up(page)
    start, plan = page.locator("#start-search"), page.locator("#search-plan")
    expect(plan).to_contain_text("12 runs of")
    rate = page.locator("#range-learning_rate")
    low = rate.get_by_label("lowest")
    expect(low).not_to_have_value("")
    kept = low.input_value()
    expect(page.get_by_label("Minutes at most")).to_have_value("")
    look_at(page, "form")

    low.fill("0.5")
    expect(rate).to_contain_text("the range is reversed")
    expect(start).to_be_disabled()
    look_at(page, "form-wrong")
    assert violations(page, axe) == []
    low.fill("")
    expect(rate).to_contain_text("the range is empty")
    low.fill(kept)
    expect(plan).to_contain_text("12 runs of")
    page.get_by_label("Runs at most").fill("3")
    page.get_by_label("Steps of each run").fill("10")
    expect(plan).to_contain_text("3 runs of 10 steps")
    expect(start).to_be_enabled()
    start.click()

    said = page.locator("#search-heading")
    expect(said).to_contain_text("Searching")
    expect(page.locator("#search-trials")).to_contain_text("Run 1")
    expect(page.get_by_role("img", name="1 run across learning rate")).to_be_visible(timeout=180_000)
    look_at(page, "going")
    expect(said).to_contain_text("All of its 3 runs have ended.", timeout=400_000)
    expect(said).to_contain_text("Best")
    expect(page.locator("#search-trials tbody tr")).to_have_count(3)
    expect(page.get_by_role("img", name="The best is run")).to_be_visible()
    look_at(page, "ended")
    assert violations(page, axe) == []
    assert len(list_runs(studio.workspace)) == 3

    page.locator("#train-best").click()
    expect(page.locator("#live-head")).to_contain_text("best of search")
    assert len(list_runs(studio.workspace)) == 4


def test_a_search_is_stopped_and_deleted_with_its_runs(studio: Studio, open_page: OpenPage) -> None:
    before = len(list_runs(studio.workspace))
    page = open_page(studio.url)
    bring_sample(page)
    set_up(page)
    expect(page.get_by_label("Steps of each run")).to_have_value("")  # the form has been filled in
    page.get_by_label("Steps of each run").fill("400")
    expect(page.locator("#search-plan")).to_contain_text("of 400 steps")
    page.locator("#start-search").click()
    said = page.locator("#search-heading")
    expect(said).to_contain_text("Searching: 0 of 12 runs have ended.")
    expect(page.locator("#delete-search")).to_be_disabled()
    page.locator("#stop-search").click()
    expect(said).to_contain_text("It was stopped.")
    expect(page.locator("#delete-search")).to_be_enabled()
    sweep = list_sweeps(studio.workspace)[0]
    expect(page.locator("#search-trials")).not_to_contain_text("under way")
    page.locator("#delete-search").click()
    page.locator("#delete-search-away").click()
    expect(page.locator("#searches-said")).to_contain_text("The search was deleted")
    assert sweep.id not in [one.id for one in list_sweeps(studio.workspace)]
    assert len(list_runs(studio.workspace)) == before


def test_a_search_on_a_phone_and_in_the_dark(studio: Studio, open_page: OpenPage, axe: str) -> None:
    page = open_page(f"{studio.url}/?__theme=dark", viewport={"width": 390, "height": 844})
    open_tab(page, "Train")
    open_tab(page, "Searches")
    expect(page.locator("#search-heading")).to_contain_text("All of its 3 runs have ended.")
    look_at(page, "phone")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    set_up(page)
    look_at(page, "phone-form")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

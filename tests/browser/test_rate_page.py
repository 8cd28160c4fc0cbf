"""The learning-rate finder in Set up: begun and stopped by its button, its curve shown, its rate filled in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_page import bring_sample

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
RATE = "Size of each correction (learning rate)"


def test_a_rate_is_found_and_used(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    find, shown = page.locator("#find-rate"), page.locator("#rate-shown")
    expect(find).to_be_enabled()
    expect(page.locator("#use-rate")).to_be_hidden()
    find.click()
    expect(find).to_have_text("Stop the test")
    expect(shown).to_contain_text("Trying rates: step", timeout=180_000)
    expect(shown).to_contain_text("which is proposed", timeout=180_000)
    expect(shown.get_by_role("img", name="Loss against learning rate")).to_be_visible()
    expect(page.get_by_label(RATE)).to_have_value("")
    page.locator("#use-rate").click()
    expect(page.get_by_label(RATE)).not_to_have_value("")
    used = float(page.get_by_label(RATE).input_value())
    assert 1e-6 < used <= 0.1
    expect(shown).to_contain_text(f"{used:.12f}".rstrip("0"))
    page.get_by_label("Examples per step (batch size)").fill("2")
    page.get_by_label("Examples per step (batch size)").press("Tab")
    expect(shown).to_contain_text("A few dozen steps on your rows")  # of these settings nothing is known
    expect(page.get_by_label(RATE)).to_have_value(str(used))
    assert list_runs(studio.workspace) == []  # a test is no run

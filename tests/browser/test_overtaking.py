"""Answers that come late, and overtake each other: what a person chose and typed last is what the page shows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from components import draft
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_methods_page import bring, labels, method_card
from tests.browser.test_page import bring_sample
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
__all__ = ["labels"]

# Each answer waits before the page has it, the first ones longest, so that later ones overtake them.
LATE = """
() => {
  const plain = window.fetch;
  window.waits = [];
  window.fetch = async (...asked) => {
    const answer = await plain(...asked);
    const wait = String(asked[0]?.url ?? asked[0]).includes('/run/') ? window.waits.shift() ?? 0 : 0;
    if (wait) await new Promise((done) => setTimeout(done, wait));
    return answer;
  };
}
"""


def wait_for(page: Page, *milliseconds: int) -> None:
    """Let the next answers wait so long each."""
    page.evaluate("waits => { window.waits = waits }", list(milliseconds))


def test_what_is_typed_while_the_form_is_being_filled_stands(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    size, passes = (
        page.get_by_label(name) for name in ("Examples per step (batch size)", "Passes over the examples (epochs)")
    )
    expect(page.locator("#steps-plan")).to_contain_text("An estimate. The test trains")
    passes.fill("9")
    page.evaluate(LATE)
    wait_for(page, 1500, 1500, 1500, 1500)
    page.locator("#preset label:visible").filter(has_text="Quick taste").click()
    size.fill("3")
    expect(passes).to_have_value("1")  # what was typed before the preset was chosen goes with it
    expect(size).to_have_value("3")
    wait_until(
        lambda: draft.load(studio.workspace).get("forms", {}).get("sft", {}).get("batch_size") == 3, 60, "the number"
    )
    page.reload()
    open_tab(page, "Train")
    expect(size).to_have_value("3")
    expect(passes).to_have_value("1")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_what_is_picked_in_a_list_while_the_form_is_being_filled_stands(
    studio: Studio, open_page: OpenPage, by: str
) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    unfold(page, "Advanced")
    adapt, size = page.locator("#setting-adapt input"), page.get_by_label("Examples per step (batch size)")
    rank, all_of_it = page.locator("#setting-rank"), "All of it (full fine-tuning)"
    expect(page.locator("#steps-plan")).to_contain_text("An estimate. The test trains")
    page.locator("#preset label:visible").filter(has_text="Balanced").click()
    expect(rank).to_be_visible()
    page.evaluate(LATE)
    wait_for(page, 2500, 0, 0, 0)
    page.locator("#preset label:visible").filter(has_text="Quick taste").click()
    adapt.click()
    if by == "mouse":
        page.get_by_role("option", name=all_of_it).click()
    else:
        adapt.fill("All of")
        adapt.press("ArrowDown")
        adapt.press("Enter")
    expect(adapt).to_have_value(all_of_it)
    size.click()
    expect(page.get_by_label("Passes over the examples (epochs)")).to_have_value("1")  # the filling has come
    expect(adapt).to_have_value(all_of_it)
    expect(rank).to_be_hidden()
    expect(size).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)
    page.reload()
    open_tab(page, "Train")
    expect(adapt).to_have_value(all_of_it)


def test_the_last_of_several_picks_is_the_one_on_show(studio: Studio, open_page: OpenPage, labels: Path) -> None:
    page = open_page(studio.url)
    bring(page, labels)
    open_tab(page, "Model")
    expect(method_card(page, "Sort into groups").locator("input")).to_be_checked()
    page.evaluate(LATE)
    for waits in ((2500, 0), (0, 2500, 1000), (3000, 1500, 0, 1500)):
        wait_for(page, *waits)
        method_card(page, "Sort into groups").click()
        method_card(page, "Sort into several groups").click()
        wait_until(lambda: draft.load(studio.workspace).get("method") == "multi_label", 60, "the choice")
        page.wait_for_function("() => !window.waits.length")
        page.wait_for_timeout(3500)
        expect(method_card(page, "Sort into several groups").locator("input")).to_be_checked()
        expect(page.locator("#tabs")).to_contain_text("with Sort into several groups")

"""Settings on the page: what is wrong stands at its field, and good ones are kept as a preset of one's own."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.methods.own_presets import own_presets
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_page import bring_sample

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
WRONG = (
    ("Size of each correction (learning rate)", "setting-learning-rate", "1", "at most 0.1"),
    ("Passes over the examples (epochs)", "setting-epochs", "0", "above 0"),
    ("Longest example (tokens)", "setting-max-length", "20000", "can read"),
)


def to_train(page: Page) -> None:
    bring_sample(page)
    open_tab(page, "Train")
    expect(page.locator("#start")).to_be_enabled()


def test_what_is_wrong_stands_at_its_field_until_it_is_mended(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    to_train(page)
    for label, _, typed, _ in WRONG:
        page.get_by_label(label).fill(typed)
        page.get_by_label(label).press("Tab")
    for label, place, _, words in WRONG:
        expect(page.locator(f"#{place}-error")).to_contain_text(words)
        expect(page.locator(f"#{place}-error")).to_be_visible()
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label(label)).to_have_attribute("aria-describedby", f"{place}-error")
    expect(page.locator("#start")).to_be_disabled()
    page.locator("#back-to-preset").click()
    expect(page.locator(".ts-field-error")).to_have_count(0)
    expect(page.get_by_label(WRONG[0][0])).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#start")).to_be_enabled()


def test_packed_weights_cannot_be_chosen_for_training_all_of_them(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    to_train(page)
    unfold(page, "Advanced")
    expect(page.locator("#setting-weights")).to_be_visible()
    page.locator("#setting-adapt input").click()
    page.get_by_role("option", name="All of it (full fine-tuning)").click()
    expect(page.locator("#setting-weights")).to_be_hidden()
    page.locator("#back-to-preset").click()
    expect(page.locator("#setting-weights")).to_be_visible()


def test_settings_are_kept_as_a_preset_replaced_and_deleted(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    to_train(page)
    length, title = page.get_by_label("Longest example (tokens)"), page.locator("#own-preset-title input")

    def set_length(tokens: str) -> None:
        length.fill(tokens)
        length.press("Tab")
        expect(page.locator("#start")).to_be_enabled()

    unfold(page, "Save as my preset")
    set_length("96")
    page.locator("#save-preset").click()
    expect(page.locator("#own-preset-said")).to_contain_text("needs a name")
    title.fill("Short questions")
    page.locator("#save-preset").click()
    mine = page.locator("#preset label:visible").filter(has_text="Short questions")
    expect(mine.locator("input")).to_be_checked()
    expect(length).to_have_value("96")

    set_length("80")
    title.fill("Short questions")
    page.locator("#save-preset").click()
    expect(page.locator("#own-preset-said")).to_contain_text("You already have a preset")
    page.locator("#replace-preset").click()
    expect(page.locator("#replace-preset")).to_be_hidden()
    assert own_presets(studio.workspace).presets[0].settings["max_length"] == 80

    page.reload()
    open_tab(page, "Train")
    expect(mine.locator("input")).to_be_checked()
    expect(length).to_have_value("80")
    unfold(page, "Save as my preset")
    page.locator("#delete-preset").click()
    expect(mine).to_have_count(0)
    expect(page.locator("#preset label:visible").filter(has_text="Balanced").locator("input")).to_be_checked()
    expect(page.locator("#delete-preset")).to_be_hidden()
    expect(length).to_have_value("512")

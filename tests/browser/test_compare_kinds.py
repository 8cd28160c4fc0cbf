"""Compare and Export on the real page, for runs that predict and runs that kept a whole model."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.export.bundle import start_export
from studio.training.run import Run
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_accessibility import violations
from tests.finished import CHAT, LABELS, finished

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SLOW = 240_000  # loading libraries and a model


@pytest.fixture(scope="module")
def sorting(studio: Studio, tiny_encoder: Path) -> Run:
    return finished(
        studio.workspace, "classification", LABELS, tiny_encoder, name="Sort", max_steps=20, learning_rate=0.01
    )


@pytest.fixture(scope="module")
def whole(studio: Studio) -> Run:
    base = studio.workspace.models / "smollm2-135m-instruct"
    run = finished(studio.workspace, "sft", CHAT, base, name="Whole", adapt="full", learning_rate=0.001)
    start_export(run)
    return run


@pytest.fixture(scope="module")
def helper(studio: Studio) -> Run:
    base = studio.workspace.models / "smollm2-135m-instruct"
    return finished(studio.workspace, "sft", CHAT, base, name="Helper", learning_rate=0.01)


def show(page: Page, name: str, picker: str = "compare-run") -> None:
    page.locator(f"#{picker} input").click()
    page.get_by_role("option", name=name).first.click()
    if picker == "compare-run":
        expect(page.locator("#tuned-answer")).to_contain_text(name)


def test_a_run_that_predicts_shows_its_groups(studio: Studio, open_page: OpenPage, sorting: Run) -> None:
    page = open_page(studio.url)
    open_tab(page, "Compare")
    show(page, "Sort")
    expect(page.locator("#base-answer")).to_contain_text("no groups of its own")
    expect(page.locator("#base-answer")).to_contain_text("always the commonest group")
    expect(page.locator("#ask")).to_have_text("Sort it")
    expect(page.locator("#with-examples")).to_have_count(0)
    page.locator("#suggestion-0").click()
    expect(page.locator("#question textarea")).not_to_have_value("")
    page.locator("#ask").click()
    expect(page.locator("#tuned-answer .ts-guesses li")).to_have_count(3, timeout=SLOW)
    expect(page.locator("#tuned-answer .ts-chosen")).to_have_text("cup")
    expect(page.locator("#answers-status")).to_contain_text("The prediction is ready: cup")
    page.get_by_text("What your team wrote").click()
    expect(page.locator("#team-answer")).to_contain_text("cup")


def test_groups_are_readable_by_everybody(studio: Studio, open_page: OpenPage, sorting: Run, axe: str) -> None:
    for scheme, width in (("light", 1440), ("dark", 390)):
        page = open_page(f"{studio.url}/?tab=compare", color_scheme=scheme, viewport={"width": width, "height": 900})
        show(page, "Sort")
        page.locator("#suggestion-1").click()
        expect(page.locator("#question textarea")).not_to_have_value("")
        page.locator("#ask").click()
        expect(page.locator("#tuned-answer .ts-guesses li")).to_have_count(3, timeout=SLOW)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert violations(page, axe) == []


def test_a_whole_model_answers_beside_its_base_and_leaves_whole(
    studio: Studio, open_page: OpenPage, whole: Run
) -> None:
    page = open_page(studio.url)
    open_tab(page, "Compare")
    show(page, "Whole")
    expect(page.locator("#fair")).to_contain_text("base and tuned are two models")
    page.locator("#question textarea").fill("Where is my cup?")
    page.locator("#ask").click()
    expect(page.locator("#fair")).to_contain_text("of memory", timeout=SLOW)
    expect(page.locator("#base-answer footer")).to_contain_text("tokens")
    open_tab(page, "Export")
    expect(page.get_by_text("Whole model", exact=True)).to_be_visible()
    expect(page.locator("#export-status")).to_contain_text("Verified", timeout=SLOW)
    expect(page.locator("#export-status")).to_contain_text("3 of 3")
    expect(page.locator("#download")).to_have_text("Download model.zip")


def test_the_base_can_be_given_examples(studio: Studio, open_page: OpenPage, helper: Run) -> None:
    page = open_page(studio.url)
    open_tab(page, "Compare")
    show(page, "Helper")
    expect(page.locator("#fair")).to_contain_text("one batch")
    page.get_by_label("Give the base 3 of your examples in its prompt").check()
    expect(page.locator("#base-answer")).to_contain_text("with 3 of your examples in its prompt")
    expect(page.locator("#fair")).to_contain_text("the base gets 3 of your training rows")
    page.locator("#suggestion-0").click()
    expect(page.locator("#question textarea")).not_to_have_value("")
    page.locator("#ask").click()
    expect(page.locator("#answers-status")).to_contain_text("Both answers are ready", timeout=SLOW)
    expect(page.locator("#base-answer")).to_contain_text("with 3 of your examples in its prompt")

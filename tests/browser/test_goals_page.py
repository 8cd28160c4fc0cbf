"""Goals on the page: each says what rows it needs, whether they are there, and what it proposes for them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.goals.catalogue import find_goal, list_goals
from studio.methods import find_method
from tests.browser.conftest import Studio, open_tab
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SAMPLES = ROOT / "assets" / "samples"
# A file with rows that each goal can use, and one that it cannot.
ROWS = {
    "returns.csv": (("answer", "teacher", "reward", "transform"), "sort"),
    "topics.csv": (("sort",), "number"),
    "prices.csv": (("number",), "answer"),
    "handbook.txt": (("documents",), "prefer"),
    "pairs.jsonl": (("prefer",), "pictures"),
    "pictures.zip": (("pictures",), "documents"),
}


def bring(page: Page, file: str) -> None:
    open_tab(page, "Data")
    page.locator("#drop input[type=file]").set_input_files(SAMPLES / file)
    expect(page.get_by_text(f"What we found in {file}")).to_be_visible()
    expect(page.locator("#next-model")).to_be_enabled()
    open_tab(page, "Model")


def pick(page: Page, goal: str) -> None:
    option = page.locator(f"#goal input[value={goal}]")
    option.click()
    expect(option).to_be_checked()
    expect(page.locator("#success-card")).to_be_visible()


def test_every_goal_is_tried() -> None:
    fitting = [goal for goals, _ in ROWS.values() for goal in goals]
    assert sorted(fitting) == sorted(goal.name for goal in list_goals())


@pytest.mark.parametrize("file", ROWS)
def test_a_goal_takes_rows_that_suit_it_and_says_when_they_do_not(
    studio: Studio, open_page: OpenPage, file: str
) -> None:
    goals, other = ROWS[file]
    page = open_page(studio.url)
    bring(page, file)
    for goal in goals:
        pick(page, goal)
        card = page.locator("#goal label").filter(has=page.locator(f"input[value={goal}]"))
        expect(card).to_contain_text("you have them")
        methods = [re.escape(find_method(name).title) for name in find_goal(goal).methods]
        expect(page.locator("#advice b").first).to_have_text(re.compile("training row.*(" + "|".join(methods) + ")"))
        expect(page.locator("#advice .ts-cautions")).not_to_contain_text("your rows are something else")
    pick(page, other)
    card = page.locator("#goal label").filter(has=page.locator(f"input[value={other}]"))
    expect(card).not_to_contain_text("you have them")
    expect(page.locator("#advice .ts-cautions")).to_contain_text(find_goal(other).needs)
    expect(page.locator("#take-proposal")).to_be_hidden()  # it would not run


def test_the_proposal_is_taken_and_success_is_remembered(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring(page, "returns.csv")
    pick(page, "answer")
    expect(page.locator("#advice b").first).to_contain_text("Learn from examples")
    page.locator("#success input").click()
    page.get_by_role("option").nth(1).click()
    said = page.locator("#success input").input_value()
    expect(page.locator("#way li[aria-current=step]")).to_contain_text("Choose")
    page.locator("#take-proposal").click()
    expect(page.locator("#method input:checked")).to_have_value("sft")
    page.reload()
    open_tab(page, "Model")
    expect(page.locator("#goal input[value=answer]")).to_be_checked()
    expect(page.locator("#success input")).to_have_value(said)

"""The coach's button on a real run: pressed twice, it starts the run again once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, list_runs
from tests.browser.conftest import Studio, open_tab
from tests.conftest import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenPage = Callable[..., Page]
TIMID = {"adapt": '"full"', "learning_rate": 0.0000001, "max_steps": 1500, "checks": 10, "warmup": 0}


@pytest.fixture
def run(studio: Studio, make_recipe: Callable[..., Path]) -> Run:
    """A real run with a learning rate that is far too low."""
    recipe = load_recipe(make_recipe(rows=40, **TIMID))
    recipe.name = "Returns helper"
    return submit(studio.workspace, resolve(studio.workspace, recipe))


def test_start_again_with_a_larger_learning_rate(studio: Studio, open_page: OpenPage, run: Run) -> None:
    page = open_page(studio.url)
    open_tab(page, "Train")
    open_tab(page, "Live run")
    coach = page.locator("#coach")
    button = coach.get_by_role("button", name="Start again with learning rate")
    expect(button).to_be_visible(timeout=240_000)
    expect(coach.get_by_role("status")).to_contain_text("The learning rate is too low.")
    expect(page.locator("#run-status")).to_have_text("")
    words = button.inner_text()
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#live-head h1")).to_have_text(words.replace("Start again with", "Returns helper,"))
    wait_until(lambda: run.view().status == "stopped", 240, "the first run to end with what it has learned")
    assert run.kept is not None
    made = [one for one in list_runs(studio.workspace) if one.id != run.id]
    assert len(made) == 1
    recipe = made[0].recipe()
    assert recipe.settings == {**run.recipe().settings, "learning_rate": float(words.rsplit(" ", 1)[1])}
    wait_until(lambda: made[0].view().step > 0, 240, "the second run to learn")
    made[0].request_stop(keep=False)
    wait_until(lambda: made[0].view().status == "discarded", 240, "the second run to end")

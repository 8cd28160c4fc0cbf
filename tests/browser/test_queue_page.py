"""The runs that wait, in the real page: moved and taken out by keyboard alone, and every open tab shows the same."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.processes import identity
from studio.training.events import EventLog
from studio.training.run import Run
from studio.training.waiting import waiting
from tests.browser.conftest import Studio
from tests.training.queued import new_run

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def runs(studio: Studio) -> Iterator[list[Run]]:
    """One that trains, as far as anybody can tell, and three that wait."""
    made = [new_run(studio.workspace, name) for name in ("At work", "Apple", "Bread", "Cheese")]
    worker = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(900)"])
    (made[0].folder / "process.json").write_text(json.dumps(identity(worker.pid)))
    EventLog(made[0].events).write("phase", text="Loading the training libraries")
    yield made
    for run in made[1:]:
        run.request_stop(keep=False)
    EventLog(made[0].events).write("discarded", result={})
    worker.kill()
    worker.wait()


def fits(page: Page) -> bool:
    """Nothing has to be scrolled to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def names(page: Page) -> Locator:
    return page.locator("#queue li b")


def test_the_order_is_changed_by_keyboard_in_every_tab(studio: Studio, runs: list[Run], open_page: OpenPage) -> None:
    page, other = open_page(f"{studio.url}/?tab=train"), open_page(f"{studio.url}/?tab=train")
    expect(names(page)).to_have_text(["Apple", "Bread", "Cheese"])
    expect(page.locator("#runbar")).to_contain_text("3 waiting")
    up = page.get_by_role("button", name="Move Cheese up")
    up.focus()
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Apple", "Cheese", "Bread"])
    expect(up).to_be_focused()  # and not the button of the run that is there now
    expect(page.locator("#queue").get_by_role("status")).to_have_text("“Cheese” is now number 2 of 3.")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Cheese", "Apple", "Bread"])
    expect(up).to_be_focused()
    expect(names(other)).to_have_text(["Cheese", "Apple", "Bread"])
    assert waiting(studio.workspace) == [runs[3], runs[1], runs[2]]

    out = page.get_by_role("button", name="Take out Apple")
    out.focus()
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Cheese", "Bread"])
    expect(page.get_by_role("button", name="Take out Bread")).to_be_focused()
    expect(names(other)).to_have_text(["Cheese", "Bread"])
    expect(other.locator("#runbar")).to_contain_text("2 waiting")
    assert runs[1].view().status == "discarded"

    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take out Cheese")).to_be_focused()  # the list has become shorter
    page.keyboard.press("Enter")
    expect(page.locator("#queue .ts-queue")).to_have_count(0)
    expect(page.get_by_role("tab", name="Live run")).to_be_focused()


def test_it_is_usable_by_everybody(studio: Studio, runs: list[Run], open_page: OpenPage, axe: str) -> None:
    for options in ({}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}):
        page = open_page(f"{studio.url}/?tab=train", **options)
        expect(names(page)).to_have_text(["Apple", "Bread", "Cheese"])
        page.evaluate(axe)
        found = page.evaluate("axe.run('#queue', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
        assert [rule["id"] for rule in found["violations"]] == []
        assert fits(page)
    EventLog(runs[0].events).write("busy", text="Another studio on this computer is training. It begins after that.")
    expect(page.locator("#runbar")).to_contain_text("Another studio on this computer is training.")
    assert fits(page), "the sentence in the run bar too"

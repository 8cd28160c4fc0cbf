"""The film of the answers in a real browser: questions are chosen, a run answers them, and the slider goes through."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.training.events import EventLog
from studio.training.film import FILM, read_film
from studio.training.run import Run, list_runs
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_page import start_run
from tests.conftest import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.browser]
HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>'


def test_the_slider_goes_through_the_answers_to_chosen_questions(
    studio: Studio, open_page: Callable[..., Page]
) -> None:
    page = open_page(studio.url)
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    unfold(page, "Questions to watch")
    field = page.get_by_label("Questions to watch (one a line)")
    field.fill("Where is my parcel?\n\nCan I return a lamp?")
    field.press("Tab")
    start_run(page, studio, "0.3")
    run = list_runs(studio.workspace)[0]
    assert run.recipe().watch == ["Where is my parcel?", "Can I return a lamp?"]
    wait_until(lambda: run.view().status == "finished", 240, "the run to finish")
    frames = read_film(run.folder)
    assert len(frames) > 2

    film = page.locator("#film")
    slider = film.get_by_role("slider")
    expect(film.get_by_role("heading", name="Where is my parcel?")).to_be_visible()
    expect(slider).to_have_attribute("max", str(len(frames) - 1))
    expect(slider).to_have_value(str(len(frames) - 1))  # who stands at the newest follows
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", f"Before training, Loss on check rows {first_loss(run):.2f}")
    expect(film.locator("dd").first).to_contain_text(frames[0].answers[0].answer.strip() or "(nothing)")
    expect(film.locator(".ts-film-answers ins")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(film.locator("output")).to_contain_text(f"Step {frames[1].step}")
    expect(slider).to_be_focused()

    film.get_by_role("button", name="Play").click()
    expect(film.get_by_role("button", name="Hold here")).to_have_attribute("aria-pressed", "true")
    expect(slider).to_have_value(str(len(frames) - 1))
    expect(film.get_by_role("button", name="Play")).to_be_visible()

    last = frames[-1]
    told = [{"prompt": HOSTILE, "expected": HOSTILE, "answer": HOSTILE, "cut": False}]
    EventLog(run.folder / FILM).write("frame", step=last.step, seconds=0.1, answers=told)
    page.reload()
    open_tab(page, "Train")
    page.get_by_role("tab", name="Live run").click()
    expect(film.locator(".ts-film-answers dd").last).to_have_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert film.locator("img, script").count() == 0

    page.get_by_role("tab", name="Set up").click()
    unfold(page, "Questions to watch")
    expect(field).to_have_value("Where is my parcel?\n\nCan I return a lamp?")


def first_loss(run: Run) -> float:
    return run.view().series["validation"][0][1]

"""History on the page: runs are found again, named, tagged, put away, deleted, compared and taken as a beginning."""

import re
import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.datasets.store import SAMPLES, add_file
from studio.training.about import say_about
from studio.training.events import EventLog
from studio.training.queue import queue_lock
from studio.training.run import Run, create_run, list_runs
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_accessibility import violations
from tests.conftest import chat_steps, wait_until
from tests.training.test_copying import comparable, started

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenPage = Callable[..., Page]
RATE = "Size of each correction (learning rate)"


def made_run(
    studio: Studio, name: str, end: float, start: str = "", left_out: tuple[int, ...] = (), **settings: object
) -> Run:
    """A run that has ended, with curves that fall to `end`; it has learned nothing."""
    dataset = add_file(studio.workspace, SAMPLES[0].path)
    recipe = started(
        studio.workspace,
        "sft",
        "balanced",
        {"max_steps": 3, "max_length": 96, **settings},
        name=name,
        dataset_id=dataset.id,
        steps=chat_steps(left_out=list(left_out)),
        start=start,
    )
    with queue_lock(studio.workspace, timeout=-1):  # or the server has a worker begin with it
        run = create_run(studio.workspace, recipe)
        log = EventLog(run.events)
        log.write("phase", text="Loading the model")
        log.write("plan", steps=20, epochs=1, rows={"train": 80, "check": 8, "test": 20})
        for step in range(1, 21):
            log.write("step", step=step, epoch=step / 20, loss=end + 1 / step, learning_rate=1e-4)
            if step % 5 == 0:
                log.write("check", step=step, loss=end + 1.2 / step)
        run.adapter.mkdir()
        (run.adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 4, "lora_alpha": 8}')
        (run.adapter / "result.json").write_text('{"task": "causal", "weights": "full", "head": {}}')
        (run.adapter / "weights").write_bytes(b"1" * 2_000_000)
        log.write(
            "finished", result={"test_loss_before": 3.1, "test_loss_after": end, "test_rows": 20, "kept_step": 20}
        )
    return run


@pytest.fixture
def runs(studio: Studio) -> Iterator[list[Run]]:
    """Two runs on the same rows, and one that goes on from the first on others; the last is the newest."""
    for old in list_runs(studio.workspace):
        wait_until(lambda old=old: not old.has_process(), 120, "the end of a run that an earlier test began")
        shutil.rmtree(old.folder)
    first = made_run(studio, "Returns helper", 1.5, rank=4, alpha=8, learning_rate=3e-4)
    time.sleep(1.1)  # a run's name begins with the second
    second = made_run(studio, "Sales helper", 1.9, rank=4, alpha=8, learning_rate=1e-4)
    time.sleep(1.1)
    yield [first, second, made_run(studio, "Further", 1.2, first.id, (3,), rank=4, alpha=8, learning_rate=2e-4)]


def history(page: Page) -> Page:
    open_tab(page, "Train")
    open_tab(page, "History")
    expect(page.locator("#run-details")).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator("#history tbody tr:visible").filter(has=page.locator(".ts-run-name", has_text=name))


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#about-{name}").locator("input, textarea")


def pick(page: Page, name: str) -> None:
    row(page, name).get_by_role("button", name=name).click()
    expect(page.locator("#run-facts h2")).to_have_text(name)


def test_a_run_is_named_tagged_noted_and_found_again(studio: Studio, open_page: OpenPage, runs: list[Run]) -> None:
    page = history(open_page(studio.url))
    pick(page, "Returns helper")
    field(page, "name").fill("The good one")
    field(page, "tags").fill("shop, to show")
    field(page, "note").fill("Learned from the winter rows.")
    page.locator("#save-about").click()
    expect(page.locator("#history-said")).to_contain_text("Saved")
    expect(row(page, "The good one")).to_contain_text("to show")
    expect(row(page, "Further")).to_contain_text("The good one, trained further")
    page.locator("#open-live").click()
    expect(page.locator("#live-head h1")).to_have_text("The good one")
    open_tab(page, "History")

    search = page.get_by_role("searchbox", name="Search runs by name")
    for words, found in (("winter", 1), ("sales", 1), ("helper", 1), ("good shop", 1), ("nowhere", 0), ("", 3)):
        search.fill(words)
        expect(page.locator("#history tbody tr:visible")).to_have_count(found)
        expect(page.locator(".ts-run-count")).to_have_text(f"{found} of 3 runs")
    page.locator("#run-tools [data-filter=tags]").select_option("shop")
    expect(page.locator("#history tbody tr:visible")).to_have_count(1)
    page.locator("#run-tools [data-filter=tags]").select_option("")

    page.reload()
    history(page)
    expect(row(page, "The good one")).to_contain_text("shop")
    pick(page, "The good one")
    expect(field(page, "tags")).to_have_value("shop, to show")
    expect(field(page, "note")).to_have_value("Learned from the winter rows.")
    open_tab(page, "Compare")
    expect(page.locator("#tuned-answer")).to_contain_text("The good one")


def test_an_archived_run_is_out_of_sight_until_asked_for(studio: Studio, open_page: OpenPage, runs: list[Run]) -> None:
    page = history(open_page(studio.url))
    pick(page, "Sales helper")
    page.locator("#archive-run").click()
    expect(row(page, "Sales helper")).to_have_count(0)
    expect(page.locator(".ts-run-count")).to_have_text("2 of 3 runs, 1 archived")
    page.get_by_label("Show archived").check()
    expect(row(page, "Sales helper")).to_contain_text("archived")
    page.locator("#archive-run").click()
    expect(page.locator("#archive-run")).to_have_text("Archive")
    page.get_by_label("Show archived").uncheck()
    expect(row(page, "Sales helper")).to_have_count(1)


def test_a_run_is_deleted_after_a_question_and_not_while_another_stands_on_it(
    studio: Studio, open_page: OpenPage, runs: list[Run]
) -> None:
    page = history(open_page(studio.url))
    pick(page, "Returns helper")
    expect(page.locator("#delete-run")).to_be_disabled()
    expect(page.locator("#why-not-deleted")).to_contain_text("“Further” goes on from it")
    page.locator("#run-facts").get_by_role("button", name="Further").click()  # the lineage leads there
    expect(page.locator("#run-facts h2")).to_have_text("Further")
    expect(page.locator("#delete-run")).to_have_text("Delete (frees 2.0 MB)")
    page.locator("#delete-run").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("frees 2.0 MB and cannot be undone")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert runs[2].folder.is_dir()
    page.locator("#delete-run").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.locator("#history-said")).to_contain_text("2.0 MB are free again")
    expect(page.locator("#history tbody tr")).to_have_count(2)
    assert not runs[2].folder.exists()
    pick(page, "Returns helper")
    expect(page.locator("#delete-run")).to_be_enabled()


def test_ticked_runs_lie_over_one_another_and_show_only_what_differs(
    studio: Studio, open_page: OpenPage, runs: list[Run]
) -> None:
    page = history(open_page(studio.url))
    for name in ("Returns helper", "Sales helper"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    chart = page.locator("#overlay-chart .ts-plot")
    expect(chart.locator(".scatterlayer .trace")).to_have_count(2)
    expect(page.locator("#overlay-chart li")).to_have_text(["Returns helper", "Sales helper"])
    said = "Loss on check rows of 2 runs. Returns helper: 1.74 at first, 1.56 at step 20. Sales helper: 2.14 at first,"
    expect(chart).to_have_attribute("aria-label", re.compile(f"^{re.escape(said)}"))
    table = page.get_by_role("region", name="Settings that differ")
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(table.locator("tbody tr")).to_contain_text(RATE)
    expect(table.locator("tbody td")).to_have_text(["0.0003", "0.0001"])
    expect(page.locator("#setting-differences summary")).to_contain_text("the same in all")
    page.locator("#overlay-figure input").click()
    page.get_by_role("option", name="Learning rate").click()
    expect(chart).to_have_attribute("aria-label", re.compile("^Learning rate of 2 runs."))
    say_about(runs[0].folder, name="Called otherwise")  # on another page
    expect(page.locator("#overlay-chart li").first).to_have_text("Called otherwise")
    expect(page.get_by_role("checkbox", name="Compare Called otherwise")).to_be_checked()
    page.locator("#untick-all").click()
    expect(page.locator("#compare-runs")).to_be_hidden()


def test_settings_of_an_earlier_run_begin_a_new_one(studio: Studio, open_page: OpenPage, runs: list[Run]) -> None:
    page = history(open_page(studio.url))
    pick(page, "Sales helper")
    page.locator("#copy-settings").click()
    expect(page.locator("#copied-settings")).to_contain_text("The settings of “Sales helper” are filled in.")
    expect(page.get_by_label("Name of this run")).to_have_value("Sales helper again")
    expect(page.get_by_label(RATE)).to_have_value("0.0001")
    expect(page.locator("#start")).to_be_enabled()
    page.locator("#start").click()
    wait_until(lambda: len(list_runs(studio.workspace)) == 4, 60, "a new run")
    new = list_runs(studio.workspace)[0]
    assert new.name == "Sales helper again"
    assert comparable(new.recipe()) == comparable(runs[1].recipe())
    wait_until(lambda: not new.view().live and new.view().status != "waiting", 240, "its end")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_history_breaks_no_rule(
    studio: Studio, open_page: OpenPage, runs: list[Run], axe: str, scheme: str, width: int
) -> None:
    page = open_page(studio.url + "/?tab=train", color_scheme=scheme, viewport={"width": width, "height": 900})
    open_tab(page, "History")
    expect(page.locator("#run-details")).to_be_visible()
    for name in ("Returns helper", "Sales helper"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    expect(page.locator("#overlay-chart .scatterlayer .trace")).to_have_count(2)
    page.wait_for_timeout(1000)
    assert violations(page, axe) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{overflow} px too wide"


def test_a_run_is_opened_and_ticked_with_the_keyboard_alone(
    studio: Studio, open_page: OpenPage, runs: list[Run]
) -> None:
    page = history(open_page(studio.url))
    page.get_by_role("checkbox", name="Compare Sales helper").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Compare Sales helper")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sales helper", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#run-facts h2")).to_have_text("Sales helper")

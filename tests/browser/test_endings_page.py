"""A run that failed shows why and goes on at a press; a run at work can be paused; a report is really downloaded."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.training.checkpoints import seal
from studio.training.events import EventLog
from studio.training.queue import queue_lock, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.report import CONTENTS
from studio.training.run import Run, create_run, list_runs
from studio.workspace import write_json
from tests.browser.conftest import Studio, open_tab, unfold
from tests.conftest import wait_until

pytestmark = pytest.mark.slow
OpenPage = Callable[..., Page]
SECRET = "hf_" + "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD2"


@pytest.fixture
def make_recipe_here(studio: Studio, make_recipe: Callable[..., Path]):
    return lambda **settings: resolve(studio.workspace, load_recipe(make_recipe(**settings)))


def ended(studio: Studio, recipe: object, kind: str, points: tuple[int, ...] = (40,), **fields: object) -> Run:
    """A run that ended so at step 52 of 80, its best point at step 40, with points saved at these steps."""
    with queue_lock(studio.workspace, timeout=-1):  # or the server has a worker begin with it
        run = create_run(studio.workspace, recipe)  # type: ignore[arg-type]
        events = EventLog(run.events)
        events.write("plan", steps=80, epochs=1, rows={"train": 20, "check": 2, "test": 2})
        for step in range(1, 53):
            events.write("step", step=step, epoch=step / 80, loss=3 - step / 40, learning_rate=1e-4, grad_norm=1.0)
        events.write("check", step=40, loss=1.9)
        events.write(kind, **fields)
        run.log.write_text(f"logged in with {SECRET}\nthe last words\n")
        for step in points:
            point = run.checkpoints / f"checkpoint-{step}"
            point.mkdir(parents=True)
            (point / "weights").write_bytes(b"12345")
            seal(point, {})
    return run


def open_run(open_page: OpenPage, studio: Studio, run: Run) -> Page:
    (studio.workspace.home / "draft.json").unlink(missing_ok=True)
    page = open_page(f"{studio.url}/?tab=train")
    open_tab(page, "Live run")
    expect(page.locator("#live-head [data-run]")).to_have_attribute("data-run", run.id)
    return page


def test_a_failed_run_shows_its_cause_and_goes_on_once(
    studio: Studio, open_page: OpenPage, make_recipe_here: Callable[..., object]
) -> None:
    fields = {
        "message": "The training program ended without a word at step 52 of 80.",
        "hint": "Let it go on.",
        "cause": "killed",
        "evidence": "Its process (number 4711) is gone.",
        "last_line": "the last words",
    }
    run = ended(studio, make_recipe_here(), "failed", **fields)
    page = open_run(open_page, studio, run)
    status, ending = page.locator("#run-status"), page.locator("#run-ending")
    expect(status).to_contain_text("It was stopped from outside.")
    expect(ending).to_contain_text("Its process (number 4711) is gone.")
    expect(ending.get_by_text("the last words")).to_be_hidden()
    ending.get_by_text("The last line of its log").click()
    expect(ending.get_by_text("the last words")).to_be_visible()
    main = ending.locator(".ts-primary")
    expect(main).to_have_count(1)
    expect(main).to_have_text("Go on from step 40")
    main.dblclick()
    wait_until(lambda: '"asked"' in run.events.read_text(), 30, "the run to be asked to go on")
    expect(main).to_have_count(0)
    expect(page.locator("#run-log")).to_contain_text("Asked to go on")
    assert run.events.read_text().count('"asked"') == 1
    run.request_stop(keep=False)
    wait_until(lambda: not run.view().live and run.view().status != "waiting", 120, "the run to end")


def test_a_report_is_downloaded_after_its_contents_were_listed(
    studio: Studio, open_page: OpenPage, make_recipe_here: Callable[..., object], tmp_path: Path
) -> None:
    run = ended(studio, make_recipe_here(), "failed", message="ValueError: what", hint="Look.", cause="unknown")
    page = open_run(open_page, studio, run)
    page.locator("#run-ending").get_by_role("button", name="Save a report").click()
    dialog = page.get_by_role("dialog")
    for name in CONTENTS:
        expect(dialog).to_contain_text(name)
    expect(dialog).to_contain_text("Left out: your rows and answers")
    with page.expect_download() as started:
        dialog.get_by_role("button", name="Save the report").click()
    saved = tmp_path / "report.zip"
    started.value.save_as(saved)
    assert started.value.suggested_filename == f"report-{run.id}.zip"
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == list(CONTENTS)
        assert "ValueError" in archive.read("summary.txt").decode()
        log = archive.read("output.log").decode()
    assert SECRET not in log and "logged in with [key]" in log


def test_a_paused_run_says_where_and_can_be_thrown_away(
    studio: Studio, open_page: OpenPage, make_recipe_here: Callable[..., object]
) -> None:
    run = ended(studio, make_recipe_here(), "paused", points=(40, 52))
    page = open_run(open_page, studio, run)
    expect(page.locator("#run-status")).to_contain_text("Paused at step 52 of 80. Nothing is lost")
    buttons = page.locator("#run-ending button")
    expect(buttons).to_have_text(["Go on from step 52", "Keep the best point (step 40)", "Throw away", "Save a report"])
    buttons.get_by_text("Throw away").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Throw this run away?")
    dialog.get_by_role("button", name="Leave it as it is").press("Enter")
    assert run.view().status == "paused"
    buttons.get_by_text("Throw away").click()
    dialog.get_by_role("button", name="Throw away").click()
    expect(page.locator("#run-status")).to_contain_text("Nothing of it was kept")
    assert run.view().status == "discarded" and not run.checkpoints.exists()


def test_a_run_whose_settings_were_too_much_is_changed_in_set_up(
    studio: Studio, open_page: OpenPage, make_recipe_here: Callable[..., object]
) -> None:
    words = {"message": "The memory was not enough.", "hint": "Pick the preset “Low memory”.", "evidence": "8 GB."}
    run = ended(studio, make_recipe_here(rank=4), "failed", cause="out_of_memory", **words)
    write_json(run.folder / "fitted.json", {"checkpointing": True})
    page = open_run(open_page, studio, run)
    runs = len(list_runs(studio.workspace))
    expect(page.locator("#copied-settings")).not_to_contain_text("filled in")
    page.locator("#run-ending").get_by_role("button", name="Make it smaller in Set up").click()
    told = page.locator("#copied-settings")
    expect(told).to_be_visible()
    expect(told).to_contain_text("are filled in. Data, model, method and settings stand as they did at its end")
    expect(told).to_contain_text("Pick the preset “Low memory”.")
    expect(page.get_by_label("Name of this run")).to_have_value(f"{run.name} again")
    unfold(page, "Advanced")
    kept = page.get_by_label("Forget and recompute (gradient checkpointing)")
    expect(kept).to_be_checked()
    assert len(list_runs(studio.workspace)) == runs


@pytest.mark.parametrize("where", ["live run", "run bar"])
def test_a_run_at_work_is_asked_to_pause(
    studio: Studio, open_page: OpenPage, make_recipe_here: Callable[..., object], where: str
) -> None:
    run = submit(studio.workspace, make_recipe_here(max_steps=4000))  # type: ignore[arg-type]
    wait_until(lambda: run.view().step >= 2, 120, "the first steps")
    page = open_run(open_page, studio, run)
    if where == "live run":
        page.locator("#pause-run").click()  # without a question: nothing is lost
    else:
        page.locator("#runbar-stop").click()
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    wait_until(lambda: run.stop_requested() == "pause", 30, "the request to pause")
    wait_until(lambda: not run.view().live, 120, "the run to end")
    assert json.loads(run.events.read_text().splitlines()[-1])["kind"] in ("paused", "stopped")

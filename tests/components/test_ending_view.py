"""What a paused or failed run says on the page, and what a press of one of its buttons does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components import ending_view
from studio.errors import StudioError
from studio.training.checkpoints import seal
from studio.training.events import EventLog
from studio.training.recipe import load_recipe, resolve
from studio.training.run import BAD_BATCH, Run, create_run
from studio.workspace import Workspace, write_json


@pytest.fixture
def make_run(workspace: Workspace, make_recipe: Callable[..., Path]) -> Callable[..., Run]:
    recipe = resolve(workspace, load_recipe(make_recipe()))

    def make(*points: int, kind: str = "paused", **fields: str) -> Run:
        run = create_run(workspace, recipe)
        log = EventLog(run.events)
        log.write("plan", steps=80, epochs=1, rows={"train": 20, "check": 2, "test": 2})
        log.write("step", step=52, epoch=0.5, loss=2.0)
        log.write(kind, **fields)
        for step in points:
            folder = run.checkpoints / f"checkpoint-{step}"
            folder.mkdir(parents=True)
            (folder / "weights").write_bytes(b"12345")
            seal(folder, {})
        return run

    return make


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((40, 52), "Nothing is lost: it goes on from there"),
        ((40,), "What was saved last is step 40"),
        ((), "Nothing had been saved yet, so it begins again from the start."),
    ],
)
def test_a_pause_promises_no_more_than_was_saved(make_run: Callable[..., Run], points: tuple, words: str) -> None:
    run = make_run(*points)
    said = ending_view.status(run, run.view())
    assert "Paused at step 52 of 80." in said and words in said


def test_a_failure_has_one_main_button_and_its_words_are_safe(make_run: Callable[..., Run]) -> None:
    told = {"message": "<em>It broke", "hint": "<i>Mend", "cause": "killed", "evidence": "<u>7", "last_line": "<s>snap"}
    run = make_run(kind="failed", **told)
    drawn = ending_view.status(run, run.view()) + ending_view.draw(run, run.view())
    assert drawn.count('class="ts-primary"') == 1
    assert not any(mark in drawn for mark in ("<em>", "<i>", "<u>", "<s>"))
    assert "&lt;u&gt;7" in drawn and "&lt;s&gt;snap" in drawn


def test_no_title_is_said_twice(make_run: Callable[..., Run]) -> None:
    run = make_run(kind="failed", message="The memory was not enough.", hint="Make it smaller.", cause="out_of_memory")
    said = ending_view.status(run, run.view())
    assert said.count("The memory was not enough.") == 1 and "Make it smaller." in said


def test_a_run_that_goes_well_shows_nothing_here(make_run: Callable[..., Run]) -> None:
    run = make_run(kind="finished", result={})
    assert ending_view.draw(run, run.view()) == "" and ending_view.status(run, run.view()) == ""


def test_an_action_that_nobody_offers_is_refused(make_run: Callable[..., Run]) -> None:
    with pytest.raises(StudioError, match="cannot be done"):
        ending_view.act(make_run(), "delete everything")


NOT_A_NUMBER = {
    "message": "The loss stopped being a number at step 53.",
    "hint": "Start again.",
    "cause": "not_a_number",
    "evidence": "At step 53 the value was nan.",
}


def test_the_examples_that_led_it_astray_can_be_looked_at(make_run: Callable[..., Run]) -> None:
    run = make_run(40, kind="failed", **NOT_A_NUMBER)
    assert "example" not in ending_view.draw(run, run.view())
    write_json(run.folder / BAD_BATCH, {"step": 53, "what": "loss", "rows": ["<b>a row</b>", "another"]})
    drawn = ending_view.draw(run, run.view())
    assert "The 2 examples of step 53, as the model read them" in drawn
    assert "&lt;b&gt;a row&lt;/b&gt;" in drawn and "<b>a row" not in drawn

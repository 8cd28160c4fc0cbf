"""History as HTML: a row for each run, where it comes from, and several beside one another."""

from typing import Any

import pytest

from components import history_facts, history_overlay, history_table
from components.charts import thin
from studio.training.about import say_about
from studio.training.events import EventLog
from studio.training.recipe import DataPart, Recipe
from studio.training.removal import removal
from studio.training.run import Run, create_run
from studio.training.view import RunView
from studio.workspace import Workspace
from tests.training.test_chain import kept_run

RESULT = {"test_loss_before": 3.104, "test_loss_after": 1.5, "test_rows": 20}


def drawn(run: Run, on_show: str = "") -> str:
    return history_table.draw([(run, run.view())], on_show)


def with_curve(workspace: Workspace, name: str, steps: int, **result: Any) -> Run:
    run = create_run(workspace, Recipe(name=name, data=DataPart()))
    log = EventLog(run.events)
    log.write("plan", steps=steps, epochs=1, rows={"train": 4, "check": 2, "test": 2})
    for step in range(1, steps + 1):
        log.write("step", step=step, epoch=1, loss=2 / step)
        log.write("check", step=step, loss=3 / step)
    log.write("finished", result=result)
    return run


def test_what_a_person_wrote_cannot_become_part_of_the_page(workspace: Workspace) -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    run = create_run(workspace, Recipe(name=evil, data=DataPart(), goal=evil))
    say_about(run.folder, tags=["<b>tag</b>"], note=evil)
    facts = history_facts.draw(run, run.view(), removal(run, run.view()))
    other = with_curve(workspace, evil, 2)
    beside = history_overlay.differences([run, other], *history_overlay.compared([run, other]))
    for page in (drawn(run), facts, beside):
        assert "<img" not in page and "<b>tag" not in page
        assert "&lt;" in page


def test_a_row_says_before_and_after_on_test_rows_else_the_best_on_check_rows(workspace: Workspace) -> None:
    assert "3.10 → 1.50" in drawn(with_curve(workspace, "Tested", 3, **RESULT))
    assert "20 test rows" in drawn(with_curve(workspace, "Tested", 3, **RESULT))
    untested = drawn(with_curve(workspace, "Untested", 3))
    assert "<b>1.00</b>" in untested and "best on check rows" in untested
    waiting = drawn(create_run(workspace, Recipe(name="Waiting", data=DataPart())))
    assert "none yet" in waiting and "not started" in waiting


def test_a_row_is_found_by_name_tag_note_model_and_method(workspace: Workspace) -> None:
    run = kept_run(workspace, "Returns helper")
    say_about(run.folder, name="The Good One", tags=["Shop"], note="Winter rows")
    words = drawn(run).split('data-words="')[1].split('"')[0]
    for word in ("the good one", "shop", "winter", "smollm2", "learn from examples"):
        assert word in words, words
    assert 'data-tags="Shop"' in drawn(run)


def test_the_table_is_drawn_anew_only_when_something_of_it_changed(workspace: Workspace) -> None:
    run = with_curve(workspace, "Returns helper", 3)

    def stamp() -> str:
        return history_table.stamp([(run, run.view())], run.id)

    before = stamp()
    assert stamp() == before
    say_about(run.folder, tags=["new"])
    assert stamp() != before
    assert history_table.stamp([(run, run.view())], "") != stamp()


def test_the_lineage_leads_to_each_run_before_and_after(workspace: Workspace) -> None:
    first = kept_run(workspace, "First")
    second = kept_run(workspace, "Second", start=first.id)
    third = kept_run(workspace, "Third", start=second.id)
    page = history_facts.lineage(second)
    assert page.index("SmolLM2") < page.index("First") < page.index("Second") < page.index("What stands on it")
    assert f'data-run="{first.id}"' in page and f'data-run="{third.id}"' in page
    assert "It goes on from it." in page


@pytest.mark.parametrize("status", ["waiting", "discarded", "failed", "paused", "finished"])
def test_the_question_before_deleting_says_what_is_lost_and_what_is_freed(workspace: Workspace, status: str) -> None:
    run = kept_run(workspace, "First")
    found = removal(run, run.view())
    words = history_facts.lost(RunView(status=status), found)
    assert "This frees" in words and "cannot be undone" in words
    assert len(words.split(".")) >= 3


def test_figures_that_two_runs_share_are_offered_and_the_others_are_said_to_be_missing(workspace: Workspace) -> None:
    one, other = with_curve(workspace, "One", 4), with_curve(workspace, "Other", 700)
    third = create_run(workspace, Recipe(name="Waiting", data=DataPart()))
    pairs = [(run, run.view()) for run in (one, other, third)]
    offered = history_overlay.shared(pairs)
    assert list(offered) == ["validation", "loss"]
    chart = history_overlay.chart(pairs, "validation", offered["validation"])
    assert [line["name"] for line in chart["lines"]] == ["One", "Other", "Waiting"]
    assert chart["lines"][0]["y"] == [3.0, 1.5, 1.0, 0.75]
    assert len(chart["lines"][1]["x"]) <= history_overlay.POINTS
    assert chart["lines"][1]["x"] == [
        step for step, _ in thin(pairs[1][1].series["validation"], history_overlay.POINTS)
    ]
    assert "Waiting: not measured." in chart["sentence"]
    assert history_overlay.shared([pairs[2], pairs[2]]) == {}

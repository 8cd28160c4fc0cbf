"""What a person did to the rows stays, whatever else is chosen on the Data tab."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.data_choice import Choice, alter, kept_steps
from components.data_hand import Hand
from components.data_reading import Reading
from components.data_shares import Shares
from components.data_sources import Sources
from components.data_wiring import Values
from components.data_xray import Examiner
from components.health_view import Report, Stage, draw
from components.health_watch import Watch
from studio.datasets.fixing import Fix
from studio.datasets.inspection import Inspector
from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, prepare
from studio.datasets.xray import XRay
from studio.workspace import Workspace
from tests.conftest import chat_steps


@pytest.fixture
def reading(workspace: Workspace) -> Iterator[Reading]:
    xray, inspector = XRay(workspace), Inspector(workspace)
    yield Reading(workspace, Examiner(xray, inspector), Watch(inspector), lambda path: None)
    xray.close()
    inspector.close()


@pytest.fixture
def choice(workspace: Workspace, reading: Reading, make_csv: Callable[..., Path], tiny_model: Path) -> Choice:
    dataset = add_file(workspace, make_csv(40))
    roles = ("question", "answer", None, None, None, None)
    choice = Choice(dataset.id, "prompt_reply", roles, "", "", row=3, model=str(tiny_model), limit=64)
    reading.open(choice, dataset.id)
    return choice


def kept(workspace: Workspace, choice: Choice) -> DataSteps:
    steps = kept_steps(workspace, choice.dataset or "")
    assert steps is not None
    return steps


def test_a_look_that_began_before_a_refusal_does_not_unsay_it(
    reading: Reading, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = reading.examine(choice)
    slow = reading.examine

    def examined_late(choice: Choice) -> Values:
        found = slow(choice)
        wrong = replace(choice, roles=("question", "question", None, None, None, None))
        assert "both taken from" in reading.read(wrong)["columns_problem"]
        return found

    monkeypatch.setattr(reading, "examine", examined_late)
    assert set(reading.look_again(replace(choice, data=said["data"]))) == {"waiting"}


def test_a_look_never_says_again_whether_the_rows_can_be_used(reading: Reading, choice: Choice) -> None:
    said = reading.examine(choice)
    looked = reading.look_again(replace(choice, data=said["data"]))
    assert looked and not set(looked) & {"columns_problem", "data", "usable", "unused", "next", "next_note"}


def test_other_shares_and_columns_take_no_handwork_away(workspace: Workspace, reading: Reading, choice: Choice) -> None:
    hand = Hand(reading)
    hand.leave_out(choice)
    hand.edit(replace(choice, row=5), "", "")  # refused: nothing is learned from empty texts
    question = prepare(workspace, reading_dataset(workspace, choice), kept(workspace, choice)).row(5)
    assert not question.empty
    hand.edit(replace(choice, row=5), "Where is my cup number 4?", "Another answer.")
    Shares(reading).divide(replace(choice, test=9.0))
    reading.read(replace(choice, system="Be kind."))
    steps = kept(workspace, choice)
    assert steps.left_out == [3] and steps.split.test == 9 and steps.mapping.system == "Be kind."
    assert [(edit.row, edit.prompt, edit.reply) for edit in steps.edits] == [(5, None, "Another answer.")]


def test_a_switch_made_while_other_columns_are_looked_at_stays(
    workspace: Workspace, reading: Reading, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = reading.examiner.version

    def look_while_a_switch_is_made(*asked: Any) -> Any:
        alter(workspace, choice.dataset or "", lambda now: now.model_copy(update={"fixes": [Fix(name="spaces")]}))
        return look(*asked)

    monkeypatch.setattr(reading.examiner, "version", look_while_a_switch_is_made)
    reading.read(replace(choice, system="Be kind."))
    assert kept(workspace, choice).mapping.system == "Be kind."
    assert [fix.name for fix in kept(workspace, choice).fixes] == ["spaces"]


def reading_dataset(workspace: Workspace, choice: Choice):
    from studio.datasets.store import load_dataset

    return load_dataset(workspace, choice.dataset or "")


def test_a_row_that_was_changed_can_be_left_out_and_come_back(
    workspace: Workspace, reading: Reading, choice: Choice
) -> None:
    hand = Hand(reading)
    hand.edit(choice, "Where is my rug number 2?", "Other words.")
    hand.leave_out(choice)
    assert kept(workspace, choice).left_out == [3]
    hand.leave_out(choice)
    version = prepare(workspace, reading_dataset(workspace, choice), kept(workspace, choice))
    assert "Other words." in version.row(3)["messages"].iloc[0]


def test_a_row_that_is_not_there_is_not_changed(workspace: Workspace, reading: Reading, choice: Choice) -> None:
    hand = Hand(reading)
    hand.leave_out(choice)
    shown = hand.edit(choice, "a", "b")
    assert "left out" in shown["hand_problem"] and kept(workspace, choice).edits == []


def test_a_dataset_that_cannot_be_read_leaves_no_steps_of_another(
    workspace: Workspace, reading: Reading, choice: Choice, tmp_path: Path
) -> None:
    path = tmp_path / "holes.csv"
    path.write_text("question,answer\nonly this,\n,only that\n")
    shown = Sources(reading).bring(choice, str(path))
    assert shown["data"] == "" and "can be used" in shown["columns_problem"]


def test_checks_that_broke_off_give_no_score(workspace: Workspace, choice: Choice) -> None:
    version = prepare(workspace, reading_dataset(workspace, choice), chat_steps())
    drawn = draw(Report(3, Stage(trouble="It broke."), None), version, {}, {})
    assert "It broke." in drawn and "of 100" not in drawn and "came back clean" not in drawn


def test_a_look_that_began_before_a_click_takes_nothing_back(
    workspace: Workspace, reading: Reading, choice: Choice
) -> None:
    before = kept(workspace, choice)
    Hand(reading).leave_out(choice)
    reading.show(reading_dataset(workspace, choice), before, choice)  # what a tick does that read the steps earlier
    assert kept(workspace, choice).left_out == [3]


def test_numbers_that_will_not_do_are_said_beside_the_shares(
    workspace: Workspace, reading: Reading, choice: Choice
) -> None:
    before = kept(workspace, choice)
    for wrong in (-3.0, 1.5, 4000.0):
        shown = Shares(reading).divide(replace(choice, test=wrong))
        assert set(shown) == {"shares_problem"} and "ts-problem" in shown["shares_problem"]
    assert kept(workspace, choice) == before


def test_many_rows_whose_new_steps_fail_come_back_as_they_were(
    workspace: Workspace, reading: Reading, choice: Choice, make_csv: Callable[..., Path]
) -> None:
    large = replace(choice, dataset=add_file(workspace, make_csv(2500)).id)
    shown = until(lambda: reading.open(large, large.dataset), "usable")
    before = kept(workspace, large)
    shown = Shares(reading).divide(replace(large, data=shown["data"], test=99_999))
    assert "being prepared" in shown["next_note"]
    waiting = replace(large, data=shown["data"])
    shown = until(lambda: reading.look_again(waiting), "shares_problem")
    assert "99,999 test rows" in shown["shares_problem"] and shown["usable"].visible
    assert kept(workspace, large) == before


def until(look: Callable[[], Values], name: str) -> Values:
    """Look again and again, as the page does, until a part is among what is shown."""
    end = time.monotonic() + 60
    while name not in (shown := look()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return shown


def test_a_click_does_not_stop_the_page_from_waiting_for_a_file(
    workspace: Workspace, reading: Reading, choice: Choice
) -> None:
    sources = Sources(reading)
    begun = sources.paste(choice, '[{"question": "a", "answer": "b"}, {"question": "c", "answer": "d"}]')
    assert begun["coming"].active
    clicked = reading.step(1, choice)
    assert clicked["row"] == 4 and "coming" not in clicked
    shown = until(lambda: sources.wait(choice, sources.job), "found")
    assert not shown["coming"].active


def test_a_template_without_its_brace_is_a_problem_on_the_page(
    workspace: Workspace, reading: Reading, choice: Choice
) -> None:
    shown = reading.read(replace(choice, roles=("About {question", "answer", None, None, None, None)))
    assert "brace" in shown["columns_problem"] and shown["data"] == ""


def test_rows_that_could_not_be_taken_in_stay_where_they_were_pasted(reading: Reading, choice: Choice) -> None:
    sources = Sources(reading)
    shown = sources.paste(choice, '[{"question": "a"},]')
    assert "pasted" not in shown
    shown = until(lambda: sources.wait(choice, sources.job), "drop_problem")
    assert "ts-problem" in shown["drop_problem"] and "pasted" not in shown

"""The film as the page gets it: what changed from check to check, and what is said while there is none."""

from pathlib import Path

import pytest

from components import film_view, watch_part
from components.film_view import MOST_FRAMES, changes, film, mark_of
from studio.errors import StudioError
from studio.training.events import EventLog
from studio.training.film import FILM, Answer
from studio.training.run import Run
from studio.training.view import RunView

HOSTILE = '<img src=x onerror="alert(1)"></script><script>alert(2)</script>'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "run").mkdir()
    return Run(tmp_path / "run")


def frame(run: Run, step: int, *answers: str, cut: bool = False) -> None:
    told = [
        {"prompt": f"Question {i}", "expected": "Soon.", "answer": text, "cut": cut} for i, text in enumerate(answers)
    ]
    EventLog(run.folder / FILM).write("frame", step=step, seconds=0.1, answers=told)


def at(step: int, status: str = "running", checks: int = 4) -> RunView:
    view = RunView(status=status, step=step, steps=100, rows={"train": 9, "check": checks, "test": 2})
    view.series["validation"] = [(0, 3.0), (10, 2.5), (20, 2.0)]
    return view


def change(before: str, now: str, before_cut: bool = False, now_cut: bool = False) -> list[list[str]]:
    return changes(Answer("", "", now, now_cut), Answer("", "", before, before_cut))


def test_what_changed_is_marked_word_by_word() -> None:
    pieces = change("It is on my way today", "It is on its way to you")
    assert pieces == [["", "It is on "], ["-", "my "], ["+", "its "], ["", "way "], ["-", "today "], ["+", "to you"]]


def test_an_answer_that_stayed_the_same_has_no_marks() -> None:
    assert change("Your mug is\non its way.", "Your mug is\non its way.") == [["", "Your mug is\non its way."]]


def test_the_pieces_are_the_whole_answer() -> None:
    for now in ("", "one", "  two  words\n", "It is on its way"):
        pieces = change("It was on the way", now)
        assert "".join(text for kind, text in pieces if kind != "-") == now


def test_that_more_or_less_was_cut_off_is_no_change() -> None:
    assert change("one two three four", "one two", now_cut=True) == [["", "one two"]]
    assert change("one two three four", "one two") == [["", "one two"], ["-", " three four "]]
    assert [kind for kind, _ in change("one two", "one two three", before_cut=True)] == ["", ""]
    assert "+" in [kind for kind, _ in change("one two", "one two three")]


def test_each_check_tells_its_step_and_its_figure(run: Run) -> None:
    for step, words in ((0, "blue blue"), (10, "It is"), (20, "It is here")):
        frame(run, step, words)
    shown = film(run, at(20))
    assert [one["where"] for one in shown["frames"]] == ["Before training", "Step 10", "Step 20"]
    assert [one["figure"] for one in shown["frames"]][-1] == "Loss on check rows 2.00"
    assert shown["questions"] == [{"prompt": "Question 0", "expected": "Soon."}]
    assert shown["frames"][0]["answers"][0]["pieces"] == [["", "blue blue"]]
    assert shown["frames"][2]["answers"][0]["pieces"] == [["", "It is "], ["+", "here"]]
    assert shown["words"] == ""


def test_a_question_that_is_not_asked_any_more_keeps_its_place(run: Run) -> None:
    frame(run, 0, "a", "b")
    frame(run, 10, "c")
    shown = film(run, at(10))
    assert len(shown["questions"]) == 2
    assert shown["frames"][1]["answers"][1] is None


def test_steps_that_were_taken_back_are_not_shown(run: Run) -> None:
    for step in (0, 10, 20):
        frame(run, step, f"at {step}")
    before = mark_of(run, at(20))
    view = at(10)
    view.resumed_at = 10
    assert [one["step"] for one in film(run, view)["frames"]] == [0, 10]
    assert mark_of(run, view) != before


def test_the_film_is_not_sent_again_for_every_step(run: Run) -> None:
    frame(run, 0, "a")
    before = mark_of(run, at(11))
    assert mark_of(run, at(12)) == before
    frame(run, 20, "b")
    assert mark_of(run, at(20)) != before


def test_of_a_long_film_the_first_and_the_last_are_there(run: Run) -> None:
    for step in range(150):
        frame(run, step, f"at {step}")
    steps = [one["step"] for one in film(run, at(150))["frames"]]
    assert len(steps) == MOST_FRAMES and (steps[0], steps[-1]) == (0, 149)


def test_without_frames_it_says_why(run: Run) -> None:
    assert film(run, at(0, checks=0))["words"] == film_view.NO_CHECKS
    assert film(run, at(0))["words"] == film_view.SOON
    assert film(run, at(20, "finished"))["words"] == film_view.NEVER


def test_answers_travel_as_text_and_never_as_part_of_the_page(run: Run) -> None:
    frame(run, 0, HOSTILE)
    assert film(run, at(0))["frames"][0]["answers"][0]["pieces"] == [["", HOSTILE]]
    assert "${" not in film_view.TEMPLATE and "{{" not in film_view.TEMPLATE


def test_questions_to_watch_are_lines_with_words() -> None:
    assert watch_part.questions("  Where is it?\n\n And when? \n") == ["Where is it?", "And when?"]
    assert watch_part.questions("") == watch_part.questions(None) == []
    with pytest.raises(StudioError, match="6 questions"):
        watch_part.questions("\n".join("abcdef"))
    with pytest.raises(StudioError, match=r"1,000 characters"):
        watch_part.questions("x" * 1001)

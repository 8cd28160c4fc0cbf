"""The film of a run is read as it was written, whatever was taken again or cut short."""

from pathlib import Path

from studio.training.events import EventLog
from studio.training.film import FILM, Answer, read_film


def log(folder: Path) -> EventLog:
    return EventLog(folder / FILM)


def frame(folder: Path, step: int, answer: str) -> None:
    told = {"prompt": "Where is it?", "expected": "", "answer": answer, "cut": False}
    log(folder).write("frame", step=step, seconds=0.5, answers=[told])


def said(folder: Path) -> list[tuple[int, str]]:
    return [(one.step, one.answers[0].answer) for one in read_film(folder)]


def test_without_a_film_there_are_no_frames(tmp_path: Path) -> None:
    assert read_film(tmp_path) == []


def test_frames_come_in_the_order_of_their_steps(tmp_path: Path) -> None:
    log(tmp_path).write("from", step=0)
    for step in (0, 10, 20):
        frame(tmp_path, step, f"at {step}")
    assert said(tmp_path) == [(0, "at 0"), (10, "at 10"), (20, "at 20")]
    assert read_film(tmp_path)[0].answers == (Answer("Where is it?", "", "at 0", False),)
    assert read_film(tmp_path)[0].seconds == 0.5


def test_what_was_taken_back_by_a_resume_is_gone_until_it_is_taken_again(tmp_path: Path) -> None:
    for step in (0, 10, 20, 30):
        frame(tmp_path, step, "first")
    log(tmp_path).write("from", step=10)
    assert said(tmp_path) == [(0, "first"), (10, "first")]
    frame(tmp_path, 10, "again")
    frame(tmp_path, 20, "again")
    assert said(tmp_path) == [(0, "first"), (10, "again"), (20, "again")]


def test_a_run_that_begins_once_more_begins_a_new_film(tmp_path: Path) -> None:
    frame(tmp_path, 0, "first")
    frame(tmp_path, 10, "first")
    log(tmp_path).write("from", step=0)
    frame(tmp_path, 0, "again")
    assert said(tmp_path) == [(0, "again")]


def test_a_frame_that_is_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    frame(tmp_path, 0, "whole")
    with (tmp_path / FILM).open("a") as file:
        file.write('{"at": 1, "kind": "frame", "step": 10, "ans')
    assert said(tmp_path) == [(0, "whole")]

"""One row in plain words: every kind of rows has some."""

import json

import numpy
import pytest

from components.row_view import draw
from components.xray_view import NOTES
from studio.datasets.rows import KINDS, new_rows

TURNS = json.dumps([{"role": "user", "content": "What is <b>it</b>?"}, {"role": "assistant", "content": "A lamp."}])
ANSWER = json.dumps([{"role": "assistant", "content": "A lamp."}])


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_every_kind_is_told_and_escaped(kind: str) -> None:
    rows = new_rows(
        numpy.array([3]), messages=[TURNS], chosen=[ANSWER], rejected=[ANSWER], text=["<b>it</b>"], label=["x"]
    )
    told = draw(3, rows, kind)
    assert "row 3" in told and "&lt;b&gt;it" in told and "<b>it" not in told


def test_a_row_that_is_left_out_says_so() -> None:
    assert "left out" in draw(3, new_rows(numpy.array([], dtype="int64")), "chat")


def test_notes_are_about_kinds_that_there_are() -> None:
    assert set(NOTES) <= set(KINDS)

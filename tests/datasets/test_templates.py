"""Prompts built out of several columns: what is filled in, what is refused, what is told while typing."""

import pandas
import pytest

from studio.datasets.paths import paths_in, pick, values_at
from studio.datasets.rows import unpack
from studio.datasets.templates import Preview, fields_of, preview, problems, render, render_all
from studio.errors import StudioError

ROW = {"title": "Lost parcel", "body": "Where is it?", "meta": '{"topic": "post", "tags": ["a", "b"]}'}


def test_fields_are_filled_in() -> None:
    assert render("Classify: {title}\n{ body }", ROW) == "Classify: Lost parcel\nWhere is it?"
    assert fields_of("{title} {body} {title}") == ["title", "body"]


def test_a_field_may_be_a_path_into_a_nested_cell() -> None:
    assert render("{meta.topic}, {meta.tags[1]}, {meta.nothing}.", ROW) == "post, b, ."


def test_doubled_braces_stand_for_themselves() -> None:
    assert render('{{"title": "{title}"}} and {{{body}}}', ROW) == '{"title": "Lost parcel"} and {Where is it?}'


def test_what_is_filled_in_is_never_read_as_a_template() -> None:
    assert render("{title}", {"title": "{body} {0.__class__} %s"}) == "{body} {0.__class__} %s"


@pytest.mark.parametrize("template", ["{title.__class__}", "{title.__class__.__mro__}", "{title!r}", "{title:>9}"])
def test_a_template_cannot_reach_into_objects(template: str) -> None:
    try:
        assert render(template, ROW) == ""
    except StudioError as error:
        assert "no column called" in error.message


def test_names_with_dots_and_colons_are_columns() -> None:
    assert render("{a.b} {c: d}", {"a": "{}", "a.b": "one", "c: d": "two"}) == "one two"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{titel}", "Did you mean “title”?"),
        ("{unheard of}", "The columns are: title, body, meta."),
        ("{title", "has no partner “}”"),
        ("title}", "has no partner “{”"),
        ("{}", "nothing between two braces"),
        ("no field", "every row would get the same text"),
        ('As {"a": 1}: {title}', "no column called"),
    ],
)
def test_a_wrong_template_gets_a_sentence(template: str, words: str) -> None:
    (problem,) = problems(template, list(ROW))
    assert words in problem
    with pytest.raises(StudioError):
        render_all(template, pandas.DataFrame([ROW]))


def test_a_right_template_has_no_problems() -> None:
    assert problems("{title} {meta.topic} {{}}", list(ROW)) == []


def test_a_row_whose_fields_are_all_empty_gives_nothing() -> None:
    frame = pandas.DataFrame({"a": ["x", "", " "], "b": ["", "y", ""]})
    assert render_all("<{a}|{b}>", frame) == ["<x|>", "<|y>", ""]


FRAME = pandas.DataFrame(
    {"title": ["One", " ", "Three", "Four"], "body text": ["1", "", "3", "4"], "meta": ['{"a": 5}'] * 4}
)


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("Sort {title}:\n{body text}\n", ["Sort One:\n1", "", "Sort Three:\n3"]),
        ("{title} {meta.a}", ["One 5", "5", "Three 5"]),
        ("title", ["One", "", "Three"]),
        ("meta.a", ["5", "5", "5"]),
    ],
)
def test_the_first_three_rows_are_shown_filled_in(template: str, texts: list[str]) -> None:
    assert preview(template, FRAME) == Preview(texts, [])
    assert preview(template, FRAME.head(0)) == Preview([], [])


def test_a_preview_is_what_the_rows_become() -> None:
    from studio.datasets.shapes import Mapping, apply

    columns = {"prompt": "Sort {title}: {body text}", "reply": "meta.a"}
    rows, left_out = apply(FRAME, Mapping(kind="chat", shape="prompt_reply", columns=columns))
    said = [unpack(messages)[0]["content"] for messages in rows["messages"]]
    assert [text for text in preview(columns["prompt"], FRAME).texts if text] == said[:2]
    assert [row.row for row in left_out] == [2]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Sort {Titel}", "There is no column called “Titel”. Did you mean “title”?"),
        ("{body_text}", "Did you mean “body text”?"),
        ("{BODY TEXT}", "Did you mean “body text”?"),
        ("{xyz}", "The columns are: title, body text, meta."),
        ("Sort {title", "has no partner"),
        ("Sort this", "names no column"),
        ("", "names no column"),
    ],
)
def test_what_is_wrong_is_said_in_place_of_a_preview(template: str, words: str) -> None:
    shown = preview(template, FRAME)
    assert shown.texts == [] and words in shown.problems[0]


def test_every_wrong_name_is_told_at_once() -> None:
    assert len(preview("{titel} {bodytext} {meta}", FRAME).problems) == 2


NESTED = pandas.DataFrame(
    {
        "title": ["One", "Two", "Three", "Four"],
        "meta": ['{"topic": "post", "note": "", "tags": ["a"]}'] * 3 + ['{"odd": {"late": "x"}}'],
    }
)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{title}: {meta.topc}", "nothing at “meta.topc” in any of the first 4 rows. Did you mean “meta.topic”?"),
        ("{meta.Topic}", "Did you mean “meta.topic”?"),
        ("{meta.topic.x}", "Did you mean “meta.topic”?"),
        ("meta.topc", "Did you mean “meta.topic”?"),
        ("{meta.tags[3]}", "Did you mean “meta.tags[0]”?"),
        ("{meta.absolutely_else}", "In “meta” there are: meta.topic,"),
        ("{title.size}", "nothing at “title.size” in any of the first 4 rows. “title” has nothing inside it."),
    ],
)
def test_a_path_that_leads_nowhere_is_told_beside_the_rows(template: str, words: str) -> None:
    shown = preview(template, NESTED)
    assert len(shown.texts) == 3
    (problem,) = shown.problems
    assert words in problem


@pytest.mark.parametrize("template", ["{meta.odd.late}", "{meta.note}", '{meta["topic"]}', "meta.tags[-1]", "{meta}"])
def test_a_path_that_leads_somewhere_in_any_row_or_is_only_empty_is_right(template: str) -> None:
    assert preview(template, NESTED).problems == []
    assert preview(template, NESTED.head(0)) == Preview([], [])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0].c", 1),
        ("a.b[-1]", "last"),
        ("a.inner.x", "y"),
        ('a["odd.key"]', 2),
        ("a.b-c d", 3),
        ("a.b[9]", None),
        ("a.missing.c", None),
        ("a.b.c", None),
        ("a..b", None),
        ("a[", None),
        ("a[" + "9" * 5000 + "]", None),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: object) -> None:
    cell = '{"b": [{"c": 1}, "last"], "inner": "{\\"x\\": \\"y\\"}", "odd.key": 2, "b-c d": 3}'
    assert pick({"a": cell}, path) == value


def test_lists_as_python_writes_them_and_nan_are_read() -> None:
    assert pick("[{'role': 'user', 'content': None}]", "[0].role") == "user"
    assert pick('{"a": NaN, "b": 1}', "b") == 1


def test_the_paths_of_a_column_are_listed_for_the_drop_down() -> None:
    frame = pandas.DataFrame({"m": ['[{"role": "user", "a.b": {"c": 1}}]', "not JSON", "[", ""]})
    paths = paths_in(frame, "m")
    assert {"m[0]", "m[-1].role", 'm[0]["a.b"].c'} <= set(paths)
    assert all(values_at(frame, path)[0] != "" for path in paths)  # type: ignore[index]


def test_a_value_that_is_not_text_becomes_its_json() -> None:
    frame = pandas.DataFrame({"m": ['{"n": 1.5, "t": true, "l": [1], "z": null}']})
    assert [values_at(frame, f"m.{key}") for key in "ntlz"] == [["1.5"], ["true"], ["[1]"], [""]]
    assert values_at(frame, "other.n") is None

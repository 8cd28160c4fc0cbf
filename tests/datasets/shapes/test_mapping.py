"""What holds for every shape: its roles, its refusals, and that no cell makes it fail."""

import json
import random

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.datasets.rows import COLUMNS, KINDS, change_texts, plain_texts, unpack
from studio.datasets.shapes import SHAPES, Mapping, apply, guess, roles_of
from studio.errors import StudioError

PAIR = {"prompt": "q", "reply": "a"}
FRAME = pandas.DataFrame({"q": ["What is it?"], "a": ["It is this."]})


def test_every_shape_gives_a_known_kind_and_explains_its_roles() -> None:
    for name, shape in SHAPES.items():
        assert name == shape.name and shape.kind in KINDS
        assert shape.title and shape.sentence.endswith(".")
        assert all(role.title and role.help.endswith(".") for role in roles_of(name))


def test_a_mapping_is_strict_and_survives_being_saved() -> None:
    mapping = Mapping(kind="chat", shape="prompt_reply", columns=PAIR, system="Be kind.")
    assert Mapping.model_validate_json(mapping.model_dump_json()) == mapping
    with pytest.raises(ValueError, match="colums"):
        Mapping.model_validate({"kind": "chat", "shape": "prompt_reply", "columns": {}, "colums": {}})
    assert all(field.description for field in (Mapping.model_fields[n] for n in ("kind", "shape", "columns", "group")))


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (Mapping(kind="chat", shape="nonsense", columns=PAIR), "no table layout called “nonsense”"),
        (Mapping(kind="label", shape="prompt_reply", columns=PAIR), "not “label”"),
        (Mapping(kind="chat", shape="prompt_reply", columns={"prompt": "q"}), "No column is chosen for “Answer”"),
        (Mapping(kind="chat", shape="prompt_reply", columns={**PAIR, "x": "q"}), "no place for “x”"),
        (Mapping(kind="chat", shape="prompt_reply", columns={"prompt": "q", "reply": "q"}), "both taken from “q”"),
        (Mapping(kind="chat", shape="prompt_reply", columns={"prompt": "q", "reply": "answer"}), "no column called"),
        (Mapping(kind="chat", shape="prompt_reply", columns={**PAIR, "prompt": "{q"}), "no partner"),
        (Mapping(kind="chat", shape="prompt_reply", columns=PAIR, group="who"), "no column called “who”"),
        (Mapping(kind="text", shape="plain_text", columns={"text": "q"}, system="Hi."), "no place for an instruction"),
    ],
)
def test_a_mapping_that_does_not_fit_gets_a_sentence(mapping: Mapping, words: str) -> None:
    with pytest.raises(StudioError) as caught:
        apply(FRAME, mapping)
    assert words in caught.value.message and caught.value.hint


def test_a_table_without_anything_to_learn_from_gets_no_guess() -> None:
    assert guess(pandas.DataFrame({"a": ["1", "2", "3"], "b": ["2024-01-01", "2024-01-02", "2024-01-03"]})) is None
    assert guess(FRAME.head(0)) is None
    assert guess(pandas.DataFrame()) is None


def test_an_empty_table_gives_empty_rows() -> None:
    rows, left_out = apply(FRAME.head(0), Mapping(kind="chat", shape="prompt_reply", columns=PAIR))
    assert list(rows.columns) == list(COLUMNS) and rows.empty and left_out == []


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["user", "gpt"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "from", "content", "value", "tool_calls", "name", "arguments", "text", "type", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
HOSTILE = [
    "[" * 500 + "]" * 500,
    '{"a":' * 300 + "1" + "}" * 300,
    "[" * 9000,
    '["\\ud800"]',
    "[1e999, 1" + "0" * 400 + "]",
]
MARKED = ["\n\nHuman: a\n\nAssistant: b", "Human:", "true", "1,5", "-", "\x00", "{", "}", "[{'role': b'user'}]"]
CELL = (
    st.text(max_size=20)
    | VALUE.map(json.dumps)
    | st.sampled_from(HOSTILE + MARKED)
    | st.text("[]{}\"',:rolefm", max_size=30)
)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_cell_makes_a_shape_fail(name: str, data: st.DataObject) -> None:
    roles = [role.name for role in roles_of(name)]
    cells = data.draw(st.lists(st.lists(CELL, min_size=len(roles), max_size=len(roles)), min_size=1, max_size=4))
    frame = pandas.DataFrame(cells, columns=roles, dtype="str")
    typed = {role.name: data.draw(st.sampled_from(["", ",", ";"])) for role in roles_of(name) if role.widget == "value"}
    mapping = Mapping(kind=SHAPES[name].kind, shape=name, columns={r: r for r in roles} | typed, system="")
    rows, left_out = apply(frame, mapping)
    assert set(rows["row"]) | {row.row for row in left_out} == set(range(1, len(frame) + 1))
    assert not set(rows["row"]) & {row.row for row in left_out}
    # What comes out can be read by whoever is next.
    plain_texts(rows, mapping.kind)
    change_texts(rows, str.upper)
    for column in ("messages", "tools", "chosen", "rejected"):
        assert all(isinstance(unpack(cell), list) for cell in rows[column])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5), st.randoms())
def test_guessing_never_fails_and_what_is_guessed_can_be_applied(cells: list[list[str]], dice: random.Random) -> None:
    names = dice.sample(["prompt", "reply", "chosen", "rejected", "messages", "label", "text", "score", "x{", ""], 3)
    frame = pandas.DataFrame(cells, columns=names, dtype="str")
    found = guess(frame, "table.csv")
    for mapping in [found.mapping, *found.others] if found else []:
        apply(frame, mapping)

"""Checks on what the rows say: copies, contradictions, empty, short and repeated answers, length, turns, leaks."""

from importlib import import_module

import numpy
import pytest

from studio.datasets.health.check import Check, Data, Found, Mended, NotComputed
from studio.datasets.rows import Messages, new_rows, pack, unpack

LONG = "The parcel left our store on Monday and should be with you by the end of this very week at the latest"


def check(name: str) -> Check:
    found: Check = import_module(f"studio.datasets.health.{name}").CHECK
    return found


def turns(*said: str) -> Messages:
    roles = ("user", "assistant")
    return [{"role": roles[place % 2], "content": text} for place, text in enumerate(said)]


def chats(*conversations: tuple[str, ...] | Messages, **more: object) -> Data:
    messages = [pack(turns(*one) if isinstance(one, tuple) else one) for one in conversations]
    return Data(new_rows(numpy.arange(1, len(messages) + 1), messages=messages), "chat", **more)  # type: ignore[arg-type]


def with_tools(data: Data, *names: str) -> Data:
    tools = [pack([{"type": "function", "function": {"name": name}}]) for name in names]
    return Data(data.rows.assign(tools=tools), data.kind)


def mended(name: str, data: Data) -> Mended:
    found = check(name).find(data)
    mend = check(name).mend
    assert found is not None and mend is not None
    return mend(data, found, None)


def positions(name: str, data: Data) -> list[int]:
    found = check(name).find(data)
    return [] if found is None else found.positions.tolist()


def found_in(name: str, data: Data) -> Found:
    found = check(name).find(data)
    assert found is not None
    return found


def test_exact_copies_are_the_same_to_the_letter() -> None:
    data = chats(("Where is it?", "Here."), ("Other", "Here."), ("Where is it?", "Here."), ("Where is it?", "There."))
    found = found_in("exact_copies", data)
    assert (found.positions.tolist(), found.groups) == ([2], [[0, 2]])
    assert found.examples == ["Row 1: “Where is it?” appears 2 times (again in row 3)."]
    kept = mended("exact_copies", data)
    assert kept.data.rows["row"].tolist() == [1, 2, 4] and kept.removed.tolist() == [2]
    assert check("exact_copies").find(kept.data) is None


@pytest.mark.parametrize("other", ["where IS it?", "Where  is it?", "Ｗhere is it?", "Where is it", "WHERE IS IT?"])
def test_what_differs_in_capitals_spaces_or_signs_is_a_near_copy_and_no_exact_one(other: str) -> None:
    data = chats(("Where is it?", "Here."), (other, "Here."))
    assert positions("exact_copies", data) == []
    assert positions("near_copies", data) == [1]


def test_rows_that_differ_in_what_is_judged_are_no_copies() -> None:
    rows = new_rows(numpy.arange(1, 4), messages=pack(turns("a", "b")), label=["true", "false", "true"])
    assert positions("exact_copies", Data(rows, "feedback")) == [2]


def test_of_near_copies_the_fuller_one_stays() -> None:
    data = chats(
        ("Where is my parcel?", LONG),
        ("Where is my parcel?", f"{LONG}, we promise"),
        ("Can I pay by card?", "Yes, by any of the usual ones, and in cash."),
    )
    kept = mended("near_copies", data)
    assert kept.data.rows["row"].tolist() == [2, 3]
    assert found_in("near_copies", data).examples == [
        "Row 1 is nearly the same as row 2: it has “…this very week at the latest” where that one has "
        "“…this very week at the latest, we promise”."
    ]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (f"{LONG}, {LONG}, dear Ann", f"{LONG}, {LONG}, dear Bob", ("dear Ann", "dear Bob")),
        (LONG.upper(), LONG, (LONG.upper()[:40], LONG[:40])),
    ],
)
def test_an_example_shows_where_near_copies_differ(one: str, other: str, differ: tuple[str, str]) -> None:
    (example,) = found_in("near_copies", chats(("Where is my parcel?", one), ("Where is my parcel?", other))).examples
    assert all(words in example for words in differ)


def test_near_copies_that_differ_in_spaces_only_are_said_to() -> None:
    found = found_in("near_copies", chats(("Where is  it?", "Here."), ("Where is it?", "Here.")))
    assert found.examples == ["Row 2 is the same as row 1 but for spaces and line breaks: “Where is it?”."]


def test_the_same_words_with_other_tools_are_no_near_copies() -> None:
    data = with_tools(chats(("Book a flight, please", LONG), ("Book a flight, please!", LONG)), "maps", "weather")
    assert positions("near_copies", data) == []
    same = with_tools(chats(("Book a flight, please", LONG), ("Book a flight, please!", LONG)), "maps", "maps")
    assert positions("near_copies", same) == [1]


def test_another_worse_answer_makes_another_pair() -> None:
    worse = [pack([{"role": "assistant", "content": text}]) for text in ("Ask somebody else.", "No idea, 12 days?")]
    ends = {"chosen": pack([{"role": "assistant", "content": LONG}]), "rejected": worse}
    rows = new_rows(numpy.arange(1, 3), messages=pack(turns("Where is my parcel?")), **ends)
    assert positions("near_copies", Data(rows, "preference")) == []


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("What can I do on a rainy Sunday with children?", LONG),
        ("Where is my parcel?", f"{LONG}, order 12"),
    ],
)
def test_another_question_or_number_is_no_near_copy(prompt: str, reply: str) -> None:
    assert positions("near_copies", chats(("Where is my parcel?", LONG), (prompt, reply))) == []


def test_exact_copies_are_not_counted_again_as_near_ones() -> None:
    assert positions("near_copies", chats(("Where?", LONG), ("Where?", LONG))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("We open at 9.", "We open at 10."),
        ("Yes, within a month of buying it.", "No, within a month of buying it."),
        ("Send it back and we pay you back.", "Only our partner in town can help here."),
    ],
)
def test_one_question_with_two_answers_is_a_contradiction(one: str, other: str) -> None:
    data = chats(
        ("When do you open, and can I return it?", one),
        ("Hello", "Hi"),
        ("when do you open and can I return it", other),
    )
    found = found_in("contradictions", data)
    assert (found.positions.tolist(), found.count) == ([0, 2], "1 question in 2 rows")
    assert "Rows 1 and 3" in found.examples[0] and one in found.examples[0]
    assert mended("contradictions", data).data.rows["row"].tolist() == [2]


def test_the_same_answer_in_other_words_is_no_contradiction() -> None:
    data = chats(
        ("Can I return it?", "Yes, within 30 days, of course."), ("Can I return it?", "Yes, of course, within 30 days!")
    )
    assert positions("contradictions", data) == []


def test_the_tools_and_the_instruction_are_part_of_what_is_asked() -> None:
    pair = [("Can you order a pizza?", "Sorry, I can only tell the weather."), ("Can you order a pizza?", "No, never.")]
    assert positions("contradictions", with_tools(chats(*pair), "weather", "maps")) == []
    assert positions("contradictions", with_tools(chats(*pair), "maps", "maps")) == [0, 1]
    told = [
        [{"role": "system", "content": f"You sell {what}."}, *turns(*one)] for what, one in zip("ab", pair, strict=True)
    ]
    assert positions("contradictions", chats(*told)) == []


def test_rows_with_the_same_tools_are_told_apart_from_those_with_others() -> None:
    data = chats(*[("Can you order a pizza?", answer) for answer in ("We open at 9.", "No.", "We open at 10.")])
    assert positions("contradictions", with_tools(data, "maps", "weather", "maps")) == [0, 2]


def test_two_long_answers_are_quoted_where_they_differ() -> None:
    data = chats(("When is it there?", f"{LONG}, on day 9"), ("When is it there?", f"{LONG}, on day 10"))
    (example,) = found_in("contradictions", data).examples
    assert "on day 9”" in example and "on day 10”" in example


def test_a_typing_mistake_does_not_hide_a_contradiction_but_another_word_is_another_question() -> None:
    question = "Could you please tell me how long the delivery of a {} to another country usually takes with you"
    answers = ("About 3 days.", "About 9 days.")
    pair = [(question.format(word), answer) for word, answer in zip(("package", "packege"), answers, strict=True)]
    assert positions("contradictions", chats(*pair)) == [0, 1]
    pair = [(question.format(word), answer) for word, answer in zip(("package", "letter"), answers, strict=True)]
    assert positions("contradictions", chats(*pair)) == []


@pytest.mark.parametrize(("one", "other"), [("What is 3 + 4?", "What is 3 * 4?"), ("Is 3.5 odd?", "Is 35 odd?")])
def test_a_sign_or_a_decimal_makes_another_question(one: str, other: str) -> None:
    assert positions("contradictions", chats((one, "It is 7."), (other, "It is 12."))) == []


def test_thumbs_preferences_labels_and_numbers_can_contradict_too() -> None:
    number = numpy.arange(1, 3)
    up_and_down = new_rows(number, messages=pack(turns("a", "b")), label=["true", "false"])
    ends = [pack([{"role": "assistant", "content": text}]) for text in ("good", "bad")]
    both = new_rows(number, messages=pack(turns("a")), chosen=ends, rejected=ends[::-1])
    labels = new_rows(number, text="the same text", label=["one", "two"])
    numbers = new_rows(numpy.arange(1, 5), text=["same", "same", "x", "y"], label=["1", "9", "2", "3"])
    close = new_rows(numpy.arange(1, 5), text=["same", "same", "x", "y"], label=["5.1", "5.2", "2", "9"])
    for rows, kind in ((up_and_down, "feedback"), (both, "preference"), (labels, "label"), (numbers, "number")):
        assert positions("contradictions", Data(rows, kind)) == [0, 1], kind
    assert positions("contradictions", Data(close, "number")) == []


def test_empty_questions_and_answers() -> None:
    data = chats(("Where?", "  "), ("", "Here."), ("Where?", "Here."), ("A question that nobody answered",))
    found = found_in("empty_replies", data)
    assert found.positions.tolist() == [0, 1]
    assert found.examples == ["Row 1 has no answer: “Where?”.", "Row 2 has no question: “Here.”."]
    assert mended("empty_replies", data).data.rows["row"].tolist() == [3, 4]
    rows = new_rows(numpy.arange(1, 3), text=["words", ""], label=["", ""])
    assert found_in("empty_replies", Data(rows, "label")).examples == [
        "Row 1 has no group: “words”.",
        "Row 2 is empty.",
    ]
    assert positions("empty_replies", Data(rows, "text")) == [1]


def test_an_answer_that_calls_a_tool_is_not_empty() -> None:
    called = [*turns("Weather?"), {"role": "assistant", "content": "", "tool_calls": [{"name": "weather"}]}]
    assert positions("empty_replies", chats(called)) == []


def test_short_answers_are_noted_among_long_ones_only() -> None:
    long = [(f"Question {i}", f"{LONG} {i}") for i in range(5)]
    assert positions("short_replies", chats(*long, ("Sure?", "Yes."))) == [5]
    assert positions("short_replies", chats(*[(f"Question {i}", "Yes.") for i in range(5)])) == []


def test_an_answer_that_is_the_question_is_an_echo() -> None:
    system = [{"role": "system", "content": "Be kind."}, *turns("Where is it?", "where is IT?")]
    data = chats(("Where?", "Where?"), system, ("Where is it, here?", "here?"), ("Where?", "Here."))
    assert positions("echoes", data) == [0, 1]
    assert mended("echoes", data).data.rows["row"].tolist() == [3, 4]


def test_rows_over_the_limit_are_told_with_their_length() -> None:
    data = chats(("a", "b"), ("c", "d"), ("e", "f"), limit=256, lengths=numpy.array([256, 282, 1300]))
    found = found_in("too_long", data)
    assert found.positions.tolist() == [1, 2]
    assert found.examples[1] == "Row 2 has 282 tokens (pieces of words). The limit is 256."
    with pytest.raises(NotComputed, match="Choose a model first"):
        check("too_long").find(chats(("a", "b")))


@pytest.mark.parametrize(
    ("roles", "left"),
    [
        ("user assistant", None),
        ("system user assistant user assistant", None),
        ("user assistant(calls) tool tool assistant", None),
        ("user assistant user", 2),
        ("user assistant user user assistant", 2),
        ("user assistant(calls) tool", 0),
        ("assistant user assistant", 0),
        ("user", 0),
        ("user system assistant", 0),
    ],
)
def test_conversations_take_turns_and_end_with_an_answer(roles: str, left: int | None) -> None:
    """`left`: messages after the fix; None where nothing is wrong, 0 where the row is left out."""
    messages: Messages = []
    for role in roles.split():
        message = {"role": role.removesuffix("(calls)"), "content": "words"}
        messages.append({**message, "tool_calls": [{"name": "x"}]} if role.endswith("(calls)") else message)
    data = chats(messages, ("Where?", "Here."))
    if left is None:
        assert check("turns").find(data) is None
        return
    fixed = mended("turns", data)
    assert check("turns").find(fixed.data) is None
    assert (fixed.changed.tolist(), fixed.removed.tolist()) == (([0], []) if left else ([], [0]))
    if left:
        assert unpack(fixed.data.rows["messages"][0]) == messages[:left]


def test_planted_leaks_are_found_exact_and_near() -> None:
    data = chats(("Where?", LONG), ("Card?", "By any card."), ("Where?", f"{LONG}, surely"), ("Card?", "By any card."))
    splits = numpy.array(["train", "train", "test", "validation"], dtype=object)
    found = found_in("leaks", Data(data.rows, "chat", splits))
    assert found.positions.tolist() == [2, 3]
    assert found.examples == [
        "Row 3 in the test rows is nearly the same as row 1 in training: “Where?”.",
        "Row 4 in the check rows is the same as row 2 in training: “Card?”.",
    ]
    assert positions("leaks", Data(data.rows, "chat", numpy.array(["train", "test"] * 2, dtype=object))) == []
    with pytest.raises(NotComputed, match="no split"):
        check("leaks").find(data)


@pytest.mark.parametrize(("count", "few"), [(49, True), (50, False)])
def test_too_few_rows_are_said_with_what_would_do(count: int, few: bool) -> None:
    data = chats(*[(f"Question {i}", "Answer") for i in range(count)])
    found = check("too_few").find(data)
    assert (found is not None) == few
    if found:
        assert found.examples == ["There are 49 rows. For this kind of training, at least 50 rows are a good start."]


def test_too_little_text_is_counted_in_words() -> None:
    found = found_in("too_few", Data(new_rows(numpy.arange(1, 3), text="three plain words"), "text"))
    assert found.count == "only 6 words"


@pytest.mark.parametrize(
    "name",
    [
        *("exact_copies", "near_copies", "contradictions", "empty_replies", "short_replies"),
        *("echoes", "too_long", "turns", "leaks"),
    ],
)
def test_rows_without_trouble_and_no_rows_at_all_are_fine(name: str) -> None:
    rows = [
        (f"Question about subject{i}?", f"An answer number{i} in some words, which is quite long enough")
        for i in range(4)
    ]
    more = {"splits": numpy.array(["train"] * 3 + ["test"], dtype=object), "limit": 9, "lengths": numpy.zeros(4)}
    data = chats(*rows, **more)
    assert check(name).find(data) is None
    assert check(name).find(data.without(numpy.arange(4))) is None

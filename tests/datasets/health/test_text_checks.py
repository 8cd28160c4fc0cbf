"""Damaged letters, hidden characters, leftover markup and template marks: found, mended, else untouched."""

import numpy
import pytest

from studio.datasets.health import chat_marks, control_characters, encoding, markdown, markup
from studio.datasets.health.check import Check, Data, Found
from studio.datasets.rows import new_rows, pack, unpack


def chat(*replies: str) -> Data:
    messages = [pack([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": reply}]) for reply in replies]
    return Data(new_rows(numpy.arange(1, len(replies) + 1), messages=messages), "chat")


def find(check: Check, *replies: str) -> Found | None:
    return check.find(chat(*replies))


def mended(check: Check, reply: str) -> str:
    """The reply after the fix, having shown that the fix leaves nothing to find."""
    data = chat("Fine.", reply)
    found = check.find(data)
    if found is None:
        return reply
    assert list(found.positions) == [1] and check.mend is not None
    result = check.mend(data, found, None)
    assert list(result.changed) == [1] and len(result.removed) == 0
    assert check.find(result.data) is None
    text: str = unpack(result.data.rows["messages"][1])[1]["content"]
    return text


@pytest.mark.parametrize(
    ("damaged", "meant"),
    [
        ("GrÃ¶ÃŸe und FarbÃ¼berzug", "Größe und Farbüberzug"),
        ("Itâ€™s here", "It’s here"),
        ("don\x92t", "don’t"),
        ("Größe gut.\nGrÃ¶ÃŸe schlecht.", "Größe gut.\nGröße schlecht."),
    ],
)
def test_damaged_letters_are_repaired(damaged: str, meant: str) -> None:
    assert mended(encoding.CHECK, damaged) == meant


@pytest.mark.parametrize(
    "fine", ["Größe, naïve, Åse, 日本語, “quoted” – 5 €", "Привет, мир", "½ × ¾ °C ¿qué?", "emoji 👩🏽‍💻"]
)
def test_good_letters_are_left_alone(fine: str) -> None:
    assert find(encoding.CHECK, fine) is None


def test_lost_letters_are_told_and_stay() -> None:
    data = chat("A caf\ufffd is closed")
    found = encoding.CHECK.find(data)
    assert found is not None and encoding.CHECK.mend is not None
    assert "no repair can bring back" in found.examples[0]
    assert len(encoding.CHECK.mend(data, found, None).changed) == 0


@pytest.mark.parametrize(
    ("hidden", "clean"),
    [
        ("nul\x00 and bell\x07", "nul and bell"),
        ("zero\u200bwidth \ufeffmark", "zerowidth mark"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("page one\x0cpage two", "page one\npage two"),
        ("soft\xadhyphen", "softhyphen"),
        ("a\u200db", "ab"),
        ("tags \U000e0041\U000e0042 hidden", "tags  hidden"),
        ("👩\u200d text", "👩 text"),
    ],
)
def test_hidden_characters_are_removed(hidden: str, clean: str) -> None:
    assert mended(control_characters.CHECK, hidden) == clean


@pytest.mark.parametrize(
    "needed",
    [
        "👨\u200d👩\u200d👧\u200d👦 👩🏽\u200d💻 ❤️\u200d🔥 🏳️\u200d🌈",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "ภาษา\u200bไทย",
        "\u200fשלום (ABC)\u200e",
        "line\r\nbreak\tand tab",
    ],
)
def test_hidden_characters_that_writing_needs_stay(needed: str) -> None:
    assert find(control_characters.CHECK, needed) is None


def test_an_example_shows_where_the_hidden_character_is() -> None:
    found = find(control_characters.CHECK, "zero\u200bwidth")
    assert found is not None
    assert found.examples == ["Row 1: “zero▯width” has a hidden character (zero width space) (at ▯)."]


@pytest.mark.parametrize(
    ("left_over", "text"),
    [
        ("<p>Hello <b>you</b> &amp; me</p>", "Hello you & me"),
        ("One<br/>two<br>three", "One\ntwo\nthree"),
        ('<a href="https://x.test/?a=1&b=2">Link</a>', "Link"),
        ("<script>alert('x')</script>Safe<!-- note -->", "Safe"),
        ("It&#39;s &nbsp;5&nbsp;&euro;", "It's  5 €"),
        ("&amp;lt;b&amp;gt;", ""),
        ("Use `<br>` in code, <i>not</i> here", "Use `<br>` in code, not here"),
    ],
)
def test_markup_is_stripped_to_text(left_over: str, text: str) -> None:
    assert mended(markup.CHECK, left_over) == text


@pytest.mark.parametrize(
    "fine",
    [
        "a < b and c > d, x<y>z",
        "if a <b and b> c",
        "List<String> and Box<b>",
        "Dear <title of the person>",
        "```html\n<p>code</p>\n```",
        "Write to <name> or <jane@mail.de>",
        "AT&T; R&D; fish & chips",
    ],
)
def test_comparisons_types_and_code_are_no_markup(fine: str) -> None:
    assert find(markup.CHECK, fine) is None


@pytest.mark.parametrize(
    "marked",
    [
        "That is too subjective.</s> How do you see it?",
        "It is 4.</s>",
        "<s>It is 4.</s>",
        "<s>[INST] Add. [/INST] 4</s><s>[INST] More. [/INST] 5</s>",
    ],
)
def test_marks_of_chat_templates_are_no_markup(marked: str) -> None:
    assert find(chat_marks.CHECK, marked) is not None
    assert find(markup.CHECK, marked) is None


def test_thousands_of_marks_are_told_from_markup_in_one_go() -> None:
    assert find(markup.CHECK, "<s>[INST] 4 </s>" * 20_000) is None  # a look at the whole text for each would take hours


def test_markup_beside_a_mark_is_still_found_and_the_mark_left_to_its_own_fix() -> None:
    assert mended(markup.CHECK, "<p>It is 4.</p></s>") == "It is 4.\n</s>"
    assert mended(markup.CHECK, "now <s>9</s> <b>7</b> euros") == "now 9 7 euros"


def test_markup_may_be_wanted() -> None:
    assert not markup.CHECK.safe


@pytest.mark.parametrize(
    "noise", ["see ![logo](a.png)", r"snake\_case\_name", "[here]()", "####### deep", "```python\nx = 1"]
)
def test_untidy_markdown_is_noted(noise: str) -> None:
    found = find(markdown.CHECK, noise)
    assert found is not None and found.examples[0].startswith("Row 1 has ")
    assert markdown.CHECK.severity == "note"


@pytest.mark.parametrize(
    "tidy",
    [
        "# Title\n\n- **one**\n- [two](https://x.test)\n\n```python\na = b\n```",
        "Call handlers[0]() and then f(x)[1]( ).",
        r"So \[x = \frac{a\_b}{2}\] holds.",
        r"In short, \[x\] is what we want.",
        "```\n![picture](in.code)\n```",
    ],
)
def test_tidy_markdown_code_and_formulas_are_fine(tidy: str) -> None:
    assert find(markdown.CHECK, tidy) is None


@pytest.mark.parametrize(
    ("untidy", "tidy"),
    [
        ("see ![our logo](a.png) here", "see our logo here"),
        (r"snake\_case\_name and \*stars\*", "snake_case_name and *stars*"),
        (r"a \[note in brackets\]", "a [note in brackets]"),
        ("[here]() or [there]( )", "here or there"),
        ("####### deep", "###### deep"),
        ("So:\n```python\nx = 1\n", "So:\n```python\nx = 1\n```"),
        ("That is all.\n```\n", "That is all."),
    ],
)
def test_untidy_markdown_is_tidied_but_never_without_being_asked(untidy: str, tidy: str) -> None:
    assert mended(markdown.CHECK, untidy) == tidy
    assert not markdown.CHECK.safe


def test_an_example_says_what_is_untidy() -> None:
    found = find(markdown.CHECK, "It is this:\n```python\nprint(1)", "See [here]() for more", "Tidy")
    assert found is not None and found.examples == [
        "Row 1 has a code mark (```) without its partner: “It is this: ```python print(1)”",
        "Row 2 has a link to nowhere: “See [here]() for more”",
    ]


def test_rows_of_stars_are_told_and_stay() -> None:
    data = chat("The card ****1234 was charged.")
    found = markdown.CHECK.find(data)
    assert found is not None and markdown.CHECK.mend is not None
    assert len(markdown.CHECK.mend(data, found, None).changed) == 0


@pytest.mark.parametrize(
    ("marked", "clean"),
    [
        ("<|im_start|>assistant\nHello<|im_end|>", "Hello"),
        ("<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Hello </s>", "Be kind.\n\n\nHi  Hello"),
        ("<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>", "Hi"),
        ("<start_of_turn>model\nHi<end_of_turn>", "Hi"),
        ("### Instruction:\nAdd.\n### Response:\n4", "Add.\n4"),
        ("<｜begin▁of▁sentence｜>Hi<|endoftext|>", "Hi"),
        ("<|im<|im_end|>_end|>nested", "nested"),
        ("It is 4.</s> And now?", "It is 4. And now?"),
    ],
)
def test_template_marks_are_removed(marked: str, clean: str) -> None:
    assert mended(chat_marks.CHECK, marked) == clean


@pytest.mark.parametrize(
    "fine",
    ["a <| b |> c", "x <|> y", "<s>old price</s> new", "[INSTALL] it", "### Instructions for use", "a << b"],
)
def test_what_is_no_mark_stays(fine: str) -> None:
    assert find(chat_marks.CHECK, fine) is None


def test_marks_are_serious_and_the_fix_is_safe() -> None:
    assert chat_marks.CHECK.severity == "serious" and chat_marks.CHECK.safe


def test_labels_and_the_data_that_came_in_stay_as_they_were() -> None:
    rows = new_rows(numpy.array([4]), text=["<p>Late</p>"], label=["<p>"])
    data = Data(rows, "label", lengths=numpy.array([9]))
    found = markup.CHECK.find(data)
    assert found is not None and markup.CHECK.mend is not None
    assert found.examples == ["Row 4: “<p>Late</p>”"]
    result = markup.CHECK.mend(data, found, None).data
    assert (result.rows["text"][0], result.rows["label"][0]) == ("Late", "<p>")
    assert rows["text"][0] == "<p>Late</p>"
    assert result.lengths is None  # they were counted before the fix

"""Personal data: what is found, what is left alone, and what it becomes."""

from itertools import pairwise

import numpy
import pytest
from pydantic import ValidationError

from studio.datasets.health.check import Data
from studio.datasets.health.personal_data import CHECK, Options
from studio.datasets.personal.replace import fake, masked, replacer
from studio.datasets.personal.scan import scan
from studio.datasets.personal.span import KINDS
from studio.datasets.rows import new_rows, pack, unpack
from tests.datasets.health.personal_cases import hard_negatives, judge, mistakes, planted_cases


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, span.text) for span in scan(text)]


def chat(*pairs: tuple[str, str]) -> Data:
    messages = [pack([{"role": "user", "content": q}, {"role": "assistant", "content": a}]) for q, a in pairs]
    return Data(new_rows(numpy.arange(1, len(pairs) + 1), messages=messages), "chat")


def test_recall_and_precision_of_every_kind_on_planted_cases_among_hard_negatives() -> None:
    cases = planted_cases(500, seed=7) + hard_negatives(500, seed=7)
    scores = judge(cases)
    assert set(scores) == set(KINDS)
    for kind, (recall, precision, planted) in scores.items():
        assert planted >= 80, kind
        assert recall >= 0.95 and precision >= 0.95, (kind, recall, precision, list(mistakes(cases)))


@pytest.mark.parametrize(
    "text",
    [
        "The card 4111 1111 1111 1112 has a wrong last digit.",
        "IBAN DE89 3704 0044 0532 0130 01 has a wrong last digit.",
        "It lasted from 10:15:30 to 12:45:10 on 2024-05-17.",
        "We need 3600000000000 + 62426244000 of them.",
        "Chapter 4.3.2.1 and version 1.2.3.4 and 300.1.2.3",
        "sk-learn-contributions-and-more-things is a group",
        "ftp://user:password@host is only an example; password: ********",
        "std::map<a, b>::iterator, ::1, ab::cd",
        "Call for the book 0-306-40615-2, or for 884-38-2975",
        "Birthe-Fischer-Ring 6/9, 67679 Anklam",
        "The sum is 4212883012996.",
        "Scores: 03 46 84 18 34 95",
        "The Oxford Guide, Some Press, 2018, p. 721–742. 2018 https://books.test/view/10.1093/guide/9780199734146.013",
        "In: Letters of Note, pp. 1120–1188. 1994; p. 030 1234567",
        "doi:10.1000/182.2018.0301234567, ISBN 978-0-306-40615-7",
        "https://shop.test/call/0301234567/view?phone=0301234567#tel-030-1234567",
        "2 1 1.52 999 Football, Ligue 2, and 20:45 mobile 1 1.52 999",
        "At 8 p.m. 2018 1994 people came.",
        "git ftp -u anonymous ftp://username:password@ftp.shop.test/files, ssh://ann@shop.test",
        "login = 'yourname@yourdomain.com' or your_email@gmail.com or your.name@shop.test or you@shop.test",
        "to = 'recipient@example.com', from = 'sender@example.org'",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Write to jane@example.com, or call (212) 555-0187.",
            [("e-mail", "jane@example.com"), ("phone", "(212) 555-0187")],
        ),
        ("Call +44 (0)20 7946 0958 24 hours a day", [("phone", "+44 (0)20 7946 0958")]),
        ("Call 020 7946 0958 or 07700 900123.", [("phone", "020 7946 0958"), ("phone", "07700 900123")]),
        (
            "Call 626-234-5678x749 or 626.234.5678 ext. 12",
            [("phone", "626-234-5678x749"), ("phone", "626.234.5678 ext. 12")],
        ),
        ("my old visa 4222222222222", [("card", "4222222222222")]),
        ("(Tel:0301234567)", [("phone", "0301234567")]),
        ("Jo Li, T. 0301234567, m: 07700 900123", [("phone", "0301234567"), ("phone", "07700 900123")]),
        ("Ligue para 21 3333 4444, por favor", [("phone", "21 3333 4444")]),
        (
            "yours.truly@shop.test, young@shop.test and youri@shop.test",
            [("e-mail", "yours.truly@shop.test"), ("e-mail", "young@shop.test"), ("e-mail", "youri@shop.test")],
        ),
        ("ftp://ann:Sommer2024@shop.test, ann@shop.test", [("key", "Sommer2024"), ("e-mail", "ann@shop.test")]),
        ("de89370400440532013000", [("iban", "de89370400440532013000")]),
        ("from 10.0.0.12/24 and [fe80::1ff:fe23:4567:890a]", [("ip", "10.0.0.12"), ("ip", "fe80::1ff:fe23:4567:890a")]),
        ("İ Password: Sommer2024! oder PASSWORD: Sommer2024!", [("key", "Sommer2024!")] * 2),
        ("PASSWORD: Sommer2024!", [("key", "Sommer2024!")]),
        ("mysql://root:Tr0ub4dor@db/shop", [("key", "Tr0ub4dor")]),
    ],
)
def test_the_whole_value_and_nothing_else(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_spans_are_in_order_and_never_overlap() -> None:
    text = "\n".join(case.text for case in planted_cases(60, seed=3))
    spans = scan(text)
    assert len(spans) >= 55
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.parametrize(
    "evil", ["a" * 50_000, "1-" * 25_000, "a@" * 25_000, "1.1." * 12_000, ":" * 50_000, "password " * 6_000]
)
def test_long_hostile_texts_end(evil: str) -> None:
    scan(evil)  # a search that is not linear would hang here for minutes


@pytest.mark.parametrize("seed", [None, 5])
def test_nothing_is_found_in_a_text_whose_data_was_replaced(seed: int | None) -> None:
    change = replacer(KINDS, seed)
    for case in planted_cases(120, seed=11):
        changed = change(case.text)
        assert case.planted[0][1] not in changed
        assert found(changed) == [], (case.text, changed)


def test_the_same_value_gets_the_same_fake_however_it_is_spaced() -> None:
    tight, spaced, other = (
        scan(f"IBAN {value}")[0]
        for value in ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32")
    )
    assert fake(tight) == fake(spaced) != fake(other)
    assert fake(tight, seed=1) != fake(tight)


def test_fakes_are_plainly_fake() -> None:
    for case in planted_cases(60):
        text = fake(scan(case.text)[0])
        assert text.startswith(("person-", "+1 555 ", "0000 ", "XX00TEST", "24", "100::", "fake-key-"))


def test_a_finding_counts_by_kind_and_hides_the_values_it_shows() -> None:
    data = chat(("Where are you?", "Here."), ("Hi, write to jane.doe@mail.de or call +49 30 901820", "OK"))
    result = CHECK.find(data)
    assert result is not None and list(result.positions) == [1]
    assert result.count == "1 row: 1 e-mail address, 1 phone number"
    assert result.examples == ["Row 2: “Hi, write to ja…@…de or call +49…”"]


def test_a_secret_is_hidden_in_examples() -> None:
    (span,) = scan("password: Sommer2024!")
    assert masked(span) == "Som…"


def test_the_fix_replaces_in_every_message_and_leaves_the_rest() -> None:
    data = chat(("I am jo@mail.de", "Thanks, jo@mail.de!"), ("Hello", "Hello"))
    result = CHECK.find(data)
    assert result is not None and CHECK.mend is not None and CHECK.safe
    mended = CHECK.mend(data, result, None)
    assert [m["content"] for m in unpack(mended.data.rows["messages"][0])] == ["I am [e-mail]", "Thanks, [e-mail]!"]
    assert list(mended.changed) == [0] and len(mended.removed) == 0
    assert mended.data.rows["messages"][1] == data.rows["messages"][1]
    assert "jo@mail.de" in data.rows["messages"][0]  # the data that came in is as it was
    assert CHECK.find(mended.data) is None


def test_made_up_values_are_the_same_in_all_rows() -> None:
    data = chat(("I am jo@mail.de", "OK"), ("JO@mail.de wrote", "No, al@mail.de"))
    result = CHECK.find(data)
    assert result is not None and CHECK.mend is not None
    rows = CHECK.mend(data, result, Options(replace_with="made-up values")).data.rows["messages"]
    first, second = unpack(rows[0])[0]["content"].split()[-1], unpack(rows[1])[0]["content"].split()[0]
    assert first == second != unpack(rows[1])[1]["content"].split()[-1]


def test_only_the_chosen_kinds_are_replaced() -> None:
    data = chat(("jo@mail.de, +49 30 901820", "OK"))
    result = CHECK.find(data)
    assert result is not None and CHECK.mend is not None
    mended = CHECK.mend(data, result, Options(kinds=("phone",)))
    assert unpack(mended.data.rows["messages"][0])[0]["content"] == "jo@mail.de, [phone]"


def test_rejected_answers_and_plain_texts_are_searched_too() -> None:
    answers = {"chosen": [pack([{"role": "assistant", "content": "No."}])]}
    rejected = [pack([{"role": "assistant", "content": "Ask jo@mail.de"}])]
    pair = Data(new_rows(numpy.array([1]), messages=["[]"], rejected=rejected, **answers), "preference")
    document = Data(new_rows(numpy.array([1]), text=["Ask jo@mail.de"]), "text")
    for data in (pair, document):
        result = CHECK.find(data)
        assert result is not None and CHECK.mend is not None
        assert "jo@" not in CHECK.mend(data, result, None).data.rows.to_csv()


def test_options_without_meaning_are_refused() -> None:
    with pytest.raises(ValidationError):
        Options(kinds=())
    with pytest.raises(ValidationError):
        Options.model_validate({"kinds": ["shoe size"]})

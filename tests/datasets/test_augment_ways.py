"""Each way of making rows: slips of the pen, frames around a question, and what makes a rewrite hold up."""

from random import Random

import pytest

from studio.datasets.augment.frames import framed
from studio.datasets.augment.keeping import cleaned, why_not
from studio.datasets.augment.rewrites import Origin, Rewrites
from studio.datasets.augment.step import WordChanges
from studio.datasets.augment.tongue import tongues
from studio.datasets.augment.words import slips

OFF = {"typing": False, "casual": False, "fillers": False, "swaps": False}


def slipped(text: str, language: str = "en", known: str = "", changes: int = 1, **on: bool) -> set[str]:
    """What becomes of a text over a hundred draws with only these kinds of slips."""
    options = WordChanges.model_validate({**OFF, **on, "changes": changes})
    return {slips(text, options, language, frozenset(known.split()), Random(seed)) for seed in range(100)} - {text}


def test_typing_mistakes_are_of_four_kinds_and_near_on_the_keyboard() -> None:
    found = slipped("lamp", typing=True)
    assert {"lmap", "lanp", "laamp", "lap"} <= found
    assert all(word.startswith("l") and 3 <= len(word) <= 5 for word in found)
    assert "kaputz" in slipped("kaputt", "de", typing=True) and "kaputy" in slipped("kaputt", "en", typing=True)


def test_a_typing_mistake_never_makes_another_word_or_a_negation() -> None:
    assert "form" not in slipped("from", typing=True, known="from form") and "form" in slipped("from", typing=True)
    assert "not" not in slipped("note", typing=True)


def test_what_may_mean_more_than_its_letters_is_left_alone() -> None:
    for text in ("Anna 4711 B52x", "a@shop.example www.shop.example/faq", "{first name} [order number] <colour name>"):
        assert slipped(text, typing=True, casual=True, fillers=True, swaps=True, changes=5) == set(), text
    assert slipped("never without nicht kein jamás don't isn’t", typing=True, swaps=True) == set()
    assert slipped("`please really copy` 退货需要多少天", typing=True, fillers=True) == set()


def test_casual_writing_leaves_out_capitals_and_marks() -> None:
    assert slipped("Where is it, Anna?", casual=True) == {
        "where is it, Anna?",
        "Where is it Anna?",
        "Where is it, Anna",
    }


def test_fillers_go_where_they_add_nothing() -> None:
    assert slipped("Could you please help", fillers=True) == {"Could you help"}
    assert slipped("It is not really red", fillers=True) == set()
    assert slipped("Kann ich das bitte tauschen", "de", fillers=True) == {"Kann ich das tauschen"}
    assert slipped("Kann ich das bitte tauschen", "en", fillers=True) == set()


def test_neighbours_are_swapped_away_from_a_negation() -> None:
    assert slipped("send the lamp", swaps=True) == {"the send lamp", "send lamp the"}
    assert slipped("is not very good", swaps=True) == {"is not good very"} - {"is not good very"}


def test_no_more_changes_than_asked_for() -> None:
    text = "could somebody tell where those broken lamps should go"
    for seed in range(50):
        options = WordChanges.model_validate({**OFF, "typing": True, "changes": 3})
        after = slips(text, options, "en", frozenset(), Random(seed)).split()
        assert sum(a != b for a, b in zip(text.split(), after, strict=True)) <= 3


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Can I send the broken lamp back to you?"),
        ("de", "Kann ich die kaputte Lampe an Sie zurückschicken?"),
        ("fr", "Est-ce que je peux vous renvoyer la lampe cassée ?"),
        ("es", "¿Puedo devolver la lámpara rota a la tienda?"),
    ],
)
def test_a_frame_is_in_the_language_of_the_question_which_stays_as_it_is(language: str, question: str) -> None:
    assert tongues([question]) == [language]
    found = {framed(question, language, Random(seed)) for seed in range(100)}
    assert len(found) > 30 and all(question in text and text != question for text in found)


def test_other_languages_and_pages_of_text_get_no_frame() -> None:
    dutch, polish = "Kan ik de kapotte lamp naar jullie terugsturen?", "Czy mogę odesłać zepsutą lampę do sklepu?"
    assert tongues([dutch, polish, "Можно ли вернуть сломанную лампу?"]) == ["nl", "pl", ""]
    assert framed(dutch, "nl", Random(0)) == dutch
    assert framed("One.\nTwo?", "en", Random(0)) == "One.\nTwo?" and framed("a " * 300, "en", Random(0)) == "a " * 300


def test_who_said_hello_does_not_say_it_again() -> None:
    assert all(framed("Hi, is it red?", "en", Random(seed)).startswith("Hi, is it red? ") for seed in range(30))
    assert framed("where is it", "en", Random(3)).startswith(("where", "H", "G", "S")) and any(
        "where is it\n" in framed("where is it", "en", Random(seed)) for seed in range(30)
    )


def test_a_short_question_is_in_the_language_of_the_others() -> None:
    questions = ["Can I send the broken lamp back to you please?"] * 3 + ["Is it red?"]
    assert tongues(questions) == ["en"] * 4


ORIGINAL = "Can I return the lamp from order 4711 within 30 days?"


@pytest.mark.parametrize(
    ("rewrite", "reason"),
    [
        ("Within 30 days, may I return the lamp of order 4711?", ""),
        ("", "empty"),
        ("?!", "empty"),
        ("can I return the lamp from order 4711 within 30 days", "nearly the same as the original"),
        ("Can I return the lamp from order 4711 within 30 days? " * 4, "more than 3 times as long"),
        ("May I return the lamp of order 4711?", "a number, an address or a placeholder is not the same"),
        ("May I return 2 lamps of order 4711 in 30 days?", "a number, an address or a placeholder is not the same"),
        ("You can return the lamp of order 4711 for 30 days.", "a question became a statement, or the reverse"),
        ("Can I not return the lamp of order 4711 for 30 days?", "a “not” was lost or added"),
        ("Did 4711 people dance for 30 nights?", "too little in common with the original"),
        ("The answer is: return the lamp 4711 in 30 days?", "talks about the task"),
        ("Return the lamp of 4711?\n\nWithin 30 days.", "more than one paragraph"),
        ("Return the lamp of 4711 in 30 days?<|im_end|>", "contains marks of the chat format"),
    ],
)
def test_a_rewrite_is_kept_only_when_it_asks_the_same(rewrite: str, reason: str) -> None:
    assert why_not(ORIGINAL, rewrite) == reason


def test_addresses_and_placeholders_are_facts() -> None:
    original = "Did {name} write to help@shop.example about www.shop.example/faq?"
    same = "About www.shop.example/faq, did {name} write to help@shop.example?"
    assert why_not(original, same) == ""
    for lost in ("{name}", "help@shop.example", "www.shop.example/faq"):
        assert "an address or a placeholder" in why_not(original, same.replace(lost, "somebody"))


def test_what_models_put_around_a_rewrite_is_taken_off() -> None:
    assert cleaned('Sure! Here is the rewritten question:\n\n"Is it red?"\n') == "Is it red?"
    assert cleaned("Rewritten question: Is it red?") == "Is it red?" and cleaned("„Ist es rot?“") == "Ist es rot?"
    assert cleaned("Is it “red” or “blue”?") == "Is it “red” or “blue”?"


def test_what_is_dropped_is_counted_by_reason() -> None:
    found = Rewrites(Origin("paraphrase", "m"))
    good = "Within 30 days, may I return the lamp of order 4711?"
    assert [found.offer(ORIGINAL, text) for text in (good, good, "", "Hello?")] == [True, False, False, False]
    assert found.texts == {ORIGINAL: [good]} and found.kept == 1
    assert found.dropped == {
        "said before": 1,
        "empty": 1,
        "a number, an address or a placeholder is not the same": 1,
    }

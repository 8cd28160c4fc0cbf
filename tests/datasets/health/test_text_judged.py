"""Other languages, insults and repeated phrases: found in what is really there, and nothing guessed wildly."""

import numpy
import pytest

from studio.datasets.health import boilerplate, insults, languages
from studio.datasets.health.check import Data
from studio.datasets.rows import new_rows, pack, unpack

ENGLISH = [
    ("Can I return a gift without the receipt?", "Yes, bring the gift card and we will find the order for you."),
    ("How long does the delivery take?", "It usually takes three working days from the day you order."),
    ("The blanket shrank in the wash.", "I am sorry to hear that. Please send us one photo of the label."),
    ("Do you ship to the islands?", "We do, but it takes a week longer and costs a little more."),
]


def chat(*pairs: tuple[str, str]) -> Data:
    messages = [pack([{"role": "user", "content": q}, {"role": "assistant", "content": a}]) for q, a in pairs]
    return Data(new_rows(numpy.arange(1, len(pairs) + 1), messages=messages), "chat")


def test_rows_in_another_language_are_named() -> None:
    german = ("Wie schicke ich die Decke zurück?", "Legen Sie bitte den Rücksendeschein bei.")
    french = ("Combien de temps faut-il pour recevoir le colis ?", "Il faut compter trois jours ouvrables.")
    found = languages.CHECK.find(chat(*ENGLISH * 5, german, *ENGLISH, french))
    assert found is not None
    assert list(found.positions) == [20, 25]
    assert found.examples[0] == "Row 21 is German: “Wie schicke ich die Decke zurück?”"
    assert found.count == "1 row in German, 1 in French"


def test_the_main_language_need_not_be_english() -> None:
    german = [
        ("Wie lange dauert die Lieferung nach Österreich?", "Das dauert in der Regel drei Werktage."),
        ("Kann ich die Schuhe noch umtauschen?", "Ja, innerhalb von dreißig Tagen nach dem Kauf."),
    ]
    found = languages.CHECK.find(chat(*german * 6, ENGLISH[0]))
    assert found is not None and list(found.positions) == [12]


@pytest.mark.parametrize(
    "short",
    [
        "ok danke",
        "Paris",
        "2 + 2 = 4",
        "Hello",
        "card not working",
        "print(x) for x in y",
        "https://www.beispiel.de/seite",
    ],
)
def test_no_verdict_on_what_is_too_short_or_no_sentence(short: str) -> None:
    assert languages.CHECK.find(chat(*ENGLISH * 5, (short, short))) is None


def test_a_text_that_only_begins_with_a_quotation_is_not_in_its_language() -> None:
    quotation = "Geben Sie bitte die Adresse ein, mit der Sie sich bei uns angemeldet haben, dann schreiben wir Ihnen. "
    english = " ".join(answer for _, answer in ENGLISH) * 4
    assert languages.CHECK.find(chat(*ENGLISH * 5, ("Hello", quotation * 2 + english))) is None
    assert languages.CHECK.find(chat(*ENGLISH * 5, ("Hello", quotation * 9))) is not None


def test_pieces_of_documents_are_counted_as_pieces() -> None:
    texts = [answer for _, answer in ENGLISH] * 5 + ["Legen Sie bitte den Rücksendeschein bei."]
    found = languages.CHECK.find(Data(new_rows(numpy.arange(21), text=texts), "text"))
    assert found is not None and found.count == "1 piece in German"


def test_near_relations_are_not_told_apart() -> None:
    assert languages.foreign("Jeg vil gerne bytte denne genser i en annen størrelse", "da", frozenset()) == ""


def test_labels_are_not_judged() -> None:
    texts = [question for question, _ in ENGLISH] * 5
    rows = new_rows(numpy.arange(20), text=texts, label=["Rücksendung einer Bestellung wegen Mängeln"] * 20)
    assert languages.CHECK.find(Data(rows, "label")) is None


def test_the_fix_leaves_out_the_other_languages() -> None:
    data = chat(*ENGLISH * 5, ("Wie schicke ich die Decke zurück?", "Legen Sie bitte den Schein bei."))
    found = languages.CHECK.find(data)
    assert found is not None and languages.CHECK.mend is not None and not languages.CHECK.safe
    mended = languages.CHECK.mend(data, found, None)
    assert list(mended.removed) == [20] and len(mended.data.rows) == 20


@pytest.mark.parametrize(
    "rude",
    [
        "You IDIOT, where is my parcel?",
        "Du bist echt dumm.",
        "Was für ein Arschloch!",
        "Ferme-la, connard.",
        "Eres un imbécil",
        "halt die Fresse",
        "you're so stupid",
        "Shut up!",
        "No. Just shut up and send it",
        "You should kill yourself",
        "Late again; go to hell",
    ],
)
def test_insults_are_found_in_four_languages(rude: str) -> None:
    found = insults.CHECK.find(chat(ENGLISH[0], (rude, "Please stay friendly.")))
    assert found is not None and list(found.positions) == [1]
    assert found.examples[0].startswith("Row 2: “")


@pytest.mark.parametrize(
    "polite",
    [
        "Scunthorpe and Essex",
        "a stupid question, sorry",
        "Ein dick gefüttertes Kissen",
        "en retard con leche",
        "Moby Dick",
        "Jag fick en bok",
        "He asked him about the girl, so Kevin shut up and went home",
        "The stalls had been shut up since the morning",
        "A drop dead gorgeous dress, and the thorn pricks her finger",
        "In the story all of them go to hell, and you could kill yourself on that ladder",
    ],
)
def test_whole_words_only_and_none_that_another_language_needs(polite: str) -> None:
    assert insults.CHECK.find(chat((polite, "Thanks."))) is None


def test_insults_in_answers_are_counted_apart_because_only_those_are_learned() -> None:
    found = insults.CHECK.find(chat(("You idiot", "I am sorry."), ("You idiot", "You idiot"), ENGLISH[0]))
    assert found is not None and found.count == "2 rows, 1 in the answer"
    documents = Data(new_rows(numpy.arange(1, 3), text=["You idiot", "You are welcome"]), "text")
    found = insults.CHECK.find(documents)
    assert found is not None and found.count == "1 piece"


def test_a_list_of_words_takes_no_points() -> None:
    assert insults.CHECK.severity == "note"


def test_insults_are_said_to_be_a_list_of_words() -> None:
    assert "list of words" in insults.CHECK.why and not insults.CHECK.safe


def replies(count: int, ending: str) -> list[tuple[str, str]]:
    return [(f"Question {n}?", f"Answer number {n} is here. {ending}") for n in range(count)]


def test_a_phrase_in_most_replies_is_counted() -> None:
    found = boilerplate.CHECK.find(chat(*replies(30, "Kind regards, your shop team"), *replies(10, "That is it.")))
    assert found is not None and boilerplate.CHECK.severity == "note"
    assert list(found.positions) == list(range(30))
    assert found.examples == ["“Kind regards, your shop team” stands in 30 of 40 replies."]
    assert found.count == "30 of 40 rows"


def test_half_of_the_replies_are_not_most() -> None:
    assert (
        boilerplate.CHECK.find(chat(*replies(20, "Kind regards, your shop team"), *replies(20, "That is it."))) is None
    )


def test_the_same_whole_answer_is_no_boilerplate() -> None:
    assert (
        boilerplate.CHECK.find(chat(*[(f"Question {n}?", "Please ask the desk about it.") for n in range(30)])) is None
    )


@pytest.mark.parametrize("sentence", ["As an AI language model, I have no body.", "Als KI habe ich keinen Körper."])
def test_one_reply_in_which_a_machine_speaks_of_itself_is_enough(sentence: str) -> None:
    data = chat(*ENGLISH, ("Are you tall?", f"{sentence} Most doors are 2 m high."))
    found = boilerplate.CHECK.find(data)
    assert found is not None and list(found.positions) == [4] and boilerplate.CHECK.mend is not None
    assert found.count == "1 of 5 rows" and "most" not in boilerplate.CHECK.title
    mended = boilerplate.CHECK.mend(data, found, None)
    assert unpack(mended.data.rows["messages"][4])[1]["content"] == "Most doors are 2 m high."
    assert list(mended.changed) == [4]


def test_the_phrase_goes_from_replies_and_never_empties_one() -> None:
    data = chat(*replies(30, "Kind regards, your shop team"), ("Hi", "As an AI I cannot."))
    found = boilerplate.CHECK.find(data)
    assert found is not None and boilerplate.CHECK.mend is not None
    rows = boilerplate.CHECK.mend(data, found, None).data.rows["messages"]
    assert unpack(rows[0])[1]["content"] == "Answer number 0 is here."
    assert unpack(rows[30])[1]["content"] == "As an AI I cannot."


def test_both_answers_of_a_pair_lose_the_phrase() -> None:
    def ends(text: str) -> list[str]:
        return [pack([{"role": "assistant", "content": f"{text} {n}. Yours, the shop team"}]) for n in range(25)]

    data = Data(
        new_rows(
            numpy.arange(25),
            messages=[pack([{"role": "user", "content": "Hi"}])] * 25,
            chosen=ends("Good"),
            rejected=ends("Bad"),
        ),
        "preference",
    )
    found = boilerplate.CHECK.find(data)
    assert found is not None and boilerplate.CHECK.mend is not None
    rows = boilerplate.CHECK.mend(data, found, None).data.rows
    assert "shop team" not in rows.to_csv() and "Bad 3." in rows["rejected"][3]

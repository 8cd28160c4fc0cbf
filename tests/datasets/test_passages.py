"""Long documents are cut at the ends of sentences, never within a word, and nothing is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.datasets.passages import passages


def test_a_short_text_stays_whole() -> None:
    assert passages("  One. Two. \n", 40) == ["One. Two."]
    assert passages(" \n ", 40) == []


def test_pieces_end_with_sentences() -> None:
    text = "The first sentence is here. The second one follows it! Does a third come? It does, and it is the last."
    pieces = passages(text, 60)
    assert len(pieces) > 1
    assert all(len(piece) <= 60 and piece[-1] in ".!?" for piece in pieces)
    assert " ".join(pieces) == text


def test_pieces_end_with_paragraphs_where_they_can() -> None:
    assert passages("A short one.\n\nAnother one. It goes on.", 30) == ["A short one.", "Another one. It goes on."]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "word " * 30
    pieces = passages(text, 23)
    assert all(set(piece.split()) == {"word"} and len(piece) <= 23 for piece in pieces)


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert "x" * 90 in " ".join(passages("Before. " + "x" * 90 + " after it.", 20)).split()


def test_scripts_without_spaces_are_cut_too() -> None:
    pieces = passages("これは文です。これも文です。" * 10, 20)
    assert all(len(piece) <= 20 and piece.endswith("。") for piece in pieces)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="abé. \n!漢", max_size=300), st.integers(5, 60))
def test_nothing_but_space_is_lost(text: str, length: int) -> None:
    pieces = passages(text, length)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece == piece.strip() != "" for piece in pieces)

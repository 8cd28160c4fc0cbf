"""Which language a question is in, among those written in Latin letters; short ones get that of most others."""

import re
from collections import Counter
from functools import cache
from typing import Any

from studio.datasets.health.languages import prose

# More than there are frames for: with only four to choose from, Dutch would pass for German and Italian for Spanish.
CHOICE = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "no", "fi", "hu", "ro", "tr", "id", "ca")
SURE = 0.9  # probability
SHORTEST = 15  # letters; below, names and numbers decide
LETTER = re.compile(r"[^\W\d_]")


def tongues(texts: list[str]) -> list[str]:
    """ISO 639-1 code of each text's language, "" where it cannot be told or is not among CHOICE.

    A text about which the guess is unsure counts as being in the language of most of the others, if that is the guess.
    """
    guesses = [guess(text) for text in texts]
    sure = Counter(code for code, certain in guesses if certain)
    main = min(sure, key=lambda code: (-sure[code], code)) if sure else ""
    return [code if certain or code == main else "" for code, certain in guesses]


def guess(text: str) -> tuple[str, bool]:
    """The likeliest language, and whether that is sure; "" for other letters than Latin ones."""
    text = prose(text)
    letters = LETTER.findall(text)
    if not letters or sum(letter > "\u024f" for letter in letters) > len(letters) // 10:
        return "", False
    code, probability = identifier().classify(text)
    return str(code), probability >= SURE and len(letters) >= SHORTEST


@cache
def identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known.set_languages(list(CHOICE))
    return known

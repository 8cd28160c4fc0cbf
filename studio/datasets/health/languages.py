"""Rows in another language than most. Where a text is too short or the guess unsure, no verdict is given.

The language is told by py3langid (a naive Bayes model over byte n-grams, about 140 languages, 5 MB, no network; Lui and
Baldwin, “langid.py”, ACL 2012). Most rows never reach it: what the common words of the main language are is learned
from a sample of the rows themselves, and a text in which they abound is in that language.
"""

import re
from collections import Counter
from functools import cache
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended, quote, removing
from studio.datasets.health.language_names import NAMES
from studio.datasets.health.passages import found_at, row_name

SHORTEST = 20  # letters; below, names and numbers decide
SURE = 0.9  # probability; on 3,000 short English questions to a bank none was called foreign at 0.8 or more
READ = 160  # letters of a text that are looked at
LONG = 4000  # and of one that begins in another language
SAMPLE = 400  # rows from which the main language and its common words are learned
COMMON = 120  # words
ABOUND = 0.35  # share of the words of a text
NOT_WORDS = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\S*[@/\\_=<>{}\[\]|]\S*", re.DOTALL)
WORD = re.compile(r"[^\W\d_]+")
# Different names for what the guess cannot keep apart in a few words; a row is not foreign among its twins.
TWINS = (
    {"no", "nb", "nn", "da"},
    {"hr", "bs", "sr", "sl"},
    {"id", "ms", "jv"},
    {"cs", "sk"},
    {"gl", "pt"},
    {"ca", "oc", "an", "es"},
    {"ru", "uk", "be", "bg", "mk"},
    {"hi", "mr", "ne"},
    {"zh", "yue", "ja"},
    {"fa", "ur", "ps", "ar", "ug"},
    {"zu", "xh"},
    {"af", "nl"},
    {"fr", "wa"},
)


def find(data: Data) -> Found | None:
    fields = ["prompt"] if data.kind in ("label", "number") else ["prompt", "reply"]
    columns = [[prose(text) for text in data.texts[field].tolist()] for field in fields]
    main, common = main_language(columns)
    if not main:
        return None
    positions: list[int] = []
    examples: list[str] = []
    others: Counter[str] = Counter()
    for position, texts in enumerate(zip(*columns, strict=True)):
        heads = ((field, foreign(text, main, common)) for field, text in zip(fields, texts, strict=True))
        field, code = next((head for head in heads if head[1]), ("", ""))
        # Few rows come this far. One that only begins with a few words of another language is not in it.
        if not code or not foreign(whole(str(data.texts[field].iat[position])), main, common):
            continue
        positions.append(position)
        others[NAMES[code]] += 1
        if len(examples) < 3:
            words = quote(str(data.texts[field].iat[position]))
            examples.append(f"{row_name(data, position)} is {NAMES[code]}: {words}")
    return found_at(positions, examples, in_words(others, "piece" if data.kind == "text" else "row"))


def in_words(others: Counter[str], unit: str) -> str:
    """“5 rows in German, 2 in French”, at most three languages by name."""
    counts = [f"{count:,} in {name}" for name, count in others.most_common(3)]
    rest = others.total() - sum(count for _, count in others.most_common(3))
    if rest:
        counts.append(f"{rest:,} in others")
    first, _, more = ", ".join(counts).partition(" ")
    return f"{first} {unit}{'' if first == '1' else 's'} {more}"


def whole(text: str) -> str:
    """All of a text but what has no language; of a very long one the beginning."""
    return NOT_WORDS.sub(" ", text[:LONG])


def prose(text: str) -> str:
    """The first letters of a text, less code, addresses and the like, which have no language."""
    head = text[: READ * 2]
    if "`" in head or "/" in head or "_" in head or "=" in head or "@" in head or "<" in head or "{" in head:
        head = NOT_WORDS.sub(" ", head)
    return head[:READ]


def main_language(columns: list[list[str]]) -> tuple[str, frozenset[str]]:
    """Code of the language of most texts, "" if none can be told, and the words that most often occur in it."""
    languages: Counter[str] = Counter()
    words: dict[str, Counter[str]] = {}
    for texts in columns:
        step = max(1, len(texts) // SAMPLE)
        for text in texts[::step]:
            language = language_of(text)
            if language:
                languages[language] += 1
                words.setdefault(language, Counter()).update(WORD.findall(text.lower()))
    if not languages:
        return "", frozenset()
    main = languages.most_common(1)[0][0]
    common = {word for word, _ in words[main].most_common(COMMON)}
    for language, counter in words.items():
        if language != main and languages[language] > 5:
            common -= {word for word, _ in counter.most_common(COMMON)}
    return main, frozenset(common)


def foreign(text: str, main: str, common: frozenset[str]) -> str:
    """Code of the language of a text that is surely not in the main language, else ""."""
    if len(text) < SHORTEST:
        return ""
    words = WORD.findall(text.lower())
    if sum(word in common for word in words) >= ABOUND * len(words) and len(words) > 3:
        return ""
    language = language_of(text)
    if not language or language == main or any(language in twins and main in twins for twins in TWINS):
        return ""
    return language


def language_of(text: str) -> str:
    """ISO 639-1 code of the language, "" when that cannot be told."""
    # Chinese, Japanese and Korean say in 7 letters what takes 20 in an alphabet.
    letters = sum(map(len, WORD.findall(text)))
    if letters < (SHORTEST if ord(max(text, default="a")) < 0x3000 else 7):
        return ""
    language, probability = identifier().classify(text)
    return language if probability >= SURE and language in NAMES else ""  # it knows a code for “no language” too


@cache
def identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def mend(data: Data, found: Found, options: Any) -> Mended:
    return removing(data, found, options)


CHECK = Check(
    name="languages",
    title="Mixed languages",
    why="A few rows in another language are too few to learn it from. "
    "Fine if people write to you in it, or want translations.",
    severity="note",
    find=find,
    fix="Leave these rows out",
    mend=mend,
)

"""Whether a rewrite holds up: it must ask the same as the original, in other words. Small models often fail at that."""

import re
from collections import Counter

from studio.datasets.augment.negations import WORD, denies
from studio.datasets.health.chat_marks import MARK

# Above it the rewrite teaches nothing new (rapidfuzz ratio, in percent, case and outer punctuation aside).
SAME = 95
LONGER = 3  # times the length of the original
# Share of the original's content words that come back, and of the rewrite's that were there before; a word counts as
# the same when its first letters are. Set by hand on rewrites of the sample questions: what strays further, invents.
RECALL, PRECISION = 0.5, 0.25
STEM = 4  # letters that make two words count as one: return, returned, returning
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
CODE = re.compile(r"\b(?=\w*\d)(?=\w*[^\W\d_])\w+\b")
SPARED = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)]|\{[^{}\n]*\}|\[[^\[\]\n]*\]|<[^<>\n]*>"
)
PREFACE = re.compile(r"\A[^\n]{0,80}:\s*\n+")
LABEL = re.compile(
    r"\A(?:(?:sure|certainly|of course|okay)[!,.]?\s*)?(?:here(?:'s| is)[^:\n]{0,60}|(?:the )?(?:rewritten|rephrased|"
    r"paraphrased|translated)[^:\n]{0,40}|(?:rewrite|paraphrase|translation|question|text)):\s*",
    re.IGNORECASE,
)
# What small models write when they talk about the task in place of doing it.
ABOUT = re.compile(
    r"\b(?:(?:the|original|new|rewritten|requested) (?:question|text|answer)(?: is)?:|original (?:question|text)|"
    r"the answer (?:is|to)|(?:rewritten|rephrased|paraphrased|translated) |translation of)",
    re.IGNORECASE,
)
QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}


def cleaned(answer: str) -> str:
    """The rewrite less what models put around it: “Here is the rewritten question:” and quotation marks."""
    text = PREFACE.sub("", answer.strip(), count=1)
    text = LABEL.sub("", text, count=1).strip()
    if len(text) > 1 and QUOTES.get(text[0]) == text[-1] and text.count(text[0]) <= 2:
        text = text[1:-1].strip()
    return text


def why_not(original: str, rewrite: str) -> str:
    """Why a rewrite must not be used, to be put behind a count; "" when it holds up."""
    from rapidfuzz.fuzz import ratio

    if not WORD.search(rewrite):
        return "empty"
    if ratio(plain(original), plain(rewrite)) > SAME:
        return "nearly the same as the original"
    if len(rewrite) > LONGER * max(len(original), 20):
        return f"more than {LONGER} times as long"
    if "\n\n" in rewrite and "\n\n" not in original:
        return "more than one paragraph"
    if ABOUT.search(rewrite) and not ABOUT.search(original):
        return "talks about the task"
    if MARK.search(rewrite) and not MARK.search(original):
        return "contains marks of the chat format"
    if facts(original) != facts(rewrite):
        return "a number, an address or a placeholder is not the same"
    if ("?" in original) != ("?" in rewrite):
        return "a question became a statement, or the reverse"
    if denies(original) != denies(rewrite):
        return "a “not” was lost or added"
    if too_far(original, rewrite):
        return "too little in common with the original"
    return ""


def plain(text: str) -> str:
    return " ".join(word.lower() for word in re.findall(r"\w+", text))


def facts(text: str) -> Counter[str]:
    """Numbers, words with digits, addresses and placeholders, with how often each occurs."""
    spared = SPARED.findall(text)
    rest = SPARED.sub(" ", text)
    codes = CODE.findall(rest)
    return Counter([*spared, *codes, *NUMBER.findall(CODE.sub(" ", rest))])


def too_far(original: str, rewrite: str) -> bool:
    before, after = content(original), content(rewrite)
    if not before:
        return False
    shared = before & after
    return len(shared) < RECALL * len(before) or len(shared) < PRECISION * len(after)


def content(text: str) -> set[str]:
    """The beginnings of the words that carry the meaning: those of four letters and more, else all."""
    words = [word.lower() for word in WORD.findall(text)]
    return {word[:STEM] for word in words if len(word) >= STEM} or set(words)

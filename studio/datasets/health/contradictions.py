"""The same question with answers that cannot both be meant."""

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy
import pandas

from studio.datasets.health.alike import folded, quoted_apart
from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.near import groups_of, near_labels, shingles_of

LONG = 2000  # characters of each text that are compared
ALIKE = 60  # rapidfuzz points out of 100 from which on two answers say the same, unless a number or a yes differs
TYPO = 85  # points from which on one word is the other with a typing mistake
COMPARED = 20  # answers to one question that are compared with one another
WORD = re.compile(r"[^\W_]+")
PUNCTUATION = re.compile(r"[\W_]+")
SIGNS = re.compile(r"[-+*/^=<>×÷#%]\s*\d|\d[.,:]\d|[+*^=<>#]")  # they make “3 + 4” and “3 * 4” two questions
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
YES = {"yes", "yeah", "ja", "oui", "si", "sí", "sim", "tak", "да"}
NO = {"no", "nope", "nein", "non", "nee", "não", "nej", "nie", "нет"}


def find(data: Data) -> Found | None:
    questions, answers = asked_and_answered(data)
    spread = spread_of(answers) if data.kind == "number" else 0.0
    groups = []
    for group in with_the_same_tools(data, same_questions(data.kind, questions)):
        answered = [at for at in group if answers[at].strip()]
        first_of = {answers[at]: at for at in reversed(answered)}
        different = sorted(first_of.values())[:COMPARED]
        if any(differ(data.kind, answers[a], answers[b], spread) for a in different for b in different if a < b):
            groups.append(answered)
    if not groups:
        return None
    positions = numpy.array(sorted(at for group in groups for at in group))
    examples = [sentence(data, group, questions, answers, spread) for group in groups[:3]]
    count = f"{len(groups):,} question{'s' * (len(groups) > 1)} in {len(positions):,} rows"
    return Found(positions, examples, count, groups)


def asked_and_answered(data: Data) -> tuple[list[str], list[str]]:
    """What was asked and what was said to it; for thumbs and preferences, what was judged and how."""
    prompts, replies = data.texts["prompt"].tolist(), data.texts["reply"].tolist()
    if data.kind == "feedback":
        return [f"{a}\n{b}" for a, b in zip(prompts, replies, strict=True)], data.rows["label"].tolist()
    if data.kind == "preference":
        pairs = zip(prompts, data.rows["chosen"], data.rows["rejected"], strict=True)
        return ["\n".join([prompt, *sorted(pair)]) for prompt, *pair in pairs], data.rows["chosen"].tolist()
    return prompts, replies


def same_questions(kind: str, questions: list[str]) -> list[list[int]]:
    """Groups of positions that ask the same, apart from case, spaces, punctuation and typing mistakes."""
    plain = [text if SIGNS.search(text) else PUNCTUATION.sub(" ", text).strip() or text for text in folded(questions)]
    codes = pandas.factorize(numpy.array(plain, dtype=object))[0]
    merged = list(range(int(codes.max(initial=-1)) + 1))
    if kind in ("chat", "label", "number"):
        # Each different question once; those that are near copies are then read word by word.
        first = numpy.unique(codes, return_index=True)[1]
        for group in groups_of(near_labels(shingles_of([plain[at] for at in first]), 0.8)):
            merge_typos(group, [plain[at] for at in first[group]], merged)
    groups: dict[int, list[int]] = defaultdict(list)
    for at, code in enumerate(codes.tolist()):
        if plain[at]:
            groups[merged[code]].append(at)
    return [group for group in groups.values() if len(group) > 1]


def with_the_same_tools(data: Data, groups: list[list[int]]) -> Iterator[list[int]]:
    """The groups parted by the tools that could be called: without one for it “Book a flight” asks something else."""
    tools = data.rows["tools"].tolist()
    for group in groups:
        parted: dict[str, list[int]] = defaultdict(list)
        for at in group:
            parted[tools[at]].append(at)
        yield from (part for part in parted.values() if len(part) > 1)


def merge_typos(group: list[int], texts: list[str], merged: list[int]) -> None:
    """Give questions of one group of near copies the number of the first one that they repeat with typing mistakes."""
    heads: list[int] = []
    for place, code in enumerate(group):
        head = next((one for one in heads if typos_apart(texts[one], texts[place])), None)
        if head is None:
            heads = [*heads, place][:COMPARED]
        else:
            merged[code] = merged[group[head]]


def typos_apart(one: str, other: str) -> bool:
    """Whether two questions are word for word the same but for typing mistakes.

    A number, a first letter or a short word is never taken for a mistake: “paid” and “said”, “2” and “3” differ.
    """
    from rapidfuzz import fuzz

    left, right = one.split(), other.split()
    if len(left) != len(right):
        return False
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    return all(
        a[0] == b[0] and min(len(a), len(b)) > 4 and a.isalpha() and b.isalpha() and fuzz.ratio(a, b) >= TYPO
        for a, b in pairs
    )


def differ(kind: str, one: str, other: str, spread: float) -> bool:
    """Whether two answers clearly differ, rather than say the same in other words."""
    if kind in ("label", "feedback", "preference"):
        return folded([one]) != folded([other])
    if kind == "number":
        values = numpy.array([as_number(one), as_number(other)])
        return bool(abs(values[0] - values[1]) > spread)
    from rapidfuzz import fuzz

    a, b = folded([one[:LONG], other[:LONG]])
    if set(NUMBER.findall(a)) != set(NUMBER.findall(b)) or verdict(a) * verdict(b) < 0:
        return True
    return fuzz.token_set_ratio(a, b) < ALIKE and fuzz.ratio(a, b) < ALIKE


def verdict(text: str) -> int:
    """1 for an answer that begins with yes, -1 for no, 0 for any other, in some languages."""
    first = WORD.search(text)
    return (first.group() in YES) - (first.group() in NO) if first else 0


def as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return numpy.nan


def spread_of(answers: list[str]) -> float:
    """Half a standard deviation of all numbers: smaller differences are usual for numbers that people estimate."""
    values = numpy.array([as_number(answer) for answer in answers])
    known = values[numpy.isfinite(values)]
    return float(known.std() / 2) if len(known) else numpy.inf


def sentence(data: Data, group: list[int], questions: list[str], answers: list[str], spread: float) -> str:
    pairs = ((a, b) for a in group[:COMPARED] for b in group[:COMPARED] if a < b)
    one, other = next((p for p in pairs if differ(data.kind, answers[p[0]], answers[p[1]], spread)), group[:2])
    rows = f"Rows {data.rows['row'].iat[one]} and {data.rows['row'].iat[other]}"
    if data.kind == "feedback":
        return f"{rows}: {quote(str(data.texts['reply'].iat[one]))} got a thumb up and a thumb down."
    if data.kind == "preference":
        asked = quote(str(data.texts["prompt"].iat[one]))
        return f"{rows}: to {asked} each answer is once the better and once the worse one."
    first, second = quoted_apart(answers[one], answers[other], 60)
    return f"{rows}: {quote(questions[one])} is answered {first} and {second}."


CHECK = Check(
    name="contradictions",
    title="Same question, different answers",
    why="The model cannot learn which of two answers is right, and will give one or the other by chance. "
    "Keep the right one, or leave the question out until you have chosen.",
    severity="serious",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    kinds=("chat", "preference", "feedback", "label", "number"),
)

"""Rewards by rule: what an answer gets for keeping to rules that a person made without code. No torch in here."""

import json
from collections.abc import Sequence
from typing import Any, Literal

import regex
from pydantic import BaseModel, ConfigDict, Field, model_validator

from studio.errors import StudioError

SECONDS = 0.2  # of computing, after which a pattern is given up
MOST_RULES = 6
MOST_REPEATS = 10_000  # a pattern that counts higher is as large as a book before it has read a word
TITLES = {
    "json": "Is valid JSON",
    "length": "Has the right length",
    "contains": "Contains words",
    "regex": "Matches a pattern (regular expression)",
}
# Texts on which a pattern with a repeat inside a repeat comes to a halt; its own letters are tried too.
HARD = ("a" * 1000 + "!", "1" * 1000 + "!", "word " * 200 + "!", " " * 1000 + "!", "ab" * 500 + "!")


class Rule(BaseModel):
    """One rule: it gives a text between 0 and 1, see `points`.

    value: the words, separated by commas, or the pattern. min, max: words of an answer (`length` alone).
    negate: reward the opposite. weight: how much it counts beside the other rules.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["json", "length", "contains", "regex"] = Field(description="What is rewarded.")
    value: str = Field("", max_length=500, description="Words, separated by commas, or a regular expression.")
    min: int | None = Field(None, ge=0, le=100_000, description="Fewest words of an answer.")
    max: int | None = Field(None, ge=1, le=100_000, description="Most words of an answer.")
    weight: float = Field(1.0, gt=0, le=100, description="How much it counts beside the other rules.")
    negate: bool = Field(False, description="Reward the opposite.")

    @model_validator(mode="after")
    def is_whole(self) -> "Rule":
        """Refuse a rule that lacks what its kind needs, has what it does not use, or cannot be tried in time."""
        if self.kind != "length" and (self.min is not None or self.max is not None):
            raise ValueError(f"without min and max, which only “length” uses, not “{self.kind}”")
        if self.kind in ("json", "length") and self.value.strip():
            raise ValueError(f"without a value, which “{self.kind}” does not use")
        if self.kind == "length" and self.min is None and self.max is None:
            raise ValueError("given the fewest or the most words, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"given fewest words below the most, not {self.min} and {self.max}")
        if self.kind == "contains" and not phrases(self.value):
            raise ValueError("given the words to look for, in “value”")
        if self.kind == "regex":
            check_pattern(self.value)
        return self


def rules_from(value: Any) -> Any:
    """Rules as they may come: a list as it is, or JSON text of one. Raises ValueError for other text."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return []
    try:
        rules = json.loads(value)
    except (ValueError, RecursionError):
        rules = None
    if not isinstance(rules, list):
        raise ValueError('a list of rules as JSON, such as [{"kind": "length", "max": 40}]')
    return rules


def check_pattern(pattern: str) -> None:
    """Raises ValueError for a pattern that is not valid, or takes endlessly long on some texts."""
    if not pattern:
        raise ValueError("given a pattern, in “value”")
    repeats = 1
    for number in regex.findall(r"\{(?:\d*,)?(\d+),?\}", pattern):
        repeats *= max(1, int(number[:9]))
    if repeats > MOST_REPEATS:
        raise ValueError(f"a pattern that counts to {MOST_REPEATS:,} at most, and this one counts to {repeats:,}")
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"a valid regular expression: {error}") from error
    letters = "".join(regex.findall(r"\w", pattern))
    own = [(letters * 1000)[:1000] + "!"] if letters else []
    for text in (*HARD, *own):
        try:
            compiled.search(text, timeout=SECONDS)
        except TimeoutError:
            raise ValueError(
                "a pattern that is quick to try: this one goes round in circles on a long answer. "
                "Avoid a repeat inside a repeat, such as (a+)+"
            ) from None


def points(rule: Rule, text: str) -> float:
    """What a rule gives a text, from 0 to 1.

    - json: 1 when the whole text is one JSON object or list, else 0.
    - length: 1 from `min` to `max` words (what stands between spaces); a text half as long as the fewest, or twice as
      long as the most, gets a half, and so on, so that the model can tell which way to go.
    - contains: the share of the words or phrases in `value` that occur, as whole words, in small or capital letters.
    - regex: 1 when the pattern is found anywhere, else 0. A text on which it takes longer than 0.2 s gets 0.

    With `negate` it is 1 less that, except that a pattern which takes too long stays at 0.
    """
    if rule.kind == "regex":
        try:
            found = regex.search(rule.value, text, timeout=SECONDS) is not None
        except TimeoutError:
            return 0.0
        return float(found != rule.negate)
    got = {"json": json_points, "length": length_points, "contains": contains_points}[rule.kind](rule, text)
    return 1.0 - got if rule.negate else got


def json_points(rule: Rule, text: str) -> float:
    def refuse(name: str) -> Any:
        raise ValueError(name)  # Python reads NaN and Infinity, JSON has neither

    try:
        return float(isinstance(json.loads(text, parse_constant=refuse), (dict, list)))
    except (ValueError, RecursionError):
        return 0.0


def length_points(rule: Rule, text: str) -> float:
    words = len(text.split())
    if rule.min and words < rule.min:
        return words / rule.min
    if rule.max is not None and words > rule.max:
        return rule.max / words
    return 1.0


def contains_points(rule: Rule, text: str) -> float:
    wanted = phrases(rule.value)
    return sum(has_phrase(phrase, text) for phrase in wanted) / len(wanted)


def phrases(value: str) -> list[str]:
    """The words or phrases of a rule, which commas or line breaks separate."""
    return [part.strip() for part in value.replace("\n", ",").split(",") if part.strip()]


def has_phrase(phrase: str, text: str) -> bool:
    words = r"\s+".join(regex.escape(word) for word in phrase.split())
    return regex.search(rf"(?<!\w){words}(?!\w)", text, regex.IGNORECASE) is not None


def total(rules: Sequence[Rule], text: str) -> float:
    """The mean of what the rules give a text, by their weights: from 0 to 1."""
    weights = sum(rule.weight for rule in rules)
    return sum(rule.weight * points(rule, text) for rule in rules) / weights


def in_words(rule: Rule) -> str:
    """The rule as the end of a sentence: an answer … “contains “refund””."""
    if rule.kind == "json":
        return "is not valid JSON" if rule.negate else "is valid JSON"
    if rule.kind == "length":
        if rule.min is None or rule.max is None:
            size = f"at least {rule.min:,}" if rule.max is None else f"at most {rule.max:,}"
        else:
            size = f"{rule.min:,} to {rule.max:,}"
        return f"{'does not have' if rule.negate else 'has'} {size} words"
    verb = {"contains": ("contains", "does not contain"), "regex": ("matches", "does not match")}[rule.kind]
    shown = ", ".join(f"“{phrase}”" for phrase in phrases(rule.value)) if rule.kind == "contains" else f"“{rule.value}”"
    return f"{verb[rule.negate]} {shown}"


# Short and long, with and without JSON, numbers, capitals, marks, line breaks: a rule that gives all of these the same
# would give the same to whatever a model writes.
SAMPLES = (
    "",
    "Yes.",
    "No, sorry",
    "I AM NOT SURE ABOUT THIS!",
    "Your order 4711 was sent on 2024-05-17 and will arrive in 3 days; write to help@example.com if it does not.",
    '{"answer": "yes", "days": 3}',
    "[1, 2, 3]",
    "1. Open the box.\n2. Take out the cable.\n3. Plug it in.\n\n**Done**",
    "https://example.com/help?topic=returns#top",
    "Das weiß ich leider nicht. Ça va bien.",
    "The cup is blue and the lamp is green and the rug is red and the vase is white. " * 20,
)


def check_rules(rules: Sequence[Rule], answers: Sequence[str]) -> None:
    """Raises StudioError for a rule, or all together, that gives everything the same, so that nothing can be learned.

    answers: of the training rows. They are tried together with a few texts of all sorts, and with the rule's own words.
    """
    own = [phrase for rule in rules if rule.kind == "contains" for phrase in [*phrases(rule.value), rule.value]]
    texts = [*answers, *SAMPLES, *own]
    for number, rule in enumerate(rules, 1):
        if constant([points(rule, text) for text in texts]):
            raise StudioError(
                f"Rule {number} (“{in_words(rule)}”) gives {points(rule, texts[0]):.2f} to every text it was tried on: "
                f"{len(answers):,} of your answers and {len(texts) - len(answers)} others. "
                "From a reward that is always the same nothing can be learned.",
                "Change that rule or take it out.",
            )
    if rules and constant([total(rules, text) for text in texts]):
        raise StudioError(
            "Taken together, the rules give every text the same: they cancel each other out.",
            "Change one of them, or its weight.",
        )


def constant(values: Sequence[float]) -> bool:
    return max(values) - min(values) < 1e-9

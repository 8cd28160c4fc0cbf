"""Slips of the pen: the small mistakes and shortcuts of people who write in a hurry, put into what is asked.

A question with typing mistakes must get the same answer as one without. Only plain words in small letters are touched,
and the first word of a sentence where it is a common one: what has a digit, a sign or a capital in it may be a number,
an address, a placeholder or a name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from studio.datasets.augment.negations import WORD, is_negation, listed
from studio.datasets.augment.step import WordChanges

TRIES = 6  # draws for each change; a short text may have no place for the one that was drawn
# Placeholders, code and links keep every letter, also where there are spaces in them.
SPARED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\{[^{}\n]*\}|\[[^\[\]\n]*\]|<[^<>\n]*>", re.DOTALL)
PLAIN = re.compile(r"([(\"'“„«‚‘¿¡]*)([^\W\d_]+(?:['’-][^\W\d_]+)*)([)\"'”“»’.,;:!?…]*)")
LAST_LETTER = "\u052f"  # alphabets of Europe; elsewhere these mistakes are not made
KEYS = {"de": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"), "fr": ("azertyuiop", "qsdfghjklm", "wxcvbn")}
USUAL_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Words that begin sentences and are no names.
OPENERS = listed(
    """
    i a an the my your our we you it this that these those there is are was were do does did can could will would
    should may have has had what where when who why how which please hello hi dear thanks thank sorry if after before
    since and but so also
    ich wir sie es das der die ein eine mein meine ihr ihre unser ist sind war kann können könnte muss habe hat haben
    was wo wann wer warum wie welche welcher welches bitte hallo danke wenn nach seit und aber
    je j'ai nous vous il elle on c'est le la les un une mon ma mes est est-ce peut puis pourquoi comment quand où qui
    quel quelle bonjour merci si et mais
    yo mi mis el los las una es está son puede puedo tengo qué dónde cuándo cómo por hola gracias y pero
    """
)
FILLERS = {
    "en": listed("please really actually basically just quite simply kindly anyway literally"),
    "de": listed("bitte eigentlich einfach wirklich gerade eben mal halt übrigens"),
    "fr": listed("donc vraiment simplement juste alors"),
    "es": listed("realmente simplemente bueno pues entonces"),
}


@dataclass
class Token:
    """A stretch between spaces: marks, a word, marks; `free` when it may be touched, `space` is what follows it."""

    before: str
    word: str
    after: str
    space: str
    free: bool

    @property
    def bare(self) -> bool:
        return not self.before and not self.after


def slips(text: str, options: WordChanges, language: str, known: frozenset[str], draw: Random) -> str:
    """The text with at most `options.changes` slips; the same text where there is no place for one.

    language: code that decides on keys and fillers, "" when not known. known: words, in small letters, that no typing
    mistake may turn into.
    """
    tokens = tokens_of(text)
    kinds: list[Callable[[], bool]] = []
    if options.typing:
        kinds += [lambda: mistype(tokens, language, known, draw)] * 2  # the commonest slip of all
    if options.casual:
        kinds.append(lambda: relax(tokens, draw))
    if options.fillers:
        kinds.append(lambda: drop_filler(tokens, language, draw))
    if options.swaps:
        kinds.append(lambda: swap(tokens, draw))
    done = 0
    for _ in range(options.changes * TRIES if kinds else 0):
        done += draw.choice(kinds)()
        if done == options.changes:
            break
    return text[: len(text) - len(text.lstrip())] + "".join(
        token.before + token.word + token.after + token.space for token in tokens
    )


def tokens_of(text: str) -> list[Token]:
    spared = [match.span() for match in SPARED.finditer(text)]
    tokens = []
    for match in re.finditer(r"(\S+)(\s*)", text):
        plain = PLAIN.fullmatch(match.group(1))
        inside = any(start < match.end(1) and match.start(1) < end for start, end in spared)
        if plain is None:
            tokens.append(Token("", match.group(1), "", match.group(2), False))
        else:
            before, word, after = plain.groups()
            free = not inside and not is_negation(word) and max(word) <= LAST_LETTER
            tokens.append(Token(before, word, after, match.group(2), free))
    return tokens


def mistype(tokens: list[Token], language: str, known: frozenset[str], draw: Random) -> bool:
    """A typing mistake in one word of four letters and more, which does not become another word."""
    places = [token for token in tokens if token.free and token.word.islower() and len(token.word) > 3]
    if not places:
        return False
    token = draw.choice(places)
    wrong = misspelt(token.word, language, draw)
    if wrong == token.word or wrong in known or is_negation(wrong):
        return False
    token.word, token.free = wrong, False
    return True


def misspelt(word: str, language: str, draw: Random) -> str:
    """One mistake behind the first letter, which people seldom get wrong."""
    kind = draw.choice(("neighbour", "swapped", "doubled", "missing"))
    at = draw.randrange(1, len(word) - (kind == "swapped"))
    if kind == "swapped":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "doubled":
        return word[:at] + word[at] + word[at:]
    if kind == "missing":
        return word[:at] + word[at + 1 :]
    row = next((row for row in KEYS.get(language, USUAL_KEYS) if word[at] in row), "")
    place = row.find(word[at])
    near = row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    return word[:at] + draw.choice(near) + word[at + 1 :] if near else word


def relax(tokens: list[Token], draw: Random) -> bool:
    """A small letter at the beginning, or a mark less behind a word."""
    lower = [token for token in tokens if token.free and token.word[0].isupper() and token.word.lower() in OPENERS]
    last = tokens[-1:] if tokens and tokens[-1].after and not tokens[-1].after.strip(".!?…") else []
    less = [token for token in tokens if token.free and (token.after == "," or token in last)]
    if not lower and not less:
        return False
    token = draw.choice(lower + less)
    if token.word[0].isupper() and token.word.lower() in OPENERS:
        token.word = token.word.lower()
    else:
        token.after = ""
    return True


def drop_filler(tokens: list[Token], language: str, draw: Random) -> bool:
    """Leave out one word that adds nothing; behind a “not” it adds something."""
    fillers = FILLERS.get(language, frozenset())
    places = [
        at
        for at, token in enumerate(tokens)
        if token.free and token.bare and token.word in fillers and at and not is_negation(tokens[at - 1].word)
    ]
    if not places:
        return False
    del tokens[draw.choice(places)]
    return True


def swap(tokens: list[Token], draw: Random) -> bool:
    """Exchange two neighbouring plain words, not around or behind a negation."""
    places = [
        at
        for at in range(len(tokens) - 1)
        if all(token.free and token.bare and token.word.islower() for token in tokens[at : at + 2])
        and tokens[at].word != tokens[at + 1].word
        and not (at and is_negation(tokens[at - 1].word))
    ]
    if not places:
        return False
    at = draw.choice(places)
    left, right = tokens[at], tokens[at + 1]
    left.word, right.word = right.word, left.word
    left.free = right.free = False
    return True


def words_of(texts: list[str]) -> frozenset[str]:
    """Every word of these texts in small letters."""
    return frozenset(word.lower() for text in texts for word in WORD.findall(text))

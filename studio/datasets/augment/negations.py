"""Words that turn a sentence into its opposite: no way of making rows may touch, lose or add one."""

import re


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


DENYING = listed(
    """
    not no never none nobody nothing nowhere cannot without dont cant wont isnt wasnt arent werent doesnt didnt
    havent hasnt hadnt shouldnt couldnt wouldnt aint
    nicht nichts nie niemals niemand nirgends kein keine keinen keinem keiner keines ohne
    ne pas jamais rien aucun aucune sans non
    nunca jamás nada nadie ningún ninguno ninguna tampoco sin
    """
)
# These narrow what is said; they are not touched, but other words may say the same.
NARROWING = listed(
    """
    only except unless hardly neither nor nur außer weder seulement sauf ni solo sólo sino salvo excepto
    """
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def is_negation(word: str) -> bool:
    return word.lower() in NARROWING or denying(word)


def denies(text: str) -> bool:
    """Whether a text says that something is not so."""
    return any(denying(word) for word in WORD.findall(text))


def denying(word: str) -> bool:
    word = word.lower().replace("’", "'")
    return word in DENYING or word.endswith("n't") or word.startswith("n'")

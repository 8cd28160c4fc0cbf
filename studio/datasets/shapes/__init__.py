"""The layouts that tables come in, recognised without being asked, and how each becomes rows to learn from."""

from studio.datasets.shapes.applying import apply, count_reasons
from studio.datasets.shapes.catalogue import SHAPES, roles_of
from studio.datasets.shapes.guessing import GUESSED_FROM, guess
from studio.datasets.shapes.mapping import Guess, LeftOut, Mapping, Role, Shape

__all__ = [
    "GUESSED_FROM",
    "SHAPES",
    "Guess",
    "LeftOut",
    "Mapping",
    "Role",
    "Shape",
    "apply",
    "count_reasons",
    "guess",
    "roles_of",
]

"""The memory that a run will need: the question, the answer in parts, and who is asked. What reckons is in methods."""

from studio.models.memory.estimator import Estimator
from studio.models.memory.parts import MOMENTS, WORDS, Parts
from studio.models.memory.question import Question

__all__ = ["MOMENTS", "WORDS", "Estimator", "Parts", "Question"]

"""The dictionary of failures: what can end a run badly, how each is recognised, and the one thing to do next."""

from studio.training.failures.kinds import KINDS, Kind, kind_of
from studio.training.failures.telling import document, in_words, not_a_number, resume_refused

__all__ = ["KINDS", "Kind", "document", "in_words", "kind_of", "not_a_number", "resume_refused"]

"""Asks the helper that reckons, and remembers every answer: in memory, and on disk for the next start."""

import threading
from collections.abc import Iterator

from studio.child import Child
from studio.errors import StudioError
from studio.models.memory.parts import Parts
from studio.models.memory.question import Question
from studio.workspace import Workspace, read_json, write_json

MOST_KEPT = 5000  # answers on disk, about 300 bytes each; the oldest go first
HELPER = "studio.methods.memory.helper"  # methods may use models, not the other way round, so it is called by name


class Estimator:
    """The owner's end. A question that was asked before is answered at once, without the helper."""

    def __init__(self, workspace: Workspace) -> None:
        self.file = workspace.home / "memory.json"
        self.child = Child(HELPER, log=workspace.logs / "memory.log")
        self.answers: dict[str, Parts] = {}
        self.unknown: dict[str, StudioError] = {}
        self.lock = threading.Lock()
        for key, values in (read_json(self.file) or {}).items():
            try:
                self.answers[key] = Parts(**values)
            except TypeError:
                continue  # kept by another edition of the studio

    def known(self, question: Question) -> Parts | None:
        """The answer if there is one already; asks nobody. Raises StudioError when it is known that it has none."""
        if question.key in self.unknown:
            raise self.unknown[question.key]
        return self.answers.get(question.key)

    def ask(self, question: Question) -> Parts:
        """The memory that this run needs. A new question takes about a second, the first one some seconds more.

        Raises StudioError when it cannot be told.
        """
        for _, found in self.ask_all([question]):
            if isinstance(found, StudioError):
                raise found
            return found
        raise StudioError("The memory could not be worked out.", "Try again.")

    def ask_all(self, questions: list[Question]) -> Iterator[tuple[int, Parts | StudioError]]:
        """(place in the list, answer or why there is none), those that are known first and the others as they come."""
        missing: dict[str, list[int]] = {}
        for place, question in enumerate(questions):
            key = question.key
            if key in self.answers:
                yield place, self.answers[key]
            elif key in self.unknown:
                yield place, self.unknown[key]
            else:
                missing.setdefault(key, []).append(place)
        if not missing:
            return
        keys = list(missing)
        asked = [questions[missing[key][0]].as_dict() for key in keys]
        try:
            for reply in self.child.ask({"questions": asked}):
                key = keys[reply["place"]]
                found: Parts | StudioError
                if "parts" in reply:
                    found = self.answers[key] = Parts(**reply["parts"])
                else:
                    found = self.unknown[key] = StudioError(reply["unknown"], reply["advice"])
                for place in missing[key]:
                    yield place, found
        finally:
            self.keep()

    def keep(self) -> None:
        """Write what is known to disk."""
        with self.lock:
            while len(self.answers) > MOST_KEPT:
                self.answers.pop(next(iter(self.answers)))
            write_json(self.file, {key: parts.as_dict() for key, parts in self.answers.items()})

    def close(self) -> None:
        self.child.close()

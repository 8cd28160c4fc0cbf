"""Which filling of the form is the newest on each open page: requests and answers overtake each other.

The page sends a mark with each request: its own name, the filling that it shows, and how often something was typed into
the form (assets/js/typed.js). Each filling brings that number back, so that the page knows what was typed since.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

PAGES = 1000  # so many open pages are known; one that is forgotten counts as one that was never filled


@dataclass(frozen=True)
class Mark:
    """page: its name. filling: that it shows, "" before the first. typed: how often something was typed."""

    page: str = ""
    filling: str = ""
    typed: int = 0

    @classmethod
    def of(cls, text: str) -> "Mark":
        """What the page wrote, "" before it has written anything."""
        page, filling, typed = text.split(" ") if text else ("", "", "0")
        return cls(page, filling, int(typed))


class Fillings:
    """Of all open pages."""

    def __init__(self) -> None:
        self.newest: OrderedDict[str, Mark] = OrderedDict()
        self.lock = threading.Lock()

    def begin(self, mark: str) -> str:
        """A new filling that is wanted instead of what `mark` shows: its name, and what had been typed by then."""
        asked = Mark.of(mark)
        filling = Mark(asked.page, uuid4().hex, asked.typed)
        with self.lock:
            self.newest[asked.page] = filling
            self.newest.move_to_end(asked.page)
            while len(self.newest) > PAGES:
                self.newest.popitem(last=False)
        return f"{filling.filling} {filling.typed}"

    def outdated(self, mark: str) -> str:
        """The mark with which the form is to be filled once more, where a page shows an older filling; else ""."""
        shown = Mark.of(mark)
        newest = self.newest.get(shown.page)
        if newest is None or newest.filling == shown.filling:
            return ""
        return f"{shown.page} {shown.filling} {newest.typed}"  # what was typed after the newest was wanted stands

    def keep(self, mark: str, keep: Callable[[], None]) -> None:
        """Keep what was typed, unless the form has been filled anew since: it would undo that."""
        with self.lock:
            shown = Mark.of(mark)
            newest = self.newest.get(shown.page)
            if newest is None or newest.filling == shown.filling:
                keep()

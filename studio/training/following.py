"""Keeping up with runs: what is known of each is held in memory, and only what came since is read.

`fold` tells everything of one run. `glance` tells the facts, without curves and log, and never takes long: it is for
whoever looks at all runs. Any number of threads may call them, and all are handed the same view until it changes.
"""

import threading
from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path

from studio.training import summary
from studio.training.curve import Curve
from studio.training.events import Event, events_in, in_pieces
from studio.training.process_state import look_at_process
from studio.training.view import FINAL, RunView, take

HELD = 8  # runs that have ended whose curves stay in memory, of those asked for last
MUCH = 500_000  # bytes of log: no glance reads more than that, some 20 ms, and after so many a view is written down
ENDS = 16_000  # bytes at each end of a long log that a glance makes do with

Stamp = tuple[int, int, int] | None  # number, size and time of a log file; None where there is none


class Followed:
    """One run: its view so far, how much of the log is in it, and how much of that is in its summary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.begun = False
        self.view, self.offset, self.saved = RunView(), 0, 0
        self.stamp: Stamp = None
        self.shown: RunView | None = None

    def begin(self) -> None:
        self.begun = True
        self.view, self.offset = summary.load_all(self.folder) or (RunView(), 0)
        self.saved, self.shown = self.offset, None

    def keep_up(self) -> RunView:
        """The view as of now."""
        with self.lock:
            stamp = stamp_of(self.folder)
            if not self.begun:
                self.begin()
            if stamp != self.stamp:
                self.read(stamp)
            if self.view.status not in FINAL:
                look_at_process(self.folder, self.view, self.offset)
            ended = self.view.status in FINAL and self.offset != self.saved
            if ended or self.offset - self.saved > MUCH:
                summary.save(self.folder, self.view, self.offset)
                self.saved = self.offset  # where the disk refused, another server will try again
            if self.shown is None or (self.view.version, self.view.status) != (self.shown.version, self.shown.status):
                series = {name: Curve(curve, curve.width) for name, curve in self.view.series.items()}
                self.shown = replace(self.view, series=series, log=list(self.view.log))
            return self.shown

    def read(self, stamp: Stamp) -> None:
        """Fold what is new in the log; another log, or one that was cut, from its beginning."""
        if self.stamp and (stamp is None or stamp[0] != self.stamp[0] or stamp[1] < self.offset):
            self.begin()
        for events, offset in in_pieces(self.folder / "events.jsonl", self.offset):
            for event in events:
                take(self.view, event)
            self.offset = offset
        self.stamp = stamp


@dataclass(frozen=True)
class Glance:
    """The facts of a run, and the state of its log that they belong to. of: the view of a run that may still change."""

    stamp: Stamp
    facts: RunView
    of: RunView | None = None


_followed: dict[Path, Followed] = {}  # the one asked for last stands last
_glances: dict[Path, Glance] = {}
_lock = threading.Lock()


def fold(folder: Path) -> RunView:
    """The view of a run folder. Only events that came since the last call are read, at the first call perhaps all."""
    with _lock:
        followed = _followed.pop(folder, None) or Followed(folder)
        _followed[folder] = followed
        ended = [other for other, one in _followed.items() if one.shown and one.shown.status in FINAL]
        for other in ended[:-HELD]:
            del _followed[other]
    return followed.keep_up()


def glance(folder: Path) -> RunView:
    """The facts of a run: its view without curves and log, `hasty` while most of a long log has not been read."""
    stamp, known = stamp_of(folder), _glances.get(folder)
    if known and known.stamp == stamp and known.facts.status in FINAL and not known.facts.hasty:
        return known.facts
    seen = look(folder, stamp, known)
    with _lock:
        _glances[folder] = seen
    return seen.facts


def look(folder: Path, stamp: Stamp, known: Glance | None) -> Glance:
    size = stamp[1] if stamp else 0
    followed = _followed.get(folder)
    offset = followed.offset if followed else 0
    if followed is None and (stored := summary.load_facts(folder)):
        facts, offset = stored
        if offset == size and facts.status in FINAL:
            return Glance(stamp, facts)
    if size - offset > MUCH:
        ended = known and known.stamp == stamp and known.facts.status in FINAL
        return known if known and ended else Glance(stamp, ends_of(folder, size))
    view = fold(folder)
    if view.status in FINAL:
        return Glance(stamp, summary.at_a_glance(view))  # and its curves need not stay in memory
    return known if known and known.of is view else Glance(stamp, summary.at_a_glance(view), view)


def ends_of(folder: Path, size: int) -> RunView:
    """What the first and the last events of a long log tell. The best point may lie between them."""
    view, reach = RunView(), ENDS
    last: list[Event] = []
    with (folder / "events.jsonl").open("rb") as file:
        head = file.read(ENDS)
        while not last and reach < size:  # a result with many groups is a long line
            file.seek(size - reach)
            tail = file.read(reach)
            last, reach = events_in(tail[tail.find(b"\n") + 1 : tail.rfind(b"\n") + 1]), reach * 4
    for event in events_in(head[: head.rfind(b"\n") + 1]) + last:
        take(view, event)
    if view.status not in FINAL:
        look_at_process(folder, view, size)
    return replace(summary.at_a_glance(view), hasty=True, best_step=None, best_value=None, best_loss=None)


def forget_others(place: Path, folders: Set[Path]) -> None:
    """Let go of what is known of runs below `place` that are not among these: their folders are gone."""
    with _lock:
        for folder in {*_followed, *_glances} - folders:
            if folder.parent == place:
                _followed.pop(folder, None)
                _glances.pop(folder, None)


def stamp_of(folder: Path) -> Stamp:
    try:
        log = (folder / "events.jsonl").stat()
    except OSError:
        return None
    return log.st_ino, log.st_size, log.st_mtime_ns

"""What the C library's allocator takes from the system for a sequence of tensors: more than they need.

torch asks glibc for places aligned to 64 bytes. glibc cuts such a place out of a larger one, and the crumbs before and
behind it are taken by small things that live on. So a hole is a little smaller than what left it, neither the next
tensor of the same size fits into it nor does it grow together with its neighbours, and it ends as the home of something
smaller. With a LoRA step of a 135-million Llama (4 rows of 256 tokens, float32, glibc of Debian 12) 1.9 GB of tensors
took 3.0 GB. The sequence is therefore played to an allocator of the same rules: the smallest hole that is large enough,
else the end of the heap; what is larger than 32 MB gets pages of its own, and gives them back
(DEFAULT_MMAP_THRESHOLD_MAX in glibc's malloc.c, to which its threshold climbs in the first moments of a training).
Between two steps nearly all of it is free again, and the crumbs with it. The optimiser's notes, made after the first
step, find their place there: what it takes with them is the larger of the first step with its crumbs, and of the notes
and a step without. (Measured: 3.4 GB against 3.5 for LoRA on that Llama; 2.6 against 2.7 for full fine-tuning of it on
2 rows; 2.2 against 2.1 for full fine-tuning of a MiniLM on 16 rows.)
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

OWN_PAGES = 32 * 1024**2
HEADER = 16  # bytes in front of every place
SEARCHED = 96  # bytes by which an aligned place is asked for larger than it is: the alignment and the smallest crumb
CRUMB = 32  # bytes lost beside every place until the step is over
Event = tuple[int, int]  # (tensor, bytes) as it comes, (tensor, 0) as it goes


@dataclass
class Heap:
    """`end`: how far it reaches. `apart`: bytes with pages of their own. `most`: both together at their most.

    crumb: bytes lost beside every place, 0 where everything grows together again.
    """

    crumb: int = CRUMB
    end: int = 0
    apart: int = 0
    most: int = 0
    holes: list[tuple[int, int]] = field(default_factory=list)  # (bytes, place), sorted
    starts: dict[int, int] = field(default_factory=dict)  # of a hole: place to bytes
    ends: dict[int, int] = field(default_factory=dict)  # of a hole: the place behind it to its place
    held: dict[int, tuple[int, int]] = field(default_factory=dict)  # tensor to (place, bytes); place -1: apart

    def play(self, events: list[Event]) -> None:
        for tensor, size in events:
            if size:
                self.take(tensor, size)
            elif tensor in self.held:
                self.give(tensor)

    def take(self, tensor: int, size: int) -> None:
        if size >= OWN_PAGES:
            self.held[tensor] = (-1, size)
            self.apart += size
        else:
            size = -(-(size + HEADER) // 16) * 16
            self.held[tensor] = (self.room(size), size)
        self.most = max(self.most, self.end + self.apart)

    def room(self, size: int) -> int:
        """A place with so many bytes."""
        found = bisect_left(self.holes, (size + SEARCHED, 0))
        if found == len(self.holes):
            place = self.end + self.crumb
            self.end = place + size
            return place
        whole, place = self.holes[found]
        self.close(place, whole)
        if whole > size + self.crumb:
            self.open(place + self.crumb + size, whole - size - self.crumb)
        return place + self.crumb

    def give(self, tensor: int) -> None:
        place, size = self.held.pop(tensor)
        if place < 0:
            self.apart -= size
            return
        behind = self.starts.get(place + size)
        if behind is not None:
            self.close(place + size, behind)
            size += behind
        before = self.ends.get(place)
        if before is not None:
            self.close(before, place - before)
            place, size = before, size + place - before
        if place + size == self.end:
            self.end = place  # the top goes back to the system
        else:
            self.open(place, size)

    def open(self, place: int, size: int) -> None:
        insort(self.holes, (size, place))
        self.starts[place], self.ends[place + size] = size, place

    def close(self, place: int, size: int) -> None:
        del self.holes[bisect_left(self.holes, (size, place))]
        del self.starts[place], self.ends[place + size]


def footprint(*sequences: list[Event], crumb: int = CRUMB) -> int:
    """The most bytes that any of these sequences takes from the system, each begun with nothing."""
    most = 0
    for events in sequences:
        heap = Heap(crumb)
        heap.play(events)
        most = max(most, heap.most)
    return most

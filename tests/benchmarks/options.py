"""What the one command was asked for."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.pairs import Pair


@dataclass(frozen=True)
class Options:
    """home: a studio's home that is kept; pairs: of each comparison; steps: the most of a training, 0 for a whole pass.

    wanted: the ids of the benchmarks; model: the only one of B1, B2 and B4 that is trained, "" for all of them.
    """

    home: Path
    pairs: int = 3
    steps: int = 0
    wanted: frozenset[str] = field(default_factory=frozenset)
    model: str = ""

    def say(self, name: str, pairs: list[Pair]) -> None:
        """The single measurements, so that a ratio can be looked into."""
        for pair in pairs:
            words = [
                f"{who} {cost.wall:.1f} s, {cost.cpu:.1f} CPU s, {cost.peak / 1e6:,.0f} MB"
                for who, cost in (("ours", pair.ours), ("theirs", pair.theirs))
            ]
            print(f"  {name}: {'; '.join(words)}{'  noisy' if pair.noisy else ''}", flush=True)

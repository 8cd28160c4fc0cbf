"""Near-copy search beside datasketch's MinHashLSH, on the same texts: python -m tests.benchmarks.near_copies

Texts of 75 made-up words (about 100 tokens), one in ten with a planted copy in which one to six words differ; what
counts as a copy is decided by exact Jaccard similarity of pairs of words, 0.8 and more. Needs `pip install datasketch`.
Both get the same strings and give groups; recall and precision count the planted pairs, and pairs in one group.
"""

import random
import resource
import time
from collections.abc import Callable
from itertools import combinations, pairwise

import numpy

from studio.datasets.near import BANDS, SLOTS, near_groups

SIZES = (10_000, 100_000)
COMPARED = 10_000  # rows up to which datasketch is measured too; at 100,000 it takes minutes
ROUNDS = 3


def planted(rows: int) -> tuple[list[str], set[tuple[int, int]]]:
    """Texts, and the positions of the planted pairs that are near copies by the definition."""
    chance = random.Random(rows)
    vocabulary = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(20_000)]
    often = [1 / place**0.9 for place in range(1, len(vocabulary) + 1)]  # Zipf's law, as in any language
    texts = [" ".join(chance.choices(vocabulary, weights=often, k=75)) for _ in range(rows - rows // 11)]
    pairs = set()
    for origin in range(rows - len(texts)):
        words = texts[origin].split()
        for place in chance.sample(range(len(words)), 1 + origin % 6):
            words[place] = f"changed{chance.randrange(10**6)}"
        texts.append(" ".join(words))
        if jaccard(texts[origin], texts[-1]) >= 0.8:
            pairs.add((origin, len(texts) - 1))
    return texts, pairs


def shingles(text: str) -> set[str]:
    return {f"{a} {b}" for a, b in pairwise(text.split())}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def by_datasketch(texts: list[str]) -> list[list[int]]:
    """The usual way to use it: signatures in bulk, an index, a query for each text, and an exact look at candidates.

    The bands that it chooses by itself for 0.8 miss a quarter of the planted pairs; at equal recall it needs as many
    bands as we use.
    """
    from datasketch import MinHash, MinHashLSH

    sets = [shingles(text) for text in texts]
    index = MinHashLSH(num_perm=SLOTS, params=(BANDS, SLOTS // BANDS))
    hashes = MinHash.bulk([[one.encode() for one in some] for some in sets], num_perm=SLOTS)
    for place, signature in enumerate(hashes):
        index.insert(place, signature)
    candidates = [(place, other) for place, h in enumerate(hashes) for other in index.query(h) if other > place]
    return [[a, b] for a, b in candidates if len(sets[a] & sets[b]) >= 0.8 * len(sets[a] | sets[b])]


def measured(
    search: Callable[[list[str]], list[list[int]]], texts: list[str], pairs: set[tuple[int, int]]
) -> tuple[float, float, float]:
    """Seconds, recall of the planted pairs, precision by exact similarity."""
    began = time.perf_counter()
    groups = search(texts)
    seconds = time.perf_counter() - began
    found = {pair for group in groups for pair in combinations(sorted(group), 2)}
    right = sum(jaccard(texts[a], texts[b]) >= 0.8 for a, b in found)
    return seconds, len(found & pairs) / len(pairs), right / max(len(found), 1)


def main() -> None:
    near_groups(["warm up", "warm up"])
    for rows in SIZES:
        texts, pairs = planted(rows)
        print(f"{rows:,} rows, {len(pairs):,} planted near copies")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(measured(near_groups, texts, pairs))
            if rows <= COMPARED:
                theirs.append(measured(by_datasketch, texts, pairs))
        show("studio.datasets.near", ours)
        if theirs:
            show("datasketch MinHashLSH", theirs)
            ratios = [b[0] / a[0] for a, b in zip(ours, theirs, strict=True)]
            print(f"  as fast                {numpy.median(ratios):.1f} x ({min(ratios):.1f} to {max(ratios):.1f})")
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def show(name: str, rounds: list[tuple[float, float, float]]) -> None:
    seconds = [one[0] for one in rounds]
    spread = f"({min(seconds):.2f} to {max(seconds):.2f})"
    print(
        f"  {name:22} {numpy.median(seconds):.2f} s {spread}, recall {rounds[0][1]:.4f}, precision {rounds[0][2]:.4f}"
    )


if __name__ == "__main__":
    main()

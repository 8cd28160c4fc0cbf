"""Near copies: texts that are the same but for a few words, found without comparing every text with every other.

Two texts are near copies when their sets of shingles (pairs of neighbouring words, whatever the case and punctuation)
overlap by the threshold, as Jaccard similarity: shared shingles divided by all shingles of the two. MinHash with
locality-sensitive hashing proposes candidates (Broder 1997; Leskovec, Rajaraman, Ullman, “Mining of Massive Datasets”,
chapter 3), and every candidate is then compared exactly, so that what is reported is never an estimate.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy
import pandas

SLOTS, BANDS = 120, 20  # a pair with Jaccard 0.8 shares one of 20 bands of 6 slots with probability 0.998
SEED = 42
TEXTS_AT_ONCE = 20_000  # bounds the memory while texts are cut into words
PAIRS_AT_ONCE = 50_000  # bounds the memory while candidates are compared
# Scripts that put no space between words: each character counts as a word.
UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
# Punctuation around a word changes nothing, but signs such as + or € do, and so does the dot in 3.5. RE2 syntax.
AROUND_A_WORD = r"^[^\p{L}\p{M}\p{N}\p{S}*/%]+|[^\p{L}\p{M}\p{N}\p{S}*/%]+$"
ODD = numpy.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: Knuth's multiplicative hashing


@dataclass(frozen=True)
class Shingles:
    """The shingles of n texts: those of text i are values[offsets[i]:offsets[i + 1]], sorted, each once.

    values: int32, hashes of 31 bits; two shingles of a text collide about once in a million texts.
    """

    values: numpy.ndarray
    offsets: numpy.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def sizes(self) -> numpy.ndarray:
        """Number of different shingles of each text; 0 for a text without words."""
        return numpy.diff(self.offsets)

    @cached_property
    def matrix(self) -> Any:
        """One row a text, one column a shingle, 1 where it occurs."""
        from scipy.sparse import csr_array

        ones = numpy.ones(len(self.values), dtype="int16")
        return csr_array((ones, self.values, self.offsets), shape=(len(self), 2**31 - 1))

    def jaccard(self, left: numpy.ndarray, right: numpy.ndarray) -> numpy.ndarray:
        """Exact Jaccard similarity of the texts at `left` with those at `right`, float64; 0 for texts without words."""
        found = numpy.zeros(len(left))
        for start in range(0, len(left), PAIRS_AT_ONCE):
            a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
            shared = numpy.diff(self.matrix[a].multiply(self.matrix[b]).tocsr().indptr)
            either = self.sizes[a] + self.sizes[b] - shared
            found[start : start + PAIRS_AT_ONCE] = shared / numpy.maximum(either, 1)
        return found


def shingles_of(texts: list[str]) -> Shingles:
    """The shingles of every text; a text of one word has that word as its only shingle."""
    values, sizes = [numpy.empty(0, dtype="int32")], [numpy.zeros(1, dtype="int64")]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        words, offsets = hashed_words(texts[start : start + TEXTS_AT_ONCE])
        count = numpy.diff(offsets)
        row = numpy.repeat(numpy.arange(len(count)), count)
        ends = numpy.zeros(len(words), dtype=bool)
        ends[offsets[1:][count > 0] - 1] = True
        following = numpy.where(ends, numpy.uint64(0), numpy.roll(words, -1))
        pairs = ((words * ODD) ^ following) * ODD >> numpy.uint64(33)
        keep = ~ends | (count[row] == 1)
        # Sorting row and hash as one integer sorts the shingles of every row at once.
        sorted_keys = numpy.sort((row[keep] << 31) | pairs[keep].astype("int64"))
        sorted_keys = sorted_keys[numpy.diff(sorted_keys, prepend=-1) > 0]
        # The last column is left out: scipy counts columns in int32.
        values.append(numpy.minimum(sorted_keys & 0x7FFFFFFF, 2**31 - 2).astype("int32"))
        sizes.append(numpy.bincount(sorted_keys >> 31, minlength=len(count)))
    return Shingles(numpy.concatenate(values), numpy.cumsum(numpy.concatenate(sizes)))


def hashed_words(texts: list[str]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """64-bit hashes of the words of all texts in a row, and n + 1 offsets: where the words of each text begin."""
    import pyarrow
    from pyarrow import compute

    array = pyarrow.array(texts, type=pyarrow.large_string())
    plain = compute.string_is_ascii(array)
    if not compute.all(plain).as_py():  # a second look, taken only at texts that need it
        spaced = compute.replace_substring_regex(
            compute.utf8_normalize(array.filter(compute.invert(plain)), form="NFKC"),
            pattern=UNSPACED,
            replacement=r" \1 ",
        )
        array = compute.replace_with_mask(array, compute.invert(plain), spaced)
    words = compute.utf8_split_whitespace(array)
    encoded = words.flatten().dictionary_encode()
    # Cleaning each different word once is far cheaper than cleaning every text.
    lower = compute.utf8_lower(encoded.dictionary)
    clean = compute.replace_substring_regex(lower, pattern=AROUND_A_WORD, replacement="")
    known = clean.to_pandas().to_numpy(dtype=object)
    hashes = pandas.util.hash_array(known, categorize=False)
    codes = encoded.indices.to_numpy()
    keep = (known != "")[codes]  # lone punctuation is no word; utf8_split_whitespace also leaves empty pieces
    before = numpy.concatenate([[0], numpy.cumsum(keep)])
    return hashes[codes[keep]], before[words.offsets.to_numpy()]


def near_groups(texts: list[str], threshold: float = 0.8) -> list[list[int]]:
    """Groups of two and more positions whose texts are near copies of one another, in order; the same every time.

    Chains count: where a is a near copy of b and b of c, all three are one group. Texts without a word are in no group.
    The threshold is a Jaccard similarity from 0.8 to 1; ValueError below, where candidates would be missed.
    """
    return groups_of(near_labels(shingles_of(texts), threshold))


def groups_of(labels: numpy.ndarray) -> list[list[int]]:
    """Positions that carry the same label, where there are two or more; ordered by the first of each."""
    order = numpy.argsort(labels, kind="stable")
    cuts = numpy.flatnonzero(numpy.diff(labels[order], prepend=-1, append=-1))
    return sorted(order[a:b].tolist() for a, b in pairwise(cuts.tolist()) if b - a > 1)


def near_labels(shingles: Shingles, threshold: float) -> numpy.ndarray:
    """A number for every text, the same for texts of one group of near copies."""
    if not 0.8 <= threshold <= 1:
        raise ValueError(f"a threshold from 0.8 to 1 is wanted, not {threshold}")
    # Texts with the very same shingles are joined first: a thousand copies of one text then cost as much as one.
    sets = set_hashes(shingles)
    _, first, same_as = numpy.unique(sets, return_index=True, return_inverse=True)
    likely = first[shingles.sizes[first] > 0]
    likely = likely[sharing_a_band(shingles, likely)]
    return join(shingles, likely, threshold)[first[same_as]]


def set_hashes(shingles: Shingles) -> numpy.ndarray:
    """64 bits for the set of shingles of each text; a text without words gets one of its own."""
    mixed = shingles.values.astype("uint64") * ODD
    mixed = (mixed ^ (mixed >> numpy.uint64(29))) * ODD
    sums = numpy.concatenate([numpy.zeros(1, dtype="uint64"), numpy.cumsum(mixed, dtype="uint64")])
    hashes = sums[shingles.offsets[1:]] - sums[shingles.offsets[:-1]]
    empty = numpy.flatnonzero(shingles.sizes == 0)
    hashes[empty] = empty
    return hashes


def digests(shingles: Shingles, texts: numpy.ndarray) -> Any:
    """MinHash digests of some texts, SLOTS numbers each."""
    from rensa import RMinHash

    sizes = shingles.sizes[texts]
    ends = numpy.cumsum(sizes)
    within = numpy.arange(int(sizes.sum())) - numpy.repeat(ends - sizes, sizes)
    values = shingles.values[numpy.repeat(shingles.offsets[texts], sizes) + within].astype("uint64") * ODD
    offsets = numpy.concatenate([[0], ends]).astype("uint64")
    return RMinHash.digest_matrix_from_flat_token_hashes(values, offsets, SLOTS, SEED)


def sharing_a_band(shingles: Shingles, texts: numpy.ndarray) -> numpy.ndarray:
    """Which of these texts have a candidate at all. Mostly few: only their digests need to leave Rust."""
    from rensa import RMinHashLSH

    if len(texts) < 2:
        return numpy.zeros(len(texts), dtype=bool)
    flags = RMinHashLSH(0.8, SLOTS, BANDS).query_duplicate_flags_matrix_one_shot(digests(shingles, texts))
    return numpy.array(flags, dtype=bool)


def join(shingles: Shingles, texts: numpy.ndarray, threshold: float) -> numpy.ndarray:
    """Labels of all texts after joining those of `texts` that share a band and are near copies indeed.

    In each band a text is compared with the first one of its bucket and with the two before it, so that a bucket full
    of boilerplate costs no more than its size; pairs that are joined already are not compared again.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels = numpy.arange(len(shingles))
    for band in bands(shingles, texts):
        order = numpy.argsort(band, kind="stable")
        bucket, position = band[order], numpy.arange(len(order))
        starts = numpy.concatenate([[True], bucket[1:] != bucket[:-1]])
        first = numpy.maximum.accumulate(numpy.where(starts, position, 0))
        others = numpy.concatenate([first, numpy.maximum(position - 1, first), numpy.maximum(position - 2, first)])
        left, right = texts[order[others]], texts[order[numpy.tile(position, 3)]]
        open_pairs = labels[left] != labels[right]
        pairs = numpy.unique(numpy.stack([left, right], axis=1)[open_pairs], axis=0)
        near = pairs[shingles.jaccard(pairs[:, 0], pairs[:, 1]) >= threshold]
        if len(near):
            edges = (numpy.ones(len(near)), (labels[near[:, 0]], labels[near[:, 1]]))
            graph = coo_array(edges, shape=(len(labels),) * 2)
            labels = connected_components(graph, directed=False)[1][labels]
    return labels


def bands(shingles: Shingles, texts: numpy.ndarray) -> numpy.ndarray:
    """Array (BANDS, texts): hashes of six slots each; near copies have one of them in common."""
    found = numpy.empty((BANDS, len(texts)), dtype="uint64")
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        part = texts[start : start + TEXTS_AT_ONCE]
        slots = numpy.array(digests(shingles, part).to_rows(), dtype="uint64").reshape(len(part), BANDS, -1)
        hashed = numpy.zeros((len(part), BANDS), dtype="uint64")
        for slot in range(slots.shape[2]):
            hashed = (hashed ^ slots[:, :, slot]) * ODD
            hashed ^= hashed >> numpy.uint64(32)
        found[:, start : start + len(part)] = hashed.T
    return found


def texts_to_compare(texts: pandas.DataFrame, kind: str) -> list[str]:
    """What makes two rows copies of each other, from the columns `prompt` and `reply`: all words but a label."""
    if kind in ("label", "number"):
        return texts["prompt"].tolist()
    return (texts["prompt"] + "\n" + texts["reply"]).tolist()


def alike(rows: pandas.DataFrame, texts: pandas.DataFrame, kind: str, threshold: float) -> numpy.ndarray:
    """A number for each row; rows joined by a chain of near copies have the same.

    texts: their plain texts. Rows about pictures are near copies when the picture is the same: what is asked and said
    about many of them may well be.
    """
    if kind == "picture":
        return pandas.factorize(rows["label"])[0]
    return near_labels(shingles_of(texts_to_compare(texts, kind)), threshold)

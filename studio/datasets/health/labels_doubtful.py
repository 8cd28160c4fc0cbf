"""Rows whose label is probably wrong, by confident learning.

Northcutt, Jiang, Chuang, “Confident Learning: Estimating Uncertainty in Dataset Labels”, JAIR 2021: a model that never
saw a row predicts its label; the row is doubtful when the model is at least as sure of another label as it usually is
on rows that carry that one. The model here is the usual quick one, logistic regression on TF-IDF of words.
"""

from typing import Any

import numpy

from studio.datasets.health.check import Check, Data, Found, NotComputed, quote, removing
from studio.datasets.health.labels import has_several
from studio.datasets.near import hashed_words

FOLDS = 4
FEWEST_ROWS, FEWEST_OF_A_LABEL, MOST_LABELS = 50, 2 * FOLDS, 200
LEARNED = 10_000  # rows that each fold learns from, at most; the cost does not grow beyond
HASHED, WORDS = 2**20, 4000  # words are told apart by 20 bits of their hash; the most frequent ones are learned from
LOOKED_AT = 50_000  # rows that the optimiser looks at, the same ones again where there are fewer
LIKELIER = 30  # the other label must be so many times as likely as the given one: few doubts, but good ones


def find(data: Data) -> Found | None:
    labels, likely, doubt = predictions(data)
    if not len(doubt):
        return None
    strongest = doubt[numpy.argsort(-likely[doubt, 1], kind="stable")][:3]
    examples = [
        f"Row {data.rows['row'].iat[at]}: {quote(str(data.texts['prompt'].iat[at]))} is marked "
        f"{quote(str(data.rows['label'].iat[at]))}, but reads like {quote(str(labels[int(likely[at, 0])]))}."
        for at in strongest
    ]
    return Found(doubt, examples)


def predictions(data: Data) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """The labels; array (rows, 2) of the likeliest label's index and its lead; sorted positions of doubtful rows."""
    if data.rows["label"].map(has_several).any():
        raise NotComputed("This cannot be told for rows that belong to several groups at once.")
    names, codes, counts = numpy.unique(
        data.rows["label"].to_numpy(dtype=object), return_inverse=True, return_counts=True
    )
    usable = numpy.flatnonzero((counts >= FEWEST_OF_A_LABEL) & (names != ""))
    rows = numpy.flatnonzero(numpy.isin(codes, usable))
    if len(usable) < 2 or len(rows) < FEWEST_ROWS:
        raise NotComputed(
            f"To tell which groups are wrong, at least {FEWEST_ROWS} rows in two groups of "
            f"{FEWEST_OF_A_LABEL} rows each are needed."
        )
    if len(usable) > MOST_LABELS:
        raise NotComputed(f"With more than {MOST_LABELS} groups this cannot be told from the words alone.")
    given = numpy.searchsorted(usable, codes[rows])
    chances = out_of_fold(words_of(data, rows), given)
    other = confident_other(chances, given)
    likely = numpy.zeros((len(codes), 2))
    own = chances[numpy.arange(len(rows)), given]
    best = chances.max(axis=1)
    likely[rows] = numpy.stack([usable[chances.argmax(axis=1)], best - own], axis=1)
    return names, likely, rows[(other >= 0) & (best >= LIKELIER * own)]


def words_of(data: Data, rows: numpy.ndarray) -> Any:
    """Counts of the most frequent words, a sparse matrix (rows, at most WORDS) of float64."""
    from scipy.sparse import csr_array

    words, offsets = hashed_words(data.texts["prompt"].iloc[rows].tolist())
    columns = (words % numpy.uint64(HASHED)).astype("int32")
    often = numpy.bincount(columns, minlength=HASHED)
    known = numpy.argsort(-often, kind="stable")[:WORDS]
    known = known[often[known] > 1]
    place = numpy.full(HASHED, -1, dtype="int32")
    place[known] = numpy.arange(len(known))
    keep = place[columns] >= 0
    before = numpy.concatenate([[0], numpy.cumsum(keep)])
    columns = place[columns[keep]]
    counts = csr_array(
        (numpy.ones(len(columns)), columns, before[offsets].astype("int32")), shape=(len(rows), len(known))
    )
    counts.sum_duplicates()
    return counts


def out_of_fold(words: Any, given: numpy.ndarray) -> numpy.ndarray:
    """Array (rows, labels): how likely each label is, by a model that did not see the row. The same every time."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold, train_test_split

    chances = numpy.zeros((len(given), int(given.max()) + 1))
    for learn, ask in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(given, given):
        if len(learn) > LEARNED:
            learn, _ = train_test_split(learn, train_size=LEARNED, random_state=0, stratify=given[learn])
        scale = TfidfTransformer(sublinear_tf=True).fit(words[learn])
        # Gradient descent row by row: for many labels ten times as fast as the exact solver, and as good a judge.
        rounds = max(5, LOOKED_AT // len(learn))
        model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=rounds, tol=None, random_state=0)
        model.fit(scale.transform(words[learn]), given[learn])
        chances[numpy.ix_(ask, model.classes_)] = model.predict_proba(scale.transform(words[ask]))
    return chances


def confident_other(chances: numpy.ndarray, given: numpy.ndarray) -> numpy.ndarray:
    """For each row the label that the model is confident of where that is not the given one, else -1.

    Confident: at least as likely as that label is, on average, on the rows that carry it (section 3.1 of the paper).
    """
    usual = numpy.array([chances[given == label, label].mean() for label in range(chances.shape[1])])
    confident = numpy.where(chances >= usual, chances, 0)
    best = confident.argmax(axis=1)
    return numpy.where((confident.max(axis=1) > 0) & (best != given), best, -1)


CHECK = Check(
    name="labels_doubtful",
    title="Rows that may be in the wrong group",
    why="The words of these rows speak for another group. The model would learn the mistake. Have a look at them.",
    severity="warning",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    kinds=("label",),
)

"""How guesses are judged against the truth: for one group a text, for several, and for numbers."""

from typing import Any

import numpy

Array = numpy.ndarray
Figures = dict[str, float]
SHOWN = 500  # points of a picture; more cannot be told apart


def of_groups(truth: Array, guessed: Array) -> Figures:
    """Accuracy, and precision, recall and F1 averaged over the groups that occur, each group counting the same.

    truth, guessed: numbers of groups, shape (rows,). A group that is never guessed has precision 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(truth, guessed, average="macro", zero_division=0)
    return {
        "accuracy": float((truth == guessed).mean()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def of_several(truth: Array, guessed: Array) -> Figures:
    """F1 over all decisions together and averaged over the groups that occur, and the share of rows wholly right.

    truth, guessed: 0 and 1, shape (rows, groups).
    """
    from sklearn.metrics import f1_score

    occurs = numpy.flatnonzero((truth + guessed).any(axis=0))
    each = f1_score(truth, guessed, average=None, zero_division=0)
    return {
        "micro_f1": float(f1_score(truth, guessed, average="micro", zero_division=0)),
        "macro_f1": float(numpy.asarray(each)[occurs].mean()) if len(occurs) else 0.0,
        "exact_match": float((truth == guessed).all(axis=1).mean()),
    }


def of_numbers(truth: Array, guessed: Array) -> Figures:
    """MSE, MAE and R² in the unit of the values, shape (rows,). R² only where the true values differ."""
    from sklearn.metrics import r2_score

    figures = {
        "mse": float(((truth - guessed) ** 2).mean()),
        "mae": float(numpy.abs(truth - guessed).mean()),
    }
    # Values that went through float32 and back are never quite alike.
    if numpy.ptp(truth) > 1e-6 * max(1.0, float(numpy.abs(truth).max())):
        figures["r2"] = float(r2_score(truth, guessed))
    return figures


def confusion(truth: Array, guessed: Array, names: list[str]) -> dict[str, Any]:
    """`matrix`: for each true group (a row) how often each group was guessed (a column), in the order of `labels`."""
    from sklearn.metrics import confusion_matrix

    matrix = confusion_matrix(truth, guessed, labels=list(range(len(names))))
    return {"labels": names, "matrix": matrix.tolist()}


def group_by_group(truth: Array, guessed: Array, names: list[str]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and number of rows of every group; of one that neither occurs nor is guessed, zeros."""
    from sklearn.metrics import precision_recall_fscore_support

    labels = list(range(len(names)))
    return told(precision_recall_fscore_support(truth, guessed, labels=labels, zero_division=0), names)


def several_by_group(truth: Array, guessed: Array, names: list[str]) -> list[dict[str, Any]]:
    """The same for rows with several groups, shapes (rows, groups)."""
    from sklearn.metrics import precision_recall_fscore_support

    return told(precision_recall_fscore_support(truth, guessed, zero_division=0), names)


def told(figures: Any, names: list[str]) -> list[dict[str, Any]]:
    precision, recall, f1, rows = figures
    return [
        {"label": name, "rows": int(rows[i]), "precision": float(precision[i]), "recall": float(recall[i])}
        | {"f1": float(f1[i])}
        for i, name in enumerate(names)
    ]


def points(truth: Array, guessed: Array) -> list[list[float]]:
    """[true, guessed] of at most SHOWN rows, evenly taken."""
    chosen = numpy.linspace(0, len(truth) - 1, min(len(truth), SHOWN)).round().astype("int64")
    return [[float(f"{truth[i]:.6g}"), float(f"{guessed[i]:.6g}")] for i in chosen]

"""The written part of merging: the datasets to choose from, and how much each part of a merged one counts."""

from components.html import count, escape
from studio.datasets.store import Dataset
from studio.datasets.weights import HEAVIEST, Weights

FEW = '<p class="ts-help">With two datasets or more, you can put them together here to learn from all of them.</p>'


def draw(datasets: list[Dataset]) -> str:
    """A line for each dataset, with a box to choose it and the weight of its rows."""
    if len(datasets) < 2:
        return FEW
    lines = "".join(
        f'<li data-dataset="{escape(one.id)}"><label><input type="checkbox"> <span>{escape(one.name)} '
        f'<span class="ts-subtle">{count(one.facts.rows, "row")}</span></span></label>'
        f"{weight_field(one.name)}</li>"
        for one in datasets
    )
    return (
        '<p class="ts-help">The model learns from all of them at once. A weight of 2 trains on each row twice, 0.5 on '
        "half of the rows. Test rows are never weighed.</p>"
        f'<ul class="ts-merge">{lines}</ul>'
        '<button type="button" class="ts-button" data-merge>Put them together</button>'
    )


def weights(chosen: Weights | None) -> str:
    """The weights of a merged dataset, to be changed."""
    if chosen is None:
        return ""
    lines = "".join(
        f"<li><span>{escape(name)}</span>{weight_field(name, weight)}</li>" for name, weight in chosen.values.items()
    )
    return f'<h3>How much each part counts in training</h3><ul class="ts-merge">{lines}</ul>'


def weight_field(name: str, weight: float = 1) -> str:
    return (
        f'<label class="ts-weight">Weight <input type="number" value="{weight:g}" min="0" max="{HEAVIEST}" step="0.5" '
        f'data-weight="{escape(name)}" aria-label="Weight of {escape(name)}"></label>'
    )
